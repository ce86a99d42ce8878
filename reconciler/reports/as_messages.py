"""Received messages: a line each, or JSON documents. What they hold may be hostile."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.core.text.visible import visible, visible_json
from reconciler.notifications import summary
from reconciler.operate.receive import Received


def line(item: Received) -> str:
    """Return a message on one line of text."""
    if item.notification is not None:
        return f"{visible(summary(item.notification))}\n"
    when = datetime.fromtimestamp(item.message.sent, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{when} undecodable: {visible(item.trouble)} (message {visible(item.message.id)})\n"


def json_line(item: Received) -> str:
    """Return a message as a JSON document on one line."""
    return visible_json(json.dumps(_document(item), ensure_ascii=False)) + "\n"


def json_list(items: Sequence[Received]) -> str:
    """Return all messages as one JSON document."""
    documents = [_document(item) for item in items]
    return visible_json(json.dumps(documents, ensure_ascii=False, indent=2)) + "\n"


def _document(item: Received) -> dict[str, Any]:
    """Return what decode gives, and which message of the queue it was in."""
    beside = {"messageId": item.message.id, "receives": item.message.receives}
    if item.notification is not None:
        return {**item.notification.model_dump(mode="json", by_alias=True), **beside}
    nothing = dict.fromkeys(("source", "notificationType", "time", "id", "payload"))
    return {**nothing, **beside, "error": item.trouble, "body": item.message.body}
