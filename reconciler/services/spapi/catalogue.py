"""The notification types of the SP-API, as data.

Source: "Notification Type Values" and "Create and Filter Notification Subscriptions" on
developer-docs.amazon.com/sp-api, and the published model of 5 August 2026. Types are added several
times a year, so that what is not listed here is doubtful, never wrong.
"""

import difflib
import re
from typing import Literal, NamedTuple

from reconciler.core.text.phrases import comma, quoted

Workflow = Literal["SQS", "EventBridge"]
_MEANT = 0.75
"""From which likeness on a type may have been meant."""


class NotificationType(NamedTuple):
    """What is known of one type; `versions` are its payload versions, newest last.

    `workflow` is the kind of destination it is delivered to. `filter_fields` are the YAML names of
    the event filter's fields that it permits, `expressions` says whether it takes a
    filterExpression, `directive_required` whether it cannot be subscribed to without either.
    """

    name: str
    versions: tuple[str, ...]
    workflow: Workflow = "SQS"
    filter_fields: frozenset[str] = frozenset()
    expressions: bool = True
    directive_required: bool = False


def _sqs(name: str, *versions: str) -> NotificationType:
    return NotificationType(name, versions)


def _bus(name: str, *versions: str) -> NotificationType:
    return NotificationType(name, versions, workflow="EventBridge", expressions=False)


_TYPES = (
    _sqs("ACCOUNT_STATUS_CHANGED", "2021-01-01"),
    NotificationType(
        "ANY_OFFER_CHANGED",
        ("1.0",),
        filter_fields=frozenset({"aggregationTimePeriod", "marketplaceIds"}),
    ),
    _sqs("B2B_ANY_OFFER_CHANGED", "1.0"),
    _bus("BRANDED_ITEM_CONTENT_CHANGE", "1.0"),
    NotificationType("DATA_KIOSK_QUERY_PROCESSING_FINISHED", ("2023-11-15",), expressions=False),
    _sqs("DETAIL_PAGE_TRAFFIC_EVENT", "2020-09-04"),
    _sqs("EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE"),
    _sqs("FBA_INVENTORY_AVAILABILITY_CHANGES", "1.0"),
    _sqs("FBA_OUTBOUND_SHIPMENT_STATUS", "1.0"),
    _sqs("FEE_PROMOTION", "1.0"),
    _sqs("FEED_PROCESSING_FINISHED", "2020-09-04"),
    _sqs("FULFILLMENT_ORDER_STATUS", "1.0"),
    _sqs("ITEM_INVENTORY_EVENT_CHANGE", "2020-09-04"),
    _bus("ITEM_PRODUCT_TYPE_CHANGE", "1.0"),
    _sqs("ITEM_SALES_EVENT_CHANGE", "2020-09-04"),
    _bus("LISTINGS_ITEM_ISSUES_CHANGE", "1.0", "2023-12-13"),
    _bus("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0"),
    _bus("LISTINGS_ITEM_STATUS_CHANGE", "1.0"),
    NotificationType(
        "ORDER_CHANGE",
        ("1.0",),
        filter_fields=frozenset({"orderChangeTypes"}),
        directive_required=True,
    ),
    _sqs("PRICING_HEALTH", "1.0"),
    _bus("PRODUCT_TYPE_DEFINITIONS_CHANGE", "1.0"),
    _sqs("REPORT_PROCESSING_FINISHED", "2020-09-04"),
    NotificationType(
        "SHIPMENT_TRACKING_MILESTONE_CHANGED",
        ("2026-01-30",),
        filter_fields=frozenset({"trackingIdentifier"}),
        expressions=False,
    ),
    _sqs("TRANSACTION_UPDATE", "1.0"),
)
TYPES = {known.name: known for known in _TYPES}

ENDING = {
    ("LISTINGS_ITEM_ISSUES_CHANGE", "1.0"): (
        "Amazon announced its end on 28 February 2024 and again on 29 January 2025"
    ),
}
"""What is known of payload versions that end or have ended: {(type, version): when}."""

UNSUBSCRIBED = dict.fromkeys(
    ("APPLICATION_OAUTH_CLIENT_NEW_SECRET", "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"),
    "Amazon sends it to the application's own queue, without a subscription",
)
"""Types that are not subscribed to, and how they come."""

ENDED = {
    "MFN_ORDER_STATUS_CHANGE": "Amazon ended this type on 10 February 2023: use ORDER_CHANGE",
    "ORDER_STATUS_CHANGE": "Amazon ended this type at the end of 2023: use ORDER_CHANGE",
}


def newest_version(name: str) -> str | None:
    """Return the newest payload version known of a type, if any is."""
    known = TYPES.get(name)
    return known.versions[-1] if known and known.versions else None


def spelling(name: str) -> str:
    """Return `name` in the spelling of the SP-API: AnyOfferChanged becomes ANY_OFFER_CHANGED."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^A-Za-z0-9]+", "_", words).upper()


def unknown_type(name: str) -> str:
    """Say that a type is not known here, and which known ones are nearest."""
    shown = quoted(name)
    if name in UNSUBSCRIBED:
        return f"{shown} is unknown as a type to subscribe to: {UNSUBSCRIBED[name]}"
    best, *others = _nearest(name)
    if resembling(name):
        hint = f"did you mean {best}? (near are also {comma(others)})"
    else:
        hint = f"the nearest known ones are {comma([best, *others])}"
    return f"unknown notification type {shown}, {hint}"


def resembling(name: str) -> str | None:
    """Return the known type that `name` may have been meant to be."""
    best = _nearest(name)[0]
    return best if _likeness(spelling(name), best) >= _MEANT else None


def _nearest(name: str) -> list[str]:
    wanted = spelling(name)
    return sorted(TYPES, key=lambda known: (-_likeness(wanted, known), known))[:3]


def _likeness(one: str, other: str) -> float:
    """Return how alike two types are (0 to 1), whatever the order of their words."""
    pairs = ((one, other), ("_".join(sorted(one.split("_"))), "_".join(sorted(other.split("_")))))
    return max(difflib.SequenceMatcher(None, first, second).ratio() for first, second in pairs)
