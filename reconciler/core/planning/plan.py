"""Desired, live and policy → a plan: what apply would do, as a value, and the steps that do it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from reconciler.core.manifest.checks import obstacles
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import Address, ReferenceKey
from reconciler.core.model.objects import Live
from reconciler.core.model.pacing import SECONDS_A_CALL, Pace, floor_seconds
from reconciler.core.model.plan import Action, Estimate, FieldChange, Finding, Plan, Unmanaged
from reconciler.core.model.references import references
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Change, Step
from reconciler.core.planning.decide import decide, unmanaged, withheld
from reconciler.core.planning.downtime import downtimes
from reconciler.core.planning.fingerprint import fingerprint_of
from reconciler.core.planning.guards import Situation, short_list, verdicts
from reconciler.core.planning.order import order
from reconciler.core.planning.overrides import Overrides, passing
from reconciler.core.planning.recheck import Rules
from reconciler.core.planning.succession import NOTHING, Wait, waits
from reconciler.core.planning.unexamined import unexamined
from reconciler.core.planning.unused_overrides import idle_allowances, idle_overrides
from reconciler.core.planning.waves import Wave, waves_of
from reconciler.core.routing import Routing, account_changes
from reconciler.core.world.effort import CALLS_AT_ONCE, Effort
from reconciler.core.world.matching import Selection, World
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import Handles, internalise

FORMAT_VERSION = 1
EVERYTHING = Selection()
NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan together with what is needed to carry it out; only the plan itself is ever stored.

    `world` is what was decided about, `idle` says which overrides name an address that nothing has,
    `waiting` what deletes wait for, by their address. `elsewhere` are the steps that other runs
    make at the same time (shards), `waves` the steps by wave.
    """

    plan: Plan
    steps: tuple[Step, ...]
    handles: Handles
    world: World
    rules: Rules = Rules()  # noqa: RUF009 - a frozen value, shared safely
    idle: tuple[str, ...] = ()
    waiting: Mapping[Address, Wait] = field(default_factory=dict)
    elsewhere: tuple[Step, ...] = ()
    waves: tuple[Wave, ...] = ()


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


def prepare(
    declarations: Declarations,
    observation: Observation,
    *,
    selection: Selection = EVERYTHING,
    overrides: Overrides = NO_OVERRIDES,
    targets: Mapping[str, Any] | None = None,
    former: Mapping[str, Routing] | None = None,
) -> Prepared:
    """Plan how to bring what is live to what is declared.

    `targets` identifies the real accounts behind the account names, for the plan to say which.
    `former` is where the accounts led that live state was read from, None where that is where they
    lead now.

    Raises:
        PlanRefused: the steps need each other in a circle.
    """
    declarations = observation.complete(declarations)
    known, handles = internalise(observation.live, declarations.desired)
    world = decide(declarations, known, observation, selection, destroying=overrides.destroying)
    waiting = {} if overrides.destroying else waits(world)
    every = [*_changes(world), *world.elsewhere.values()]
    ordered = order(every, world.index, declarations.desired, world.sights, waiting)
    steps = tuple(step for step in ordered if step.address in world.changes)
    actions = tuple(_actions(world, steps, downtimes(ordered), waiting))
    waves = waves_of(steps, declarations.desired, declarations.policy.waves)
    plan = Plan(
        format_version=FORMAT_VERSION,
        stack=declarations.stack,
        declarations_digest=declarations.digest,
        fingerprint="",
        complete=not observation.unread,
        summary=_summary(world, actions),
        account_changes=() if former is None else account_changes(former, declarations.routing),
        guards=verdicts(_changes(world), _situation(world, overrides, waiting)),
        estimate=_estimate(steps, waves, observation.effort),
        actions=actions,
        unmanaged=tuple(_unmanaged(item) for item in unmanaged(world)),
        problems=_sorted(world.problems),
        warnings=_sorted(_warnings(world, observation, overrides)),
        unknown=tuple(sorted(filter(world.mine, world.unknown))),
        not_looked=observation.not_looked,
        accounts=dict(targets or {}),
        routing={name: dict(routing) for name, routing in sorted(declarations.routing.items())},
    )
    return Prepared(
        plan.model_copy(update={"fingerprint": fingerprint_of(plan)}),
        steps,
        handles,
        world,
        _rules(world, steps, overrides),
        tuple(idle_overrides(world, overrides)),
        waiting,
        tuple(step for step in ordered if step.address in world.elsewhere),
        waves,
    )


def _changes(world: World) -> list[Change]:
    return sorted(world.changes.values(), key=lambda change: change.address)


def _unmanaged(item: Live) -> Unmanaged:
    return Unmanaged(
        kind=item.spec.kind, account=item.account, identity=item.spec.identity_values()
    )


