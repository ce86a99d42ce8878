"""What an apply takes by the rate limits: calls, seconds, and how long what is replaced is gone."""

import heapq
from collections.abc import Iterable, Sequence
from math import ceil

from reconciler.core.model.addresses import Address
from reconciler.core.model.pacing import SECONDS_A_CALL, Pace, TokenBucket, floor_seconds
from reconciler.core.model.plan import Estimate
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Step, StepId
from reconciler.core.planning.waves import Wave
from reconciler.core.world.effort import CALLS_AT_ONCE, Effort


def estimate_of(steps: Sequence[Step], waves: Sequence[Wave], reading: Effort) -> Estimate:
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


def downtimes(steps: Sequence[Step]) -> dict[Address, float]:
    """Return the seconds from the delete to the create of each replace, by address."""
    ends = _ends(steps)
    return {
        address: round(end - ends[(address, "delete")], 1)
        for (address, verb), end in ends.items()
        if verb == "create" and (address, "delete") in ends
    }


def _ends(steps: Sequence[Step]) -> dict[StepId, float]:
    """Return when each step ends if each begins as soon as its needs and its rate limit allow."""
    waiting = {step.id: set(step.needs) for step in steps}
    dependants: dict[StepId, list[int]] = {}
    for number, step in enumerate(steps):
        for need in step.needs:
            dependants.setdefault(need, []).append(number)
    buckets: dict[tuple[str, str, str], TokenBucket] = {}
    ends: dict[StepId, float] = {}
    ready = [(0.0, number) for number, step in enumerate(steps) if not step.needs]
    while ready:
        now, number = heapq.heappop(ready)
        step = steps[number]
        ends[step.id] = _end(step, now, buckets)
        for other in dependants.get(step.id, ()):
            needs = waiting[steps[other].id]
            needs.discard(step.id)
            if not needs:
                begin = max(ends[need] for need in steps[other].needs)
                heapq.heappush(ready, (begin, other))
    return ends


def _end(step: Step, now: float, buckets: dict[tuple[str, str, str], TokenBucket]) -> float:
    """Take the tokens of a step's calls, one call after the other."""
    subject, spec = step.change.subject, step.change.subject.spec
    key = (subject.account, spec.kind, spec.cost.bucket(spec, step.verb))
    bucket = buckets.get(key) or TokenBucket.full(spec.cost.pace, now)
    for _ in range(spec.cost.calls[step.verb]):
        bucket, wait = bucket.take(now)
        now += wait + SECONDS_A_CALL
    buckets[key] = bucket
    return now
