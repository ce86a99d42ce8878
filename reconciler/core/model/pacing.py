"""Rate limits, backoff and what writes cost, as arithmetic: no clock, no waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

ActionName = Literal["create", "update", "replace", "delete"]

SECONDS_A_CALL = 0.1
"""What a call takes on the network, roughly."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A service's request limit: `rate` requests a second on average, `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class Cost:
    """What it costs to write objects of a kind: `calls` are those that draw on the limit `pace`."""

    pace: Pace = Pace(10, 10)
    calls: Mapping[ActionName, int] = field(
        default_factory=lambda: {"create": 1, "update": 1, "delete": 1}
    )

    def bucket(self, spec: Any, action: ActionName) -> str:
        """Return which of the account's rate limits an action's calls draw on."""
        return action

    def calls_of(self, action: ActionName, after: Mapping[str, Any]) -> int:
        """Return how many API calls it takes to write `after` by path, or to create or delete."""
        return self.calls[action] + (action != "create")  # what is there is looked at once more

    def beside_creates(self, number: int) -> int:
        """Return how many API calls go with so many creates in an account, beside these."""
        return 0


@dataclass(frozen=True, slots=True)
class TokenBucket:
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
        return replace(self, level=level, at=max(now, self.at)), wait

    def drained(self, now: float) -> "TokenBucket":
        """Return the bucket as the service sees it after answering that the limit was reached."""
        return replace(self, level=min(self.level, 0.0), at=now)

    def at_rate(self, rate: float) -> "TokenBucket":
        """Return the bucket with the rate the service itself announced."""
        return replace(self, pace=Pace(rate, self.pace.burst))


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
