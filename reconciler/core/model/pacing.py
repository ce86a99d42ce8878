"""Rate limits, backoff and what writes cost, as arithmetic: no clock, no waiting."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

ActionName = Literal["create", "update", "replace", "delete"]
ACTIONS: tuple[ActionName, ...] = get_args(ActionName)

SECONDS_A_CALL = 0.1
"""What a call takes on the network, roughly."""
READS_AT_ONCE = 96
"""Calls under way side by side where much is read: more would wait for the processor."""
STEPS_AT_ONCE = 64
"""Steps of an apply that are under way side by side."""


class Pace(NamedTuple):
    """A service's request limit: `rate` requests a second on average, `burst` at once."""

    rate: float
    burst: int


UNLIMITED = Pace(10**9, 10**9)
"""Of a service that publishes no limit: there is none until it throttles."""
ONCE_THROTTLED = Pace(1000, 1000)
"""What such a service is then taken to allow, unless it says so itself or goes on throttling."""
_USUAL = Pace(10, 10)


class Drawn(NamedTuple):
    """How many calls drew on a limit."""

    number: int
    pace: Pace

    @property
    def seconds(self) -> float:
        """Return the least time that they take, from a full bucket on."""
        return floor_seconds(self.number, self.pace)

    def left(self) -> "TokenBucket":
        """Return the bucket as they leave it."""
        return TokenBucket(self.pace, max(0.0, self.pace.burst - float(self.number)), 0.0)


class CallsSoFar(NamedTuple):
    """Calls of an account: how many were `made`, and how many of them one thread made at most.

    At most `at_once` are under way. `drawn` are those that drew on a rate limit, by its name.
    """

    made: int
    in_a_row: int
    at_once: int
    drawn: Mapping[str, Drawn]


class PacedCall(NamedTuple):
    """One call of a step: the limit that it draws on ("" for none), and seconds waited before."""

    bucket: str
    pause: float = 0.0


LOOK = PacedCall("")


class Cost(NamedTuple):
    """What it costs to write objects of a kind: `calls` are those that draw on the limit `pace`.

    At most `at_once` calls of an account are under way.
    """

    pace: Pace = _USUAL
    calls: Mapping[ActionName, int] = MappingProxyType({"create": 1, "update": 1, "delete": 1})
    at_once: int = 16

    def bucket(self, spec: Any, action: ActionName) -> str:
        """Return which of the account's rate limits an action's calls draw on."""
        return action

    def pace_of(self, bucket: str) -> Pace:
        """Return the limit of a bucket."""
        return self.pace if bucket else UNLIMITED

    def trail(
        self, spec: Any, action: ActionName, after: Mapping[str, Any]
    ) -> tuple[PacedCall, ...]:
        """Return the calls, in order, that it takes to write `after` by path, or else the object.

        What is there is looked at once more.
        """
        looks = () if action == "create" else (LOOK,)
        return (*looks, *(PacedCall(self.bucket(spec, action)),) * self.calls[action])

    def beside_creates(self, number: int) -> int:
        """Return how many API calls go with so many creates in an account, beside these."""
        return 0


class TokenBucket(NamedTuple):
    """A leaky allowance of requests; `level` tokens were left at `at` seconds of some clock."""

    pace: Pace
    level: float
    at: float

    @classmethod
    def full(cls, pace: Pace, now: float) -> "TokenBucket":
        """Return a bucket that allows a whole burst."""
        return cls(pace, float(pace.burst), now)

    def take(self, now: float) -> tuple["TokenBucket", float]:
        """Take one token; return the bucket afterwards and the seconds to wait before using it.

        The level may go below zero: each later taker waits its turn, in order.
        """
        elapsed = max(0.0, now - self.at)
        level = min(float(self.pace.burst), self.level + elapsed * self.pace.rate) - 1
        wait = max(0.0, -level / self.pace.rate)
        return TokenBucket(self.pace, level, max(now, self.at)), wait

    def drained(self, now: float) -> "TokenBucket":
        """Return the bucket as the service sees it after answering that the limit was reached."""
        pace = ONCE_THROTTLED if self.pace == UNLIMITED else self.pace
        return TokenBucket(pace, min(self.level, 0.0), now)

    def at_rate(self, rate: float) -> "TokenBucket":
        """Return the bucket with the rate the service itself announced."""
        return self._replace(pace=Pace(rate, self.pace.burst))

    def slowed(self, least: float) -> "TokenBucket":
        """Return the bucket at half of its rate, or at `least`."""
        rate = max(self.pace.rate / 2, least)
        return self._replace(pace=Pace(rate, min(self.pace.burst, int(rate))))


def backoff(attempt: int, luck: float, *, base: float = 0.5, cap: float = 20.0) -> float:
    """Return seconds to wait before attempt `attempt` + 1; `luck` in [0, 1) spreads callers.

    Half of the wait is certain, half is drawn, so that no two callers stay in step and none retries
    at once.
    """
    ceiling = min(cap, base * float(2 ** min(attempt, 30)))
    return ceiling * (0.5 + luck / 2)


def floor_seconds(calls: int, pace: Pace) -> float:
    """Return the least time in which `calls` requests fit through a full bucket."""
    return max(0.0, (calls - pace.burst) / pace.rate)
