"""Shards of a fleet on a virtual clock: no limit is passed, and none is left unused.

The client side is the real one (`Calls` with SP-API's limits); the services count by themselves.
Only the threads are not there: each is a line of work that asks for its turn when it is free.
"""

import heapq
from collections import defaultdict, deque

import pytest

from reconciler.core.model.pacing import STEPS_AT_ONCE
from reconciler.run.observing import SCOPES_SIDE_BY_SIDE
from reconciler.services.spapi.catalogue import TYPES
from reconciler.services.spapi.specs import AT_ONCE, PACE
from reconciler.transport.calls import Calls
from tests.drawing import examples

LATENCY = 0.05
SELLERS = examples(60, 1000)
SHARDS = examples(2, 100)


class Now:
    """A clock for one request at a time: sleeping moves it, and nobody else."""

    time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class Service:
    """Counts requests by bucket as Amazon says that it does: `over` came too early."""

    def __init__(self):
        self._levels = {}
        self.asked = defaultdict(list)
        self.over = 0

    def take(self, bucket, now):
        level, before = self._levels.get(bucket, (float(PACE.burst), now))
        level = min(PACE.burst, level + (now - before) * PACE.rate)
        self.over += level < 1 - 1e-6
        self._levels[bucket] = (level - 1, now)
        self.asked[bucket].append(now)

    def use(self, bucket):
        """Return the share of what a bucket had to give from its first request to its last."""
        times = self.asked[bucket]
        return len(times) / (PACE.burst + PACE.rate * (times[-1] - times[0]))


def work(lines, threads):
    """Carry out lines of calls, each one after the other, in so many threads; return the service.

    A line is a list of buckets.
    """
    clock, service = Now(), Service()
    calls = Calls(clock, paces={"*": PACE}, concurrency=AT_ONCE)
    waiting, events, count = deque(map(deque, lines)), [], 0
    slots = [0.0] * AT_ONCE

    def push(when, line, bucket):
        nonlocal count
        count += 1
        heapq.heappush(events, (when, count, line, bucket))

    for _ in range(min(threads, len(waiting))):
        push(0.0, waiting.popleft(), None)
    while events:
        now, _, line, bucket = heapq.heappop(events)
        if bucket is not None:
            begin = max(now, heapq.heappop(slots))
            service.take(bucket, begin)
            heapq.heappush(slots, begin + LATENCY)
            push(begin + LATENCY, line, None)
        elif line:
            clock.time, wanted = now, line.popleft()
            calls.run(wanted, lambda: None)
            push(clock.time, line, wanted)
        elif waiting:
            push(now, waiting.popleft(), None)
    return service


def reading(shard):
    """Return what a plan asks of a shard's sellers: each type, one after the other."""
    return [[f"getSubscription:{shard}-{it}"] * len(TYPES) for it in range(SELLERS)]


def applying(shard):
    """Return what an apply of many types writes: step by step, type by type."""
    return [[f"createSubscription:{shard}-{it}"] for _ in TYPES for it in range(SELLERS)]


def deleting(_shard):
    """Return what is deleted: by the application's own limit, whosever it was."""
    return [["deleteSubscriptionById:grantless"]] * (SELLERS * 2)


@pytest.mark.parametrize(
    ("lines", "threads"),
    [(reading, SCOPES_SIDE_BY_SIDE), (applying, STEPS_AT_ONCE), (deleting, STEPS_AT_ONCE)],
)
def test_every_limit_is_used_while_work_waits_and_none_is_passed(lines, threads):
    for shard in range(SHARDS):
        service = work(lines(shard), threads)
        assert service.over == 0
        assert min(map(service.use, service.asked)) >= 0.95
