"""What `doctor` looks at, one thing at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """What is looked at one after the other: what comes first keeps the rest from working."""

    secrets = 0
    reaching = 1
    credentials = 2
    account = 3
    consent = 4
    reading = 5
    writing = 6
    delivery = 7
    extras = 8

    @property
    def decisive(self) -> bool:
        """Say whether looking further is idle while something is wrong here."""
        return self <= Stage.consent


@dataclass(frozen=True, slots=True)
class Impediment:
    """What is wrong and what to do about it; `optional` where plans and applies work without."""

    problem: str
    remedy: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing to look at, harmlessly. `look` may raise what calls of the service raise.

    `part` is a part of the account (a seller) that other parts do not depend on.
    """

    stage: Stage
    subject: str
    look: Callable[[], Iterable[Impediment]]
    part: str | None = None
