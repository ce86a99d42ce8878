"""A journal of an apply: one JSON line before and one after every write, on disk before it goes on.

After a crash, a `begin` without its `end` names what may or may not have been done.
"""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reconciler.core.errors import SettingsError
from reconciler.core.model import Plan
from reconciler.core.order import Step


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
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

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
        self._write("end", **_about(step), outcome=outcome, error=error and self._scrub(error))

    def finish(self, *, interrupted: bool) -> None:
        """Note that the run ended by itself."""
        self._write("finish", interrupted=interrupted)

    def _write(self, event: str, **content: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": now, "event": event, **content}, ensure_ascii=False) + "\n"
        left = line.encode("utf-8")
        try:
            with self._lock:
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
