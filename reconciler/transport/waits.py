"""What is being waited for just now, and why: taken down by Calls, for whoever tells it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONG = 1.0
"""Seconds from which on a wait is worth telling."""


class Waits:
    """The long waits under way; safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[object, tuple[float, str]] = {}

    @contextmanager
    def told(self, seconds: float, why: str) -> Iterator[None]:
        """Have a wait of so many seconds told as long as the context lasts."""
        if seconds < LONG:
            yield
            return
        key = object()
        with self._lock:
            self._waits[key] = seconds, why
        try:
            yield
        finally:
            with self._lock:
                del self._waits[key]

    def longest(self) -> tuple[float, str] | None:
        """Return seconds and reason of the longest wait, None where nothing waits for long."""
        with self._lock:
            return max(self._waits.values(), default=None)


WAITS = Waits()
"""Those of this process."""
