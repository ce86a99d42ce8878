"""How long what is being carried out may wait: once a run is to end, no call waits any longer."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol


class Ending(Protocol):
    """Knows when a run ends."""

    def within(self, seconds: float) -> str | None:
        """Say why nothing is to be waited for that long, None where it may be.

        Raises:
            OutOfTime: what waits is given up with all that it is part of.
        """
        ...

    def cut(self) -> float:
        """Return the seconds until calls under way are given up, too; infinite: they end first."""
        ...


@dataclass(slots=True)
class Errand:
    """What a thread is about, from one look or write to its end.

    `answered`: a call of it that writes had an answer, or may have had one that was lost.
    """

    ending: Ending | None = None
    answered: bool = False

    def given_up(self, seconds: float) -> str | None:
        """Say why it does not wait for so many seconds, None where it does."""
        return None if self.ending is None else self.ending.within(seconds)

    def cut(self) -> float:
        """Return the seconds that a call of it may take, infinite where it takes its time."""
        return math.inf if self.ending is None else self.ending.cut()

    def go_on(self) -> None:
        """Go on unless even what is under way is to be given up.

        Raises:
            OutOfTime: it is.
        """
        if self.ending is not None and self.ending.cut() <= 0:
            self.ending.within(0.0)

    def begun(self) -> "Errand":
        """Return how long it waits: what is begun goes on, or half of it would be left."""
        return Errand() if self.answered and self.cut() == math.inf else self


_ERRAND: ContextVar[Errand] = ContextVar("errand")


def errand() -> Errand:
    """Return what this thread is about; one that waits for ever where nobody said."""
    return _ERRAND.get(None) or Errand()


@contextmanager
def on_errand(ending: Ending | None) -> Iterator[Errand]:
    """Have calls of this thread give up waiting when `ending` says so, as long as this lasts."""
    mine = Errand(ending)
    token = _ERRAND.set(mine)
    try:
        yield mine
    finally:
        _ERRAND.reset(token)
