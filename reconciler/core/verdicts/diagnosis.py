"""What keeps an account from being reconciled, as values. `operate.doctor` fills them in."""

from reconciler.core.model.spec import Frozen


class Complaint(Frozen):
    """One thing to fix in an account; `check` is what was looked at, `stage` where in the order."""

    account: str
    stage: str
    check: str
    problem: str
    remedy: str
    optional: bool = False


class AccountReport(Frozen):
    """One account: how many checks were made, and how many wait for something to be fixed.

    `unexamined` says why nobody can tell whether the account itself is in order.
    """

    account: str
    service: str
    healthy: bool
    checks: int
    skipped: int = 0
    unexamined: str | None = None


class Diagnosis(Frozen):
    """Everything to fix, what blocks most first, and every account."""

    stack: str
    healthy: bool
    problems: tuple[Complaint, ...]
    accounts: tuple[AccountReport, ...]
