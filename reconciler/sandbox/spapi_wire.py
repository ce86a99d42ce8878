"""The SP-API's way of speaking: envelopes, errors, headers, and what it puts into queues.

Source: the published model of Notifications v1 and "Usage plans and rate limits" on
developer-docs.amazon.com/sp-api. Details of 403 are those of recorded answers. Messages: the
notification schemas of amzn/selling-partner-api-models and "Create and Filter Notification
Subscriptions"; filter expressions (CEL) are not evaluated and events are not aggregated.
"""

import time
from typing import Any
from uuid import uuid4

from reconciler.sandbox.service import Answer, json_answer

_RATE = "1.0"
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


class SpApiError(Exception):
    """An error answer; without details the key holds an empty text, as it often does."""

    def __init__(self, status: int, code: str, message: str, details: str | None = ""):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


def invalid_input(details: str) -> SpApiError:
    """Return 400 InvalidInput."""
    return SpApiError(400, "InvalidInput", "Request has missing or invalid parameters", details)


def unauthorized(details: str) -> SpApiError:
    """Return 403 Unauthorized, the answer to every trouble with tokens."""
    return SpApiError(403, "Unauthorized", "Access to requested resource is denied.", details)


def not_found(details: str) -> SpApiError:
    """Return 404 NotFound."""
    return SpApiError(404, "NotFound", "The requested resource was not found.", details)


def no_route() -> SpApiError:
    """Return 403 for a path that does not exist, worded by the gateway before the service."""
    return SpApiError(
        403, "MissingAuthenticationToken", "Missing Authentication Token", details=None
    )


def success(payload: Any = None) -> Answer:
    """Return 200 with a payload, or with an empty object."""
    return json_answer(200, {} if payload is None else {"payload": payload}, _headers(200))


def failure(error: SpApiError, more: dict[str, str] | None = None) -> Answer:
    """Return an error list of one."""
    entry = {"code": error.code, "message": error.message}
    if error.details is not None:
        entry["details"] = error.details
    headers = {
        **_headers(error.status),
        "x-amzn-ErrorType": f"{error.code.removesuffix('Exception')}Exception",
        **(more or {}),
    }
    return json_answer(error.status, {"errors": [entry]}, headers)


def _headers(status: int) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid4())}
    if status in (200, 400, 404):  # absent elsewhere: the header is best effort
        headers["x-amzn-RateLimit-Limit"] = _RATE
    return headers


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
