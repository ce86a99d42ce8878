"""Writes queue policies as a whole: what a queue declares, and the rules that routes imply.

SQS may show an old policy for a minute after a change. So what was written last counts here, and
not what is read; of a queue that was not written yet it is what it shows.
"""

import logging
import threading
from collections.abc import Callable

from reconciler.core.model.errors import Missing
from reconciler.services.sqs import attributes as wire
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.eventual_consistency import EVERY
from reconciler.services.sqs.queue import Queue

CHANGE_SHOWS = 60.0
"""Seconds after which a changed policy is in force everywhere, as SQS says."""

_LOG = logging.getLogger(__name__)


class Admissions:
    """The policies of the queues of one account and region; safe across threads.

    `apart` tells the policy of a queue as it is read apart from what routes imply.
    """

    def __init__(
        self, name: str, account: AwsAccount, client: SqsClient, apart: Callable[[Queue], Queue]
    ) -> None:
        self._name = name
        self._account = account
        self._client = client
        self._apart = apart
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._written: dict[str, Queue] = {}

    def created(self, queue: Queue) -> None:
        """Take down a queue that was made just now."""
        self._written[str(queue.arn)] = queue

    def deleted(self, queue: Queue) -> None:
        """Forget a queue that is gone."""
        self._written.pop(str(queue.arn), None)

    def update(self, wanted: Queue, write: Callable[[Queue], None]) -> None:
        """Let `write` set the policy that a queue declares, together with the rules it lets in."""
        arn = str(wanted.arn)
        with self._lock_of(arn):
            whole = wanted
            if wanted.policy_given.by != "policy":
                whole = wanted.model_copy(update={"routed": self._known(arn).routed})
            write(whole)
            self._written[arn] = whole

    def admit(self, arn: str, rule: str) -> None:
        """Let a rule send to a queue, and wait until that shows. Raises Missing."""
        self._change(arn, lambda rules: rules | {rule})
        self._await(arn, lambda queue: rule in queue.routed)

    def dismiss(self, arn: str, rule: str) -> None:
        """Let a rule send to a queue no more; a queue that is gone is no error."""
        try:
            self._change(arn, lambda rules: rules - {rule})
            self._await(arn, lambda queue: rule not in queue.routed)
        except Missing:
            return

    def admits(self, arn: str, rule: str) -> bool:
        """Say whether a queue lets in a rule by what routes imply, as it is read now."""
        try:
            return rule in self._read(arn).routed
        except Missing:
            return False

    def _change(self, arn: str, edit: Callable[[set[str]], set[str]]) -> None:
        with self._lock_of(arn):
            before = self._known(arn)
            rules = tuple(sorted(edit(set(before.routed))))
            if rules == before.routed:
                return
            after = before.model_copy(update={"routed": rules})
            self._client.set_attributes(self._url(arn), wire.to_set(after, {"policy"}))
            self._written[arn] = after

    def _await(self, arn: str, holds: Callable[[Queue], bool]) -> None:
        """Wait until two reads in a row show it: old and new values may come in turn."""

        def shown() -> bool | None:
            return True if all(holds(self._read(arn)) for _ in range(2)) else None

        if self._client.calls.poll(shown, within=CHANGE_SHOWS, every=EVERY) is None:
            _LOG.warning(
                "%s: the new policy of %s is accepted but does not show yet; run drift in some "
                "minutes",
                self._name,
                arn,
            )

    def _known(self, arn: str) -> Queue:
        if arn not in self._written:
            self._written[arn] = self._read(arn)
        return self._written[arn]

    def _read(self, arn: str) -> Queue:
        attributes = self._client.attributes(self._url(arn))
        return self._apart(wire.queue_from(self._account, arn.rpartition(":")[2], attributes, {}))

    def _url(self, arn: str) -> str:
        return self._account.queue_outputs(arn.rpartition(":")[2])["url"]

    def _lock_of(self, arn: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(arn, threading.Lock())
