"""What reading takes: calls, and the seconds that rate limits make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from reconciler.core.model.pacing import READS_AT_ONCE, SECONDS_A_CALL, Drawn, floor_seconds
from reconciler.core.provider import Cannot, Provider, Scope

IN_A_ROW = 3
"""Calls of an account that wait for one another: who we are, the first list, what is listed."""


@dataclass(frozen=True, slots=True)
class Effort:
    """`calls` by account, and by scope how many `topics` are asked for one after the other.

    `drawn` are calls by account and rate limit, `rows` by account the most of one thread, `at_once`
    how many may be under way there.
    """

    calls: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[Scope, int] = field(default_factory=dict)
    drawn: Mapping[tuple[str, str], Drawn] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    at_once: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def so_far(cls, providers: Mapping[str, Provider]) -> Self:
        """Return what these providers did so far, as far as they count it."""
        told = {
            name: tell()
            for name, provider in sorted(providers.items())
            if not isinstance(tell := provider.abilities.calls_so_far, Cannot)
        }
        return cls(
            {name: it.made for name, it in told.items()},
            drawn={
                (name, limit): drawn
                for name, it in told.items()
                for limit, drawn in it.drawn.items()
            },
            rows={name: it.in_a_row for name, it in told.items()},
            at_once={name: it.at_once for name, it in told.items()},
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
            at_once=self.at_once,
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
        rounds = first + max(
            [
                ceil((self.total - first) / READS_AT_ONCE),
                *(ceil((self.calls[name] - first) / most) for name, most in self.at_once.items()),
            ]
        )
        rows = [row + min(IN_A_ROW - 1, self.calls[name] - row) for name, row in self.rows.items()]
        # While one waits for its limit others are asked, and what one thread calls in turn passes.
        return round(
            max(
                limited + first * SECONDS_A_CALL,
                rounds * SECONDS_A_CALL,
                max(rows, default=0) * SECONDS_A_CALL,
            ),
            1,
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
        topics, drawn = {**self.topics, **other.topics}, {**self.drawn, **drawn}
        return Effort(calls, topics, drawn, rows, {**self.at_once, **other.at_once})

    def for_topics(self, topics: Mapping[Scope, int]) -> "Effort":
        """Return what it takes where these numbers of its topics are asked for instead."""
        calls = dict(self.calls)
        for scope, number in topics.items():
            calls[scope.account] += number - self.topics[scope]
        return Effort(calls, {**self.topics, **topics})


NO_EFFORT = Effort()
