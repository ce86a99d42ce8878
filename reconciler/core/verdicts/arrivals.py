"""What arrived hour by hour → when something last did, and whether it is quieter than usual. Pure.

Silence is measured in hours in which something usually arrives at that hour of the week, so that a
weekend costs nothing where weekends are quiet, and is held against the longest silence that ended
by itself. Hours are Unix seconds of their beginning; weeks are weeks of UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from reconciler.core.model.abilities import HOUR, HourSpan
from reconciler.core.model.spec import Frozen
from reconciler.core.model.units import format_age
from reconciler.core.text.phrases import comma

DAY = 24 * HOUR
WEEK = 7 * DAY
HISTORY = 12 * WEEK
"""How far back is looked for what is usual."""
SETTLED = 20 * 60
"""What is younger may not be told yet, and is never called silent."""
ENOUGH = 2 * WEEK
"""What a history has to span before hours of the week can be told apart."""
FEWEST = 4
"""Of how many hours with arrivals a history has to know."""
QUIETER = 2.0
"""How many times the longest usual silence is quieter than usual."""
_LEAST_USUAL = 1.0
"""The shortest silence that is held to be usual, in hours in which something usually arrives."""
_CELLS = WEEK // HOUR

ArrivalWord = Literal["arrived", "zero", "no data", "unknown"]
"""zero: it was measured that nothing came. no data: nothing was measured, as of queues that nobody
uses; that is silence only of one that is empty and older than a day. unknown: it could not be
asked."""
Quietness = Literal["as usual", "quieter than usual", "not comparable"]
"""not comparable: too young, or too little arrived before."""


@dataclass(frozen=True, slots=True)
class ArrivalWindow:
    """The last `seconds` before `now` (Unix seconds): what `--arrivals 7d` asks about."""

    now: int
    seconds: int = WEEK

    @property
    def since(self) -> int:
        """Return the first hour of the window."""
        return (self.now - self.seconds) // HOUR * HOUR

    @property
    def settled(self) -> int:
        """Return the end of the last hour of which everything is told by now."""
        return (self.now - SETTLED) // HOUR * HOUR

    @property
    def asked(self) -> HourSpan:
        """Return the hours to ask about: the window, and before it what is usual.

        The last is the one after the present one, which may have begun when the question is asked.
        """
        return HourSpan(min(self.since, self.settled - HISTORY), (self.now // HOUR + 2) * HOUR)


class Arrivals(Frozen):
    """What arrived; None where that is not known.

    `last_arrived` is the hour of the newest arrival, by its beginning; `arrived` counts those of
    the window, `per_day` is that a day, `usual_per_day` the same of the history. `quiet_seconds` is
    how long nothing came since, in whole hours; `times_usual` compares that to the longest silence
    before it. `senders` are the declared addresses of what could have sent.
    """

    state: ArrivalWord
    last_arrived: datetime | None = None
    arrived: int | None = None
    per_day: float | None = None
    usual_per_day: float | None = None
    quiet_seconds: int | None = None
    times_usual: float | None = None
    quietness: Quietness = "not comparable"
    senders: tuple[str, ...] = ()

    @property
    def silence(self) -> str | None:
        """Return in a sentence that it is quieter than usual, None if it is not."""
        if self.quietness != "quieter than usual":
            return None
        age = format_age(self.quiet_seconds or 0)
        whose = f" of {self.senders[0]}" if len(self.senders) == 1 else ""
        others = f": none of {comma(self.senders, 3)} sent anything"
        longest = f"{self.times_usual:g} times its longest silence before"
        return f"nothing{whose} has arrived for {age}, {longest}{others * (len(self.senders) > 1)}"


UNKNOWN = Arrivals(state="unknown")


def judge_arrivals(
    figures: Mapping[int, float] | None,
    window: ArrivalWindow,
    *,
    created: float | None = None,
    holding: bool = False,
    limit: float = QUIETER,
) -> Arrivals:
    """Judge how many arrived in each hour that was measured (None: could not be asked).

    `created`: since when it is there, in Unix seconds, as far as known; `holding`: it holds
    messages, which contradicts that nothing at all was measured. More than `limit` times the
    longest silence before is quieter than usual.
    """
    if figures is None:
        return UNKNOWN
    shown = [value for hour, value in figures.items() if hour >= window.since]
    arrived = int(sum(shown))
    active = sorted(hour for hour, value in figures.items() if value > 0)
    trusted = bool(shown) or not (holding or (created or 0) > window.now - DAY)
    quiet = _quiet(active, window, created) if trusted else None
    times = _times_usual(active, quiet) if quiet is not None else None
    return Arrivals(
        state="arrived" if arrived else "zero" if shown else "no data",
        last_arrived=datetime.fromtimestamp(active[-1], UTC) if active else None,
        arrived=arrived if shown else None,
        per_day=round(arrived * DAY / window.seconds, 2) if shown else None,
        usual_per_day=_usual_per_day(figures, window),
        quiet_seconds=quiet.stop - quiet.start if quiet is not None else None,
        times_usual=None if times is None else round(times, 1),
        quietness=_quietness(times, limit),
    )


def _quietness(times: float | None, limit: float) -> Quietness:
    if times is None:
        return "not comparable"
    return "quieter than usual" if times > limit else "as usual"


def _quiet(active: Sequence[int], window: ArrivalWindow, created: float | None) -> range | None:
    """Return the hours without arrivals up to now; None: nothing came yet, or it is too young."""
    if not active or (created is not None and created > window.now - SETTLED):
        return None
    # A queue that was made anew goes on with the figures of its name.
    begin = max(active[-1] + HOUR, -(-int(created or 0) // HOUR) * HOUR)
    return range(begin, max(begin, window.settled), HOUR)


def _usual_per_day(figures: Mapping[int, float], window: ArrivalWindow) -> float | None:
    """Return how many came a day before the window, from the first that came on."""
    before = {hour: value for hour, value in figures.items() if hour < window.since and value > 0}
    if not before or window.since - min(before) < DAY:
        return None
    return round(sum(before.values()) * DAY / (window.since - min(before)), 2)


def _times_usual(active: Sequence[int], quiet: range) -> float | None:
    """Return how many times the longest silence of the history the present one is.

    Where the history is too short to tell hours of the week apart, only a silence that is longer
    than all of it tells anything.
    """
    if len(active) < FEWEST:
        return None
    span = active[-1] - active[0]
    if span < ENOUGH:
        times = (quiet.stop - quiet.start) / ENOUGH
        return times if times > 1 else None
    shares = _shares(active)
    silences = [_weight(shares, range(a + HOUR, b, HOUR)) for a, b in pairwise(active)]
    return _weight(shares, quiet) / max(_LEAST_USUAL, *silences)


def _shares(active: Sequence[int]) -> list[float]:
    """Return for each hour of the week in which share of the weeks something arrived.

    Neighbouring hours count too: what comes at six may come at seven when the clocks change.
    """
    came, seen = [0] * _CELLS, [0] * _CELLS
    for hour in range(active[0], active[-1] + HOUR, HOUR):
        seen[_cell(hour)] += 1
    for hour in active:
        came[_cell(hour)] += 1
    shares = [one / all_ for one, all_ in zip(came, seen, strict=True)]
    return [(shares[i - 1] + shares[i] + shares[(i + 1) % _CELLS]) / 3 for i in range(_CELLS)]


def _cell(hour: int) -> int:
    return hour // HOUR % _CELLS


def _weight(shares: Sequence[float], hours: range) -> float:
    return sum(shares[_cell(hour)] for hour in hours)
