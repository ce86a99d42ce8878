"""Names for declarations, made from live names: valid, unique, and the same in every run."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import count

from reconciler.core.manifest.settings import NAME

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]+")


def assign(wanted: Mapping[str, Sequence[str]], taken: Collection[str]) -> dict[str, str]:
    """Return a name for each key: the first it wants that no other one wants as well.

    `wanted` are names by key, shortest first; `taken` are not given again. Where all of a key's
    names are wanted by others too, the last one gets a number.
    """
    candidates = {key: [as_name(text) for text in texts] for key, texts in sorted(wanted.items())}
    names: dict[str, str] = {}
    used = set(taken)
    for level in range(max((len(found) for found in candidates.values()), default=0)):
        asked = {
            key: found[min(level, len(found) - 1)]
            for key, found in candidates.items()
            if key not in names
        }
        times = Counter(asked.values())
        fresh = {key: name for key, name in asked.items() if times[name] == 1 and name not in used}
        names |= fresh
        used |= set(fresh.values())
    for key, found in candidates.items():
        if key not in names:
            names[key] = _numbered(found[-1], used)
            used.add(names[key])
    return names


def _numbered(name: str, used: Collection[str]) -> str:
    numbers = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(candidate for candidate in numbers if candidate not in used)


def as_name(text: str) -> str:
    """Return a text as the name of a declaration; what is none already becomes lower-case."""
    if re.fullmatch(NAME, text):
        return text
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-_.") or "unnamed"
