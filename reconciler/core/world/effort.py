"""What reading takes: calls, and the seconds that rate limits make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from reconciler.core.model.pacing import SECONDS_A_CALL, Drawn, floor_seconds
from reconciler.core.provider import Cannot, Provider, Scope

READS_AT_ONCE = 64
IN_A_ROW = 3
"""Calls of an account that wait for one another: who we are, the first list, what is listed."""


@dataclass(frozen=True, slots=True)
class Effort:
    """`calls` by account, and by scope how many `topics` are asked for one after the other.

    `drawn` are calls by account and rate limit, `rows` by account the most of one thread.
    """

    calls: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[Scope, int] = field(default_factory=dict)
    drawn: Mapping[tuple[str, str], Drawn] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def so_far(cls, providers: Mapping[str, Provider]) -> Self:
        """Return what these providers did so far, as far as they count it."""
        each = [(name, provider.abilities) for name, provider in sorted(providers.items())]
        return cls(
            {
                name: count()
                for name, abilities in each
                if not isinstance(count := abilities.calls_made, Cannot)
            },
            drawn={
                (name, bucket): drawn
                for name, abilities in each
                if not isinstance(tell := abilities.drawn, Cannot)
                for bucket, drawn in tell().items()
            },
            rows={
                name: row()
                for name, abilities in each
                if not isinstance(row := abilities.in_a_row, Cannot)
            },
        )

    def after(self, before: "Effort") -> "Effort":
        """Return what was done since."""
        drawn = {
            key: it._replace(number=it.number - before.drawn[key].number)
            if key in before.drawn
            else it
            for key, it in self.drawn.items()
        }
        return Effort(
            {name: made - before.calls[name] for name, made in self.calls.items()},
            drawn=drawn,
            rows={name: row - before.rows[name] for name, row in self.rows.items()},
        )

    @property
    def total(self) -> int:
        """Return how many calls are made."""
        return sum(self.calls.values())

    @property
    def seconds(self) -> float:
        """Return about how long they take: scopes are read side by side."""
        topics = [
            floor_seconds(number, kind.cost.pace)
            for scope, number in self.topics.items()
            for kind in scope.kinds
        ]
        limited = max([0.0, *topics, *(drawn.seconds for drawn in self.drawn.values())])
        first = min(IN_A_ROW, max(self.calls.values(), default=0))
        rounds = first + ceil((self.total - first) / READS_AT_ONCE)
        rows = [row + min(IN_A_ROW - 1, self.calls[name] - row) for name, row in self.rows.items()]
        # What one thread calls in turn passes while it waits for its limit.
        return round(
            max(limited + rounds * SECONDS_A_CALL, max(rows, default=0) * SECONDS_A_CALL), 1
        )

    def beside(self, other: "Effort") -> "Effort":
        """Return both together."""
        calls = {
            name: self.calls.get(name, 0) + other.calls.get(name, 0)
            for name in (*self.calls, *other.calls)
        }
        drawn = {
            key: it._replace(number=it.number + self.drawn[key].number) if key in self.drawn else it
            for key, it in other.drawn.items()
        }
        rows = {
            name: self.rows.get(name, 0) + other.rows.get(name, 0)
            for name in (*self.rows, *other.rows)
        }
        return Effort(calls, {**self.topics, **other.topics}, {**self.drawn, **drawn}, rows)

    def for_topics(self, topics: Mapping[Scope, int]) -> "Effort":
        """Return what it takes where these numbers of its topics are asked for instead."""
        calls = dict(self.calls)
        for scope, number in topics.items():
            calls[scope.account] += number - self.topics[scope]
        return Effort(calls, {**self.topics, **topics})


NO_EFFORT = Effort()
