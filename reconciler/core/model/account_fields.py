"""What the class of an account says about its fields: which are plain, which lead somewhere.

Whatever a class does not mark as plain may hold a secret, by mistake or not, and is never repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from reconciler.core.model.hosts import Leads
from reconciler.core.model.units import parts_of

_SHOWN = 24
"""Characters of a plain value that messages repeat: longer ones may be secrets in a wrong place."""
_SHOWN_OF_A_URL = 64


@dataclass(frozen=True, slots=True)
class Plain:
    """Marks a field that holds no secret; `identifies`: it tells one real account from another."""

    identifies: bool = False


PLAIN = Plain()
IDENTIFYING = Plain(identifies=True)


@cache
def plain_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the YAML names of the fields that hold no secret."""
    return frozenset(alias for _, alias, mark in _marked(model, Plain))


@cache
def identifying_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that tell one real account from another."""
    return frozenset(name for name, _, mark in _marked(model, Plain) if mark.identifies)


@cache
def leading_fields(model: type[BaseModel]) -> Mapping[str, tuple[str, tuple[str, ...] | None]]:
    """Return YAML name and own hosts of each field whose URL secrets are sent to."""
    found: dict[str, tuple[str, tuple[str, ...] | None]] = {}
    for name, alias, mark in _marked(model, Leads):
        own = mark.own or found.get(name, ("", None))[1]
        found[name] = (alias, own)
    return found


def harmless(value: Any) -> bool:
    """Say whether the value of a plain field is short enough to be what belongs there."""
    text = str(value)
    limit = _SHOWN_OF_A_URL if "://" in text and "?" not in text else _SHOWN
    return isinstance(value, dict | list) or len(text) <= limit


def _marked(model: type[BaseModel], kind: type) -> Iterator[tuple[str, str, Any]]:
    for name, info in model.model_fields.items():
        for mark in (*info.metadata, *parts_of(info.annotation)):
            if isinstance(mark, kind):
                yield name, info.alias or name, mark
