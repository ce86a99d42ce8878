"""The text form of Merchant pushes in Google's guide, which is neither JSON nor text protobuf.

document = entry* or "{" entry* "}"; entry = key [":"] block | key ":" scalar; block = "{" entry*
"}"; a key is a bare word or quoted; a scalar is a bare word, a number or quoted. Commas between
entries mean nothing, and keys that repeat accumulate.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.core.model.errors import DecodeError
from reconciler.notifications.limits import MAX_DEPTH, quoted

_BETWEEN = re.compile(r"[\s,]*")
_TOKEN = re.compile(
    r"""(?P<mark>[{}:])|"(?P<quoted>[^"\\\n]*(?:\\.[^"\\\n]*)*)"|(?P<bare>[^\s,{}:"\[\]]+)"""
)
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_MEANT = re.compile(r"""\b"?(account|resource)\w*"?\s*[:{]""")
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}


class _Token(NamedTuple):
    text: str
    mark: bool


_COLON, _OPEN, _CLOSE = (_Token(mark, mark=True) for mark in ":{}")
_END = _Token("the end", mark=True)


class _Block(NamedTuple):
    name: str
    entries: dict[str, list[Any]]


def is_guide_text(text: str) -> bool:
    """Say whether text may be meant as this form: it names an account or a resource."""
    return _MEANT.search(text) is not None


def parse_guide_text(text: str) -> dict[str, Any]:
    """Return the entries of a document; scalars are texts, keys that repeat are lists.

    Raises:
        DecodeError: it does not follow the grammar, or blocks are nested too deeply.
    """
    tokens = _tokens(_without_braces(text))
    blocks = [_Block("", {})]
    for token in tokens:
        if token == _CLOSE and len(blocks) > 1:
            name, entries = blocks.pop()
            _add(blocks[-1], name, _value(entries))
        else:
            _read_entry(token, tokens, blocks)
    if len(blocks) > 1:
        raise DecodeError(f"the block {quoted(blocks[-1].name)} is not closed")
    return _value(blocks[0].entries)


def _read_entry(key: _Token, tokens: Iterator[_Token], blocks: list[_Block]) -> None:
    following = next(tokens, _END)
    has_colon = following == _COLON
    value = next(tokens, _END) if has_colon else following
    if key.mark:
        raise DecodeError(f"no message that is known: {quoted(key.text)} where a name should be")
    if value == _OPEN:
        if len(blocks) > MAX_DEPTH:
            raise DecodeError(f"blocks are nested more than {MAX_DEPTH} deep")
        blocks.append(_Block(key.text, {}))
    elif has_colon and not value.mark:
        _add(blocks[-1], key.text, value.text)
    else:
        raise DecodeError(f"no message that is known: no value after {quoted(key.text)}")


def _add(block: _Block, name: str, value: Any) -> None:
    block.entries.setdefault(name, []).append(value)


def _value(entries: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {name: found if len(found) > 1 else found[0] for name, found in entries.items()}


def _without_braces(text: str) -> str:
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _tokens(text: str) -> Iterator[_Token]:
    offset = _skip(text, 0)
    while offset < len(text):
        found = _TOKEN.match(text, offset)
        if found is None:
            start = quoted(text[offset : offset + 80])
            raise DecodeError(f"no message that is known: it cannot be read from {start} on")
        if found["quoted"] is not None:
            yield _Token(_unescaped(found["quoted"]), mark=False)
        else:
            yield _Token(found[0], mark=found["mark"] is not None)
        offset = _skip(text, found.end())


def _skip(text: str, offset: int) -> int:
    between = _BETWEEN.match(text, offset)
    return between.end() if between is not None else offset


def _unescaped(text: str) -> str:
    """Return a quoted text's meaning; escapes stand for bytes of UTF-8, as in text protobuf."""
    if "\\" not in text:
        return text
    try:
        return _ESCAPE.sub(_meaning, text.encode()).decode()
    except UnicodeDecodeError:
        raise DecodeError(f"the escapes in {quoted(text)} give no UTF-8") from None


def _meaning(escape: re.Match[bytes]) -> bytes:
    hexadecimal, octal, letter = escape.groups()
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    return _LETTERS.get(letter, letter)
