"""What of a value that was looked up is the secret, and what is none."""

import json
import re
from typing import Any

from reconciler.core.model.errors import SettingsError

_AROUND = re.compile(r"^[\s\ufeff]+|[\s\ufeff]+$")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def cleaned(reference: str, value: str, *, example: str = "") -> str:
    """Return a secret without white space and a byte order mark around it.

    `example` is how one member of a JSON object would be named.

    Raises:
        SettingsError: it is empty, no text, or JSON null or an object; never holds the value.
    """
    text = _AROUND.sub("", value)
    if not text:
        raise SettingsError(f"{reference} is empty; give it a value")
    if _NO_TEXT.search(text):
        raise SettingsError(f"{reference} is not text: it has control characters; store text")
    if text == "null":
        raise SettingsError(f"{reference} is JSON null; give it a value")
    if text.startswith("{") and isinstance(_json(text), dict):
        how = f"name one member of it ({example})" if example else "give it the value alone"
        raise SettingsError(f"{reference} is a JSON object, not one secret; {how}")
    return text


def member(reference: str, text: str, key: str) -> str:
    """Return the text or number that a JSON object has under `key`, as it is written.

    Raises:
        SettingsError: it is no such object, or has none there; never holds the value.
    """
    found = _json(_AROUND.sub("", text))
    if not isinstance(found, dict) or key not in found:
        raise SettingsError(f"{reference} is not a JSON object with a member {key!r}")
    value = found[key]
    if not isinstance(value, str):
        kind = {dict: "a JSON object", list: "a JSON list", bool: "true or false"}
        what = kind.get(type(value), "JSON null")
        raise SettingsError(f"{reference}#{key} is {what}, not text; give it a text")
    return value


def _json(text: str) -> Any:
    """Return what a text is as JSON, numbers as they are written; "" where it is none."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return ""
