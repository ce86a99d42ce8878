"""What ends a run early: somebody who asks for it, or a time limit."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.core.model.units import format_unit

INTERRUPTED = "interrupted before it was begun"


class TimeLimit:
    """A time after which nothing more is begun: `seconds` from now on `clock`, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + seconds
        span = format_unit(round(seconds), "seconds")
        self.reason = f"not begun: the time limit of {span} was reached; apply again"

    def left(self) -> float:
        """Return the seconds that are left, 0 where there are none."""
        return max(0.0, self._until - self._clock())


@dataclass(frozen=True, slots=True)
class Halt:
    """What ends this run early, if anything does."""

    stop: threading.Event
    limit: TimeLimit | None

    def reason(self) -> str | None:
        """Say why nothing more is begun, None while it is."""
        if self.stop.is_set():
            return INTERRUPTED
        return self.limit.reason if self.seconds() == 0.0 and self.limit is not None else None

    def seconds(self) -> float:
        """Return the seconds until nothing more is begun."""
        if self.stop.is_set():
            return 0.0
        return float("inf") if self.limit is None else self.limit.left()
