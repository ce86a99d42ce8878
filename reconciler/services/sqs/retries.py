"""Refusals that pass: the name of a deleted queue, and principals AWS has not heard of yet."""

import logging
from collections.abc import Callable
from typing import TypeVar

from reconciler.core.model.errors import Rejected
from reconciler.services.sqs.failures import DELETED_RECENTLY, INVALID_VALUE, is_about_policy
from reconciler.services.sqs.policy import Policy, names_principals
from reconciler.transport.calls import Calls

T = TypeVar("T")

NAME_RESTS = 95.0
"""Seconds to wait for the name of a deleted queue; SQS says 60, which is too short in practice."""
PRINCIPAL_SPREADS = 60.0
"""Seconds within which a role made just now becomes known to SQS."""
EVERY = 5.0

_LOG = logging.getLogger(__name__)


def patiently(calls: Calls, policy: Policy | None, write: Callable[[], T]) -> T:
    """Return what `write` returns, trying again while it is refused for a reason that passes.

    `policy` is what is being written, if it is.

    Raises:
        ServiceError: the last refusal, or whatever else went wrong.
    """
    try:
        return write()
    except Rejected as error:
        within = _passes_within(error, policy)
        if within is None:
            raise
        _LOG.warning("%s; waiting up to %d s", error, within)
        refusal = error

    def again() -> tuple[T] | None:
        nonlocal refusal
        try:
            return (write(),)
        except Rejected as error:
            if error.code != refusal.code:
                raise
            refusal = error
            return None

    answer = calls.poll(again, within=within, every=EVERY)
    if answer is None:
        raise refusal
    return answer[0]


def _passes_within(error: Rejected, policy: Policy | None) -> float | None:
    if error.code == DELETED_RECENTLY:
        return NAME_RESTS
    refused_policy = error.code == INVALID_VALUE and is_about_policy(error.message)
    return PRINCIPAL_SPREADS if refused_policy and names_principals(policy) else None
