"""Desired and live → one decision for each object: create, update, replace, delete or nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from reconciler.core.diff import compare, cosmetic, creation, deletion, matches, within
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, FieldChange, Finding, Live, live_address
from reconciler.core.observation import Observation
from reconciler.core.order import Change
from reconciler.core.ownership import Owner, owners
from reconciler.core.provider import Scope
from reconciler.core.refs import get, reading_order
from reconciler.core.unread import Unread, held


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is limited to: whole accounts (None: all), and address patterns (none: all)."""

    accounts: frozenset[str] | None = None
    targets: tuple[str, ...] = ()

    def account(self, name: str) -> bool:
        """Say whether an account takes part."""
        return self.accounts is None or name in self.accounts

    def address(self, address: str) -> bool:
        """Say whether a declared object takes part."""
        return not self.targets or any(matches(pattern, address) for pattern in self.targets)


@dataclass(slots=True)
class World:
    """Declared and live objects brought together, and what was decided about them so far.

    `declared` are the live addresses that declarations meet, `claimed` the kinds and handles they
    go by in every account. `changes` is by address. `stuck` are declared objects that cannot be
    brought about, `unknown` those that were not read or refer to such; `held` are live addresses
    of what is not removed because something unread may need it.
    """

    declarations: Declarations
    selection: Selection
    live: list[Live]
    unread: Sequence[Unread]
    by_address: dict[str, Live]
    owner: Mapping[str, Owner]
    desired: dict[str, Desired]
    declared: frozenset[str]
    claimed: frozenset[tuple[str, str]]
    unknown: set[str]
    changes: dict[str, Change] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    held: frozenset[str] = frozenset()

    def met(self, item: Desired) -> Live | None:
        """Return the live object that a declaration meets."""
        return self.by_address.get(live_address(item.spec, item.account))

    def owned(self, live: Live) -> bool:
        """Say whether a live object is ours."""
        return self.owner[live_address(live.spec, live.account)] == "ours"

    def stick(self, item: Desired, message: str) -> None:
        """Give up on a declared object for this run."""
        self.stuck.add(item.address)
        self.changes.pop(item.address, None)
        self.problems.append(Finding(address=item.address, message=message))


Standing = Mapping[tuple[str, str, str], Mapping[str, Sequence[Live]]]


def decide(
    declarations: Declarations,
    live: Sequence[Live],
    observation: Observation,
    selection: Selection,
    *,
    destroying: bool = False,
) -> World:
    """Decide about every object; `live` are those observed, with handles in their references.

    `destroying`: whatever is ours goes, declared or not.
    """
    world = _meet(declarations, live, observation, selection)
    unknown = [world.met(world.desired[address]) for address in world.unknown]
    world.held = held(
        world.live, observation.unread, [item for item in unknown if item is not None]
    )
    if destroying:
        _decide_to_destroy(world)
        return world
    standing = _standing(world.live)
    for item in _targets_first(declarations.desired):
        if _takes_part(world, item):
            _decide(world, item, standing)
            _withdraw_unfounded(world, item)
    _decide_undeclared(world)
    return world


def _targets_first(desired: Sequence[Desired]) -> Iterator[Desired]:
    """Yield each object after those it refers to."""
    by_address = {item.address: item for item in desired}
    links = {item.address: set(item.references.values()) for item in desired}
    return (by_address[address] for address in TopologicalSorter(links).static_order())


def _meet(
    declarations: Declarations,
    live: Sequence[Live],
    observation: Observation,
    selection: Selection,
) -> World:
    unread = observation.unread
    ordered = sorted(_once(declarations, live), key=reading_order)
    by_address: dict[str, Live] = {}
    warnings: list[Finding] = []
    for item in ordered:
        address = live_address(item.spec, item.account)
        if by_address.setdefault(address, item) is not item:
            message = "there are several live objects with this identity; one is looked at a run"
            warnings.append(Finding(address=address, message=message))
    declared = frozenset(live_address(item.spec, item.account) for item in declarations.desired)
    return World(
        declarations=declarations,
        selection=selection,
        live=ordered,
        unread=unread,
        by_address=by_address,
        owner=owners(
            ordered,
            stack=declarations.stack,
            owned_uris=declarations.owns.call_back_uris,
            declared=declared,
            missing=[
                item
                for item in declarations.desired
                if live_address(item.spec, item.account) not in by_address
                and observation.absent(item)
            ],
        ),
        desired={item.address: item for item in declarations.desired},
        declared=declared,
        claimed=_claimed(declarations.desired),
        unknown=_unknown(declarations.desired, unread),
        problems=[item.finding() for item in unread],
        warnings=warnings,
    )


