"""What is counted of pushes, in the text form of Prometheus (version 0.0.4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal, get_args

Outcome = Literal["queued", "duplicate", "parked", "refused", "retry", "failed", "gone"]
"""Kept; kept before; kept though nothing can be made of it; not for us; left at Google; a defect of
ours, and left at Google too; the sender went away."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_KEPT = ("queued", "duplicate", "parked")
_PREFIX = "reconciler_listen"


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of the access log: nothing of it is secret. `push` is empty for unknown paths.

    `why` says in a word or two why a push was not put into its queue.
    """

    push: str
    outcome: Outcome
    status: int
    seconds: float
    size: int
    why: str = ""


class Tallies:
    """Counts since the start; `pushes` are the names that there can be."""

    def __init__(self, pushes: Iterable[str]):
        self._pushes = tuple(dict.fromkeys(pushes))
        self._outcomes = {
            (push, outcome): 0 for push in (*self._pushes, "") for outcome in get_args(Outcome)
        }
        self._buckets = dict.fromkeys(_BUCKETS, 0)
        self._seconds = 0.0
        self._count = 0
        self._last_kept = 0.0
        self.in_flight = 0

    def add(self, answered: Answered, now: float) -> None:
        """Count one answer, at a time in Unix seconds."""
        self._outcomes[answered.push, answered.outcome] += 1
        if answered.outcome in _KEPT:
            self._last_kept = now
        self._seconds += answered.seconds
        self._count += 1
        for bucket in _BUCKETS:
            if answered.seconds <= bucket:
                self._buckets[bucket] += 1

    def count(self, outcome: Outcome, push: str = "") -> int:
        """Return how often a push ended so."""
        return self._outcomes[push, outcome]

    def as_text(self) -> str:
        """Return everything for Prometheus."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _family("pushes_total", "counter", "Requests by push and outcome.")
        for (push, outcome), count in self._outcomes.items():
            labels = f'push="{_escaped(push)}",outcome="{outcome}"'
            yield f"{_PREFIX}_pushes_total{{{labels}}} {count}"
        yield from _family("in_flight", "gauge", "Pushes received and not yet answered or kept.")
        yield f"{_PREFIX}_in_flight {self.in_flight}"
        yield from _family("seconds", "histogram", "Seconds from request to answer.")
        for bucket, count in self._buckets.items():
            yield f'{_PREFIX}_seconds_bucket{{le="{bucket}"}} {count}'
        yield f'{_PREFIX}_seconds_bucket{{le="+Inf"}} {self._count}'
        yield f"{_PREFIX}_seconds_sum {self._seconds}"
        yield f"{_PREFIX}_seconds_count {self._count}"
        yield from _family("last_kept_seconds", "gauge", "Unix time of the last push kept, or 0.")
        yield f"{_PREFIX}_last_kept_seconds {self._last_kept}"
        yield from _family("build_info", "gauge", "The version that runs.")
        version = metadata.version("subscription-reconciler")
        yield f'{_PREFIX}_build_info{{version="{_escaped(version)}"}} 1'


def _family(name: str, kind: str, sentence: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {sentence}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
