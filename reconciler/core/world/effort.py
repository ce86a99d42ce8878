"""What reading takes: calls, and the seconds that rate limits make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from reconciler.core.model.pacing import SECONDS_A_CALL, floor_seconds
from reconciler.core.provider import Cannot, Provider, Scope

CALLS_AT_ONCE = 16
READS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Effort:
    """`calls` by account, and by scope how many `topics` are asked for one after the other."""

    calls: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[Scope, int] = field(default_factory=dict)

    @classmethod
    def so_far(cls, providers: Mapping[str, Provider]) -> Self:
        """Return what these providers did so far, as far as they count it."""
        return cls(
            {
                name: count()
                for name, provider in sorted(providers.items())
                if not isinstance(count := provider.abilities.calls_made, Cannot)
            }
        )

    def after(self, before: "Effort") -> "Effort":
        """Return what was done since."""
        return Effort({name: made - before.calls[name] for name, made in self.calls.items()})

    @property
    def total(self) -> int:
        """Return how many calls are made."""
        return sum(self.calls.values())

    @property
    def seconds(self) -> float:
        """Return about how long they take: scopes are read side by side."""
        limited = max(
            (
                floor_seconds(number, kind.cost.pace)
                for scope, number in self.topics.items()
                for kind in scope.kinds
            ),
            default=0.0,
        )
        return round(limited + ceil(self.total / READS_AT_ONCE) * SECONDS_A_CALL, 1)

    def beside(self, other: "Effort") -> "Effort":
        """Return both together."""
        calls = {
            name: self.calls.get(name, 0) + other.calls.get(name, 0)
            for name in (*self.calls, *other.calls)
        }
        return Effort(calls, {**self.topics, **other.topics})

    def for_topics(self, topics: Mapping[Scope, int]) -> "Effort":
        """Return what it takes where these numbers of its topics are asked for instead."""
        calls = dict(self.calls)
        for scope, number in topics.items():
            calls[scope.account] += number - self.topics[scope]
        return Effort(calls, {**self.topics, **topics})


NO_EFFORT = Effort()
