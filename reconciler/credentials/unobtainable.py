"""Credentials that cannot be had, whichever library was asked for them."""

from reconciler.core.model.errors import Denied, ReconcilerError, SettingsError


class Unobtainable(Exception):
    """Credentials cannot be had; the text says which, why and, after a semicolon, what to do.

    `refused`: somebody else refuses them; otherwise a file, a variable or a program is at fault.
    It never holds what the credentials are, and no cause: that may.
    """

    def __init__(self, problem: str, remedy: str, *, refused: bool = False) -> None:
        self.problem = problem.replace(";", ",")
        self.remedy = remedy
        self.refused = refused
        super().__init__(f"{self.problem}; {remedy}")

    def of(self, account: str, operation: str) -> ReconcilerError:
        """Return what it means for an account."""
        if self.refused:
            return Denied(account, operation, str(self))
        return SettingsError(f"accounts.{account}: {self}")


class NoSecretAtAll(SettingsError):
    """One place gives no secret now, whichever is asked for: `why` says so without naming one."""

    def __init__(self, reference: str, why: str) -> None:
        self.why = why
        super().__init__(f"{reference} cannot be read: {why}")
