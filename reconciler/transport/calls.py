"""Calls of one account: request limits, retries and concurrency, pages, creates made once.

The only place that waits.
"""

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from reconciler.core.model.errors import (
    Denied,
    Rejected,
    ServiceError,
    Transient,
    Unclear,
    Unreachable,
)
from reconciler.core.model.pacing import (
    ONCE_THROTTLED,
    UNLIMITED,
    CallsSoFar,
    Drawn,
    Pace,
    TokenBucket,
    backoff,
)
from reconciler.transport.patience import Errand, errand
from reconciler.transport.slots import Slots
from reconciler.transport.waits import WAITS

T = TypeVar("T")

_LOOK_UP = 1.0
"""Seconds after which somebody who waits looks whether the run is to end."""
_BELIEVED = 0.1
"""The least share of a documented rate that an announced one is taken for."""
_SETTLES = 1.0
"""Seconds in which refusals may still be of calls that were sent before the first of them."""


class Clock(Protocol):
    """Time as the waiting code sees it, in seconds."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class Calls:
    """Runs service calls of one account within its limits, repeating what may be repeated.

    `paces` gives the limit of a bucket by the part of its name before the first colon, so that
    `createSubscription:acme-de` draws on a bucket of its own with the pace of `createSubscription`;
    "*" is the pace of all others. At most `concurrency` calls are under way at once. A call is
    tried `tries` times, and not again once `retry_for` seconds have gone by.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        paces: Mapping[str, Pace] | None = None,
        concurrency: int = 16,
        tries: int = 5,
        retry_for: float = 90.0,
    ) -> None:
        self._clock = clock
        self._paces = dict(paces or {})
        self._tries = tries
        self._retry_for = retry_for
        self._at_once = concurrency
        self._slots = Slots(concurrency)
        self._lock = threading.Lock()
        self._buckets: dict[str, TokenBucket] = {}
        self._slowed: dict[str, float] = {}
        """When buckets whose limit nobody publishes were last slowed down."""
        self.made = 0
        """How many calls were made so far, repeated ones included."""
        self._rows: Counter[int] = Counter()
        self._drawn: dict[str, int] = {}

    def run(
        self, bucket: str, call: Callable[[], T], *, repeat: bool = True, looks: bool = False
    ) -> T:
        """Return what `call` returns, waiting for `bucket` and retrying transient failures.

        `repeat` says that doing it twice does no harm; without it a lost answer is raised as
        Unclear for the caller to look into; `looks` that it changes nothing. Where the run is to
        end, no retry is waited for, nor is a turn before anything was changed.

        Raises:
            ServiceError: the last failure.
            OutOfTime: the run ends, and what this is part of is given up.
        """
        start: float | None = None
        attempt = 0
        mine = errand()
        while True:
            self._await_turn(bucket, mine)
            # Patience is for a service in trouble, not for the queue before the rate limit.
            start = self._clock.now() if start is None else start
            try:
                answer = self._slots.run(call)
            except (Transient, Unclear) as error:
                mine.answered |= isinstance(error, Unclear) and not looks
                if isinstance(error, Unclear) and not (repeat and error.passing):
                    raise
                wait = self._wait_before_retry(bucket, error, attempt)
                if attempt + 1 == self._tries:
                    raise
                if self._clock.now() - start + wait > self._retry_for:
                    self._say_wish(error)
                    raise
                if why := self._pause(wait, str(error), mine):
                    error.give_up(why)
                    raise
                attempt += 1
            else:
                mine.answered |= not looks
                return answer

    def poll(
        self,
        probe: Callable[[], T | None],
        *,
        within: float,
        every: float,
        spared: bool = False,
    ) -> T | None:
        """Return the first answer of `probe` that is not None, or None after `within` seconds.

        `spared`: nothing hangs on it, so that it is not waited for where the run is to end.
        """
        deadline = self._clock.now() + within
        while (answer := probe()) is None:
            if self._clock.now() + every > deadline:
                return None
            if spared and errand().given_up(every):
                return None
            self._clock.sleep(every)
        return answer

    def insist(
        self,
        attempt: Callable[[], T | ServiceError],
        *,
        within: float,
        every: float,
    ) -> T:
        """Return what `attempt` returns at last: a refusal that passes means not yet.

        Raises:
            ServiceError: the last refusal, after `within` seconds or where the run is to end.
        """
        deadline = self._clock.now() + within
        while isinstance(answer := attempt(), ServiceError):
            if self._clock.now() + every > deadline:
                raise answer
            if why := errand().given_up(every):
                answer.give_up(why)
                raise answer
            self._clock.sleep(every)
        return answer

    def so_far(self) -> CallsSoFar:
        """Return what was asked so far."""
        with self._lock:
            paces = {bucket: self._pace(bucket) for bucket in self._drawn}
            drawn = {
                bucket: Drawn(number, paces[bucket])
                for bucket, number in self._drawn.items()
                if paces[bucket] != UNLIMITED
            }
            return CallsSoFar(self.made, max(self._rows.values(), default=0), self._at_once, drawn)

    def announce(self, bucket: str, rate: float) -> None:
        """Adopt the request rate (a second) that the service itself gave for `bucket`.

        Nothing is no rate, and far less than what is documented is not believed: a service that
        means it refuses calls, which are then spread anyway.
        """
        least = min(self._pace(bucket).rate, ONCE_THROTTLED.rate) * _BELIEVED
        with self._lock:
            current = self._buckets.get(bucket)
            if current is not None and rate > 0:
                self._buckets[bucket] = current.at_rate(min(max(rate, least), ONCE_THROTTLED.rate))

    def _await_turn(self, bucket: str, mine: Errand) -> None:
        mine.go_on()
        with self._lock:
            now = self._clock.now()
            self.made += 1
            self._rows[threading.get_ident()] += 1
            self._drawn[bucket] = self._drawn.get(bucket, 0) + 1
            current = self._buckets.get(bucket)
            if current is None:
                current = self._buckets[bucket] = TokenBucket.full(self._pace(bucket), now)
            if current.pace == UNLIMITED:
                return
            self._buckets[bucket], wait = current.take(now)
        if wait > 0:
            limit = _limited(bucket, current.pace)
            # Its turn comes soon.
            if why := self._pause(wait, limit, mine.begun()):
                waiting = Transient("", bucket.partition(":")[0], limit)
                waiting.give_up(why)
                raise waiting

    def _pause(self, seconds: float, why: str, mine: Errand) -> str | None:
        """Let that much time pass; return why it is not, where the run is to end before."""
        with WAITS.announced(seconds, why):
            if mine.ending is None:
                self._clock.sleep(seconds)
                return None
            while seconds > 0:
                if given_up := mine.given_up(seconds):
                    return given_up
                self._clock.sleep(min(seconds, _LOOK_UP))
                seconds -= min(seconds, _LOOK_UP)
        return None

    def _say_wish(self, error: Transient | Unclear) -> None:
        if isinstance(error, Transient) and error.retry_after is not None:
            error.message += (
                f"; it asks to wait {error.retry_after:.0f} s, and a call is given up after "
                f"{self._retry_for:.0f} s: run again later"
            )

    def _wait_before_retry(self, bucket: str, error: Transient | Unclear, attempt: int) -> float:
        if isinstance(error, Transient) and error.retry_after is not None:
            return error.retry_after
        if isinstance(error, Transient) and error.code:
            with self._lock:
                self._buckets[bucket] = self._refused(bucket, self._clock.now())
        return backoff(attempt, random.random())  # noqa: S311 - spreads callers, guards nothing

    def _refused(self, bucket: str, now: float) -> TokenBucket:
        """Return a bucket after the service refused a call that drew on it.

        A limit that nobody publishes is found by halves.
        """
        current = self._buckets[bucket]
        drained = current.drained(now)
        published = self._pace(bucket) != UNLIMITED
        if published or now - self._slowed.get(bucket, -math.inf) < _SETTLES:
            return drained
        self._slowed[bucket] = now
        if current.pace == UNLIMITED:
            return drained
        return drained.slowed(ONCE_THROTTLED.rate * _BELIEVED)

    def _pace(self, bucket: str) -> Pace:
        operation = bucket.partition(":")[0]
        return self._paces.get(operation) or self._paces.get("*", UNLIMITED)


