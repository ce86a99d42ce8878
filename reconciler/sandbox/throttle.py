"""Token buckets, one per service, operation and caller."""

import threading
import time
from collections.abc import Callable, Mapping

# A client that keeps exactly to the rate arrives unevenly because networks do; the services allow
# for that and so must a count of requests over the limit. Never as much as one whole request.
_LEEWAY_SECONDS = 0.05
_LEEWAY_REQUESTS = 0.5


class Buckets:
    """Rates are requests per second; a bucket starts full with `burst` requests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}

    def clear(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._levels.clear()

    def admit(self, key: tuple[str, str, str], limit: Mapping[str, float]) -> bool:
        """Take one request from the bucket; False when there is none left."""
        rate, burst = float(limit["rate"]), float(limit["burst"])
        room = burst + min(_LEEWAY_REQUESTS, rate * _LEEWAY_SECONDS)
        with self._lock:
            now = self._clock()
            level, then = self._levels.get(key, (room, now))
            level = min(room, level + (now - then) * rate)
            admitted = level >= 1
            self._levels[key] = (level - 1 if admitted else level, now)
            return admitted
