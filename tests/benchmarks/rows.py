"""One figure after the other: what was measured, over which spread, against which goal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Run, Series, Spread, in_turn

Once = Callable[[Path | None], Run]
"""Runs something once with the program of a directory, None: of this one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a figure in its unit (`s`, `ms`, `MiB`, `KiB`, `x`, `%`, `calls`).

    Without a goal it is there to be compared.
    """

    case: str
    figure: str
    unit: str
    spread: Spread
    goal: float | None = None
    calls: int | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the median meets the goal, None without one."""
        return None if self.goal is None else self.spread.median <= self.goal

    def document(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return {
            "case": self.case,
            "figure": self.figure,
            "unit": self.unit,
            "min": self.spread.least,
            "median": self.spread.median,
            "max": self.spread.most,
            "goal": self.goal,
            "met": self.met,
            "calls": self.calls,
        }


@dataclass(frozen=True, slots=True)
class Goals:
    """What a case is to reach: times of a yardstick, seconds beyond it, MiB, of the floor."""

    wall: float | None = None
    processor: float | None = None
    beyond: float | None = None
    memory: float | None = None
    of_floor: float | None = None
    seconds: float | None = None


NO_GOALS = Goals()


@dataclass(frozen=True, slots=True)
class Bench:
    """What every case is given.

    `before` is the tree of an earlier commit to compare with, `scales` are numbers of queues.
    `latency` are the seconds for which every answer is held back.
    """

    folder: Path
    runs: int
    scales: tuple[int, ...]
    latency: float
    before: Path | None = None

    def raced(
        self,
        case: str,
        once: Once,
        *,
        goals: Goals = NO_GOALS,
        yardstick: Callable[[], Run] | None = None,
        name: str = "the bare script",
        floor: float | None = None,
        runs: int | None = None,
    ) -> tuple[Series, list[Row]]:
        """Run something in turn with its yardstick and the commit before; return all figures.

        `floor` are the seconds that it takes at least: calls x latency / concurrency.
        """
        each: list[Callable[[], Run]] = [lambda: once(None)]
        if yardstick is not None:
            each.append(yardstick)
        if self.before is not None:
            each.append(lambda: once(self.before))
        own, *others = in_turn(runs or self.runs, *each)
        rows = [*_figures(case, own, goals)]
        if yardstick is not None:
            rows += _against(case, name, own, others[0], goals)
        if floor is not None:
            ratios = Spread.of([each.wall / floor for each in own.runs])
            rows.append(Row(case, "wall, of the computed floor", "x", ratios, goals.of_floor))
        if self.before is not None:
            rows += _against(case, "the commit before", own, others[-1], NO_GOALS)
        return own, rows


def _figures(case: str, own: Series, goals: Goals) -> Iterator[Row]:
    yield Row(case, "wall", "s", own.spread("wall"), goals.seconds)
    yield Row(case, "processor", "s", own.spread("processor"))
    yield Row(case, "peak memory", "MiB", own.spread("memory"), goals.memory)


def _against(case: str, name: str, own: Series, other: Series, goals: Goals) -> Iterator[Row]:
    if goals.beyond is not None:
        beyond = own.beyond(other, "processor")
        yield Row(case, f"processor beyond {name}", "s", beyond, goals.beyond)
        return
    yield Row(case, f"wall, of {name}", "x", own.over(other, "wall"), goals.wall)
    processor = own.over(other, "processor")
    yield Row(case, f"processor, of {name}", "x", processor, goals.processor)


def one(case: str, figure: str, unit: str, value: float, goal: float | None = None) -> Row:
    """Return a row about a single value."""
    return Row(case, figure, unit, Spread(value, value, value), goal)
