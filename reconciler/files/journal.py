"""A journal of an apply: one JSON line before and one after every write, on disk before it goes on.

After a crash, a `begin` without its `end` names what may or may not have been done.
"""

import json
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.plan import Plan
from reconciler.core.model.steps import Step
from reconciler.core.text.scrubbing import mapped
from reconciler.core.text.visible import visible_json


class Journal:
    """Appends to `path`; lines of several runs stand one after the other.

    Use as a context manager. Lines hold addresses, identities and outcomes, never secrets: `scrub`
    masks what a service may have quoted in an error.
    """

    def __init__(self, path: Path, scrub: Any = str) -> None:
        self._path = path
        self._scrub = scrub
        self._lock = threading.Lock()
        self._file = -1

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            SettingsError: it cannot be written.
        """
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            if self._is_torn():
                os.write(self._file, b"\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def _is_torn(self) -> bool:
        """Say whether the last line was cut short, by a full disk or a crash."""
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            return False
        size = os.lseek(self._file, 0, os.SEEK_END)
        return size > 0 and os.pread(self._file, 1, size - 1) != b"\n"

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(f"the journal {self._path} cannot be written: {error.strerror}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        os.close(self._file)

    def run(self, plan: Plan) -> None:
        """Note that the steps of a plan begin."""
        self._write(
            "run", stack=plan.stack, fingerprint=plan.fingerprint, actions=len(plan.actions)
        )

    def begin(self, step: Step) -> None:
        """Note that a write is about to be made."""
        self._write("begin", **_about(step))

    def end(self, step: Step, outcome: str, error: str | None) -> None:
        """Note how a write ended."""
        self._write("end", **_about(step), outcome=outcome, error=error)

    def finish(self, *, interrupted: bool) -> None:
        """Note that the run ended by itself."""
        self._write("finish", interrupted=interrupted)

    def _write(self, event: str, **content: Any) -> None:
        try:
            with self._lock:
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                entry = mapped({"at": now, "event": event, **content}, self._scrub)
                line = visible_json(json.dumps(entry, ensure_ascii=False))
                left = f"{line}\n".encode()
                while left:
                    left = left[os.write(self._file, left) :]
                os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from error


def _about(step: Step) -> dict[str, Any]:
    subject = step.change.subject
    return {
        "address": step.address,
        "action": step.change.action,
        "call": step.verb,
        "account": subject.account,
        "identity": subject.spec.identity_values(),
    }
