"""The news in a payload of any type, found by its shape, since types come and go without notice.

A payload is walked from the outside in, and what every message repeats is left out: who it is for,
when it happened, and long prose. What counts as one fact: a value, a list of values, an amount with
its currency, a name with its value, an element's text. Of a list of objects the first one speaks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

MOST = 10
"""Facts of one message that are told."""

_LOOKED_AT = 300
_PROSE = 60
_WHO = re.compile(r"(seller|merchant|partner|account|vendor)id", re.IGNORECASE)
_WHERE = re.compile(r"marketplace(id|name)?", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T")
_BARE = frozenset({"code", "id", "name", "type", "value"})
"""Names that say nothing without what they belong to."""
_TEXT = "#text"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a payload tells: `who` it is for, `what` as {name: text}, and how many more there are.

    `more` is (how many, of what) where the payload is a list of which the first one speaks.
    """

    who: str | None
    what: Mapping[str, str]
    more: tuple[int, str] | None = None


@dataclass(slots=True)
class _Found:
    who: str | None = None
    what: dict[str, tuple[str, str]] = field(default_factory=dict)
    where: dict[str, tuple[str, str]] = field(default_factory=dict)
    more: tuple[int, str] | None = None

    def take(self, name: str, text: str) -> None:
        """Take up a value; the outermost one of a name counts."""
        if _WHO.search(name) and name.lower().endswith("id"):
            self.who = self.who or text
        elif _WHERE.fullmatch(name):
            self.where.setdefault(name.lower(), (name, text))
        elif not _MOMENT.match(text) and not (len(text) > _PROSE and " " in text):
            self.what.setdefault(name.lower(), (name, text))


def facts_of(payload: Mapping[str, Any]) -> Facts:
    """Return the news in a payload."""
    found = _Found()
    level: list[tuple[str, Mapping[str, Any]]] = [("", payload)]
    looked_at = 0
    while level and looked_at < _LOOKED_AT:
        inner: list[tuple[str, Mapping[str, Any]]] = []
        alone = len(level) == 1 and len(level[0][1]) == 1
        for around, members in level:
            for name, value in islice(members.items(), _LOOKED_AT):
                looked_at += 1
                if alone and isinstance(value, list | tuple) and len(value) > 1:
                    found.more = (len(value) - 1, name)
                inner += _look(found, around, name.removeprefix("@"), value)
        level = inner
    kept = [*islice(found.what.values(), MOST - len(found.where)), *found.where.values()]
    return Facts(found.who, dict(kept), found.more)


def _look(
    found: _Found, around: str, name: str, value: Any
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Take up a value, or return what is inside it."""
    shown = f"{around}.{name}" if name.lower() in _BARE and around else name
    text = _scalar(value)
    if text is not None:
        found.take(shown, text)
    elif isinstance(value, list | tuple):
        objects = [item for item in value if isinstance(item, Mapping)]
        texts = [text for item in value if (text := _scalar(item))]
        if texts:
            found.take(name, "/".join(texts))
        if objects:
            yield from _look(found, around, name, objects[0])
    elif isinstance(value, Mapping):
        pair = _pair(value)
        if pair:
            found.take(pair[0] or name, pair[1])
        else:
            yield name, value


def _pair(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what an object says that is one fact; the name is empty where it has none itself."""
    texts = {name: text for name, item in value.items() if (text := _scalar(item)) is not None}
    if _TEXT in texts:
        return "", texts[_TEXT]
    if len(texts) != 2 or len(value) != 2:
        return None
    (first, one), (second, other) = texts.items()
    if second.lower().endswith("currencycode"):
        return "", f"{one} {other}"
    if first.lower().endswith("currencycode"):
        return "", f"{other} {one}"
    if first.lower().endswith("name") and second.lower().endswith("value"):
        return one, other
    return None


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) and value != "" else None
