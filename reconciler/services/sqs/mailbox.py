"""The messages of one queue: looked at, given back, deleted, and put into it.

Looking costs: SQS counts every receive, and a queue with a dead-letter queue moves a message there
after so many. So nothing is received more often than it has to be.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from reconciler.core.model.abilities import Message, NotSent, OutgoingMessage
from reconciler.core.model.errors import Rejected, ServiceError
from reconciler.services.sqs.client import SqsClient

BATCH = 10
LONG_POLL = 10
"""Seconds a look waits for a message; longer ones would only notice later that time is up."""
HIDDEN = 60
"""Seconds for which others do not see what was received, should it never be given back."""
LOOK_EVERY = 1.0
_BATCHES = 100

_LOG = logging.getLogger(__name__)


class Mailbox:
    """One queue; SQS moves what was received `max_receives` times (None: never) to dead letters."""

    def __init__(self, account: str, client: SqsClient, url: str, max_receives: int | None) -> None:
        self._account = account
        self._client = client
        self._url = url
        self.max_receives = max_receives

    def receive(self, most: int, wait: int) -> list[Message]:
        """Return up to `most` messages, at most 10, waiting up to `wait` seconds for the first.

        Others do not see them until they are released, or for a minute.
        """
        found = self._client.receive(self._url, most=min(most, BATCH), wait=wait, hidden=HIDDEN)
        return [
            Message(
                id=item["MessageId"],
                body=item["Body"],
                sent=int(item["Attributes"]["SentTimestamp"]) / 1000,
                receives=int(item["Attributes"]["ApproximateReceiveCount"]),
                receipt=item["ReceiptHandle"],
            )
            for item in found
        ]

    def release(self, messages: Sequence[Message]) -> None:
        """Let others see messages again at once.

        A failure is logged only: they come back by themselves within a minute.
        """
        for receipts in _batches(message.receipt for message in messages):
            try:
                self._client.show(self._url, receipts)
            except ServiceError as error:
                _LOG.warning("%s; the messages can be received again in a minute", error)

    def discard(self, messages: Sequence[Message]) -> None:
        """Delete messages.

        Raises:
            Rejected: some could not be deleted; they will come again.
        """
        failed: list[str] = []
        for receipts in _batches(message.receipt for message in messages):
            failed += self._client.delete_messages(self._url, receipts)
        if failed:
            raise Rejected(
                self._account,
                "DeleteMessage",
                f"{len(failed)} of {len(messages)} messages could not be deleted and will come "
                f"again: {failed[0]}",
            )

    def search(self, wanted: Callable[[Message], bool], within: float) -> Message | None:
        """Return the first message that is `wanted`, None if it does not come in that many seconds.

        Every other message is released at once. One that comes again is held until the search
        ends, or it would be received over and over.
        """
        search = _Search(self, wanted, wait=min(LONG_POLL, int(within)))
        try:
            return self._client.calls.poll(search.look, within=within, every=LOOK_EVERY)
        finally:
            self.release(list(search.held.values()))


class _Search:
    def __init__(self, mailbox: Mailbox, wanted: Callable[[Message], bool], *, wait: int) -> None:
        self._mailbox = mailbox
        self._wanted = wanted
        self._wait = wait
        self._seen: set[str] = set()
        self.held: dict[str, Message] = {}

    def look(self) -> Message | None:
        """Go through what is there now."""
        for _ in range(_BATCHES):
            found = self._mailbox.receive(BATCH, self._wait)
            test = next(filter(self._wanted, found), None)
            self._put_back([message for message in found if message is not test])
            if test is not None or not found:
                return test
        return None

    def _put_back(self, others: Sequence[Message]) -> None:
        new = [message for message in others if message.id not in self._seen]
        self.held |= {message.id: message for message in others if message.id in self._seen}
        self._mailbox.release(new)
        self._seen.update(message.id for message in new)


def _batches(receipts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(receipts)
    while batch := list(islice(rest, BATCH)):
        yield batch


class SqsOutbox:
    """A queue by its URL; `ordered`: it is FIFO. The client is its own."""

    def __init__(self, client: SqsClient, url: str, *, ordered: bool) -> None:
        self._client = client
        self._url = url
        self._ordered = ordered

    def send(self, messages: Mapping[str, OutgoingMessage]) -> Mapping[str, NotSent]:
        """Send up to ten messages of one MiB in all; return those that were not taken, by key.

        Raises:
            ServiceError: none is known to be taken.
        """
        entries = [self._entry(key, message) for key, message in messages.items()]
        return {
            item["Id"]: NotSent(str(item.get("Code")), bool(item.get("SenderFault")))
            for item in self._client.send(self._url, entries)
        }

    def probe(self) -> None:
        """Look whether the queue can be reached. Raises ServiceError."""
        self._client.attributes(self._url)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _entry(self, key: str, message: OutgoingMessage) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "Id": key,
            "MessageBody": message.text,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        }
        if self._ordered:
            entry["MessageGroupId"] = message.group
            entry["MessageDeduplicationId"] = message.deduplication_id
        return entry