def _warnings(world: World, observation: Observation, overrides: Overrides) -> Iterator[Finding]:
    yield from observation.warnings
    yield from world.warnings
    yield from unexamined(world)
    yield from idle_allowances(world)
    if not overrides.destroying:
        yield from obstacles(world.declarations.desired)


def _rules(world: World, steps: Iterable[Step], overrides: Overrides) -> Rules:
    """Return what is let through when a write is looked at once more."""
    policy = world.declarations.policy
    going = {step.change.former.live_address for step in steps if step.verb == "delete"}
    seen_elsewhere = {
        other.live_address for other, one in world.sights.same if one.live_address in going
    }
    return Rules(
        policy.ignore_tags,
        non_empty=passing("nonEmpty", policy, overrides),
        referenced=passing("referenced", policy, overrides),
        going=frozenset(going | seen_elsewhere),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (item.address, item.message)))


def _situation(world: World, overrides: Overrides, waiting: Mapping[Address, Wait]) -> Situation:
    return Situation(
        policy=world.declarations.policy,
        overrides=overrides,
        declared=len(world.declarations.desired),
        owned=sum(
            world.owned(item) for item in world.live if world.selection.account(item.account)
        ),
        unread=[str(item.scope) for item in world.unread],
        withheld=withheld(world),
        targeted=bool(world.selection.targets),
        live=world.index,
        elsewhere=tuple(world.elsewhere.values()),
        held_back={address for address, wait in waiting.items() if wait.lacking},
        needed=frozenset(() if overrides.destroying else _needed(world)),
        today=world.declarations.today,
    )


def _needed(world: World) -> Iterator[ReferenceKey]:
    """Yield what declarations refer to."""
    for item in world.declarations.desired:
        for _, reference, handle in references(item.spec):
            yield reference.key(item.account, handle)


def _actions(
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
    for change in _changes(world):
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
    if change.action == "replace":
        yield "it is deleted and created again: nothing is delivered in between"
    if ripple.downtime is not None:
        yield f"about {max(1, ceil(ripple.downtime))} s without delivery"
    if ripple.dragged:
        yield f"it drags along {short_list(ripple.dragged)}"
    for address in ripple.cleared:
        yield f"{address} has to go first: nothing is delivered in between"
    held = ripple.wait.reason()
    if held is not None:
        yield held
    elif ripple.wait.coming:
        yield f"it waits for what may take its place: {short_list(ripple.wait.coming)}"


def _summary(world: World, actions: Sequence[Action]) -> dict[str, int]:
    counts = {
        name: sum(action.action == name for action in actions)
        for name in ("create", "update", "replace", "delete")
    }
    settled = [
        item
        for item in world.declarations.desired
        if item.address not in world.changes
        and item.address not in world.unknown
        and item.address not in world.stuck
        and world.selection.takes(item)
    ]
    return {**counts, "unchanged": len(settled), "unmanaged": sum(1 for _ in unmanaged(world))}


def _estimate(steps: Sequence[Step], waves: Sequence[Wave], reading: Effort) -> Estimate:
    """Count calls and the seconds that the slowest rate limit, or else the network, takes.

    Waves follow one another, so that their seconds add up.
    """
    created: dict[tuple[str, type[Spec]], list[Step]] = {}
    total = 0
    for step in steps:
        change, spec = step.change, step.change.subject.spec
        total += spec.cost.calls_of(step.verb, {item.path: item.after for item in change.changes})
        if step.verb == "create":
            created.setdefault((change.subject.account, type(spec)), []).append(step)
    total += sum(kind.cost.beside_creates(len(new)) for (_, kind), new in created.items())
    by_id = {step.id: step for step in steps}
    limited = sum(_floor([by_id[step] for step in wave.steps]) for wave in waves)
    network = ceil(total / CALLS_AT_ONCE) * SECONDS_A_CALL
    return Estimate(
        calls=total,
        seconds=round(limited + network, 1),
        reading_calls=reading.total,
        reading_seconds=reading.seconds,
    )


def _floor(steps: Iterable[Step]) -> float:
    """Return the seconds that the slowest rate limit takes for these steps."""
    buckets: dict[tuple[str, str, str], tuple[int, Pace]] = {}
    for step in steps:
        spec, part = step.change.subject.spec, step.verb
        key = (step.change.subject.account, spec.kind, spec.cost.bucket(spec, part))
        buckets[key] = (
            buckets.get(key, (0, spec.cost.pace))[0] + spec.cost.calls[part],
            spec.cost.pace,
        )
    return max((floor_seconds(calls, pace) for calls, pace in buckets.values()), default=0.0)
