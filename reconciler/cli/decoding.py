"""decode: one message from a file or stdin."""

import sys
from pathlib import Path
from typing import BinaryIO

from reconciler.core.errors import DecodeError, SettingsError
from reconciler.notifications import MAX_BYTES, Notification
from reconciler.notifications import decode as decode_message

_STDIN = Path("-")


def decoded(file: Path | None) -> Notification:
    """Return the notification that a file holds; None and `-` are stdin.

    Raises:
        SettingsError: the file cannot be read.
        DecodeError: it holds no notification; the sentence names the file.
    """
    name = "stdin" if file in (None, _STDIN) else str(file)
    try:
        return decode_message(_read(file))
    except DecodeError as error:
        raise DecodeError(f"{name}: {error}") from None
    except OSError as error:
        raise SettingsError(f"{name} cannot be read: {error.strerror}") from error


def _read(file: Path | None) -> bytes:
    if file is None or file == _STDIN:
        return _bounded(sys.stdin.buffer)
    with file.open("rb") as stream:
        return _bounded(stream)


def _bounded(stream: BinaryIO) -> bytes:
    # One byte more than a message may have is enough to refuse it.
    return stream.read(MAX_BYTES + 1)
