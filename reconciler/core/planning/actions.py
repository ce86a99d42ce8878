"""Decided changes and their steps → what a plan says about each: an action, with what it brings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from reconciler.core.model.addresses import Address
from reconciler.core.model.plan import Action, FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Change, Step
from reconciler.core.planning.guards import short_list
from reconciler.core.planning.succession import NOTHING, Wait
from reconciler.core.world.matching import World


@dataclass(frozen=True, slots=True)
class Ripple:
    """What an action waits for and brings with it; all but `downtime` are addresses.

    `cleared` has to go first, `dragged` is replaced because of it, `downtime` are the seconds
    between the two halves of a replace, `wait` is what may take its place.
    """

    needs: tuple[Address, ...]
    cleared: tuple[Address, ...]
    dragged: tuple[Address, ...]
    downtime: float | None
    wait: Wait


def changes_of(world: World) -> list[Change]:
    """Return what this run changes, by address."""
    return sorted(world.changes.values(), key=lambda change: change.address)


def actions_of(
    world: World,
    steps: Sequence[Step],
    downtime: Mapping[Address, float],
    waiting: Mapping[Address, Wait],
) -> Iterator[Action]:
    """Yield one action for each change, where its first step stands."""
    needs: dict[Address, set[Address]] = {}
    cleared: dict[Address, set[Address]] = {}
    for step in steps:
        needed = {address for address, _ in step.needs} - {step.address}
        needs.setdefault(step.address, set()).update(needed)
        if step.verb == "create":
            deleted = {address for address, verb in step.needs if verb == "delete"}
            cleared[step.address] = deleted - {step.address}
    names, dragged = _names(world), _dragged(world)
    done: set[Address] = set()
    for step in steps:
        if step.address not in done:
            done.add(step.address)
            ripple = Ripple(
                needs=tuple(sorted(needs[step.address])),
                cleared=tuple(sorted(cleared.get(step.address, ()))),
                dragged=tuple(dragged.get(step.address, ())),
                downtime=downtime.get(step.address),
                wait=waiting.get(step.address, NOTHING),
            )
            yield _action(step.change, ripple, names)


def _dragged(world: World) -> dict[Address, list[Address]]:
    """Return what is replaced only because something else is, by the address of that."""
    found: dict[Address, list[Address]] = {}
    for change in changes_of(world):
        cause = world.changes.get(change.caused_by) if change.caused_by else None
        if cause is not None and change.action == cause.action == "replace":
            found.setdefault(cause.address, []).append(change.address)
    return found


def _action(change: Change, ripple: Ripple, names: Mapping[str, str]) -> Action:
    subject, spec = change.subject, change.subject.spec
    units = [spec.units(item.path) for item in change.changes]
    return Action(
        action=change.action,
        address=change.address,
        kind=spec.kind,
        account=subject.account,
        identity=spec.identity_values(),
        adopts=change.adopts,
        changes=tuple(_named(item, spec, names) for item in change.changes),
        depends_on=ripple.needs,
        caused_by=change.caused_by,
        units={path: unit for found in units for path, unit in found.items()},
        notes=tuple(_notes(change, ripple)),
        gap_seconds=ripple.downtime,
        waits_for=ripple.wait.addresses,
        held_back=ripple.wait.reason(),
    )


def _names(world: World) -> dict[str, str]:
    """Return declared addresses by the handles that stand for them, where a handle is no ARN."""
    return {
        handle: item.address
        for item in world.declarations.desired
        if (handle := item.handle).startswith(f"{item.spec.kind}.")
    }


def _named(change: FieldChange, spec: Spec, names: Mapping[str, str]) -> FieldChange:
    if change.path not in spec.refs:
        return change
    before, after = (names.get(str(value), value) for value in (change.before, change.after))
    return change.model_copy(update={"before": before, "after": after})


def _notes(change: Change, ripple: Ripple) -> Iterator[str]:
    before = change.live.spec if change.live else None
    if change.desired is not None and change.action != "delete":
        yield from change.desired.spec.notes(before)
    missing = ripple.downtime
    if missing is not None:
        gap = f"for about {max(1, ceil(missing))} s"
        yield f"it is deleted and created again: nothing is delivered {gap}"
    if ripple.dragged:
        yield f"it drags along {short_list(ripple.dragged)}"
    if ripple.cleared:
        has = "has" if len(ripple.cleared) == 1 else "have"
        first = f"{short_list(ripple.cleared)} {has} to go first"
        yield first if missing is not None else f"{first}: nothing is delivered in between"
    reason = ripple.wait.reason()
    if reason is not None:
        yield reason
    elif ripple.wait.coming:
        yield f"it waits for what may take its place: {short_list(ripple.wait.coming)}"
