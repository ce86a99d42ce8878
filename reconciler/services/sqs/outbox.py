"""One queue as what messages are put into."""

from collections.abc import Mapping
from typing import Any

from reconciler.core.model.abilities import NotSent, OutgoingMessage
from reconciler.services.sqs.client import SqsClient


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
