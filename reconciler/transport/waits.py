"""Waiting: what services ask of their callers, and what is being waited for just now, and why."""

import math
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

from reconciler.core.text.expressions import Expression

LONG = 1.0
"""Seconds from which on a wait is worth telling."""


class Waits:
    """The long waits under way; safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[object, tuple[float, str]] = {}

    @contextmanager
    def announced(self, seconds: float, why: str) -> Iterator[None]:
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


_SECONDS = Expression(r"\d+(\.\d+)?", re.ASCII)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that Retry-After asks to wait, given as seconds or as a date.

    A date is compared with the answer's own, or else with `now` (seconds since 1970). None where
    nothing is asked, or nothing that can be understood. Header names are lower case.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = _moment(value)
    if until is None:
        return None
    theirs = _moment(headers.get("date", ""))
    return max(0.0, until - (now if theirs is None else theirs))


def announced_rate(value: str) -> float | None:
    """Return the requests a second that a header announces, None where it announces nothing."""
    if not _SECONDS.fullmatch(value.strip()):
        return None
    rate = float(value)
    return rate if 0 < rate < math.inf else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
