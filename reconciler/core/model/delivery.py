"""How objects take part in delivering notifications, and the links of a chain of delivery.

Services accept in silence what does not let anything through, so that this has to be looked at.
"""

from collections.abc import Iterator
from typing import Generic, Literal, NamedTuple, TypeVar

LinkState = Literal["holds", "warning", "doubtful", "unknown", "broken"]


class Link(NamedTuple):
    """What was found about one link; `detail` says why, and what to do.

    holds: seen to be right. warning: right, and worth a word. doubtful: cannot be seen from here,
    or may lose messages. unknown: looking or trying failed. broken: nothing arrives.
    """

    name: str
    state: LinkState
    detail: str = ""


S = TypeVar("S")


class Delivery(NamedTuple, Generic[S]):
    """What a kind, of which S are the specs, has to do with delivery.

    `begins`: its objects are what notifications are sent for, the beginning of a chain. `sender` is
    who delivers through its objects to what these refer to (an AWS account id). `pushes_to` is the
    field that holds the URI notifications are posted to, where there is one. `carrying`: its
    objects refer to where notifications are sent, and carry them on from there. `sends_as` is the
    output that names an object which delivers itself, instead of `sender`. `targets`: where its
    objects lead to is told by its `links`. `carried_on_by` is the kind without which what arrives
    goes nowhere. `untestable` says why nobody can send a test message by
    its objects, where that is so.
    """

    begins: bool = False
    carrying: bool = False
    sender: str | None = None
    sends_as: str = ""
    targets: bool = False
    carried_on_by: str = ""
    untestable: str = ""
    pushes_to: str | None = None

    def active(self, spec: S) -> bool:
        """Say whether an object does its work as it stands; what can be switched off may not."""
        return True

    def carries(self, spec: S, topic: str) -> bool:
        """Say whether an object carries notifications of a topic on, so that it stands first."""
        taken = self.takes(spec)
        return self.carrying and (taken is None or topic in taken)

    def takes(self, spec: S) -> frozenset[str] | None:
        """Return the topics that an object carries on, None for whatever comes."""
        return None

    def obstacles(self, spec: S, sender: str) -> Iterator[str]:
        """Yield why `sender` could not deliver to an object, as "does not let ..."."""
        yield from ()

    def doubts(self, spec: S, sender: str) -> Iterator[str]:
        """Yield what may keep `sender` from delivering and cannot be seen, as "lets ... only"."""
        yield from ()

    def impediments(self, spec: S, now: float) -> Iterator[str]:
        """Yield what keeps a live object from its work, as it stands at `now` (Unix seconds)."""
        yield from ()

    def links(self, live: S, declared: S, leads_to: object, sender: str | None) -> Iterator[Link]:
        """Yield what a live object contributes to a chain of delivery.

        `declared` is its declaration, `leads_to` the live spec behind its reference (None: nothing
        is there), `sender` who delivers through the chain: an AWS account, or a rule by its ARN.
        """
        yield from ()

    def mistaken_for(self, declared: S, other: object) -> str | None:
        """Say why a live object that looks like a declared one is another, None if it is."""
        return None
