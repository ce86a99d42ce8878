"""What may take over from what, and what cannot stand beside what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Exclusion(NamedTuple):
    """Of one `group`, objects of different slots cannot coexist; `rule` says so in words."""

    group: str
    slot: str
    rule: str = ""


@dataclass(frozen=True)
class Succession:
    """What an object of a kind may take over from; both are asked of its spec.

    `role` is what it has in common with all of its kind that may take over from it, in whichever
    service. `party` is the seller or target it is for, within a service it takes over for no other:
    by default the part of the account that it is read with. `exclusion` is what it cannot stand
    beside, None if it can beside anything.
    """

    role: Callable[[Any], str] = lambda _spec: ""
    party: Callable[[Any], str | None] = lambda spec: spec.partition()
    exclusion: Callable[[Any], Exclusion | None] = lambda _spec: None
