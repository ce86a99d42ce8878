"""Health for a terminal: one line an object, the worst first, and never more than can be read."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from reconciler.core.model.abilities import Metrics
from reconciler.core.model.units import format_age
from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.arrivals import Arrivals
from reconciler.core.verdicts.health import (
    DestinationHealth,
    Health,
    HealthVerdict,
    QueueHealth,
    Status,
    SubscriptionHealth,
)
from reconciler.reports.findings import only
from reconciler.reports.lines import GLUE, Screen, TextLine, cells, line, padded, spanned

H = TypeVar("H", bound=Health)

ALL_UP_TO = 25
"""Objects of a kind of which all are listed; of more, only those that need attention."""
_BAR = 8
_PARTS = " ▏▎▍▌▋▊▉█"
_WITH_BARS = 72
"""Columns from which on there is room for bars."""


def lines(status: Status, screen: Screen) -> Iterator[TextLine]:
    """Yield the report's lines."""
    tally = Tally.of(status.everything)
    title = f"Health of stack {status.stack}{only(status.limits)}: {_counts(tally)}"
    yield line(title, "bold")
    columns = _Columns.of(status.queues, bars=screen.width >= _WITH_BARS)
    title = _queue_title(status.queues)
    tell = partial(_queue, columns=columns)
    yield from _section(title, status.queues, tell, screen, _queue_rank)
    yield from _section("Destinations", status.destinations, _destination, screen)
    yield from _section("Subscriptions", status.subscriptions, _subscription, screen)
    for kind in sorted({item.kind for item in status.others}):
        alike = [item for item in status.others if item.kind == kind]
        yield from _section(f"Of kind {kind}", alike, _destination, screen)
    if status.unread:
        yield line()
        yield line("Could not be read:", "bold")
        yield from (line(f"    {visible(reason)}", "red") for reason in status.unread)
    yield line()
    style = {"healthy": "green", "needs attention": "red"}.get(status.verdict, "yellow")
    said = verdict(status.verdict, tally, complete=status.complete, limits=status.limits)
    yield line(said, style)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects there are, need attention, were not read, and are not wholly known."""

    number: int
    ill: int
    unread: int
    unknown: int

    @classmethod
    def of(cls, everything: Collection[Health]) -> "Tally":
        """Count objects, each where it matters most."""
        well = [item for item in everything if not item.problems]
        unread = sum(map(not_read, everything))
        unknown = sum(bool(item.unknown) for item in well)
        return cls(len(everything), len(everything) - len(well), unread, unknown)


def _counts(tally: Tally) -> str:
    needs = f"need{'s' * (tally.ill == 1)} attention"
    parts = [(tally.ill, needs), (tally.unread, "not read"), (tally.unknown, "not wholly known")]
    told = [f"{number:,} {what}" for number, what in parts if number]
    if told:
        told[0] = told[0].replace(" ", " of them ", 1)
    return ", ".join([counted(tally.number, "object"), *told])


def verdict(
    found: HealthVerdict, tally: Tally, *, complete: bool, limits: Sequence[str] = ()
) -> str:
    """Return the verdict in a sentence that claims no more than was looked at."""
    if tally.unread and tally.unread == tally.number:
        return "Nothing could be read."
    if found == "needs attention":
        return f"{counted(tally.ill, 'object')} need{'s' * (tally.ill == 1)} attention."
    if found == "nothing":
        return "Nothing to measure: this run is about no object of the stack."
    if found == "healthy":
        return f"All healthy{only(limits)}."
    if not tally.unknown:
        return "Healthy in what could be read."
    where = "what is known" if complete else "what could be read and is known"
    return f"Healthy in {where}: {counted(tally.unknown, 'object')} may not be."


def _shows(screen: Screen, item: Health, number: int) -> bool:
    """Say whether one of so many objects is listed."""
    if item.problems or screen.full:
        return True
    return number <= ALL_UP_TO and not screen.quiet


def _section(
    title: str,
    items: Sequence[H],
    tell: Callable[[H], Iterable[str]],
    screen: Screen,
    rank: Callable[[H], tuple[int, ...]] = lambda _: (),
) -> Iterator[TextLine]:
    if not items:
        return
    worst_first = sorted(items, key=lambda it: (not it.problems, rank(it), it.address))
    shown = [item for item in worst_first if _shows(screen, item, len(items))]
    if screen.quiet and not shown:
        return
    widest = max((cells(visible(item.address)) for item in shown), default=0)
    width = min(widest, screen.width // 2 - 4)
    yield line()
    yield line(f"{title}:", "bold")
    for item in shown:
        sign, style = ("✗", "red") if item.problems else _sign(item)
        # A figure stays with its word where a line is broken.
        parts = "  ".join(part.replace(" ", GLUE) for part in tell(item))
        head = f"  {sign} {padded(visible(item.address), width)}"
        yield spanned((head, style), (f"  {parts}", ""), hang=6)
        yield from (line(f"      {visible(problem)}", "red", hang=8) for problem in item.problems)
        yield from (line(f"      {it}", "yellow", hang=8) for it in not_known(item))
    yield from _rest(items, len(shown))


def not_read(item: Health) -> bool:
    """Say whether it is not known how an object fares."""
    return getattr(item, "state", "") == "unknown"


def not_known(item: Health) -> Iterator[str]:
    """Yield what is not known of an object that was read, in words."""
    if item.unknown:
        yield f"not known: {visible('; '.join(item.unknown))}"


def _sign(item: Health) -> tuple[str, str]:
    return ("?", "yellow") if not_read(item) or item.unknown else ("✓", "green")


def _rest(items: Sequence[Health], shown: int) -> Iterator[TextLine]:
    if shown < len(items):
        others = [item for item in items if not item.problems]
        tally = Tally.of(others)
        more = f", {tally.unread:,} not read" if tally.unread else ""
        more += f", {tally.unknown:,} not wholly known" if tally.unknown else ""
        well = tally.number - tally.unread - tally.unknown
        yield line(f"    and {well:,} healthy{more} (--full lists them)", "dim")


def _queue_title(queues: Iterable[QueueHealth]) -> str:
    """Return the sums of what was measured, none where nothing was."""
    known = [item for item in queues if item.visible is not None]
    if not known:
        return "Queues"
    visible, flying, delayed, dead = (
        sum(getattr(item, name) or 0 for item in known)
        for name in ("visible", "in_flight", "delayed", "dead_letters")
    )
    return (
        f"Queues, about {visible:,} waiting, {flying:,} in flight, {delayed:,} delayed, "
        f"{dead:,} dead letters"
    )


def _queue_rank(item: QueueHealth) -> tuple[int, ...]:
    figures = (item.dead_letters, item.oldest_seconds, item.visible)
    return tuple(-(figure or 0) for figure in figures)


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide figures stand, and the greatest of those that have bars, if they have some."""

    bars: bool
    most: int
    visible: int
    in_flight: int
    delayed: int

    @classmethod
    def of(cls, queues: Iterable[QueueHealth], *, bars: bool) -> "_Columns":
        known = [item for item in queues if item.visible is not None]
        most, flying, delayed = (
            max((getattr(item, name) or 0 for item in known), default=0)
            for name in ("visible", "in_flight", "delayed")
        )
        return cls(bars, most, len(f"{most:,}"), len(f"{flying:,}"), len(f"{delayed:,}"))


