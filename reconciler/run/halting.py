"""What ends a run early: somebody who asks for it, or a time limit."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.core.model.errors import OutOfTime
from reconciler.core.model.units import format_unit

INTERRUPTED = "interrupted before it was begun"
_INTERRUPT = "it was interrupted"


class TimeLimit:
    """A time after which nothing more is begun: `seconds` from now on `clock`, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + seconds
        span = format_unit(round(seconds), "seconds")
        self.reached = f"the time limit of {span} was reached"

    def left(self, beyond: float = 0.0) -> float:
        """Return the seconds that are left, or are until `beyond` it; 0 where there are none."""
        return max(0.0, self._until + beyond - self._clock())


_TO_TELL = 5.0
"""Seconds that a reading may take beyond a limit, so that what is left can be told by address."""


@dataclass(frozen=True, slots=True)
class ReadingLimit:
    """Ends the reading before an apply: it has changed nothing, so that all of it may be cut."""

    limit: TimeLimit

    def within(self, seconds: float) -> None:
        """Let that much be waited for.

        Raises:
            OutOfTime: it would be over then.
        """
        if seconds >= self.cut():
            raise OutOfTime(
                f"{self.limit.reached} while live state was still being read: nothing was "
                "changed; apply again, with more time"
            )

    def cut(self) -> float:
        """Return the seconds until calls under way are given up."""
        return self.limit.left(_TO_TELL)


@dataclass(frozen=True, slots=True)
class Halt:
    """What ends this run early, if anything does."""

    stop: threading.Event
    limit: TimeLimit | None

    def reason(self) -> str | None:
        """Say why nothing more is begun, None while it is."""
        if self.stop.is_set():
            return INTERRUPTED
        reached = self.within(0.0)
        return None if reached is None else not_begun(reached)

    def within(self, seconds: float) -> str | None:
        """Say why nothing is to be waited for that long, None where it may be."""
        if self.stop.is_set():
            return _INTERRUPT
        if self.limit is None or seconds < self.limit.left():
            return None
        return self.limit.reached

    def cut(self) -> float:
        """Let calls under way finish: they may be writing."""
        return math.inf

    def seconds(self) -> float:
        """Return the seconds until nothing more is begun."""
        if self.stop.is_set():
            return 0.0
        return float("inf") if self.limit is None else self.limit.left()


def not_begun(why: str) -> str:
    """Say of a step that it was not begun, and why."""
    return INTERRUPTED if why == _INTERRUPT else f"not begun: {why}; apply again"