def _once(declarations: Declarations, live: Iterable[Live]) -> list[Live]:
    """Return live objects but for those that are declared under another name of their account.

    Two entries may name one real account, and two names in it one seller: what is declared under
    the one name is not undeclared under the other, but the same object, seen twice.
    """
    declared = {live_address(item.spec, item.account) for item in declarations.desired}
    met: list[Live] = []
    others: list[Live] = []
    for item in live:
        (met if live_address(item.spec, item.account) in declared else others).append(item)
    if not others:
        return met
    known: list[Desired | Live] = [*declarations.desired, *met]
    twins = {twin for item in known for twin in _twins(declarations, item)}
    return met + [item for item in others if twins.isdisjoint(_twins(declarations, item))]


def _twins(declarations: Declarations, item: Desired | Live) -> set[tuple[str, ...]]:
    """Return what is the same for an object under every name of its real account.

    That is its identity there, and its remote values, if it has any yet.
    """
    account = declarations.accounts.get(item.account)
    real = (account.real() if account else None) or (item.account,)
    found = {(item.spec.kind, *real, str(item.spec.identity_values()))}
    if isinstance(item, Live) and item.outputs:
        found.add((item.spec.kind, *real, str(sorted(item.outputs.items()))))
    return found


def _claimed(desired: Iterable[Desired]) -> frozenset[tuple[str, str]]:
    """Return the kinds and handles of what is declared under a handle that is a remote value.

    Whatever bears it is declared, even where an account does not tell which real one it is.
    """
    handles = ((item, item.spec.handle(item.account, item.outputs)) for item in desired)
    return frozenset(
        (item.spec.kind, handle) for item, handle in handles if handle in item.outputs.values()
    )


def _unknown(desired: Sequence[Desired], unread: Sequence[Unread]) -> set[str]:
    """Return the addresses of what was not read and of all that refers to it."""
    found: set[str] = set()
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
    while more - found:
        found |= more
        more = {item.address for item in desired if found & set(item.references.values())}
    return found


def _takes_part(world: World, item: Desired) -> bool:
    return (
        item.address not in world.unknown
        and world.selection.account(item.account)
        and world.selection.address(item.address)
    )


def _decide(world: World, item: Desired, standing: Standing) -> None:
    live = world.met(item)
    if live is None:
        if (blocker := _blocker(world, item, standing)) is not None:
            world.stick(item, f"{blocker} stands in its way and is not deleted by this run")
            return
        world.changes[item.address] = Change(
            "create", item.address, item, changes=tuple(creation(item))
        )
    elif world.owner[live_address(live.spec, live.account)] == "foreign":
        world.stick(
            item,
            f"the live object belongs to stack {live.owner!r} (its tag reconciler:stack says so): "
            "declare it there only, or have that stack give it up first",
        )
    else:
        _decide_met(world, item, live)


def _decide_met(world: World, item: Desired, live: Live) -> None:
    changes = compare(item, live, world.declarations.policy.ignore_tags)
    dragged = _dragged(world, item, live)
    for note in cosmetic(item.spec, live.spec):
        world.warnings.append(Finding(address=item.address, message=note))
    if not changes and not dragged:
        return
    fixed = any(change.path.partition(".")[0] in item.spec.fixed for change in changes)
    # What refers to something that is replaced must let go of it first, so it is replaced too.
    replaced = fixed or bool(dragged)
    if replaced and live_address(live.spec, live.account) in world.held:
        message = "it has to be replaced, and something that was not read may refer to it"
        world.stick(item, message)
        return
    world.changes[item.address] = Change(
        action="replace" if replaced else "update",
        address=item.address,
        desired=item,
        live=live,
        changes=tuple(sorted([*changes, *dragged], key=lambda change: change.path)),
        adopts=not world.owned(live),
        caused_by=dragged[0].after if dragged else _moved_by(world, item, changes),
    )


