"""GetMetricData as CloudWatch answers it, of queues and of EventBridge rules.

Source: CloudWatch API Reference, GetMetricData; "Available CloudWatch metrics for Amazon SQS".
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.figures import MINUTE, Figure, Place, Series
from reconciler.sandbox.service import page_offset, page_token
from reconciler.sandbox.sqs_queue import QueueStore

_DAY = 86_400
_KEPT = ((15 * _DAY, 60), (63 * _DAY, 300), (455 * _DAY, 3600))
"""Up to which age, in seconds, there are figures of which period."""
_QUERIES = 500
_POINTS = 100_800
_STATS = {
    "Sum": lambda figure: figure.total,
    "Average": lambda figure: figure.total / (figure.count or 1),
    "Minimum": lambda figure: figure.least,
    "Maximum": lambda figure: figure.most,
    "SampleCount": lambda figure: figure.count,
}
_COUNTERS = frozenset(
    {
        "NumberOfEmptyReceives",
        "NumberOfMessagesDeleted",
        "NumberOfMessagesReceived",
        "NumberOfMessagesSent",
    }
)
_OLDEST = "ApproximateAgeOfOldestMessage"
_DEPTHS = {
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
    "ApproximateNumberOfMessagesVisible": "approximate_number_of_messages",
}


class NotValid(ValueError):
    """A request that CloudWatch refuses with ValidationError; the text is its message."""


@dataclass(frozen=True)
class _Query:
    key: str
    series: Series
    period: int
    stat: str


def metric_data(world: QueueStore, place: Place, wish: dict[str, Any]) -> dict[str, Any]:
    """Answer a GetMetricData of one account and region. Raises NotValid."""
    start, end = _moment(wish.get("StartTime")), _moment(wish.get("EndTime"))
    if start >= end:
        raise NotValid("The parameter StartTime must be less than the parameter EndTime.")
    queries = [_query(place, item) for item in _checked(wish.get("MetricDataQueries") or [])]
    backwards = wish.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    points = [
        (query, moment, value)
        for query in queries
        for moment, value in sorted(_points(world, query, start, end), reverse=backwards)
    ]
    return _page(world, queries, points, wish)


def _moment(value: Any) -> float:
    if not isinstance(value, datetime):
        raise NotValid("StartTime and EndTime are required.")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _checked(queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(queries) <= _QUERIES:
        raise NotValid(f"The collection MetricDataQueries must have from 1 to {_QUERIES} members.")
    keys = [str(query.get("Id")) for query in queries]
    for key in keys:
        if not re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", key):
            raise NotValid(
                f"The value {key} for parameter MetricDataQueries.Id is not matching "
                "the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            )
    if len(set(keys)) < len(keys):
        raise NotValid("The values for parameter Id in MetricDataQueries are not unique.")
    return queries


def _query(place: Place, item: dict[str, Any]) -> _Query:
    stat = item.get("MetricStat")
    if not stat:
        raise NotValid("Only queries with MetricStat are answered here.")
    period = int(stat["Period"])
    if period < MINUTE or period % MINUTE:
        raise NotValid("The value for parameter Period must be a multiple of 60.")
    if stat["Stat"] not in _STATS:
        raise NotValid(f"The value {stat['Stat']} for parameter Stat is not supported.")
    metric = stat["Metric"]
    dimensions = tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions") or ()))
    series = (place, metric["Namespace"], metric["MetricName"], dimensions)
    return _Query(item["Id"], series, period, stat["Stat"])


def _points(
    world: QueueStore, query: _Query, start: float, end: float
) -> Iterator[tuple[int, float]]:
    """Yield (beginning of the period, value); what is not there yet, or no more, is left out."""
    start = start // MINUTE * MINUTE
    now = world.figures.clock.now()
    latest = now - float(world.settings["metricLagSeconds"])
    earliest = now - max((age for age, least in _KEPT if query.period % least == 0), default=0)
    buckets: dict[int, Figure] = {}
    for minute, figure in _minutes(world, query, max(start, earliest), min(end, latest + 1)):
        buckets.setdefault(minute // query.period * query.period, Figure()).join(figure)
    for moment, figure in buckets.items():
        yield moment, float(_STATS[query.stat](figure))


def _minutes(
    world: QueueStore, query: _Query, start: float, end: float
) -> Iterator[tuple[int, Figure]]:
    yield from world.figures.within(query.series, start, end)
    place, namespace, metric, dimensions = query.series
    if namespace == "AWS/SQS" and [name for name, _ in dimensions] == ["QueueName"]:
        name = dimensions[0][1]
        if metric in _COUNTERS:
            yield from _zeros(world, (place, name), query.period, start, end)
        else:
            yield from _now(world, (place, name), metric, start, end)


def _zeros(
    world: QueueStore, queue: tuple[Place, str], period: int, start: float, end: float
) -> Iterator[tuple[int, Figure]]:
    """Yield a zero in every period in which the queue was awake."""
    for begun, ended in _awake(world, queue):
        first, last = max(begun // MINUTE * MINUTE, start), min(ended, end)
        moment = int(first)
        while moment < last:
            yield moment, Figure(0, 0.0, 0.0, 0.0)
            moment = (moment // period + 1) * period


def _awake(world: QueueStore, queue: tuple[Place, str]) -> list[tuple[float, float]]:
    place, name = queue
    found = world.queues.get(place, {}).get(name)
    holding = bool(found and found._messages)  # noqa: SLF001 - visible or not
    return world.figures.awake(place, name, holding=holding)


def _now(
    world: QueueStore, queue: tuple[Place, str], metric: str, start: float, end: float
) -> Iterator[tuple[int, Figure]]:
    """Yield how it stands, as of the last whole minute; how it stood before is not known."""
    moment = int(world.figures.clock.now() // MINUTE - 1) * MINUTE
    with world.lock:
        found = world.queues.get(queue[0], {}).get(queue[1])
        value = _standing(world, found, metric) if found else None
    awake = any(begun - 2 * MINUTE <= moment < ended for begun, ended in _awake(world, queue))
    if value is not None and awake and start <= moment < end:
        yield moment, Figure(1, value, value, value)


def _standing(world: QueueStore, queue: Any, metric: str) -> float | None:
    if metric in _DEPTHS:
        return float(getattr(queue, _DEPTHS[metric]))
    messages: Sequence[Any] = queue._messages  # noqa: SLF001 - visible or not
    if metric != _OLDEST or not messages:
        return None
    sent = min(message.sent_timestamp for message in messages)
    return float(int(time.time() - sent / 1000 + world.settings["messageAgeSeconds"]))


def _page(
    world: QueueStore,
    queries: Sequence[_Query],
    points: Sequence[tuple[_Query, int, float]],
    wish: dict[str, Any],
) -> dict[str, Any]:
    start = page_offset(wish.get("NextToken"))
    if start is None:
        raise NotValid("NextToken is not valid.")
    size = min(int(wish.get("MaxDatapoints") or _POINTS), world.settings["metricPagePoints"])
    end = start + size
    shown, left = points[start:end], {query.key for query, _, _ in points[end:]}
    wanted = queries if start == 0 else [q for q in queries if any(p[0] is q for p in shown)]
    results = [_result(world, query, shown, left) for query in wanted]
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    return {**answer, "NextToken": page_token(end)} if end < len(points) else answer


def _result(
    world: QueueStore, query: _Query, points: Sequence[tuple[_Query, int, float]], left: set[str]
) -> dict[str, Any]:
    mine = [(moment, value) for asked, moment, value in points if asked is query]
    whole = "PartialData" if query.key in left else "Complete"
    status = world.settings["metricStatus"].get(query.series[2], whole)
    if status in ("Forbidden", "InternalError"):
        mine = []
    return {
        "Id": query.key,
        "Label": query.series[2],
        "Timestamps": [datetime.fromtimestamp(moment, UTC) for moment, _ in mine],
        "Values": [value for _, value in mine],
        "StatusCode": status,
    }
