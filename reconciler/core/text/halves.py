"""Halves of surrogate pairs, which are no character: JSON of others may hold them, UTF-8 may not.

What a service shows is read without them, so that it can be written down everywhere, and what was
planned of a snapshot equals what is planned live.
"""

import json
from collections.abc import Callable
from typing import Any

from reconciler.core.text.expressions import Expression
from reconciler.core.text.scrubbing import mapped

_HALF = Expression("[\ud800-\udfff]")
_MAY_BE_HALF = Expression(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_MAY_BE_HALF_IN_BYTES = Expression(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


def whole(value: Any) -> Any:
    """Return JSON-like data, a mark in the place of each half."""
    return mapped(value, _whole)


def read_json(document: str | bytes, *, decode: Callable[[Any], Any] = json.loads) -> Any:
    """Return what `decode` makes of a JSON document, a mark in the place of each half.

    Raises:
        ValueError: it is not JSON.
    """
    value = decode(document)
    if isinstance(document, bytes):
        return whole(value) if _MAY_BE_HALF_IN_BYTES.search(document) else value
    return whole(value) if _MAY_BE_HALF.search(document) else value


def _whole(text: str) -> str:
    return text if text.isascii() else _HALF.sub("\ufffd", text)
