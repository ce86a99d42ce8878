"""SP-API notification types and what their subscriptions may say.

Source: "Notification Type Values" and "Filter Notification Subscriptions" on
developer-docs.amazon.com/sp-api, and the published model of Notifications v1.
"""

from collections.abc import Mapping
from typing import Any

_DATED = ("2020-09-04",)
_FIRST = ("1.0",)
ANY_VERSION = ("*",)

# Payload versions in order of age: the last one is the latest.
VERSIONS: Mapping[str, tuple[str, ...]] = {
    "ACCOUNT_STATUS_CHANGED": ("2021-01-01",),
    "ANY_OFFER_CHANGED": _FIRST,
    "B2B_ANY_OFFER_CHANGED": _FIRST,
    "BRANDED_ITEM_CONTENT_CHANGE": _FIRST,
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": ("2023-11-15",),
    "DETAIL_PAGE_TRAFFIC_EVENT": _DATED,
    "EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE": ANY_VERSION,  # its version is not documented
    "FBA_INVENTORY_AVAILABILITY_CHANGES": _FIRST,
    "FBA_OUTBOUND_SHIPMENT_STATUS": _FIRST,
    "FEE_PROMOTION": _FIRST,
    "FEED_PROCESSING_FINISHED": _DATED,
    "FULFILLMENT_ORDER_STATUS": _FIRST,
    "ITEM_INVENTORY_EVENT_CHANGE": _DATED,
    "ITEM_PRODUCT_TYPE_CHANGE": _FIRST,
    "ITEM_SALES_EVENT_CHANGE": _DATED,
    "LISTINGS_ITEM_ISSUES_CHANGE": ("1.0", "2023-12-13"),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": _FIRST,
    "LISTINGS_ITEM_STATUS_CHANGE": _FIRST,
    "ORDER_CHANGE": _FIRST,
    "PRICING_HEALTH": _FIRST,
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": _FIRST,
    "REPORT_PROCESSING_FINISHED": _DATED,
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": ("2026-01-30",),
    "TRANSACTION_UPDATE": _FIRST,
}
EVENT_BRIDGE_ONLY = frozenset(
    {
        "BRANDED_ITEM_CONTENT_CHANGE",
        "ITEM_PRODUCT_TYPE_CHANGE",
        "LISTINGS_ITEM_ISSUES_CHANGE",
        "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        "LISTINGS_ITEM_STATUS_CHANGE",
        "PRODUCT_TYPE_DEFINITIONS_CHANGE",
    }
)
_NO_EXPRESSION = EVENT_BRIDGE_ONLY | {
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
    "SHIPMENT_TRACKING_MILESTONE_CHANGED",
}
# What an eventFilter may carry besides eventFilterType.
_FILTERS: Mapping[str, frozenset[str]] = {
    "ANY_OFFER_CHANGED": frozenset({"aggregationSettings", "marketplaceIds"}),
    "ORDER_CHANGE": frozenset({"orderChangeTypes"}),
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": frozenset({"trackingIdentifier"}),
}
_ORDER_CHANGES = {"OrderStatusChange", "BuyerRequestedChange", "DeliveryTipChange"}
_TRACKING = {
    "acsin",
    "aftn",
    "carrierTracking",
    "containerNumber",
    "houseBillOfLadingNumber",
    "id",
}


def defect(kind: str, directive: Any) -> str | None:
    """Return what is wrong with a processing directive for this type, or None."""
    if directive is not None and not isinstance(directive, dict):
        return "processingDirective must be an object"
    given = {name: value for name, value in (directive or {}).items() if value is not None}
    if extra := sorted(given.keys() - {"eventFilter", "filterExpression"}):
        return f"Processing Directive has no {extra[0]}"
    if len(given) == 2:
        return "Processing Directive must not have both eventFilter and filterExpression"
    if "filterExpression" in given:
        return _expression_defect(kind, given["filterExpression"])
    if kind == "ORDER_CHANGE" and not given.get("eventFilter"):
        return "Processing Directive eventFilter must not be empty"
    return _filter_defect(kind, given["eventFilter"]) if "eventFilter" in given else None


def _expression_defect(kind: str, expression: Any) -> str | None:
    if kind in _NO_EXPRESSION:
        return f"filterExpression is not supported for notification type {kind}"
    if not isinstance(expression, str) or not 1 <= len(expression) <= 256:
        return "filterExpression must have 1 to 256 characters"
    return None


def _filter_defect(kind: str, event_filter: Any) -> str | None:
    if kind not in _FILTERS:
        return f"eventFilter is not supported for notification type {kind}"
    if not isinstance(event_filter, dict) or event_filter.get("eventFilterType") != kind:
        return f"eventFilterType must be {kind}"
    given = {
        name: value
        for name, value in event_filter.items()
        if value is not None and name != "eventFilterType"
    }
    if not given.keys() <= _FILTERS[kind] or not all(
        _sound(name, value) for name, value in given.items()
    ):
        return f"EventFilter Payload {event_filter} failed to validate for notification type {kind}"
    return None


def _sound(name: str, value: Any) -> bool:
    match name:
        case "aggregationSettings":
            return isinstance(value, dict) and value.get("aggregationTimePeriod") in (
                "FiveMinutes",
                "TenMinutes",
            )
        case "marketplaceIds":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "orderChangeTypes":
            return isinstance(value, list) and all(str(item) in _ORDER_CHANGES for item in value)
        case _:
            return isinstance(value, dict) and len(value) == 1 and value.keys() <= _TRACKING
