"""The files through which a step hands on outputs and its summary."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from reconciler.core.model.errors import SettingsError

SUMMARY_BYTES = 900 * 1024
"""What our summaries may take of the 1 MiB a step has; a longer one is dropped entirely."""


def as_outputs(values: Mapping[str, str | int | bool], delimiter: str) -> str:
    """Return the lines that set outputs; `delimiter` must not occur as a line in any value."""
    return "".join(
        f"{name}<<{delimiter}\n{_written(value)}\n{delimiter}\n" for name, value in values.items()
    )


def set_outputs(file: Path, values: Mapping[str, str | int | bool]) -> None:
    """Hand outputs on to later steps and jobs.

    Raises:
        SettingsError: the file cannot be written.
    """
    # Unguessable, so that no value can end the block and set an output of its own.
    _append(file, as_outputs(values, f"end-{secrets.token_hex(16)}"))


def summary_room(file: Path) -> int:
    """Return how many bytes this step's summary may still grow by."""
    try:
        return max(0, SUMMARY_BYTES - file.stat().st_size)
    except OSError:
        return SUMMARY_BYTES


def add_summary(file: Path, text: str) -> None:
    """Add to the job summary.

    Raises:
        SettingsError: the file cannot be written.
    """
    _append(file, text)


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _append(file: Path, text: str) -> None:
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
