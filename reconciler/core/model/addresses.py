"""What objects are called: by us, declared and live; by references; by their service."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NewType

from reconciler.core.text.phrases import nearest, suggestion

AFTER_STACK = "--"
"""What stands between a stack's name and the rest of a name that marks an object as the stack's.

No stack's name holds it, so that of two stacks one is never taken for the other.
"""

Address = NewType("Address", str)
"""What a plan calls an object: its declared address, or the live one of what is not declared."""
DeclaredAddress = NewType("DeclaredAddress", Address)
"""`queue.offers`, `subscription.de-offers[acme-de]`."""
LiveAddress = NewType("LiveAddress", Address)
"""Kind, account and identity: `queue.aws-eu/acme-old`."""
Handle = NewType("Handle", str)
"""By what specs refer to an object, the same for a declared one and the live one it meets."""
RemoteValue = NewType("RemoteValue", str)
"""What a service calls an object: an ARN, a URL, an id."""

ReferenceKey = tuple[str, str, Handle]
"""What references call an object: its kind, its account ("": whichever) and its handle."""


Outputs = Mapping[str, RemoteValue]
"""What an object offers to references, by the name that they ask for."""


def remote_values(**values: str) -> dict[str, RemoteValue]:
    """Return what a service says as outputs."""
    return {name: RemoteValue(value) for name, value in values.items()}


def identity_address(kind: str, account: str, identity: Mapping[str, Any]) -> LiveAddress:
    """Address an object of which only the values of its identity are at hand."""
    parts = [account]
    for name, value in identity.items():
        if isinstance(value, dict):
            parts += map(str, value.values())
        else:
            # Of a flag, the name says what it means.
            parts.append(name if value is True else str(value))
    return LiveAddress(Address(f"{kind}.{'/'.join(parts)}"))


def declared_address(kind: str, name: str, member: str | None = None) -> DeclaredAddress:
    """Address a declaration: `queue.offers`, `subscription.de-offers[acme-de]`."""
    declared = f"{kind}.{name}[{member}]" if member is not None else f"{kind}.{name}"
    return DeclaredAddress(Address(declared))


def matches(pattern: str, text: str) -> bool:
    """Say whether `text` matches `pattern`, in which only `*` and `?` are special.

    Addresses hold brackets, which shell patterns would read as character classes. However many
    stars there are, the time grows with the length of the text only.
    """
    return fnmatchcase(text, pattern.replace("[", "[[]"))


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
