"""What SQS takes or shows only after a while: what is waited for, and how long."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from pydantic.alias_generators import to_camel

from reconciler.core.model.errors import Missing, Rejected
from reconciler.core.model.objects import Live
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.failures import DELETED_RECENTLY, INVALID_VALUE, is_about_policy
from reconciler.services.sqs.policy import Policy, names_principals
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.reading import live_queue
from reconciler.transport.calls import Calls

T = TypeVar("T")

NAME_RESTS = 95.0
"""Seconds to wait for the name of a deleted queue; SQS says 60, which is too short in practice."""
PRINCIPAL_SPREADS = 60.0
"""Seconds within which a role made just now becomes known to SQS."""
EVERY = 5.0

_LOG = logging.getLogger(__name__)


def retry_refused(calls: Calls, policy: Policy | None, write: Callable[[], T]) -> T:
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
        first = error

    def again() -> T | Rejected:
        try:
            return write()
        except Rejected as error:
            if error.code != first.code:
                raise
            return error

    return calls.insist(again, within=within, every=EVERY)


def _passes_within(error: Rejected, policy: Policy | None) -> float | None:
    if error.code == DELETED_RECENTLY:
        return NAME_RESTS
    refused_policy = error.code == INVALID_VALUE and is_about_policy(error.message)
    return PRINCIPAL_SPREADS if refused_policy and names_principals(policy) else None


CHANGE_SHOWS = 60.0
"""Seconds after which most changed attributes can be read."""

_LOG = logging.getLogger(__name__)


class ReadAfterWrite:
    """Waiting for changed attributes. `name` is the account's own in the declarations."""

    def __init__(
        self,
        name: str,
        account: AwsAccount,
        client: SqsClient,
        apart: Callable[[Queue], Queue],
    ) -> None:
        self._apart = apart
        self._name = name
        self._account = account
        self._client = client

    def wait_until_shown(self, wanted: Live, fields: frozenset[str]) -> None:
        """Wait until two reads in a row show what was set.

        For up to a minute SQS may answer with old and new values in turn, and a plan made in that
        time would see drift where there is none.
        """
        agreeing = 0

        def shown() -> bool | None:
            nonlocal agreeing
            for _ in range(2):
                agreeing = agreeing + 1 if self._shows(wanted, fields) else 0
            return True if agreeing >= 2 else None

        poll = partial(self._client.calls.poll, within=CHANGE_SHOWS, every=EVERY, spared=True)
        if fields and poll(shown) is None:
            _LOG.warning(
                "%s: the new %s of %s is accepted but does not show yet; run drift in some minutes",
                self._name,
                ", ".join(sorted(to_camel(field) for field in fields)),
                wanted.outputs["url"],
            )

    def _shows(self, wanted: Live, fields: frozenset[str]) -> bool:
        try:
            attributes = self._client.attributes(wanted.outputs["url"])
        except Missing:
            return False
        outputs = dict(wanted.outputs)
        live = live_queue(self._name, self._account, outputs, attributes, {}, self._apart)
        return all(getattr(live.spec, name) == getattr(wanted.spec, name) for name in fields)

    def confirm(self, url: str, wanted: dict[str, str]) -> None:
        """Read back what must not silently fail: in between, the queue was not encrypted."""

        def shown() -> bool | None:
            return True if wanted.items() <= self._client.attributes(url).items() else None

        if self._client.calls.poll(shown, within=CHANGE_SHOWS, every=EVERY) is None:
            _LOG.warning(
                "%s: %s was accepted but does not show yet at %s; run drift in some minutes",
                self._name,
                ", ".join(wanted),
                url,
            )
