"""The chain of delivery of one subscription: what it leads to, and what is wrong on the way.

It goes along references to where notifications are sent, and on from there by what carries them on;
where several do, the chain has the legs of each, one after the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import DeclaredAddress
from reconciler.core.model.delivery import Link, LinkState
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Spec, references
from reconciler.core.planning.diff import compare
from reconciler.core.world.index import Index
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import internalise
from reconciler.core.world.remote import RemoteReferences
from reconciler.core.world.unread import Unread


@dataclass(frozen=True, slots=True)
class Leg:
    """One object on the way and what was found about it; `live` is None where it is not there.

    `wanted` is its declared spec with remote values, as far as these are known.
    """

    item: Desired
    wanted: Spec
    live: Live | None
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A declared subscription and what stands behind it; the first leg is the subscription's."""

    item: Desired
    legs: tuple[Leg, ...]

    @property
    def path(self) -> tuple[Live, ...]:
        """Return the objects on the way, as far as they are live."""
        return tuple(leg.live for leg in self.legs if leg.live is not None)

    @property
    def links(self) -> tuple[Link, ...]:
        """Return what was found about each, in the order of the way."""
        return tuple(link for leg in self.legs for link in leg.links)

    @property
    def passable(self) -> bool:
        """Say whether something may arrive, by all that is known, so that it is worth a try."""
        return all(link.state not in ("broken", "unknown") for link in self.links)


def chains(declarations: Declarations, observation: Observation) -> Iterator[Chain]:
    """Yield the chain of every declared subscription."""
    landscape = _Landscape(declarations, observation)
    for item in declarations.desired:
        if item.spec.delivery.begins:
            yield landscape.chain(item)


class _Landscape:
    """Everything that is live, with references as handles."""

    def __init__(self, declarations: Declarations, observation: Observation) -> None:
        known, self._handles = internalise(observation.live, declarations.desired)
        self._ignore_tags = declarations.policy.ignore_tags
        self._desired = {item.address: item for item in declarations.desired}
        self._carriers = _carriers(declarations.desired)
        self._remote = RemoteReferences(declarations, known, observation)
        self._unread: Sequence[Unread] = observation.unread
        self._live = Index(known)

    def chain(self, item: Desired) -> Chain:
        return Chain(item, tuple(self._legs(item, item.spec.topic(), None, first=True)))

    def _legs(
        self, step: Desired, topic: str, sender: str | None, *, first: bool = False
    ) -> Iterator[Leg]:
        live, wanted = self._live.at(step.live_address), self._handles.outside(step)
        if live is None:
            yield Leg(step, wanted, None, (self._gone(step) or self._absence(step),))
            return
        links, onward = [*self._links(step, live, sender, first=first)], self._onward(step, topic)
        if (by := step.spec.delivery.carried_on_by) and not onward:
            detail = f"{topic} arrives at {step.address}, and no {by} is declared that takes it on"
            links.append(Link(by, "broken", detail))
        yield Leg(step, wanted, live, tuple(links))
        for target in onward:
            yield from self._legs(target, topic, live.sender or sender)

    def _links(
        self, step: Desired, live: Live, sender: str | None, *, first: bool
    ) -> Iterator[Link]:
        elsewhere = self._elsewhere(step, live)
        yield Link(live.spec.kind, "broken" if elsewhere else "holds", elsewhere)
        yield from live.spec.delivery.links(live.spec, step.spec, self._leads_to(live), sender)
        yield from self._unseen(step, live)
        changes = compare(step, live, self._ignore_tags)
        # Where references lead was told already.
        differing = sorted(item.path for item in changes if not self._leads(step, item.path))
        if differing:
            detail = f"{step.address} differs from its declaration in {', '.join(differing)}"
            yield Link("declaration", "doubtful" if first else "warning", f"{detail}: run plan")

    def _unseen(self, step: Desired, live: Live) -> Iterator[Link]:
        """Yield what is referred to by its remote value and was not seen."""
        for path, sighting in self._remote.of(live.spec, step.references):
            if sighting.state != "there":
                state: LinkState = "broken" if sighting.state == "gone" else "doubtful"
                yield Link(live.spec.refs[path].kind, state, sighting.sentence)

    def _gone(self, step: Desired | None) -> Link | None:
        """Return what is declared further on by its remote value and is not there, if any is."""
        while step is not None:
            for path, sighting in self._remote.of(step.spec, step.references):
                if sighting.state == "gone":
                    return Link(step.spec.refs[path].kind, "broken", sighting.sentence)
            step = self._next(step)
        return None

    def _elsewhere(self, step: Desired, live: Live) -> str:
        """Say where a live object leads to if that is not as declared, else nothing."""
        actual = {path: value for path, _, value in references(live.spec)}
        for path, reference, wanted in references(step.spec):
            address = step.references.get(path)
            if address is not None and not self._is_next(step, self._desired[address]):
                continue
            if step.spec.delivery.targets and not reference.source:
                continue
            if actual.get(path) != wanted:
                verb, to = ("comes from", "from") if reference.source else ("leads to", "to")
                where = f"{verb} {actual.get(path)}, not {to} {address or wanted}"
                return f"{step.address} {where}: run apply"
        return ""

    def _is_next(self, step: Desired, target: Desired) -> bool:
        """Say whether a chain leads on to `target`; if that is not live, its own link tells."""
        there = self._live.at(target.live_address) is not None
        return there and target.spec.kind != step.spec.kind

    def _leads_to(self, live: Live) -> Spec | None:
        for _, reference, value in references(live.spec):
            if reference.source:
                continue
            found = self._live.named(reference.key(live.account, value))
            return found.spec if found is not None else None
        return None

    def _next(self, step: Desired) -> Desired | None:
        """Return what a declared object delivers to; a dead-letter queue is not on the way."""
        for path, address in step.references.items():
            target = self._desired[address]
            reference = step.spec.refs[path]
            if target.spec.kind != step.spec.kind and not (reference.source or reference.rejects):
                return target
        return None

    def _onward(self, step: Desired, topic: str) -> list[Desired]:
        """Return where a declared object delivers notifications of a topic to."""
        target = self._next(step)
        carriers = self._carriers.get(step.address, ())
        taking = [it for it in carriers if it.spec.delivery.carries(it.spec, topic)]
        return [*([target] if target else []), *taking]

    @staticmethod
    def _leads(step: Desired, path: str) -> bool:
        """Say whether notifications come or go along a field of a declared object."""
        reference = step.spec.refs.get(path)
        return reference is not None and not reference.rejects

    def _absence(self, step: Desired) -> Link:
        for unread in self._unread:
            if unread.scope.covers(step.account, step.spec):
                detail = f"{step.address} could not be read: {unread.reason}"
                return Link(step.spec.kind, "unknown", detail)
        alike = (live.spec for live in self._live if live.account == step.account)
        hint = next(
            filter(None, (step.spec.delivery.mistaken_for(step.spec, other) for other in alike)),
            None,
        )
        detail = f"{step.address} is not live: run apply" + (f" ({hint})" if hint else "")
        return Link(step.spec.kind, "broken", detail)


def _carriers(desired: Iterable[Desired]) -> dict[DeclaredAddress, list[Desired]]:
    """Return by address what has its notifications from there and carries them on."""
    found: dict[DeclaredAddress, list[Desired]] = {}
    for item in sorted(desired, key=lambda item: item.address):
        for path, address in item.references.items():
            if item.spec.refs[path].source and item.spec.delivery.carrying:
                found.setdefault(address, []).append(item)
    return found
