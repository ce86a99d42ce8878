"""How long what is replaced is missing: a replay of the steps against the rate limits."""

import heapq
from collections.abc import Sequence

from reconciler.core.model.addresses import Address
from reconciler.core.model.pacing import SECONDS_A_CALL, TokenBucket
from reconciler.core.model.steps import Step, StepId


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
