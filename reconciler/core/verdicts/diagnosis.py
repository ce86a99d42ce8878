"""What keeps an account from being reconciled, as values. `operate.doctor` fills them in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from reconciler.core.model.spec import Frozen


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


class Complaint(Frozen):
    """One thing to fix in an account; `check` is what was looked at, `stage` where in the order."""

    account: str
    stage: str
    check: str
    problem: str
    remedy: str
    optional: bool = False


class AccountReport(Frozen):
    """One account: how many checks were made, and how many wait for something to be fixed."""

    account: str
    service: str
    healthy: bool
    checks: int
    skipped: int = 0


class Diagnosis(Frozen):
    """Everything to fix, what blocks most first, and every account."""

    stack: str
    healthy: bool
    problems: tuple[Complaint, ...]
    accounts: tuple[AccountReport, ...]
