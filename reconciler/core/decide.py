"""Desired and live → one decision for each object: create, update, replace, delete or nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.diff import compare, cosmetic, creation, deletion, matches
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, FieldChange, Finding, Live, live_address
from reconciler.core.order import Change
from reconciler.core.ownership import Owner, owners
from reconciler.core.provider import Scope
from reconciler.core.refs import levels


@dataclass(frozen=True, slots=True)
class Unread:
    """A scope that could not be read, and why, in one sentence."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What the services reported: `live` objects hold remote values in their references."""

    live: tuple[Live, ...] = ()
    unread: tuple[Unread, ...] = ()
    warnings: tuple[Finding, ...] = ()


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

    `changes` is by address. `stuck` are declared objects that cannot be brought about, `unknown`
    those that were not read or refer to such; `withheld` counts deletes that were left out because
    something unread may need the object.
    """

    declarations: Declarations
    selection: Selection
    live: list[Live]
    unread: Sequence[Unread]
    by_address: dict[str, Live]
    owner: Mapping[str, Owner]
    desired: dict[str, Desired]
    declared: frozenset[str]
    unknown: set[str]
    changes: dict[str, Change] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    withheld: int = 0

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


Standing = Mapping[tuple[str, str, str], Sequence[Live]]


def decide(
    declarations: Declarations,
    live: Sequence[Live],
    unread: Sequence[Unread],
    selection: Selection,
) -> World:
    """Decide about every object; `live` hold handles in their references."""
    world = _meet(declarations, live, unread, selection)
    standing = _standing(world.live)
    desired = declarations.desired
    for level in levels({type(item.spec) for item in desired}):
        here = [item for item in desired if item.spec.kind in level and _takes_part(world, item)]
        for item in here:
            _decide(world, item, standing)
        _withdraw_unfounded(world, here)
    if not selection.targets:
        _decide_undeclared(world)
    return world


def _meet(
    declarations: Declarations,
    live: Sequence[Live],
    unread: Sequence[Unread],
    selection: Selection,
) -> World:
    ordered = sorted(live, key=lambda item: live_address(item.spec, item.account))
    by_address: dict[str, Live] = {}
    for item in ordered:
        by_address.setdefault(live_address(item.spec, item.account), item)
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
        ),
        desired={item.address: item for item in declarations.desired},
        declared=declared,
        unknown=_unknown(declarations.desired, unread),
        problems=[Finding(address=str(item.scope), message=item.reason) for item in unread],
    )


def _unknown(desired: Sequence[Desired], unread: Sequence[Unread]) -> set[str]:
    """Return the addresses of what was not read and of all that refers to it."""
    found: set[str] = set()
    if not unread:
        return found
    more = {
        item.address
        for item in desired
        if any(each.scope.covers(item.account, item.spec) for each in unread)
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
    dragged = _dragged(world, item)
    if dragged is not None and not any(change.path == dragged[0] for change in changes):
        changes.append(FieldChange(path=dragged[0], before=dragged[1], after=dragged[1]))
    for note in cosmetic(item.spec, live.spec):
        world.warnings.append(Finding(address=item.address, message=note))
    if not changes:
        return
    fixed = any(change.path.partition(".")[0] in item.spec.fixed for change in changes)
    world.changes[item.address] = Change(
        action="replace" if fixed else "update",
        address=item.address,
        desired=item,
        live=live,
        changes=tuple(changes),
        adopts=not world.owned(live),
        caused_by=dragged[1] if dragged else _moved_by(world, item, changes),
    )


def _dragged(world: World, item: Desired) -> tuple[str, str] | None:
    """Return path and address of a reference whose target is replaced under a new remote value."""
    for path, address in sorted(item.references.items()):
        change = world.changes.get(address)
        if change is None or change.action != "replace" or change.desired is None:
            continue
        if item.spec.refs[path].output not in change.desired.outputs:
            return path, address
    return None


def _moved_by(world: World, item: Desired, changes: Iterable[FieldChange]) -> str | None:
    """Return the new target of a changed reference if this plan is what brings it about."""
    for change in changes:
        address = item.references.get(change.path)
        target = world.changes.get(address) if address else None
        if target is not None and target.action in ("create", "replace"):
            return address
    return None


def _withdraw_unfounded(world: World, items: Sequence[Desired]) -> None:
    """Withdraw changes that refer to what is not there and will not come to be."""
    again = True
    while again:
        again = False
        for item in items:
            change = world.changes.get(item.address)
            reason = _unfounded(world, item) if change is not None else None
            if reason is not None:
                world.stick(item, reason)
                again = True


def _unfounded(world: World, item: Desired) -> str | None:
    for address in sorted(set(item.references.values())):
        if address in world.stuck:
            return f"it depends on {address}, which this run cannot bring about"
        if world.met(world.desired[address]) is None and address not in world.changes:
            return f"it depends on {address}, which does not exist and is not part of this run"
    return None


def _standing(live: Iterable[Live]) -> dict[tuple[str, str, str], list[Live]]:
    """Return live objects that exclude others, by kind, account and group."""
    found: dict[tuple[str, str, str], list[Live]] = {}
    for item in live:
        if (slot := item.spec.exclusion()) is not None:
            found.setdefault((item.spec.kind, item.account, slot[0]), []).append(item)
    return found


def _blocker(world: World, item: Desired, standing: Standing) -> str | None:
    """Return what excludes the object and will not be deleted by this run."""
    slot = item.spec.exclusion()
    if slot is None:
        return None
    for other in standing.get((item.spec.kind, item.account, slot[0]), ()):
        theirs = other.spec.exclusion()
        if theirs is not None and theirs[1] != slot[1] and not _prunable(world, other):
            return live_address(other.spec, other.account)
    return None


def _decide_undeclared(world: World) -> None:
    for live in world.live:
        if not _prunable(world, live):
            continue
        if _may_be_needed(live, world.unread):
            world.withheld += 1
            continue
        address = live_address(live.spec, live.account)
        world.changes[address] = Change("delete", address, live=live, changes=tuple(deletion(live)))


def _prunable(world: World, live: Live) -> bool:
    address = live_address(live.spec, live.account)
    return (
        not world.selection.targets
        and world.selection.account(live.account)
        and address not in world.declared
        and world.by_address[address] is live
        and world.owned(live)
    )


def _may_be_needed(live: Live, unread: Iterable[Unread]) -> bool:
    """Say whether something that was not read might refer to this object."""
    return any(
        reference.kind == live.spec.kind
        and (not reference.same_account or each.scope.account == live.account)
        for each in unread
        for kind in each.scope.kinds
        for reference in kind.refs.values()
    )


def unmanaged(world: World) -> Iterator[Live]:
    """Yield live objects that are not ours and that no declaration meets."""
    for live in world.live:
        if live_address(live.spec, live.account) not in world.declared and not world.owned(live):
            yield live
