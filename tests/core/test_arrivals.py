"""What arrived, hour by hour → how quiet that is. Numbers are those of the wire notes' tests."""

import math
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.core.model.abilities import HOUR
from reconciler.core.verdicts.arrivals import (
    DAY,
    HISTORY,
    SETTLED,
    UNKNOWN,
    WEEK,
    ArrivalWindow,
    judge_arrivals,
)

NOW = 1_790_000_000 // WEEK * WEEK
"""A Thursday, at midnight."""
SPAN = 18 * WEEK


def weekday(hour):
    return (hour // DAY + 3) % 7


def of_day(hour):
    return hour // HOUR % 24


def office_hours(hour):
    return 5.0 if weekday(hour) < 5 and 8 <= of_day(hour) < 18 else 0.05


def no_holidays(_draw):
    return frozenset()


def now_and_then(draw):
    """Draw eight days of the whole span."""
    return frozenset((NOW - SPAN) // DAY + draw.randrange(SPAN // DAY) for _ in range(8))


FAMILIES = {
    # name: (mean of an hour, days without any, after how many days silence should be noticed)
    "office hours": (office_hours, no_holidays, 3),
    "office hours, with holidays": (office_hours, now_and_then, 5),
    "round the clock": (
        lambda hour: 20 + 10 * math.sin(of_day(hour) * math.tau / 24),
        no_holidays,
        1,
    ),
    "nights and weekends": (
        lambda hour: 3.0 * (weekday(hour) > 4 or of_day(hour) < 6),
        no_holidays,
        4,
    ),
    "a batch a day": (lambda hour: 40.0 * (of_day(hour) == 3), no_holidays, 4),
    "a report a week": (
        lambda hour: 9.0 * (weekday(hour) == 0 and of_day(hour) == 6),
        no_holidays,
        28,
    ),
    "two a day, at any time": (lambda _: 2 / 24, no_holidays, 10),
    "one in three days, at any time": (lambda _: 1 / 72, no_holidays, 45),
}
FOUND = {
    # name: (false alarms, silences found), of 24 each
    "office hours": (0, 24),
    "office hours, with holidays": (0, 24),
    "round the clock": (0, 24),
    "nights and weekends": (0, 24),
    "a batch a day": (0, 24),
    "a report a week": (0, 24),
    "two a day, at any time": (0, 24),
    "one in three days, at any time": (0, 24),
}
SERIES, MOMENTS = 3, 8


def drawn(mean, draw):
    """Draw from Poisson's distribution."""
    limit, number, product = math.exp(-mean), 0, draw.random()
    while product > limit:
        number, product = number + 1, product * draw.random()
    return number


def series(name, number):
    mean, holidays, _ = FAMILIES[name]
    draw = random.Random(f"{name} {number}")
    off = holidays(draw)
    return {
        hour: 0 if hour // DAY in off else drawn(mean(hour), draw)
        for hour in range(NOW - SPAN, NOW, HOUR)
    }


def alarmed(figures, now, stopped=NOW):
    shown = {
        hour: value * (hour < stopped)
        for hour, value in figures.items()
        if now - HISTORY <= hour < now
    }
    return judge_arrivals(shown, ArrivalWindow(now)).quietness == "quieter than usual"


def measured(name):
    """Return how often a healthy queue was called quiet, and how often one that had stopped was."""
    patience = FAMILIES[name][2] * DAY
    false, found = 0, 0
    for number in range(SERIES):
        figures = series(name, number)
        draw = random.Random(number)
        for now in (NOW - int(draw.random() * 6 * WEEK) for _ in range(MOMENTS)):
            false += alarmed(figures, now)
            found += alarmed(figures, now, stopped=now - patience)
    return false, found


@pytest.mark.parametrize("name", FAMILIES)
def test_silence_is_found_and_what_is_quiet_by_nature_is_not_called_silent(name):
    assert measured(name) == FOUND[name]


def steady(*, days, until=NOW, every=HOUR, value=2.0):
    return dict.fromkeys(range(until - days * DAY, until, every), value)


def test_cloudtrail_cloudwatch_24_arrived_zero_no_data_and_unknown_are_four_things():
    window = ArrivalWindow(NOW)
    found = judge_arrivals({NOW - HOUR: 3.0, NOW - 2 * HOUR: 0.0}, window)
    assert (found.state, found.arrived, found.per_day) == ("arrived", 3, 0.43)
    assert found.last_arrived == datetime.fromtimestamp(NOW - HOUR, UTC)
    zero = judge_arrivals({NOW - HOUR: 0.0}, window)
    assert (zero.state, zero.arrived, zero.last_arrived) == ("zero", 0, None)
    silent = judge_arrivals({}, window)
    assert (silent.state, silent.arrived, silent.per_day) == ("no data", None, None)
    assert judge_arrivals(None, window) == UNKNOWN
    assert {item.quietness for item in (found, zero, silent, UNKNOWN)} == {"not comparable"}


def test_what_arrived_before_the_window_is_told_with_the_window_still_empty():
    found = judge_arrivals({NOW - 8 * DAY: 1.0, NOW - HOUR: 0.0}, ArrivalWindow(NOW))
    assert found.state == "zero"
    assert found.last_arrived == datetime.fromtimestamp(NOW - 8 * DAY, UTC)
    assert found.quiet_seconds == 8 * DAY - 2 * HOUR, "but not the hour that is not settled"


def test_cloudtrail_cloudwatch_26_nothing_younger_than_20_minutes_is_called_silent():
    figures = steady(days=30, until=NOW - 3 * HOUR)
    late = ArrivalWindow(NOW + SETTLED)
    assert judge_arrivals(figures, late).times_usual == 3
    assert judge_arrivals(figures, ArrivalWindow(NOW + SETTLED - 1)).times_usual == 2
    young = judge_arrivals(figures, late, created=NOW + 1)
    assert (young.quiet_seconds, young.quietness) == (None, "not comparable")
    anew = judge_arrivals(figures, late, created=NOW - HOUR)
    assert (anew.quiet_seconds, anew.quietness) == (HOUR, "as usual")


def test_cloudtrail_cloudwatch_25_hours_are_asked_for_whole_with_the_one_that_runs_and_the_next():
    window = ArrivalWindow(NOW + 90, 7 * DAY)
    assert (window.asked.start % HOUR, window.asked.end) == (0, NOW + 2 * HOUR)
    assert window.asked.start == NOW - HOUR - HISTORY
    assert ArrivalWindow(NOW, 100 * DAY).asked.start == NOW - 100 * DAY


@pytest.mark.parametrize(
    "figures",
    [
        steady(days=6, until=NOW - 5 * DAY),
        steady(days=80, every=30 * DAY),
    ],
    ids=["a new queue", "hardly anything ever"],
)
def test_too_little_before_is_not_compared(figures):
    found = judge_arrivals(figures, ArrivalWindow(NOW))
    assert (found.times_usual, found.quietness) == (None, "not comparable")


def test_what_ended_long_ago_after_a_short_life_is_still_quieter_than_usual():
    found = judge_arrivals(steady(days=6, until=NOW - 30 * DAY), ArrivalWindow(NOW))
    assert (found.times_usual, found.quietness) == (2.1, "quieter than usual")


def test_the_limit_says_how_much_longer_than_the_longest_silence():
    figures = steady(days=30, until=NOW - 4 * HOUR)
    for limit, verdict in ((2.9, "quieter than usual"), (3.0, "as usual")):
        found = judge_arrivals(figures, ArrivalWindow(NOW), limit=limit)
        assert (found.times_usual, found.quietness) == (3.0, verdict)


def test_the_first_holiday_ever_is_called_silent_and_the_second_is_not():
    """What the documents say of the method's limit."""
    figures = {
        hour: float(office_hours(hour) > 1) for hour in range(NOW - HISTORY, NOW - 2 * DAY, HOUR)
    }
    evening = NOW - 2 * DAY - 4 * HOUR  # of a Monday
    holiday = dict.fromkeys(range(NOW - 3 * DAY, NOW - 2 * DAY, HOUR), 0.0)
    assert alarmed({**figures, **holiday}, evening)
    before = {hour - 5 * WEEK: 0.0 for hour in holiday}
    assert not alarmed({**figures, **holiday, **before}, evening)


def test_the_documents_tell_the_figures_of_this_test():
    page = (Path(__file__).parents[2] / "docs/silence.md").read_text(encoding="utf-8")
    for name, (false, found) in FOUND.items():
        days = FAMILIES[name][2]
        assert f"| {name} | {false} | {found} | {days} day{'s' * (days > 1)} |" in page