def _limited(bucket: str, pace: Pace) -> str:
    return f"{bucket.partition(':')[0]} is limited to {pace.rate:g} calls a second"


MOST_PAGES = 1000
"""More than any list has: a million queues, 100,000 tagged ones or subscriptions."""


class Pages:
    """The tokens of one list's pages so far."""

    def __init__(self, account: str, operation: str) -> None:
        self._account, self._operation = account, operation
        self._tokens: set[str] = set()

    def turn(self, token: str) -> None:
        """Go on to the page of `token`.

        Raises:
            Rejected: that page was there already, or there are more pages than a list has.
        """
        if token in self._tokens:
            raise self._endless("the service repeats a page")
        if len(self._tokens) >= MOST_PAGES - 1:
            raise self._endless(f"after {MOST_PAGES:,} pages there are more")
        self._tokens.add(token)

    def _endless(self, why: str) -> Rejected:
        return Rejected(self._account, self._operation, f"the list does not end: {why}")


ATTEMPTS = 3


def create_once(
    make: Callable[[], T],
    find: Callable[[ServiceError, bool], T | None],
    *,
    is_there: Callable[[Rejected], bool],
    retry_refused: bool = False,
) -> T:
    """Return what `make` made, or what `find` found after its answer was lost or refused.

    Args:
        make: creates; raises Unclear where the answer was lost.
        find: looks for what is to be made, None if it is not there; it raises where something else
            stands in its place. It is told what happened, and whether that was the last attempt.
        is_there: says of a refusal whether it may mean that the object is there already.
        retry_refused: try again after such a refusal where nothing is found.

    Raises:
        Unclear: the answer of `make` was lost, and what was to be made is not found or not seen.
        ServiceError: what else `make` raised and is not overcome, or what `find` did.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return make()
        except Unclear as error:
            trouble: ServiceError = error
        except Rejected as error:
            if not is_there(error):
                raise
            trouble = error
        last = attempt == ATTEMPTS
        try:
            found = find(trouble, last)
        except (Transient, Unreachable, Denied) as error:
            raise _still(trouble, error) from error
        if found is not None:
            return found
        if last or (isinstance(trouble, Rejected) and not retry_refused):
            raise trouble
    raise AssertionError("unreachable: the last attempt returns or raises")


def _still(trouble: ServiceError, unseen: ServiceError) -> ServiceError:
    """Return what to tell where the look failed: that it may have been made, if it may.

    What is raised of the very operation that makes is no failure to look, but what was found.
    """
    if not isinstance(trouble, Unclear) or unseen.operation == trouble.operation:
        return unseen
    message = f"{trouble.message}, and it could not be looked for: {unseen.message}"
    return Unclear(trouble.account, trouble.operation, message, passing=False)