def figures(item: Health) -> str:
    """Return what was measured of one object, on one line."""
    match item:
        case QueueHealth():
            return ", ".join(_queue(item, _Columns.of([item], bars=False)))
        case DestinationHealth():
            return ", ".join(_destination(item))
        case SubscriptionHealth():
            return ", ".join(_subscription(item))
        case _:
            return ""


def _queue(item: QueueHealth, columns: _Columns) -> Iterator[str]:
    if item.visible is None:
        yield _word(item.state)
        return
    bar = f"{_bar(item.visible, columns.most)} " if columns.bars else ""
    yield f"{bar}{item.visible:>{columns.visible},} waiting"
    yield f"{item.in_flight or 0:>{columns.in_flight},} in flight"
    yield f"{item.delayed or 0:>{columns.delayed},} delayed"
    if item.oldest_seconds:
        yield f"oldest {format_age(item.oldest_seconds)}"
    elif item.oldest_seconds is None:
        yield "oldest unknown"
    if item.dead_letters is not None:
        yield counted(item.dead_letters, "dead letter")
    yield from arrivals(item)


def _bar(value: int, most: int) -> str:
    """Return a bar of fixed width; whatever is not nothing shows."""
    eighths = -(-value * _BAR * 8 // most) if most else 0
    full, part = divmod(eighths, 8)
    return ("█" * full + (_PARTS[part] if part else "")).ljust(_BAR)


def _destination(item: DestinationHealth) -> Iterator[str]:
    if item.state != "present":
        yield _word(item.state)
        return
    # What needs attention is not called alive beside it.
    well = "there" if item.problems else "alive"
    yield {True: well, False: "dead", None: "there"}[item.alive]
    if item.leads_to:
        yield f"→ {visible(item.leads_to)}"
    yield from arrivals(item)


def _subscription(item: SubscriptionHealth) -> Iterator[str]:
    yield _word(item.state)
    if item.destination_alive is not None:
        yield f"destination {'alive' if item.destination_alive else 'dead'}"
    if item.health is not None:
        yield from _metrics(item.health)
    yield from arrivals(item)


def _metrics(health: Metrics) -> Iterator[str]:
    yield f"{health.acknowledged or 0:,} acknowledged in 24 h"
    yield f"{health.undelivered or 0:,} undelivered"
    if health.oldest_seconds:
        yield f"oldest {format_age(health.oldest_seconds)}"


def _word(state: str) -> str:
    return "not read" if state == "unknown" else state


def arrivals(item: Health) -> Iterator[str]:
    """Yield what arrived, when something last did, and what is to be thought of that."""
    found = item.arrivals
    if found is None:
        return
    yield _state(found)
    if found.state == "unknown":
        return
    if found.last_arrived is not None:
        yield f"last {found.last_arrived:%Y-%m-%d %H}h UTC"
    if found.quiet_seconds:
        yield f"quiet for {format_age(found.quiet_seconds)}"
    times = f", {found.times_usual:g} times its longest" if found.times_usual else ""
    yield f"{found.quietness}{times}"


def _state(found: Arrivals) -> str:
    if found.state != "arrived":
        return f"arrivals: {found.state}"
    usual = "" if found.usual_per_day is None else f", usually {_figure(found.usual_per_day)}"
    return f"arrived {found.arrived or 0:,} ({_figure(found.per_day or 0)} a day{usual})"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")
