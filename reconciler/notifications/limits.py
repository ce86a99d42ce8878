"""How much a message may hold, and how its text is quoted in errors.

The limits make every decoder linear: each layer is read once and is no longer than the one around
it, and what is nested deeper than any real message is refused before anything recurses.
"""

from collections.abc import Sized

from reconciler.core.model.errors import DecodeError

MAX_BYTES = 2 * 1024 * 1024
"""Bytes of a message: SQS carries 1 MiB, which quoting inside a wrapper may double."""

MAX_DEPTH = 64
"""Objects, lists or elements inside one another; the deepest message documented has nine."""

MAX_LAYERS = 8
"""Wrappers (SQS, SNS, EventBridge, push envelope, base64) around one another."""

MAX_NUMBER = 64
"""Characters of a number in JSON."""

_SHOWN = 40


def readable(data: bytes | str) -> str:
    """Return a message's text.

    Raises:
        DecodeError: it is too long, or not UTF-8.
    """
    _check_size(data)
    try:
        if isinstance(data, bytes):
            return data.decode("utf-8-sig")
        _check_size(data.encode())
    except UnicodeDecodeError as error:
        byte = f"byte {data[error.start]:#04x} at offset {error.start}"
        raise DecodeError(f"bytes that are no text: not UTF-8, {byte}") from None
    except UnicodeEncodeError as error:
        raise DecodeError(
            f"the message holds half a surrogate pair at offset {error.start}"
        ) from None
    return data.removeprefix("\ufeff")


def quoted(text: str) -> str:
    """Return text of a message as it may stand in an error: on one line, short, escaped."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _check_size(data: Sized) -> None:
    if len(data) > MAX_BYTES:
        raise DecodeError(f"the message is longer than {MAX_BYTES} bytes")
