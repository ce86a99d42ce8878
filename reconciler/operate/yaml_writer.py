"""Plain data → YAML as one would write it by hand: blocks, and small leaves on one line.

Text is quoted wherever any parser, of YAML 1.1 or 1.2, might take it for something else. PyYAML's
emitter quotes for its own parser only, and writes what turns text around (U+202E) as it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.text.visible import visible

WIDTH = 100
FEW = 3
"""Members that a mapping may have to stand on one line."""
LONGEST_KEY = 1024
"""Characters after which parsers no longer look for a key's colon; a longer key is marked `?`."""

Sections = Mapping[str, Mapping[str, Any]]

# Plain text begins with a letter and holds nothing that means something to YAML.
_IN_FLOW = re.compile(r"[A-Za-z][A-Za-z0-9_./+@-]*|[0-9]+([smhd]|[KM]iB|%)")
_IN_BLOCK = re.compile(
    r"[A-Za-z][A-Za-z0-9_./+@{}?&=%~*-]*(:+[A-Za-z0-9_./+@{}?&=%~*-]+)*|[0-9]+([smhd]|[KM]iB|%)"
)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def written(sections: Sections, head: Sequence[str] = ()) -> str:
    """Return sections of named entries as YAML; `head` are lines of comment at the top.

    Values are mappings, lists, text, whole numbers, booleans and None.
    """
    comment = "".join(f"# {_printable(line)}".rstrip() + "\n" for line in head)
    parts = [comment] if head else []
    parts += [_section(name, entries) for name, entries in sections.items() if entries]
    return "\n".join(parts)


def _section(name: str, entries: Mapping[str, Any]) -> str:
    """Write a section; entries of several lines stand apart."""
    text, before = "".join(f"{line}\n" for line in _opening(name, 0)), 0
    for key, body in entries.items():
        lines = list(_member(key, body, 1))
        if before and max(before, len(lines)) > 1:
            text += "\n"
        text += "".join(f"{line}\n" for line in lines)
        before = len(lines)
    return text


def _member(key: str, value: Any, depth: int) -> Iterator[str]:
    *above, opening = _opening(key, depth)
    yield from above
    if not isinstance(value, dict | list):
        yield f"{opening} {_scalar(value, _IN_BLOCK)}"
    elif _stands_on_one_line(value, WIDTH - len(opening) - 1):
        yield f"{opening} {_flow(value)}"
    else:
        yield opening
        yield from _block(value, depth + 1)


def _opening(key: str, depth: int) -> list[str]:
    """Return the lines before a member's value, of which the last ends in the colon."""
    margin, name = "  " * depth, _text(key, _IN_FLOW)
    if len(name) > LONGEST_KEY:
        return [f"{margin}? {name}", f"{margin}:"]
    return [f"{margin}{name}:"]


def _stands_on_one_line(value: Any, room: int) -> bool:
    """Say whether a collection is written as flow; an empty one has no other spelling."""
    return not value or (_is_small(value) and len(_flow(value)) <= room)


def _block(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _member(key, item, depth)
        return
    for item in value:
        dash = f"{'  ' * depth}- "
        if isinstance(item, dict | list) and item:
            first, *rest = _block(item, depth + 1)
            yield dash + first.lstrip(" ")
            yield from rest
        else:
            yield dash + (
                _flow(item) if isinstance(item, dict | list) else _scalar(item, _IN_BLOCK)
            )


def _is_small(value: Any) -> bool:
    """Say whether a value reads well within one line: few members, of which none is deep."""
    if isinstance(value, dict):
        return len(value) <= FEW and all(
            not isinstance(item, dict) and _is_small(item) for item in value.values()
        )
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) or not _is_small(item) for item in value)
    return not (isinstance(value, str) and ":" in value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_text(key, _IN_FLOW)}: {_flow(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    return _scalar(value, _IN_FLOW)


def _scalar(value: Any, plain: re.Pattern[str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value, plain) if isinstance(value, str) else str(value)


def _text(text: str, plain: re.Pattern[str]) -> str:
    if plain.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = "".join(_ESCAPES.get(character, character) for character in text)
    return f'"{_printable(quoted)}"'


def _printable(text: str) -> str:
    return "".join(
        character if visible(character) == character else f"\\U{ord(character):08X}"
        for character in text
    )
