"""Declared and live objects brought together: what meets what, whose it is, what was not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import Address, DeclaredAddress, LiveAddress, meets
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.steps import Change
from reconciler.core.provider import Scope
from reconciler.core.world.index import Index
from reconciler.core.world.observation import Observation
from reconciler.core.world.ownership import Belonging, owners
from reconciler.core.world.refs import reading_order
from reconciler.core.world.remote import RemoteReferences
from reconciler.core.world.sights import Sights, sights
from reconciler.core.world.unread import Unread


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is limited to: whole accounts (None: all), and address patterns (none: all).

    `coming` are further accounts, whose changes other runs make at the same time (shards).
    """

    accounts: frozenset[str] | None = None
    targets: tuple[str, ...] = ()
    coming: frozenset[str] = frozenset()

    def together(self, examined: frozenset[str] | None) -> "Selection":
        """Return what all these runs are limited to, as far as it was looked at."""
        if self.accounts is None or not self.coming:
            return self
        coming = self.coming if examined is None else self.coming & examined
        return Selection(self.accounts | coming, self.targets)

    def account(self, name: str) -> bool:
        """Say whether an account takes part."""
        return self.accounts is None or name in self.accounts

    def address(self, address: str) -> bool:
        """Say whether a declared object takes part."""
        return not self.targets or any(meets(pattern, address) for pattern in self.targets)

    def takes(self, item: Desired) -> bool:
        """Say whether a declared object is among what a run is limited to."""
        return self.account(item.account) and self.address(item.address)


@dataclass(slots=True)
class World:
    """Declared and live objects brought together, and what was decided about them so far.

    `live` holds each object once, `sights` tells what else it was seen as. `declared` are the live
    addresses that declarations meet, `remote` knows what remote values lead to. `changes` is by
    address. `stuck` are declared objects that cannot be brought about, `unknown` those that were
    not read or refer to such; `held` are live addresses of what is not removed because something
    unread may need it. `examined` are the accounts that were looked at, None for all.
    `elsewhere` are the changes that other runs make.
    """

    declarations: Declarations
    selection: Selection
    live: list[Live]
    sights: Sights
    unread: Sequence[Unread]
    index: Index[Live]
    owner: Mapping[LiveAddress, Belonging]
    desired: dict[DeclaredAddress, Desired]
    declared: frozenset[LiveAddress]
    remote: RemoteReferences
    unknown: set[DeclaredAddress]
    examined: frozenset[str] | None = None
    changes: dict[Address, Change] = field(default_factory=dict)
    elsewhere: dict[Address, Change] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    stuck: set[DeclaredAddress] = field(default_factory=set)
    must_stay: frozenset[LiveAddress] = frozenset()

    def met(self, item: Desired) -> Live | None:
        """Return the live object that a declaration meets."""
        return self.index.at(item.live_address)

    def owned(self, live: Live) -> bool:
        """Say whether a live object is ours."""
        return self.belonging(live).stack == self.declarations.stack

    def belonging(self, live: Live) -> Belonging:
        """Return which stack a live object belongs to."""
        return self.owner[live.live_address]

    def mine(self, address: DeclaredAddress) -> bool:
        """Say whether a declared object is in an account that takes part."""
        return self.selection.account(self.desired[address].account)

    def all_changes(self) -> dict[Address, Change]:
        """Return the changes of this run and of those beside it."""
        return {**self.changes, **self.elsewhere}

    def narrow(self, selection: Selection) -> None:
        """Leave to other runs what a selection does not hold, and what there is to say of it."""
        self.selection = selection
        mine: dict[str, bool] = {
            item.address: selection.account(item.account) for item in self.desired.values()
        }
        for item in self.live:
            mine.setdefault(item.live_address, selection.account(item.account))
        self.elsewhere = {name: it for name, it in self.changes.items() if not mine.get(name, True)}
        self.changes = {name: it for name, it in self.changes.items() if mine.get(name, True)}
        self.problems = [item for item in self.problems if mine.get(item.address, True)]
        self.warnings = [item for item in self.warnings if mine.get(item.address, True)]

    def stick(self, item: Desired, message: str) -> None:
        """Give up on a declared object for this run."""
        self.stuck.add(item.address)
        self.changes.pop(item.address, None)
        self.problems.append(Finding(address=item.address, message=message))


def meet(
    declarations: Declarations,
    live: Sequence[Live],
    observation: Observation,
    selection: Selection,
) -> World:
    """Bring together what is declared and what was observed; nothing is decided yet."""
    unread = observation.unread
    seen = sights(declarations, live, selection.accounts)
    ordered = sorted(seen.ones, key=reading_order)
    everything = [*ordered, *sorted(seen.others, key=reading_order)]
    index = Index(ordered, seen.others, seen.aliases)
    message = "there are several live objects with this identity; one is looked at a run"
    warnings = [
        Finding(address=item.live_address, message=message)
        for item in ordered
        if index.at(item.live_address) is not item
    ]
    declared = frozenset(item.live_address for item in declarations.desired)
    remote = RemoteReferences(declarations, everything, observation)
    return World(
        declarations=declarations,
        selection=selection,
        live=ordered,
        sights=seen,
        unread=unread,
        index=index,
        owner=owners(
            everything,
            stack=declarations.stack,
            owned_uris=declarations.owns.call_back_uris,
            missing=[
                item
                for item in declarations.desired
                if index.at(item.live_address) is None and observation.absent(item)
            ],
        ),
        desired={item.address: item for item in declarations.desired},
        declared=declared,
        remote=remote,
        unknown=_unknown(declarations.desired, unread, remote),
        examined=observation.accounts,
        problems=[item.finding() for item in unread],
        warnings=warnings,
    )


def _unknown(
    desired: Sequence[Desired], unread: Sequence[Unread], remote: RemoteReferences
) -> set[DeclaredAddress]:
    """Return the addresses of what was not read and of all that refers to it."""
    found: set[DeclaredAddress] = set()
    if not unread:
        return found
    scopes: dict[tuple[str, str | None], list[Scope]] = {}
    for each in unread:
        scopes.setdefault((each.scope.account, each.scope.part), []).append(each.scope)
    more = {
        item.address
        for item in desired
        for part in {None, item.spec.partition()}
        for scope in scopes.get((item.account, part), ())
        if scope.covers(item.account, item.spec)
    }
    more |= {
        item.address
        for item in desired
        for _, sighting in remote.of(item.spec, item.references)
        if sighting.state == "unexamined"
    }
    while more - found:
        found |= more
        more = {item.address for item in desired if found & set(item.references.values())}
    return found
