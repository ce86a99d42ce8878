"""The notification types of the SP-API, as data.

Source: "Notification Type Values" and "Create and Filter Notification Subscriptions" on
developer-docs.amazon.com/sp-api, and the published model of 5 August 2026. Types are added several
times a year, so that what is not listed here is doubtful, never wrong.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

Workflow = Literal["SQS", "EventBridge"]


@dataclass(frozen=True, slots=True)
class NotificationType:
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


def resembling(name: str) -> str | None:
    """Return the known type that `name` may have been meant to be."""
    found = difflib.get_close_matches(spelling(name), TYPES, n=1, cutoff=0.75)
    return found[0] if found else None
