"""Small files that declarations name: read whole, or refused before anything of them is read."""

import os
import stat
from pathlib import Path

from reconciler.core.model.errors import SettingsError

LIMIT = 64 * 1024
_SYSTEM = tuple(Path(name) for name in ("/proc", "/sys", "/dev"))


def read_small(path: str, what: str) -> bytes:
    """Return the content of a regular file of at most 64 KiB; `what` names it in messages.

    Nothing else is even opened: a FIFO would wait for its other end, a device would act.

    Raises:
        SettingsError: it cannot be read, or is no such file.
    """
    try:
        place = Path(path).expanduser().resolve(strict=True)
        if any(place.is_relative_to(root) for root in _SYSTEM):
            raise SettingsError(f"{what} lies below /proc, /sys or /dev, of which nothing is sent")
        _check(place.stat(), what)
        # What was exchanged since is not waited for either.
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            _check(os.fstat(stream.fileno()), what)
            content = stream.read(LIMIT + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise SettingsError(f"{what} cannot be read: {reason}") from error
    if len(content) > LIMIT:
        raise SettingsError(_too_large(what))
    return content


def _check(status: os.stat_result, what: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(f"{what} is no regular file")
    if status.st_size > LIMIT:
        raise SettingsError(_too_large(what))


def _too_large(what: str) -> str:
    return f"{what} is larger than 64 KiB, so it is not the file that was meant"
