"""What the SP-API puts into a queue, and which subscriptions an event passes.

Source: notification schemas of amzn/selling-partner-api-models and "Create and Filter Notification
Subscriptions" on developer-docs.amazon.com/sp-api. Filter expressions (CEL) are not evaluated and
events are not aggregated.
"""

import time
from typing import Any
from uuid import uuid4

CAMEL = frozenset(
    {
        "ACCOUNT_STATUS_CHANGED",
        "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
        "DETAIL_PAGE_TRAFFIC_EVENT",
        "FEED_PROCESSING_FINISHED",
        "ITEM_INVENTORY_EVENT_CHANGE",
        "ITEM_SALES_EVENT_CHANGE",
        "PRICING_HEALTH",
        "REPORT_PROCESSING_FINISHED",
        "SHIPMENT_TRACKING_MILESTONE_CHANGED",
    }
)
"""Types whose envelope begins its names in lower case."""


def message(
    kind: str, version: str, application: str, subscription: str, payload: Any
) -> dict[str, Any]:
    """Return a notification in the envelope of its type."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    metadata = {
        "ApplicationId": application,
        "SubscriptionId": subscription,
        "PublishTime": moment,
        "NotificationId": str(uuid4()),
    }
    envelope = {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": version,
        "EventTime": moment,
        "NotificationMetadata": _lowered(metadata) if kind in CAMEL else metadata,
        "Payload": payload,
    }
    return _lowered(envelope) if kind in CAMEL else envelope


def passes(directive: dict[str, Any] | None, marketplace: str | None, change: str | None) -> bool:
    """Say whether an event of a marketplace, or of an order change type, passes an eventFilter."""
    wished = (directive or {}).get("eventFilter") or {}
    facts = (("marketplaceIds", marketplace), ("orderChangeTypes", change))
    return all(fact in wished[name] for name, fact in facts if wished.get(name))


def _lowered(names: dict[str, Any]) -> dict[str, Any]:
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in names.items()}
