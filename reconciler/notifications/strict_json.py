"""JSON as the services send it, and nothing that readers of JSON disagree about."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.core.model.errors import DecodeError
from reconciler.notifications.limits import MAX_DEPTH, MAX_NUMBER, quoted

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")


class NotJson(DecodeError):
    """The text does not follow JSON's grammar, so it may be something else.

    `at_end`: it does as far as it goes.
    """

    def __init__(self, message: str, *, at_end: bool = False) -> None:
        self.at_end = at_end
        super().__init__(message)


def parse_jsons(text: str) -> list[Any]:
    """Return the values of a text that holds one or more JSON documents, one after the other.

    Raises:
        NotJson: it is no JSON.
        DecodeError: a key stands twice, a number is NaN, infinite or too long, a text holds half a
            surrogate pair, or values are nested too deeply.
    """
    try:
        values = list(_values(text))
    except json.JSONDecodeError as error:
        trouble = error.msg.removesuffix(" at")  # some of the library's messages end so
        sentence = f"{trouble} at line {error.lineno}, column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        raise NotJson(sentence, at_end=cut) from None
    except RecursionError:
        raise _too_deep() from None
    if not _is_harmless(text):
        for value in values:
            _check(value)
    return values


def _is_harmless(text: str) -> bool:
    """Say whether a text can hold neither half a surrogate pair nor more than it may be deep."""
    return text.isascii() and "\\u" not in text and text.count("{") + text.count("[") <= MAX_DEPTH


def _values(text: str) -> Iterator[Any]:
    start = _skip(text, 0)
    while True:
        value, end = _DECODER.raw_decode(text, start)
        yield value
        start = _skip(text, end)
        if start == len(text):
            return


def _skip(text: str, start: int) -> int:
    space = _WHITE_SPACE.match(text, start)
    return space.end() if space else start


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise DecodeError(f"the key {quoted(twice)} stands twice in one object")
    return found


def _int(text: str) -> int:
    _check_length(text)
    return int(text)


def _float(text: str) -> float:
    _check_length(text)
    value = float(text)
    if math.isinf(value):
        raise DecodeError(f"the number {quoted(text)} is too large")
    return value


def _check_length(text: str) -> None:
    if len(text) > MAX_NUMBER:
        raise DecodeError(f"a number has {len(text)} characters, more than {MAX_NUMBER}")


def _constant(text: str) -> Any:
    raise DecodeError(f"{text} is no number of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
)


def _check(value: Any) -> None:
    """Look at every text and at the depth, level by level and thus without recursion."""
    level: list[dict[str, Any] | list[Any]] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner for outer in level for inner in _members(outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _members(outer: dict[str, Any] | list[Any]) -> Sequence[Any]:
    members = [*outer, *outer.values()] if isinstance(outer, dict) else outer
    for member in members:
        if isinstance(member, str) and not member.isascii():
            _check_text(member)
    return members


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DecodeError(f"the text {quoted(text)} holds half a surrogate pair") from None


def _too_deep() -> DecodeError:
    return DecodeError(f"values are nested more than {MAX_DEPTH} deep")
