"""What a new repository is to hold: a stack's name and services."""

import re
from dataclasses import dataclass

from reconciler.core.manifest.settings import STACK

SERVICES = ("aws", "sp-api", "merchant", "mws")
USUAL = SERVICES[:3]
"""What is taken when nobody says: MWS is retired."""
FALLBACK = "notifications"

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class StarterContents:
    """A stack and its services, in the order of `SERVICES`; `empty`: nothing but accounts."""

    stack: str
    services: tuple[str, ...]
    empty: bool = False


def parse_stack(name: str) -> str:
    """Return `name` if a stack may be called so.

    Raises:
        ValueError: it may not.
    """
    if not re.fullmatch(STACK, name):
        raise ValueError(
            f"{name!r}: expected 2 to {_LONGEST} of a-z, 0-9 and -, beginning with a letter and "
            "not ending in -, without two - in a row"
        )
    return name


def stack_like(title: str) -> str:
    """Return the stack's name that comes closest to `title` (a directory's name)."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())
    name = words.lstrip("-0123456789")[:_LONGEST].rstrip("-")
    return name if re.fullmatch(STACK, name) else FALLBACK


def parse_services(names: list[str]) -> tuple[str, ...]:
    """Return the named services, each once, in the order of `SERVICES`.

    Raises:
        ValueError: one is unknown, or none is named.
    """
    unknown = [name for name in names if name not in SERVICES]
    if unknown or not names:
        given = repr(unknown[0]) if unknown else "nothing"
        raise ValueError(f"expected some of {', '.join(SERVICES)}, not {given}")
    return tuple(name for name in SERVICES if name in names)
