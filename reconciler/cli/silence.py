"""What `status` found to be quieter than usual, for `drift` to tell."""

from pathlib import Path

from pydantic import ValidationError

from reconciler.core.model.errors import SettingsError
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Drift, with_silence
from reconciler.core.verdicts.health import Status
from reconciler.reports.model import FailedCommand


def told(drift: Drift, file: Path | None) -> Drift:
    """Return drift with what went quiet by a result of `status`, if there is one.

    Raises:
        SettingsError: the file is no such result, or of another stack.
    """
    if file is None:
        return drift
    status = _read(file)
    if isinstance(status, Status) and status.stack != drift.stack:
        raise SettingsError(
            f"{file} tells of the stack {visible(status.stack)}, not of {drift.stack}"
        )
    return with_silence(drift, status)


def _read(file: Path) -> Status | str:
    try:
        text = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    for kind in (Status, FailedCommand):
        try:
            found = kind.model_validate_json(text)
        except ValidationError:
            continue
        return found if isinstance(found, Status) else found.error
    raise SettingsError(
        f"{file} is no result of `reconciler status --format json` of this version: make it anew"
    )