def _dragged(world: World, item: Desired, live: Live) -> list[FieldChange]:
    """Return the references that stay, but whose target is replaced under a new remote value."""
    found: list[FieldChange] = []
    for path, address in sorted(item.references.items()):
        change = world.changes.get(address)
        if (
            change is not None
            and change.action == "replace"
            and item.spec.refs[path].output not in change.wanted.outputs
            and get(live.spec, path) == get(item.spec, path)
        ):
            found.append(FieldChange(path=path, before=address, after=address))
    return found


def _moved_by(world: World, item: Desired, changes: Iterable[FieldChange]) -> str | None:
    """Return the new target of a changed reference if this plan is what brings it about."""
    for path, address in sorted(item.references.items()):
        target = world.changes.get(address)
        if (
            target is not None
            and target.action in ("create", "replace")
            and any(within(path, change.path) for change in changes)
        ):
            return address
    return None


def _withdraw_unfounded(world: World, item: Desired) -> None:
    """Withdraw a change that refers to what is not there and will not come to be."""
    reason = _unfounded(world, item) if item.address in world.changes else None
    if reason is not None:
        world.stick(item, reason)


def _unfounded(world: World, item: Desired) -> str | None:
    for address in sorted(set(item.references.values())):
        if address in world.stuck:
            return f"it depends on {address}, which this run cannot bring about"
        if world.met(world.desired[address]) is None and address not in world.changes:
            return f"it depends on {address}, which does not exist and is not part of this run"
    return None


def _standing(live: Iterable[Live]) -> Standing:
    """Return live objects that exclude others: by kind, account and group, then by slot."""
    found: dict[tuple[str, str, str], dict[str, list[Live]]] = {}
    for item in live:
        if (slot := item.spec.exclusion()) is not None:
            group = found.setdefault((item.spec.kind, item.account, slot[0]), {})
            group.setdefault(slot[1], []).append(item)
    return found


def _blocker(world: World, item: Desired, standing: Standing) -> str | None:
    """Return what excludes the object and will not be deleted by this run."""
    slot = item.spec.exclusion()
    if slot is None:
        return None
    slots = standing.get((item.spec.kind, item.account, slot[0]), {})
    others = (other for name, found in slots.items() if name != slot[1] for other in found)
    return next(
        (live_address(it.spec, it.account) for it in others if not _deleted(world, it)), None
    )


def _decide_undeclared(world: World) -> None:
    for live in world.live:
        if _deleted(world, live):
            address = live_address(live.spec, live.account)
            changes = tuple(deletion(live))
            world.changes[address] = Change("delete", address, live=live, changes=changes)


def _decide_to_destroy(world: World) -> None:
    met = {live_address(item.spec, item.account): item for item in world.declarations.desired}
    for live in world.live:
        address = live_address(live.spec, live.account)
        if not world.owned(live) or not world.selection.account(live.account):
            continue
        if address not in world.held and world.by_address[address] is live:
            item = met.get(address)
            name = item.address if item else address
            world.changes[name] = Change("delete", name, item, live, tuple(deletion(live)))


def _deleted(world: World, live: Live) -> bool:
    """Say whether this run deletes a live object."""
    return _prunable(world, live) and live_address(live.spec, live.account) not in world.held


def withheld(world: World) -> int:
    """Count the deletes that are left out because not everything was read."""
    return sum(_prunable(world, live) and not _deleted(world, live) for live in world.live)


def _prunable(world: World, live: Live) -> bool:
    address = live_address(live.spec, live.account)
    return (
        not world.selection.targets
        and world.selection.account(live.account)
        and address not in world.declared
        and (live.spec.kind, live.spec.handle(live.account, live.outputs)) not in world.claimed
        and world.by_address[address] is live
        and world.owned(live)
    )


def undeclared(world: World) -> Iterator[Live]:
    """Yield live objects that no declaration meets, each identity once."""
    for live in world.live:
        address = live_address(live.spec, live.account)
        handle = live.spec.handle(live.account, live.outputs)
        if (
            address not in world.declared
            and (live.spec.kind, handle) not in world.claimed
            and world.by_address[address] is live
        ):
            yield live


def unmanaged(world: World) -> Iterator[Live]:
    """Yield live objects that are not ours and that no declaration meets."""
    for live in world.live:
        if live_address(live.spec, live.account) not in world.declared and not world.owned(live):
            yield live
