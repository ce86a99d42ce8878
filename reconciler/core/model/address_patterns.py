"""Addresses as people type them: patterns, names of declarations, and what was meant."""

import re
from collections.abc import Iterable, Mapping

from reconciler.core.text.phrases import nearest, suggestion


def matches(pattern: str, text: str) -> bool:
    """Say whether `text` matches `pattern`, in which only `*` and `?` are special.

    Addresses hold brackets, which shell patterns would read as character classes.
    """
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def declaration_of(address: str) -> str:
    """Return the declaration that a declared address belongs to: `subscription.offers[de]` → name.

    An undeclared object's address, which holds a slash first, is its own.
    """
    name, bracket, _ = address.partition("[")
    return name if bracket and address.endswith("]") and "/" not in name else address


def meets(pattern: str, address: str) -> bool:
    """Say whether a pattern means an address; a declaration's name means all its members."""
    return matches(pattern, address) or matches(pattern, declaration_of(address))


def did_you_mean(pattern: str, addresses: Iterable[str]) -> str:
    """Return `, did you mean 'x'?`, nothing if there is nothing like it.

    Members of the same declaration come first, then what is of the same kind, then what has the
    same name.
    """
    known = set(addresses)
    declaration = declaration_of(pattern).lower()
    kind, _, name = declaration.partition(".")
    members = [item for item in known if declaration_of(item).lower() == declaration]
    if "[" not in pattern:
        known |= {declaration_of(item) for item in known}
    alike = [item for item in known if item.lower().startswith(f"{kind}.")]
    called = [item for item in known if name and item.lower().endswith(f".{name}")]
    found = (
        nearest(pattern, members, 0)
        or nearest(pattern, alike)
        or nearest(pattern, called, 0)
        or nearest(pattern, known)
    )
    return suggestion(found)


def within(path: str, outer: str) -> bool:
    """Say whether a path is another one or leads deeper."""
    return path == outer or path.startswith(f"{outer}.")


def chosen(values: Mapping[str, str], wanted: Mapping[str, object]) -> bool:
    """Say whether all values that are wanted are there; those wanted may be patterns."""
    return all(matches(str(value), values.get(column, "")) for column, value in wanted.items())
