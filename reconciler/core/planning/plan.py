"""Desired, live and policy → a plan: what apply would do, as a value, and the steps that do it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.delivery import obstacles
from reconciler.core.model.pacing import SECONDS_A_CALL, floor_seconds
from reconciler.core.model.plan import Action, Estimate, FieldChange, Finding, Plan, Unmanaged
from reconciler.core.model.references import references
from reconciler.core.model.spec import ActionName, Pace, Spec, live_address
from reconciler.core.model.steps import Change, Step
from reconciler.core.planning.decide import decide, unmanaged, withheld
from reconciler.core.planning.downtime import gaps
from reconciler.core.planning.fingerprint import fingerprint_of
from reconciler.core.planning.guards import Situation, short_list, verdicts
from reconciler.core.planning.order import Referrers, order, referrers
from reconciler.core.planning.overrides import Overrides, passing
from reconciler.core.planning.recheck import Rules
from reconciler.core.planning.succession import NOTHING, Wait, waits
from reconciler.core.planning.unexamined import unexamined
from reconciler.core.planning.unused_overrides import idle_allowances, idle_overrides
from reconciler.core.routing import Routing, account_changes
from reconciler.core.world.effort import CALLS_AT_ONCE, Effort
from reconciler.core.world.matching import Selection, World
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import Index, internalise

FORMAT_VERSION = 1
EVERYTHING = Selection()
NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan together with what is needed to carry it out; only the plan itself is ever stored.

    `world` is what was decided about, `idle` says which overrides name an address that nothing has,
    `waiting` what deletes wait for, by their address. `elsewhere` are the steps that other runs
    make at the same time (shards).
    """

    plan: Plan
    steps: tuple[Step, ...]
    index: Index
    world: World
    rules: Rules = Rules()  # noqa: RUF009 - a frozen value, shared safely
    idle: tuple[str, ...] = ()
    waiting: Mapping[str, Wait] = field(default_factory=dict)
    elsewhere: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Ripple:
    """What an action waits for and brings with it; all but `gap` are addresses.

    `cleared` has to go first, `dragged` is replaced because of it, `gap` are the seconds between
    the two halves of a replace, `wait` is what may take its place.
    """

    needs: tuple[str, ...]
    cleared: tuple[str, ...]
    dragged: tuple[str, ...]
    gap: float | None
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
    known, index = internalise(observation.live, declarations.desired)
    world = decide(declarations, known, observation, selection, destroying=overrides.destroying)
    changes = sorted(world.changes.values(), key=lambda change: change.address)
    pointing = referrers(world.live, world.sights.aliases)
    waiting = {} if overrides.destroying else waits(world, pointing)
    every = [*changes, *world.elsewhere.values()]
    ordered = order(every, world.live, declarations.desired, world.sights, waiting)
    steps = tuple(step for step in ordered if step.address in world.changes)
    actions = tuple(_actions(world, steps, gaps(ordered), waiting))
    plan = Plan(
        format_version=FORMAT_VERSION,
        stack=declarations.stack,
        declarations_digest=declarations.digest,
        fingerprint="",
        complete=not observation.unread,
        summary=_summary(world, actions),
        account_changes=() if former is None else account_changes(former, declarations.routing),
        guards=verdicts(changes, _situation(world, overrides, pointing, waiting)),
        estimate=_estimate(changes, observation.effort),
        actions=actions,
        unmanaged=tuple(
            Unmanaged(
                kind=item.spec.kind, account=item.account, identity=item.spec.identity_values()
            )
            for item in unmanaged(world)
        ),
        problems=_sorted(world.problems),
        warnings=_sorted(
            [
                *observation.warnings,
                *world.warnings,
                *unexamined(world),
                *idle_allowances(world),
                *([] if overrides.destroying else obstacles(declarations.desired)),
            ]
        ),
        unknown=tuple(sorted(filter(world.mine, world.unknown))),
        not_looked=observation.not_looked,
        accounts=dict(targets or {}),
        routing={name: dict(routing) for name, routing in sorted(declarations.routing.items())},
    )
    plan = plan.model_copy(update={"fingerprint": fingerprint_of(plan)})
    policy = declarations.policy
    going = {
        live_address(step.change.former.spec, step.change.former.account)
        for step in steps
        if step.verb == "delete"
    }
    going |= {
        live_address(other.spec, other.account)
        for other, one in world.sights.same
        if live_address(one.spec, one.account) in going
    }
    rules = Rules(
        policy.ignore_tags,
        non_empty=passing("nonEmpty", policy, overrides),
        referenced=passing("referenced", policy, overrides),
        going=frozenset(going),
    )
    elsewhere = tuple(step for step in ordered if step.address in world.elsewhere)
    idle = tuple(idle_overrides(world, overrides))
    return Prepared(plan, steps, index, world, rules, idle, waiting, elsewhere)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (item.address, item.message)))


