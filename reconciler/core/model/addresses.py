"""What objects are called: by us, declared and live; by references; by their service."""

from collections.abc import Mapping
from typing import Any, NewType

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
        # Of a flag, the name says what it means.
        inner = value.values() if isinstance(value, dict) else (name if value is True else value,)
        parts += map(str, inner)
    return LiveAddress(Address(f"{kind}.{'/'.join(parts)}"))


def declared_address(kind: str, name: str, member: str | None = None) -> DeclaredAddress:
    """Address a declaration: `queue.offers`, `subscription.de-offers[acme-de]`."""
    declared = f"{kind}.{name}[{member}]" if member is not None else f"{kind}.{name}"
    return DeclaredAddress(Address(declared))
