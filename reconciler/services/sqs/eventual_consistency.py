"""Waits until SQS shows what was set: for a while after a change it may answer with old values."""

import logging

from pydantic.alias_generators import to_camel

from reconciler.core.model.errors import Missing
from reconciler.core.model.objects import Live
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.reading import live_queue
from reconciler.services.sqs.retries import EVERY

CHANGE_SHOWS = 60.0
"""Seconds after which most changed attributes can be read."""

_LOG = logging.getLogger(__name__)


class Settling:
    """Waiting for changed attributes. `name` is the account's own in the declarations."""

    def __init__(self, name: str, account: AwsAccount, client: SqsClient) -> None:
        self._name = name
        self._account = account
        self._client = client

    def settle(self, wanted: Live, fields: frozenset[str]) -> None:
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

        if fields and self._client.calls.poll(shown, within=CHANGE_SHOWS, every=EVERY) is None:
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
        live = live_queue(self._name, self._account, dict(wanted.outputs), attributes, {})
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
