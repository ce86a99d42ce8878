"""Event patterns: the one that a route stands for, and what others say. Pure."""

import json
from collections.abc import Iterable
from typing import Any

from reconciler.core.text.halves import read_json

LONGEST_PATTERN = 2048
"""Characters of an event pattern, unless AWS was asked for more."""


def pattern_of(source: str, types: Iterable[str]) -> str:
    """Return the pattern of notification types from one event source."""
    return _text({"detail-type": sorted(set(types)), "source": [source]})


def types_of(source: str, text: str) -> tuple[tuple[str, ...], str | None]:
    """Return the types that a rule on a source's bus matches, and the pattern if it says more.

    Order, white space and repetitions mean nothing.
    """
    try:
        pattern = read_json(text)
    except ValueError:
        return (), text
    types = _listed(pattern.get("detail-type") if isinstance(pattern, dict) else None)
    if types and _text(_folded(pattern)) == pattern_of(source, types):
        return types, None
    return types, _text(_folded(pattern))


def _listed(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return ()
    return tuple(sorted(set(value)))


def _folded(value: Any) -> Any:
    """Return a pattern with its lists sorted and without repetitions."""
    if isinstance(value, dict):
        return {name: _folded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [json.loads(item) for item in sorted({_text(_folded(item)) for item in value})]
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
