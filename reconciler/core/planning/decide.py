"""Desired and live → one decision for each object: create, update, replace, delete or nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import Address, DeclaredAddress, LiveAddress, within
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import get, references
from reconciler.core.model.steps import Change
from reconciler.core.planning.diff import compare, cosmetic, creation, deletion
from reconciler.core.world.matching import Selection, World, meet
from reconciler.core.world.observation import Observation
from reconciler.core.world.unread import must_stay

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
    together = selection.together(observation.accounts)
    world = meet(declarations, live, observation, together)
    unknown = [world.met(world.desired[address]) for address in world.unknown]
    found = must_stay(
        [*world.live, *world.sights.others],
        observation.unread,
        [item for item in unknown if item is not None],
    )
    world.must_stay = found | _seen_elsewhere(world, found)
    if destroying:
        _decide_to_destroy(world)
        return world
    standing = _standing(world)
    _stick_declared_twice(world)
    _give_up_on_gone(world)
    for item in _dependencies_first(declarations.desired):
        if _takes_part(world, item):
            _decide(world, item, standing)
            _withdraw_unfounded(world, item)
    _decide_undeclared(world)
    _warn_of_lost_references(world)
    if together is not selection:
        world.narrow(selection)
    return world


def _seen_elsewhere(world: World, addresses: Collection[LiveAddress]) -> frozenset[LiveAddress]:
    """Return the live addresses of objects that one of these is another sight of."""
    pairs = ((other.live_address, one.live_address) for other, one in world.sights.same)
    return frozenset(one for other, one in pairs if other in addresses)


def _dependencies_first(desired: Sequence[Desired]) -> Iterator[Desired]:
    """Yield each object after those it refers to."""
    by_address = {item.address: item for item in desired}
    links = {item.address: set(item.references.values()) for item in desired}
    return (by_address[address] for address in TopologicalSorter(links).static_order())


def _stick_declared_twice(world: World) -> None:
    """Give up on what another declaration meets through another entry: they would alternate."""
    first: dict[tuple[str, ...], Desired] = {}
    for item in sorted(world.declarations.desired, key=lambda item: item.address):
        live = world.met(item)
        if live is None:
            continue
        other = first.setdefault(world.sights.key(live), item)
        if other is not item:
            world.stick(
                item,
                f"this is the same live object as {other.address}, seen through account "
                f"{other.account!r}: declare it once",
            )


def _give_up_on_gone(world: World) -> None:
    """Give up on what refers to something, by its remote value, that is not there."""
    for item in world.declarations.desired:
        if not world.selection.takes(item):
            continue
        for path, sighting in world.remote.of(item.spec, item.references):
            if sighting.state == "gone":
                world.stick(item, f"{path}: {sighting.sentence}; declare it, or mend the reference")
            elif sighting.state == "unexamined":
                message = f"{path}: {sighting.sentence}"
                world.warnings.append(Finding(address=item.address, message=message))
        for path, sighting in world.remote.mentioned(item.spec):
            if sighting.state == "gone":
                message = f"{path}: {sighting.sentence}"
                world.warnings.append(Finding(address=item.address, message=message))


def _warn_of_lost_references(world: World) -> None:
    """Warn of what refers, by its remote value, to something that this plan deletes."""
    going = {
        (change.former.spec.kind, handle): change.address
        for change in world.changes.values()
        if change.action == "delete"
        for handle in [change.former.handle]
    }
    for item in world.declarations.desired if going else ():
        for path, reference, value in references(item.spec):
            address = going.get((reference.kind, value))
            if path not in item.references and address and world.selection.takes(item):
                message = f"{path}: this plan deletes {address}, which it leads to"
                world.warnings.append(Finding(address=item.address, message=message))


def _takes_part(world: World, item: Desired) -> bool:
    return (
        item.address not in world.unknown
        and item.address not in world.stuck
        and world.selection.takes(item)
    )


def _decide(world: World, item: Desired, standing: Standing) -> None:
    live = world.met(item)
    if live is None:
        if (blocker := _blocker(world, item, standing)) is not None:
            because = f" ({rule})" if (rule := _rule(item)) else ""
            world.stick(
                item, f"{blocker} stands in its way and is not deleted by this run{because}"
            )
            return
        world.warnings += _would_be_theirs(world, item)
        world.changes[item.address] = Change(
            "create", item.address, item, changes=tuple(creation(item))
        )
    elif world.belonging(live).marked and not world.owned(live):
        world.stick(
            item,
            f"the live object belongs to stack {live.owner!r} (its tag reconciler:stack says so): "
            "declare it there only, or have that stack give it up first",
        )
    else:
        _decide_met(world, item, live)


def _would_be_theirs(world: World, item: Desired) -> Iterator[Finding]:
    """Yield a warning where what is created will belong to another stack, by what it leads to."""
    if any(evidence.rule != "reference" for evidence in item.spec.evidence):
        return
    for path in (evidence.field for evidence in item.spec.evidence):
        live = world.met(world.desired[item.references[path]]) if path in item.references else None
        stack = world.belonging(live).stack if live is not None else None
        if stack not in (None, world.declarations.stack):
            message = (
                f"{item.references[path]} is of stack {stack!r}, and so will this be, which that "
                "stack's next apply may delete: declare it there"
            )
            yield Finding(address=item.address, message=message)


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
    stack = world.belonging(live).stack
    if stack not in (None, world.declarations.stack):
        message = f"it is of stack {stack!r}, as its name or what it refers to tells"
        world.warnings.append(Finding(address=item.address, message=message))
    if replaced and live.live_address in world.must_stay:
        message = "it has to be replaced, and something that was not read may refer to it"
        world.stick(item, message)
        return
    if fixed and not dragged and (why := live.spec.irreplaceable()):
        world.stick(item, f"it has to be replaced, and {_coming(world, item) or why}")
        return
    if replaced and (others := _others_there(world, live)):
        world.stick(
            item,
            f"it has to be replaced, and {others[0]}, which is not ours, would go with it: remove "
            "that first",
        )
        return
    world.changes[item.address] = Change(
        action="replace" if replaced else "update",
        address=item.address,
        desired=item,
        live=live,
        changes=tuple(sorted([*changes, *dragged], key=lambda change: change.path)),
        adopts=not world.owned(live),
        caused_by=Address(dragged[0].after) if dragged else _moved_by(world, item, changes),
    )


def _coming(world: World, item: Desired) -> str | None:
    """Say that the object refers to something that is not there before this run makes it."""
    for address in sorted(set(item.references.values())):
        if address in world.changes and world.changes[address].action == "create":
            return f"needs {address}, which this run creates: apply again once that is there"
    return None


def _others_there(world: World, live: Live) -> list[LiveAddress]:
    """Return what is not ours and would go with an object that is made anew."""
    return sorted(
        other.live_address
        for other in (world.live if live.spec.clears else ())
        if not world.owned(other)
        for _, reference, handle in references(other.spec)
        if reference.source and reference.key(other.account, handle) in live.keys
    )


def _dragged(world: World, item: Desired, live: Live) -> list[FieldChange]:
    """Return the references that stay, to what is replaced under a new remote value."""
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


def _moved_by(
    world: World, item: Desired, changes: Iterable[FieldChange]
) -> DeclaredAddress | None:
    """Return what a changed reference now leads to if this plan is what brings that about."""
    for path, address in sorted(item.references.items()):
        dependency = world.changes.get(address)
        if (
            dependency is not None
            and dependency.action in ("create", "replace")
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


def _standing(world: World) -> Standing:
    """Return live objects that exclude others: by kind, real account and group, then by slot."""
    found: dict[tuple[str, str, str], dict[str, list[Live]]] = {}
    for item in world.live:
        if (slot := item.spec.succession.exclusion(item.spec)) is not None:
            realm = world.sights.realm(item.account)
            group = found.setdefault((item.spec.kind, realm, slot[0]), {})
            group.setdefault(slot[1], []).append(item)
    return found


def _blocker(world: World, item: Desired, standing: Standing) -> str | None:
    """Return what excludes the object and will not be deleted by this run."""
    slot = item.spec.succession.exclusion(item.spec)
    if slot is None:
        return None
    slots = standing.get((item.spec.kind, world.sights.realm(item.account), slot[0]), {})
    others = (other for name, found in slots.items() if name != slot[1] for other in found)
    return next((it.live_address for it in others if not _deleted(world, it)), None)


def _rule(item: Desired) -> str:
    """Return the service's own rule by which objects exclude this one, in words."""
    slot = item.spec.succession.exclusion(item.spec)
    return slot.rule if slot else ""


