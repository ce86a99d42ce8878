"""The chain of delivery of one subscription: what it leads to, and what is wrong on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
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
class Chain:
    """A subscription and what stands behind it, as far as it is live: `path` begins with itself.

    `links` are what was found about each, in the order of the path.
    """

    item: Desired
    path: tuple[Live, ...]
    links: tuple[Link, ...]

    @property
    def broken(self) -> bool:
        """Say whether nothing can arrive."""
        return any(link.state == "broken" for link in self.links)


def chains(declarations: Declarations, observation: Observation) -> Iterator[Chain]:
    """Yield the chain of every declared subscription."""
    landscape = _Landscape(declarations, observation)
    for item in declarations.desired:
        if item.spec.delivery.begins:
            yield landscape.chain(item)


class _Landscape:
    """Everything that is live, with references as handles."""

    def __init__(self, declarations: Declarations, observation: Observation) -> None:
        known, _ = internalise(observation.live, declarations.desired)
        self._ignore_tags = declarations.policy.ignore_tags
        self._desired = {item.address: item for item in declarations.desired}
        self._remote = RemoteReferences(declarations, known, observation)
        self._unread: Sequence[Unread] = observation.unread
        self._live = Index(known)

    def chain(self, item: Desired) -> Chain:
        path: list[Live] = []
        links: list[Link] = []
        sender: str | None = None
        step: Desired | None = item
        while step is not None:
            live = self._live.at(step.live_address)
            if live is None:
                absent = Link(step.spec.kind, "broken", self._absence(step))
                links.append(self._gone(step) or absent)
                break
            links += self._links(step, live, sender, first=step is item)
            path.append(live)
            sender = live.spec.delivery.sender or sender
            step = self._next(step)
        return Chain(item, tuple(path), tuple(links))

    def _links(
        self, step: Desired, live: Live, sender: str | None, *, first: bool
    ) -> Iterator[Link]:
        astray = self._astray(step, live)
        yield Link(live.spec.kind, "broken" if astray else "holds", astray)
        yield from live.spec.delivery.links(live.spec, step.spec, self._leads_to(live), sender)
        yield from self._unseen(step, live)
        changes = compare(step, live, self._ignore_tags)
        # Where references lead was told already.
        differing = sorted(item.path for item in changes if item.path not in step.spec.refs)
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

    def _astray(self, step: Desired, live: Live) -> str:
        """Say where a live object leads to if that is not as declared, else nothing."""
        actual = {path: value for path, _, value in references(live.spec)}
        for path, _, wanted in references(step.spec):
            address = step.references.get(path)
            if address is not None and not self._is_next(step, self._desired[address]):
                continue
            if actual.get(path) != wanted:
                name = address or wanted
                return f"{step.address} leads to {actual.get(path)}, not to {name}: run apply"
        return ""

    def _is_next(self, step: Desired, target: Desired) -> bool:
        """Say whether a chain leads on to `target`; if that is not live, its own link tells."""
        there = self._live.at(target.live_address) is not None
        return there and target.spec.kind != step.spec.kind

    def _leads_to(self, live: Live) -> Spec | None:
        for _, reference, value in references(live.spec):
            found = self._live.named(reference.key(live.account, value))
            return found.spec if found is not None else None
        return None

    def _next(self, step: Desired) -> Desired | None:
        """Return what a declared object delivers to; a dead-letter queue is not on the way."""
        for address in step.references.values():
            target = self._desired[address]
            if target.spec.kind != step.spec.kind:
                return target
        return None

    def _absence(self, step: Desired) -> str:
        for unread in self._unread:
            if unread.scope.covers(step.account, step.spec):
                return f"{step.address} could not be read: {unread.reason}"
        alike = (live.spec for live in self._live if live.account == step.account)
        hint = next(
            filter(None, (step.spec.delivery.mistaken_for(step.spec, other) for other in alike)),
            None,
        )
        return f"{step.address} is not live: run apply" + (f" ({hint})" if hint else "")
