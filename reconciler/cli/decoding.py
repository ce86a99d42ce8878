"""decode: what a file or stdin holds, one message or several."""

import sys
from pathlib import Path
from typing import BinaryIO

from reconciler.core.model.errors import DecodeError, SettingsError
from reconciler.notifications import MAX_BYTES, Decoded, NoNotification, decode_all, known
from reconciler.wiring import recognisers

_STDIN = Path("-")


def decoded(file: Path | None) -> Decoded:
    """Return the notifications that a file holds; None and `-` are stdin.

    Raises:
        SettingsError: the file cannot be read.
        DecodeError: it holds no notification; the sentence names the file.
    """
    name = "stdin" if file in (None, _STDIN) else str(file)
    try:
        found = decode_all(_read(file), recognisers())
        return found._replace(faults=[f"{name}: {fault}" for fault in found.faults])
    except NoNotification as error:
        raise DecodeError(f"{name}: {error}; {known(recognisers())}") from None
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
