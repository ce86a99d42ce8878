"""What CloudWatch has counted: one figure a minute of each series, and when queues were awake.

Source: "Available CloudWatch metrics for Amazon SQS", "Monitoring Amazon EventBridge".
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.sandbox.settings import SandboxClock

Place = tuple[str, str]
"""AWS account id and region."""
Dimensions = tuple[tuple[str, str], ...]
Series = tuple[Place, str, str, Dimensions]
"""Place, namespace, metric name, dimensions in order."""

MINUTE = 60
_AWAKE = 6 * 3600
"""A queue is measured for about six hours after anybody used it."""


@dataclass
class Figure:
    """The values of one minute, or of several."""

    count: float = 0
    total: float = 0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float, times: float = 1) -> None:
        """Take in a value that was measured so many times."""
        self.join(Figure(times, value * times, value, value))

    def join(self, other: "Figure") -> None:
        """Take in another figure."""
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)


class Figures:
    """Every series; minutes are Unix seconds of their beginning."""

    def __init__(self, clock: SandboxClock):
        self.clock = clock
        self._lock = threading.Lock()
        self._series: dict[Series, dict[int, Figure]] = {}
        self._awake: dict[tuple[Place, str], list[tuple[float, float]]] = {}

    def count(
        self,
        place: Place,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        times: float = 1,
    ) -> None:
        """Count something that happens now, so many times."""
        for _ in range(int(times)):
            self.measure(place, namespace, metric, dimensions, 1.0)

    def measure(
        self,
        place: Place,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        value: float,
        at: float | None = None,
    ) -> None:
        """Add a value to the minute of a moment, now unless given."""
        moment = self.clock.now() if at is None else at
        minute = int(moment // MINUTE) * MINUTE
        key = (place, namespace, metric, tuple(sorted(dimensions.items())))
        with self._lock:
            self._series.setdefault(key, {}).setdefault(minute, Figure()).add(value)

    def wake(self, place: Place, queue: str) -> None:
        """Note that somebody uses a queue."""
        now = self.clock.now()
        with self._lock:
            times = self._awake.setdefault((place, queue), [])
            if times and times[-1][0] <= now <= times[-1][1]:
                times[-1] = (times[-1][0], now + _AWAKE)
            else:
                times.append((now, now + _AWAKE))

    def awake(self, place: Place, queue: str, *, holding: bool) -> list[tuple[float, float]]:
        """Return from when to when a queue was measured; one that holds messages still is."""
        with self._lock:
            times = list(self._awake.get((place, queue), ()))
        now = self.clock.now()
        if times and holding:
            times[-1] = (times[-1][0], max(now, times[-1][1]))
        return times

    def within(self, series: Series, start: float, end: float) -> Iterator[tuple[int, Figure]]:
        """Yield the minutes of a series from `start` on and before `end`."""
        with self._lock:
            found = list(self._series.get(series, {}).items())
        return ((minute, figure) for minute, figure in found if start <= minute < end)

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._series.clear()
            self._awake.clear()
