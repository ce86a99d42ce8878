"""What a new repository is to hold: a stack's name and services."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.settings import STACK
from reconciler.core.service import Example, Service

FALLBACK = "notifications"

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class StarterContents:
    """A stack and the names of its services; `empty`: nothing but accounts.

    `offered` are the examples there are, by service in their order.
    """

    stack: str
    services: tuple[str, ...]
    offered: Mapping[str, Example]
    empty: bool = False

    @property
    def examples(self) -> tuple[Example, ...]:
        """Return the examples of the services, each once."""
        return tuple(self.offered[name] for name in dict.fromkeys(self.services))


def offered(services: Iterable[Service]) -> dict[str, Example]:
    """Return the examples there are by service, the usual ones first."""
    known = [(service.name, service.example) for service in services if service.example]
    return dict(sorted(known, key=lambda item: not item[1].usual))


def usual(examples: Mapping[str, Example]) -> tuple[str, ...]:
    """Return the services that are taken when nobody says which."""
    return tuple(name for name, example in examples.items() if example.usual)


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


def parse_services(names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the named services, each once, in the order of `known`.

    Raises:
        ValueError: one is unknown, or none is named.
    """
    known = tuple(known)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        given = repr(unknown[0]) if unknown else "nothing"
        raise ValueError(f"expected some of {', '.join(known)}, not {given}")
    return tuple(name for name in known if name in names)
