"""Text as bytes without what may stand between or instead of its characters on the way.

A service repeats what it was sent percent-encoded, escaped for JSON or HTML, or wrapped; Markdown
puts backslashes in. All of that is undone, so that a piece of text is found however it was written.
"""

import re
from array import array
from collections.abc import Callable

from reconciler.core.text.expressions import Expression

_ROUNDS = 4
"""Encodings inside one another that are undone; each service and proxy on the way adds one."""
_ENCODED = Expression(
    rb"%(?P<percent>[0-9A-Fa-f]{2})"
    rb"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp);)"
    rb"|\\u(?P<unicode>[0-9A-Fa-f]{4})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<escaped>[\x00-\x7f])"
)
# Beside white space: the zero width space that Markdown is given against mentions.
_BETWEEN = Expression(rb"[ \t\n\r\f\v]+|\xe2\x80\x8b")
_WHITE = b"nrtfvb0"
"""Letters that stand for white space or nothing behind a backslash."""


def squeeze(data: bytes) -> bytes:
    """Return the bytes without white space and with every encoding undone."""
    # Gaps go first: a line may have been broken within an escape.
    data = _BETWEEN.sub(b"", data)
    for _ in range(_ROUNDS):
        if _ENCODED.search(data) is None:
            break
        data = _BETWEEN.sub(b"", _ENCODED.sub(_meaning, data))
    return data


class SqueezedPlaces:
    """Text as bytes that know where each of them came from; `squeezed`: see the module."""

    def __init__(self, text: str, *, squeezed: bool) -> None:
        self._starts: array[int] = array("l")
        self._ends: array[int] = array("l")
        pieces: list[bytes] = []
        for at, character in enumerate(text):
            piece = character.encode("utf-8", "surrogatepass")
            pieces.append(piece)
            self._starts.extend([at] * len(piece))
            self._ends.extend([at + 1] * len(piece))
        self.data = b"".join(pieces)
        if squeezed:
            self._squeeze()

    def _squeeze(self) -> None:
        self._undo(_BETWEEN)
        for _ in range(_ROUNDS):
            if _ENCODED.search(self.data) is None:
                break
            self._undo(_ENCODED)
            self._undo(_BETWEEN)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text the bytes from `start` to `end` (at least one) were written."""
        return self._starts[start], self._ends[end - 1]

    def _undo(self, pattern: Expression[bytes]) -> None:
        starts, ends, pieces = array("l"), array("l"), list[bytes]()
        last = 0
        for match in pattern.finditer(self.data):
            begin, end = match.span()
            meaning = _meaning(match)
            starts.extend(self._starts[last:begin])
            ends.extend(self._ends[last:begin])
            starts.extend([self._starts[begin]] * len(meaning))
            ends.extend([self._ends[end - 1]] * len(meaning))
            pieces += (self.data[last:begin], meaning)
            last = end
        self._starts, self._ends = starts + self._starts[last:], ends + self._ends[last:]
        self.data = b"".join([*pieces, self.data[last:]])


def _meaning(match: re.Match[bytes]) -> bytes:
    kind = match.lastgroup
    return b"" if kind is None else _MEANINGS[kind](match[kind])


def _escaped(letter: bytes) -> bytes:
    return b"" if letter in _WHITE else letter


def _of_entity(entity: bytes) -> bytes:
    import html  # loads the names of 2,000 characters

    return html.unescape(entity.decode("ascii")).encode("utf-8", "surrogatepass")


_MEANINGS: dict[str, Callable[[bytes], bytes]] = {
    "percent": lambda digits: bytes([int(digits, 16)]),
    "byte": lambda digits: bytes([int(digits, 16)]),
    "unicode": lambda digits: chr(int(digits, 16)).encode("utf-8", "surrogatepass"),
    "entity": _of_entity,
    "escaped": _escaped,
}
