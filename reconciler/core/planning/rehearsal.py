"""Goes through steps as an apply does, on a clock of its own: limits, waits, threads."""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from reconciler.core.model.pacing import (
    LOOK,
    SECONDS_A_CALL,
    STEPS_AT_ONCE,
    Drawn,
    Pace,
    PacedCall,
    TokenBucket,
)
from reconciler.core.model.steps import Step, StepId
from reconciler.core.planning.waves import Wave

_Bucket = tuple[str, str, str]
"""Account, kind, and the name of a rate limit."""


def trail_of(step: Step) -> tuple[PacedCall, ...]:
    """Return the calls that a step takes, in order."""
    change, spec = step.change, step.change.subject.spec
    return spec.cost.trail(spec, step.verb, {item.path: item.after for item in change.changes})


def calls_beside(steps: Iterable[Step]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Return by account and kind how many objects are created, and the calls beside these."""
    created: dict[tuple[str, str], tuple[int, int]] = {}
    for step in steps:
        if step.verb == "create":
            subject = step.change.subject
            key = (subject.account, subject.spec.kind)
            number = created.get(key, (0, 0))[0] + 1
            created[key] = (number, subject.spec.cost.beside_creates(number))
    return created


def rehearse(
    steps: Sequence[Step], waves: Sequence[Wave], drawn: Mapping[tuple[str, str], Drawn]
) -> Mapping[StepId, float]:
    """Return when each step ends, in seconds: wave by wave, and what prunes after all else.

    `drawn` is what was drawn on limits just before, by account and limit.
    """
    stage, ends = _Stage(drawn, calls_beside(steps)), dict[StepId, float]()
    now = 0.0
    for prune in (False, True):
        for wave in waves:
            turn = [it for it in steps if it.id in wave.steps and (it.phase == "prune") == prune]
            ends |= stage.run(turn, now)
            now = max([now, *(ends[step.id] for step in turn)])
    return ends


def at_once(steps: Sequence[Step]) -> Mapping[StepId, float]:
    """Return when each step ends if each begins as soon as its needs and its limits allow."""
    return _Stage({}, {}).run(steps, 0.0)


class _Stage:
    """Limits of accounts, as they are left by what was run so far."""

    def __init__(
        self,
        drawn: Mapping[tuple[str, str], Drawn],
        beside: Mapping[tuple[str, str], tuple[int, int]],
    ) -> None:
        self._drawn, self._beside = drawn, beside
        self._buckets: dict[_Bucket, TokenBucket] = {}
        self._slots: dict[str, list[float]] = {}

    def run(self, steps: Sequence[Step], begin: float) -> dict[StepId, float]:
        """Run steps from `begin` on; needs that are not among them have ended."""
        return _Scene(self, steps, begin).run()

    def token(self, step: Step, call: PacedCall, now: float) -> float:
        """Return when a call has its turn, of calls in the order in which they ask for it."""
        subject = step.change.subject
        cost = subject.spec.cost
        key = (subject.account, subject.spec.kind if call.bucket else "", call.bucket)
        pace = cost.pace_of(call.bucket)
        bucket = self._buckets.get(key) or self._left(subject.account, call.bucket, pace)
        self._buckets[key], wait = bucket.take(now)
        return now + wait

    def _left(self, account: str, bucket: str, pace: Pace) -> TokenBucket:
        drawn = self._drawn.get((account, bucket))
        return TokenBucket.full(pace, 0.0) if drawn is None else drawn.left()

    def trail(self, step: Step) -> tuple[PacedCall, ...]:
        """Return the calls of a step with its share of those that go with creates."""
        subject = step.change.subject
        number, more = self._beside.get((subject.account, subject.spec.kind), (1, 0))
        return trail_of(step) + (LOOK,) * (more // number if step.verb == "create" else 0)

    def answered(self, step: Step, now: float) -> float:
        """Return when a call is answered that has its turn now and takes a connection."""
        account, limit = step.change.subject.account, step.change.subject.spec.cost.at_once
        slots = self._slots.setdefault(account, [])
        begin = now if len(slots) < limit else max(now, heapq.heappop(slots))
        heapq.heappush(slots, begin + SECONDS_A_CALL)
        return begin + SECONDS_A_CALL


class _Scene:
    """Steps under way: a heap of (when, what came first, step, its call, it has its turn)."""

    def __init__(self, stage: _Stage, steps: Sequence[Step], begin: float) -> None:
        self._stage, self._steps, self._begin = stage, steps, begin
        names = {step.id for step in steps}
        self._waiting = [set(step.needs) & names for step in steps]
        self._dependants: dict[StepId, list[int]] = {}
        for number, needs in enumerate(self._waiting):
            for need in needs:
                self._dependants.setdefault(need, []).append(number)
        self._trails = [stage.trail(step) for step in steps]
        self._events: list[tuple[float, int, int, int, bool]] = []
        self._backlog = deque[int]()
        self._active = 0
        self._count = 0
        self._ends: dict[StepId, float] = {}

    def run(self) -> dict[StepId, float]:
        """Return when each step ends."""
        self._ready((n for n, needs in enumerate(self._waiting) if not needs), self._begin)
        while self._events:
            now, _, number, call, its_turn = heapq.heappop(self._events)
            step, trail = self._steps[number], self._trails[number]
            if call == len(trail):
                self._end(number, now)
            elif its_turn:
                self._push(self._stage.answered(step, now), number, call + 1)
            else:
                begin = self._stage.token(step, trail[call], now)
                self._push(begin, number, call, its_turn=True)
        return self._ends

    def _ready(self, numbers: Iterable[int], now: float) -> None:
        self._backlog.extend(numbers)
        while self._backlog and self._active < STEPS_AT_ONCE:
            self._active += 1
            self._push(now, self._backlog.popleft(), 0)

    def _push(self, when: float, number: int, call: int, *, its_turn: bool = False) -> None:
        trail = self._trails[number]
        pause = trail[call].pause if call < len(trail) and not its_turn else 0.0
        self._count += 1
        heapq.heappush(self._events, (when + pause, self._count, number, call, its_turn))

    def _end(self, number: int, now: float) -> None:
        step = self._steps[number]
        self._ends[step.id] = now
        self._active -= 1
        ready = []
        for other in self._dependants.get(step.id, ()):
            self._waiting[other].discard(step.id)
            if not self._waiting[other]:
                ready.append(other)
        self._ready(ready, now)
