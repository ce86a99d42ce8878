"""Many things that differ alike, told as one: which belong together, and by what they differ."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

from reconciler.core.text.visible import visible
from reconciler.reports.differences import CHANGING, Difference, essence

_NAMED = 2
"""Values that are all named; of more, the first and the last."""
_DIGITS = re.compile(r"(\d+)")
_NUMBERED = re.compile(r"(.*?)([0-9]{1,18})([^0-9]*)", re.DOTALL)
_BRACKETS = re.compile(r"^[^.]*\.|[\[\]]")
"""What separates the parts of an address besides slashes: the kind's dot, and a member's."""
Key = tuple[object, ...]


class Coarseness(IntEnum):
    """How much is told as one.

    `each`: nothing. `fields`: what changes alike and differs in one field of its identity alone.
    `kinds`: what changes alike in an account. `whole`: what changes in the same fields, wherever.
    """

    each = 0
    fields = 1
    kinds = 2
    whole = 3


@dataclass(frozen=True)
class Bunch:
    """Entries that are told as one; one alone is told by itself."""

    entries: Sequence[Difference]

    @property
    def first(self) -> Difference:
        """Return the one that stands for all."""
        return self.entries[0]

    @property
    def account(self) -> str:
        """Return whose they are, "" for several."""
        accounts = {entry.account for entry in self.entries}
        return self.first.account if len(accounts) == 1 else ""

    @cached_property
    def common(self) -> list[str]:
        """Return the values of the identity that all share."""
        return [single for name, single in self._values() if single and isinstance(single, str)]

    @cached_property
    def ranges(self) -> list[str]:
        """Return what they differ in: `sellers acme-001 … acme-412`."""
        found = [f"{name}s {texts[0]}" for name, texts in self._values() if isinstance(texts, list)]
        accounts = {entry.account for entry in self.entries}
        if len(accounts) == 1:
            return found
        return [f"accounts {span(map(visible, accounts))}", *found]

    def _values(self) -> Iterable[tuple[str, str | list[str]]]:
        for name in dict.fromkeys(name for entry in self.entries for name in entry.identity):
            values = {_written(name, entry.identity.get(name)) for entry in self.entries}
            yield visible(name), values.pop() if len(values) == 1 else [span(values - {""})]


def span(values: Iterable[str]) -> str:
    """Return a few values, or the first and the last of many, in the order people count in."""
    ordered = sorted(values, key=_counted)
    if len(ordered) <= _NAMED:
        return ", ".join(ordered)
    gaps = " (with gaps)" if _reach_further(ordered) else ""
    return f"{ordered[0]} … {ordered[-1]}{gaps}"


def _reach_further(names: Iterable[str]) -> bool:
    """Say whether names that count (`acme-001`, `acme-412`) promise more of them than there are."""
    rows: dict[tuple[str, str], list[int]] = {}
    for found in filter(None, map(_NUMBERED.fullmatch, names)):
        rows.setdefault((found[1], found[3]), []).append(int(found[2]))
    return any(max(row) - min(row) >= len(row) for row in rows.values())


def bunches(entries: Sequence[Difference], coarseness: Coarseness) -> list[Bunch]:
    """Return what is told as one, in the order of the first of each."""
    if coarseness is Coarseness.each:
        return [Bunch([entry]) for entry in entries]
    found = _grouped(entries, [_coarse(entry, coarseness) for entry in entries])
    if coarseness is Coarseness.fields:
        parts = [part for bunch in found for part in _by_one_field(bunch.entries)]
        order = {id(entry): number for number, entry in enumerate(entries)}
        return sorted(parts, key=lambda bunch: order[id(bunch.first)])
    return found


def _coarse(entry: Difference, coarseness: Coarseness) -> Key:
    changes = entry.changes if entry.verb in CHANGING else ()
    if coarseness is Coarseness.whole:
        return entry.verb, entry.kind, frozenset(change.path for change in changes)
    alike = (entry.verb, entry.kind, tuple(map(essence, changes)), entry.caused_by, entry.adopts)
    return *alike, entry.account, tuple(entry.identity)


def _by_one_field(entries: Sequence[Difference]) -> list[Bunch]:
    """Split so that each part differs in one field of the identity, the one with fewest parts."""
    values = [
        {name: _written(name, value) for name, value in entry.identity.items()} for entry in entries
    ]
    fewest: list[Bunch] = [Bunch(entries)]
    for number, name in enumerate(entries[0].identity):
        keys = [tuple(it for key, it in one.items() if key != name) for one in values]
        if number == 0 or len(set(keys)) < len(fewest):
            fewest = _grouped(entries, keys)
    return fewest


def _grouped(entries: Sequence[Difference], keys: Sequence[Key]) -> list[Bunch]:
    groups: dict[Key, list[Difference]] = {}
    for entry, key in zip(entries, keys, strict=True):
        groups.setdefault(key, []).append(entry)
    return [Bunch(found) for found in groups.values()]


def _written(name: str, value: Any) -> str:
    """Return a value of an identity; of a flag, the name says what it means."""
    if value is True:
        return visible(name)
    if isinstance(value, dict):
        return "/".join(_written(str(key), item) for key, item in value.items())
    return "" if value is None else visible(value if isinstance(value, str) else json.dumps(value))


def distinguishing(entry: Difference) -> list[str]:
    """Return the values of its identity that its address does not hold already."""
    address = f"/{_BRACKETS.sub('/', visible(entry.address))}/"
    texts = (_written(name, value) for name, value in entry.identity.items())
    return [value for value in texts if value and f"/{value}/" not in address]


def _counted(text: str) -> list[tuple[int, str]]:
    """Return what sorts `acme-9` before `acme-10`."""
    parts = _DIGITS.split(text)
    return [
        (int(part[:18]), part) if part.isdecimal() and part.isascii() else (0, part)
        for part in parts
    ]