def _decide_undeclared(world: World) -> None:
    for live in world.live:
        if _deleted(world, live):
            address = live.live_address
            changes = tuple(deletion(live))
            world.changes[address] = Change("delete", address, live=live, changes=changes)


def _decide_to_destroy(world: World) -> None:
    met = {item.live_address: item for item in world.declarations.desired}
    for live in world.live:
        address = live.live_address
        if not world.owned(live) or not world.selection.account(live.account):
            continue
        if address not in world.must_stay and world.index.at(address) is live:
            item = met.get(address)
            name = item.address if item else address
            world.changes[name] = Change("delete", name, item, live, tuple(deletion(live)))


def _deleted(world: World, live: Live) -> bool:
    """Say whether this run deletes a live object."""
    return _prunable(world, live) and live.live_address not in world.must_stay


def withheld(world: World) -> int:
    """Count the deletes that are left out because not everything was read."""
    return sum(_prunable(world, live) and not _deleted(world, live) for live in world.live)


def _prunable(world: World, live: Live) -> bool:
    address = live.live_address
    return (
        not world.selection.targets
        and world.selection.account(live.account)
        and address not in world.declared
        and world.index.at(address) is live
        and world.owned(live)
    )


def undeclared(world: World) -> Iterator[Live]:
    """Yield live objects that no declaration meets, each identity once."""
    for live in world.live:
        address = live.live_address
        if address not in world.declared and world.index.at(address) is live:
            yield live


def unmanaged(world: World) -> Iterator[Live]:
    """Yield live objects that are not ours and that no declaration meets."""
    for live in world.live:
        undeclared = live.live_address not in world.declared
        if undeclared and not world.owned(live) and world.selection.account(live.account):
            yield live
