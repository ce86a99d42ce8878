"""Whose turn it is: no more steps are begun than their rate limit lets through soon.

What is begun is finished, so that a run which is to stop would otherwise wait for all that wait.
"""

from collections import deque
from math import ceil

from reconciler.core.model.pacing import ONCE_THROTTLED
from reconciler.core.model.steps import Step, StepId

SOON = 2.0
"""Seconds' worth of a rate limit that may wait for their turn with it."""
_LEAST = 4

Limit = tuple[str, str, str]
"""Account, kind, and the name of a rate limit."""


class Turns:
    """Counts the steps under way by rate limit; others wait here in order."""

    def __init__(self) -> None:
        self._under_way: dict[Limit, set[StepId]] = {}
        self._waiting: dict[Limit, deque[Step]] = {}

    def take(self, step: Step) -> bool:
        """Say whether a step may begin; otherwise it waits until `pop` returns it."""
        limit, most = _limit(step)
        here = self._under_way.setdefault(limit, set())
        if len(here) >= most:
            self._waiting.setdefault(limit, deque()).append(step)
            return False
        here.add(step.id)
        return True

    def pop(self, ended: Step) -> Step | None:
        """Return the step whose turn comes after one that has ended, None if nobody waits."""
        limit, _ = _limit(ended)
        here, waiting = self._under_way.get(limit, set()), self._waiting.get(limit)
        if ended.id not in here:
            return None
        here.discard(ended.id)
        if not waiting:
            return None
        step = waiting.popleft()
        here.add(step.id)
        return step


def _limit(step: Step) -> tuple[Limit, int]:
    subject, cost = step.change.subject, step.change.subject.spec.cost
    name = cost.bucket(subject.spec, step.verb)
    rate = min(cost.pace_of(name).rate, ONCE_THROTTLED.rate)
    most = max(_LEAST, ceil(rate * SOON))
    return (subject.account, subject.spec.kind, name), most
