"""PutEvents: events of one's own. What claims to come from AWS or a partner is refused."""

import json
from contextlib import suppress
from typing import Any

from reconciler.sandbox.eventbridge.delivery import RuleDelivery
from reconciler.sandbox.eventbridge.holdings import Ask
from reconciler.sandbox.eventbridge.refusals import Refused

_NEEDED = ("Source", "DetailType", "Detail")


def put(ask: Ask, delivery: RuleDelivery) -> dict[str, Any]:
    """Carry PutEvents out: every entry has its own answer."""
    entries = [_entry(ask, delivery, wish) for wish in ask.parameters["Entries"]]
    failed = sum(1 for entry in entries if "ErrorCode" in entry)
    return {"FailedEntryCount": failed, "Entries": entries}


def _entry(ask: Ask, delivery: RuleDelivery, wish: dict[str, Any]) -> dict[str, str]:
    if missing := [name for name in _NEEDED if not wish.get(name)]:
        text = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is a required argument."
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    detail = _object(wish["Detail"])
    if detail is None:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    if wish["Source"].startswith("aws."):
        text = f"Not authorized for the source {wish['Source']}."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": text}
    event = delivery.event(
        ask.holding, wish["Source"], wish["DetailType"], detail, wish.get("Resources") or ()
    )
    with suppress(Refused):  # an event to a bus that is not there is taken and lost
        delivery.on_bus(ask.holding, ask.holding.bus(wish.get("EventBusName")), event)
    return {"EventId": event["id"]}


def _object(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
