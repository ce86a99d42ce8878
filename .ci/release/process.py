"""Processes that a release starts, what it says, and how it stops."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NotReleasable(Exception):
    """Why this is no release: one sentence for whoever makes it."""


def say(text: str) -> None:
    """Tell a line of what was found."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def demand(holds: object, otherwise: str) -> None:
    """Stop unless something holds.

    Raises:
        NotReleasable: it does not.
    """
    if not holds:
        raise NotReleasable(otherwise)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    environ: Mapping[str, str] | None = None,
    inherit: bool = True,
    umask: int = 0o022,
    codes: Sequence[int] = (0,),
) -> str:
    """Run a command and return its stdout.

    `environ` is added to this process's variables or, without `inherit`, takes their place.

    Raises:
        NotReleasable: it ended with another exit code than one of `codes`.
    """
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**(os.environ if inherit else {}), **(environ or {})},
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in codes:
        line = " ".join(str(part) for part in command)
        raise NotReleasable(f"{line}: ended with {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended.stdout
