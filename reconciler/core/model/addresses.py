"""Addresses: our names for what is declared and what is live."""

from collections.abc import Mapping
from typing import Any


def identity_address(kind: str, account: str, identity: Mapping[str, Any]) -> str:
    """Address an object likewise, of which only the values of its identity are at hand."""
    parts = [account]
    for name, value in identity.items():
        # Of a flag, the name says what it means.
        inner = value.values() if isinstance(value, dict) else (name if value is True else value,)
        parts += map(str, inner)
    return f"{kind}.{'/'.join(parts)}"


def declared_address(kind: str, name: str, member: str | None = None) -> str:
    """Address a declaration: `queue.offers`, `subscription.de-offers[acme-de]`."""
    return f"{kind}.{name}[{member}]" if member is not None else f"{kind}.{name}"