def _situation(
    world: World, overrides: Overrides, pointing: Referrers, waiting: Mapping[str, Wait]
) -> Situation:
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
        referrers=pointing,
        elsewhere=tuple(world.elsewhere.values()),
        held_back={address for address, wait in waiting.items() if wait.lacking},
        needed=frozenset(() if overrides.destroying else _needed(world)),
        today=world.declarations.today,
    )


def _needed(world: World) -> Iterator[tuple[str, str, str]]:
    """Yield what declarations refer to: kind, account (or none) and handle."""
    for item in world.declarations.desired:
        for _, reference, handle in references(item.spec):
            yield reference.kind, item.account if reference.same_account else "", handle


def _actions(
    world: World,
    steps: Sequence[Step],
    missing: Mapping[str, float],
    waiting: Mapping[str, Wait],
) -> Iterator[Action]:
    """Yield one action for each change, where its first step stands."""
    needs: dict[str, set[str]] = {}
    cleared: dict[str, set[str]] = {}
    for step in steps:
        needed = {address for address, _ in step.needs} - {step.address}
        needs.setdefault(step.address, set()).update(needed)
        if step.verb == "create":
            deleted = {address for address, verb in step.needs if verb == "delete"}
            cleared[step.address] = deleted - {step.address}
    names, dragged = _names(world), _dragged(world)
    done: set[str] = set()
    for step in steps:
        if step.address not in done:
            done.add(step.address)
            ripple = Ripple(
                needs=tuple(sorted(needs[step.address])),
                cleared=tuple(sorted(cleared.get(step.address, ()))),
                dragged=tuple(dragged.get(step.address, ())),
                gap=missing.get(step.address),
                wait=waiting.get(step.address, NOTHING),
            )
            yield _action(step.change, ripple, names)


def _dragged(world: World) -> dict[str, list[str]]:
    """Return what is replaced only because something else is, by the address of that."""
    found: dict[str, list[str]] = {}
    for change in sorted(world.changes.values(), key=lambda change: change.address):
        cause = world.changes.get(change.caused_by or "")
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
        gap_seconds=ripple.gap,
        waits_for=ripple.wait.addresses,
        held_back=ripple.wait.reason(),
    )


def _names(world: World) -> dict[str, str]:
    """Return declared addresses by the handles that stand for them, where a handle is no ARN."""
    return {
        handle: item.address
        for item in world.declarations.desired
        if (handle := item.spec.handle(item.account, item.outputs)).startswith(f"{item.spec.kind}.")
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
    if ripple.gap is not None:
        yield f"about {max(1, ceil(ripple.gap))} s without delivery"
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


def _estimate(changes: Sequence[Change], reading: Effort) -> Estimate:
    """Count calls and the seconds that the slowest rate limit, or else the network, takes."""
    buckets: dict[tuple[str, str, str], tuple[int, Pace]] = {}
    created: dict[tuple[str, type[Spec]], list[Change]] = {}
    total = 0
    for change in changes:
        subject, spec = change.subject, change.subject.spec
        parts: Sequence[ActionName] = (
            ("delete", "create") if change.action == "replace" else (change.action,)
        )
        for part in parts:
            key = (subject.account, spec.kind, spec.bucket(part))
            buckets[key] = (buckets.get(key, (0, spec.pace))[0] + spec.calls[part], spec.pace)
            total += spec.effort(part, {item.path: item.after for item in change.changes})
            if part == "create":
                created.setdefault((subject.account, type(spec)), []).append(change)
    total += sum(kind.beside_creates(len(new)) for (_, kind), new in created.items())
    limited = max((floor_seconds(calls, pace) for calls, pace in buckets.values()), default=0.0)
    network = ceil(total / CALLS_AT_ONCE) * SECONDS_A_CALL
    return Estimate(
        calls=total,
        seconds=round(limited + network, 1),
        reading_calls=reading.total,
        reading_seconds=reading.seconds,
    )
