"""Desired, live and policy → a plan: what apply would do, as a value, and the steps that do it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.manifest.checks import obstacles
from reconciler.core.manifest.reader import Declarations
from reconciler.core.manifest.settings import Policy
from reconciler.core.model.addresses import Address, ReferenceKey
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Live
from reconciler.core.model.pacing import ACTIONS
from reconciler.core.model.plan import Action, Plan, PlannedWave, Unmanaged
from reconciler.core.model.spec import references
from reconciler.core.model.steps import Step
from reconciler.core.planning.actions import actions_of, changes_of
from reconciler.core.planning.agreement import fingerprint_of
from reconciler.core.planning.decide import decide, unmanaged, withheld
from reconciler.core.planning.estimate import downtimes, estimate_of
from reconciler.core.planning.guards import Situation, verdicts
from reconciler.core.planning.order import order
from reconciler.core.planning.recheck import Rules
from reconciler.core.planning.rerouting import account_changes
from reconciler.core.planning.succession import Wait, waits
from reconciler.core.planning.terms import NO_TERMS, Terms, passing
from reconciler.core.planning.warnings import idle_allowances, idle_overrides, unexamined
from reconciler.core.planning.waves import Wave, by_wave, planned, waves_of
from reconciler.core.routing import Routing
from reconciler.core.world.matching import Selection, World
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import Handles, internalise

FORMAT_VERSION = 1
EVERYTHING = Selection()


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


def prepare(
    declarations: Declarations,
    observation: Observation,
    *,
    selection: Selection = EVERYTHING,
    terms: Terms = NO_TERMS,
    identities: Mapping[str, Any] | None = None,
    former: Mapping[str, Routing] | None = None,
) -> Prepared:
    """Plan how to bring what is live to what is declared.

    `identities` identifies the real accounts behind the account names, for the plan to say which.
    `former` is where the accounts led that live state was read from, None where that is where they
    lead now.

    Raises:
        PlanRefused: the steps need each other in a circle.
    """
    declarations = observation.complete(declarations)
    known, handles = internalise(observation.live, declarations.desired)
    world = decide(declarations, known, observation, selection, destroying=terms.destroying)
    waiting = {} if terms.destroying else waits(world)
    every = [*changes_of(world), *world.elsewhere.values()]
    ordered = order(every, world.index, declarations.desired, world.sights, waiting)
    ours = [step for step in ordered if step.address in world.changes]
    waves = waves_of(ours, declarations.desired, declarations.policy.waves)
    steps = by_wave(ours, waves)
    actions = tuple(actions_of(world, steps, downtimes(ordered), waiting))
    plan = Plan(
        format_version=FORMAT_VERSION,
        stack=declarations.stack,
        declarations_digest=declarations.digest,
        fingerprint="",
        complete=not observation.unread,
        limits=terms.limits,
        summary=_summary(world, actions),
        account_changes=() if former is None else account_changes(former, declarations.routing),
        guards=verdicts(changes_of(world), _situation(world, terms, waiting)),
        estimate=estimate_of(steps, waves, observation.effort),
        actions=actions,
        waves=_waves(declarations.policy, waves, steps, terms),
        unmanaged=tuple(_unmanaged(item) for item in unmanaged(world)),
        problems=_sorted(world.problems),
        warnings=_sorted(_warnings(world, observation, terms)),
        unknown=tuple(sorted({*filter(world.mine, world.unknown), *_unlisted(world)})),
        not_looked=observation.not_looked,
        accounts=dict(identities or {}),
        routing={name: dict(routing) for name, routing in sorted(declarations.routing.items())},
    )
    return Prepared(
        plan.model_copy(update={"fingerprint": fingerprint_of(plan)}),
        steps,
        handles,
        world,
        _rules(world, steps, terms),
        tuple(idle_overrides(world, terms)),
        waiting,
        tuple(step for step in ordered if step.address in world.elsewhere),
        waves,
    )


def _waves(
    policy: Policy, waves: Sequence[Wave], steps: Iterable[Step], terms: Terms
) -> tuple[PlannedWave, ...]:
    """Return the policy's waves, if it has any and there is something to do in them."""
    if not policy.waves or not steps:
        return ()
    return planned(waves, steps, verified=policy.verify and not terms.destroying)


def _unlisted(world: World) -> Iterator[Address]:
    """Yield the addresses of what is declared for members that were not listed."""
    for item in world.declarations.unlisted:
        if world.selection.takes(item.specimen):
            yield item.address


def _unmanaged(item: Live) -> Unmanaged:
    return Unmanaged(
        kind=item.spec.kind, account=item.account, identity=item.spec.identity_values()
    )


def _warnings(world: World, observation: Observation, terms: Terms) -> Iterator[Finding]:
    yield from observation.warnings
    yield from world.warnings
    yield from unexamined(world)
    yield from idle_allowances(world)
    if not terms.destroying:
        yield from obstacles(world.declarations.desired)


def _rules(world: World, steps: Iterable[Step], terms: Terms) -> Rules:
    """Return what is let through when a write is looked at once more."""
    policy = world.declarations.policy
    going = {step.change.former.live_address for step in steps if step.verb == "delete"}
    seen_elsewhere = {
        other.live_address for other, one in world.sights.same if one.live_address in going
    }
    return Rules(
        policy.ignore_tags,
        non_empty=passing("nonEmpty", policy, terms),
        referenced=passing("referenced", policy, terms),
        going=frozenset(going | seen_elsewhere),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (item.address, item.message)))


def _situation(world: World, terms: Terms, waiting: Mapping[Address, Wait]) -> Situation:
    return Situation(
        policy=world.declarations.policy,
        terms=terms,
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
        needed=frozenset(() if terms.destroying else _needed(world)),
        today=world.declarations.today,
    )


def _needed(world: World) -> Iterator[ReferenceKey]:
    """Yield what declarations refer to."""
    for item in world.declarations.desired:
        for _, reference, handle in references(item.spec):
            yield reference.key(item.account, handle)


def _summary(world: World, actions: Sequence[Action]) -> dict[str, int]:
    counts: dict[str, int] = {
        name: sum(action.action == name for action in actions) for name in ACTIONS
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
