"""What failed, as one sentence that names the account."""

import logging

from reconciler.core.model.errors import ReconcilerError, ServiceError

log = logging.getLogger(__name__)


def as_sentence(account: str, error: Exception) -> str:
    """Return what to tell of an error that came up while working on `account`."""
    if isinstance(error, ServiceError):
        return str(error)  # it names the account itself
    if isinstance(error, ReconcilerError):
        return f"{account}: {str(error).removeprefix(f'accounts.{account}: ')}"
    log.debug("unexpected error in account %s", account, exc_info=error)
    return (
        f"{account}: unexpected {type(error).__name__}: this is a defect of the reconciler; run "
        "again with --debug and report it"
    )
