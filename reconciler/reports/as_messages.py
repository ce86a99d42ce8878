"""Received messages: a line each, or JSON documents. What they hold may be hostile."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.notifications import summary
from reconciler.operate.receive import Received
from reconciler.reports.values import clean

_UNSHOWN = re.compile(
    r"[\x7f-\x9f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def line(item: Received) -> str:
    """Return a message on one line of text."""
    if item.notification is not None:
        return f"{clean(summary(item.notification))}\n"
    when = datetime.fromtimestamp(item.message.sent, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{when} undecodable: {clean(item.trouble)} (message {clean(item.message.id)})\n"


def json_line(item: Received) -> str:
    """Return a message as a JSON document on one line."""
    return _escaped(json.dumps(_document(item), ensure_ascii=False)) + "\n"


def json_list(items: Sequence[Received]) -> str:
    """Return all messages as one JSON document."""
    documents = [_document(item) for item in items]
    return _escaped(json.dumps(documents, ensure_ascii=False, indent=2)) + "\n"


def _document(item: Received) -> dict[str, Any]:
    """Return what decode gives, and which message of the queue it was in."""
    beside = {"messageId": item.message.id, "receives": item.message.receives}
    if item.notification is not None:
        return {**item.notification.model_dump(mode="json", by_alias=True), **beside}
    nothing = dict.fromkeys(("source", "notificationType", "time", "id", "payload"))
    return {**nothing, **beside, "error": item.trouble, "body": item.message.body}


def _escaped(text: str) -> str:
    """Write what a terminal would act upon as JSON escapes, which mean the same."""
    return _UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
