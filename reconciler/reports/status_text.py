"""Health for a terminal: one line an object, the worst first, and never more than can be read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.core.model.metrics import Metrics
from reconciler.core.model.units import format_age
from reconciler.core.text.counting import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.health import (
    DestinationHealth,
    Health,
    QueueHealth,
    Status,
    SubscriptionHealth,
)
from reconciler.reports.lines import Line

H = TypeVar("H", bound=Health)

ALL_UP_TO = 25
"""Objects of a kind of which all are listed; of more, only those that need attention."""
_BAR = 8
_PARTS = " ▏▎▍▌▋▊▉█"
_WIDEST = 48


def lines(status: Status) -> Iterator[Line]:
    """Yield the report's lines."""
    everything = (*status.queues, *status.destinations, *status.subscriptions)
    ill = sum(bool(item.problems) for item in everything)
    yield f"Health of stack {status.stack}: {_verdict(len(everything), ill)}", "bold"
    columns = _Columns.of(status.queues)
    width = min(_WIDEST, max((len(visible(item.address)) for item in everything), default=0))
    yield from _section(
        _queue_title(status.queues),
        status.queues,
        lambda it: _queue(it, columns),
        width,
        _queue_rank,
    )
    yield from _section("Destinations", status.destinations, _destination, width)
    yield from _section("Subscriptions", status.subscriptions, _subscription, width)
    if status.unread:
        yield "", ""
        yield "Could not be read:", "bold"
        yield from ((f"    {visible(reason)}", "red") for reason in status.unread)
    yield "", ""
    yield _closing(status, ill)


def _verdict(number: int, ill: int) -> str:
    objects = counted(number, "object")
    return f"{objects}, {ill:,} of them need{'s' * (ill == 1)} attention" if ill else objects


def _closing(status: Status, ill: int) -> Line:
    if ill:
        return f"{counted(ill, 'object')} need{'s' * (ill == 1)} attention.", "red"
    if not status.complete:
        return "Healthy in what could be read.", "yellow"
    return "All healthy.", "green"


def _section(
    title: str,
    items: Sequence[H],
    tell: Callable[[H], str],
    width: int,
    rank: Callable[[H], tuple[int, ...]] = lambda _: (),
) -> Iterator[Line]:
    if not items:
        return
    yield "", ""
    yield f"{title}:", "bold"
    worst_first = sorted(items, key=lambda it: (not it.problems, rank(it), it.address))
    shown = [item for item in worst_first if item.problems or len(items) <= ALL_UP_TO]
    for item in shown:
        sign, style = ("✗", "red") if item.problems else _sign(item)
        yield f"  {sign} {visible(item.address).ljust(width)}  {tell(item)}".rstrip(), style
        yield from ((f"      {visible(problem)}", "red") for problem in item.problems)
    yield from _rest(items, len(shown))


def _sign(item: Health) -> tuple[str, str]:
    return ("?", "yellow") if getattr(item, "state", "") == "unknown" else ("✓", "green")


def _rest(items: Sequence[Health], shown: int) -> Iterator[Line]:
    if shown < len(items):
        others = [item for item in items if not item.problems]
        unknown = sum(_sign(item)[0] == "?" for item in others)
        more = f", {unknown:,} not read" if unknown else ""
        yield f"    and {len(others) - unknown:,} healthy{more} (see --format json)", "dim"


def _queue_title(queues: Iterable[QueueHealth]) -> str:
    known = [item for item in queues if item.visible is not None]
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
    """How wide figures stand, and the greatest of those that have bars."""

    most: int
    visible: int
    in_flight: int
    delayed: int

    @classmethod
    def of(cls, queues: Iterable[QueueHealth]) -> "_Columns":
        known = [item for item in queues if item.visible is not None]
        most, flying, delayed = (
            max((getattr(item, name) or 0 for item in known), default=0)
            for name in ("visible", "in_flight", "delayed")
        )
        return cls(most, len(f"{most:,}"), len(f"{flying:,}"), len(f"{delayed:,}"))


def figures(item: Health) -> str:
    """Return what was measured of one object, on one line."""
    match item:
        case QueueHealth():
            told = _queue(item, _Columns.of([item]), barred=False)
        case DestinationHealth():
            told = _destination(item)
        case SubscriptionHealth():
            told = _subscription(item)
        case _:
            told = ""
    return told.replace("  ", ", ")


def _queue(item: QueueHealth, columns: _Columns, *, barred: bool = True) -> str:
    if item.visible is None:
        return _word(item.state)
    bar = f"{_bar(item.visible, columns.most)} " if barred else ""
    parts = [
        f"{bar}{item.visible:>{columns.visible},} waiting",
        f"{item.in_flight or 0:>{columns.in_flight},} in flight",
        f"{item.delayed or 0:>{columns.delayed},} delayed",
    ]
    if item.oldest_seconds:
        parts.append(f"oldest {format_age(item.oldest_seconds)}")
    elif item.oldest_seconds is None:
        parts.append("oldest unknown")
    if item.dead_letters is not None:
        parts.append(counted(item.dead_letters, "dead letter"))
    return "  ".join(parts)


def _bar(value: int, most: int) -> str:
    """Return a bar of fixed width; whatever is not nothing shows."""
    eighths = -(-value * _BAR * 8 // most) if most else 0
    full, part = divmod(eighths, 8)
    return ("█" * full + (_PARTS[part] if part else "")).ljust(_BAR)


def _destination(item: DestinationHealth) -> str:
    if item.state != "present":
        return _word(item.state)
    alive = {True: "alive", False: "dead", None: "there"}[item.alive]
    return f"{alive}  → {visible(item.leads_to)}" if item.leads_to else alive


def _subscription(item: SubscriptionHealth) -> str:
    parts = [_word(item.state)]
    if item.destination_alive is not None:
        parts.append(f"destination {'alive' if item.destination_alive else 'dead'}")
    if item.health is not None:
        parts += _metrics(item.health)
    return "  ".join(parts)


def _metrics(health: Metrics) -> Iterator[str]:
    yield f"{health.acknowledged or 0:,} acknowledged in 24 h"
    yield f"{health.undelivered or 0:,} undelivered"
    if health.oldest_seconds:
        yield f"oldest {format_age(health.oldest_seconds)}"


def _word(state: str) -> str:
    return "not read" if state == "unknown" else state
