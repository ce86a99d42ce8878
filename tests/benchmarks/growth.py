"""How figures grow with what is planned: the line that fits best, and how far they are off it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.benchmarks.measure import Series
from tests.benchmarks.rows import Row, one

LINEAR = 15.0
"""Percent off a line at any scale, from which on growth is not called linear."""
_FIGURES = (
    ("wall", "s", 1000, "ms"),
    ("processor", "s", 1000, "ms"),
    ("memory", "MiB", 1024, "KiB"),
)
"""A figure, its unit, and what of a smaller one, in which each queue is told, makes one of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is there without any object, and what each of them adds; `off` is in percent."""

    fixed: float
    each: float
    off: float

    @classmethod
    def through(cls, found: Mapping[int, float]) -> "Line":
        """Return the line with the least squares of what it is off, in shares of each figure.

        So that ten objects count as much as a hundred thousand. Takes at least two scales.
        """
        weighed = [(total, figure, 1 / figure**2) for total, figure in found.items()]
        all_ = sum(weight for *_, weight in weighed)
        totals = sum(weight * total for total, _, weight in weighed) / all_
        figures = sum(weight * figure for _, figure, weight in weighed) / all_
        each = sum(
            weight * (total - totals) * (figure - figures) for total, figure, weight in weighed
        ) / sum(weight * (total - totals) ** 2 for total, _, weight in weighed)
        fixed = figures - each * totals
        off = max(abs(fixed + each * total - figure) / figure for total, figure in found.items())
        return cls(fixed, each, off * 100)


def growth(case: str, what: str, found: Mapping[int, Series]) -> Iterator[Row]:
    """Yield for each figure the line through its medians at all scales; at least three tell."""
    if len(found) < 3:
        return
    for figure, unit, smaller, unit_of_each in _FIGURES:
        line = Line.through({n: series.spread(figure).median for n, series in found.items()})
        name = "peak memory" if figure == "memory" else figure
        # What else runs on the machine is in the wall.
        goal = None if figure == "wall" else LINEAR
        yield one(case, f"{name}, fixed, by least squares", unit, line.fixed)
        yield one(case, f"{name}, each {what}", unit_of_each, line.each * smaller)
        yield one(case, f"{name}, off that line at most", "%", line.off, goal)
