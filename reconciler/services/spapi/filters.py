"""What narrows a subscription: the API's event filter and its filter expressions.

Source: ProcessingDirective of the published model of 5 August 2026, and "Create and Filter
Notification Subscriptions" on developer-docs.amazon.com/sp-api.
"""

from typing import Literal

from pydantic import ValidationInfo, field_validator

from reconciler.core.model.spec import Frozen
from reconciler.core.text.expressions import Expression
from reconciler.services.spapi.catalogue import TYPES

ORDER_CHANGE_TYPES = ("BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange")
EXPRESSION_LENGTH = 256

_TEXT_LITERAL = Expression(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`""")
_ARITHMETIC = Expression(r"[+*/%]|[\w)\]\"]\s*-")
_INDEXING = Expression(r"(?:(?!\bin\b)\b\w+|[)\]\"])\s*\[")


class CarrierTracking(Frozen):
    """A number a carrier gave to a shipment."""

    tracking_number: str
    """The number."""
    carrier_code: str | None = None
    """Whose number it is."""


class TrackingIdentifier(Frozen):
    """The shipment whose milestones are wanted; one of the fields is given."""

    id: str | None = None
    """Amazon's id of the shipment."""
    acsin: str | None = None
    """Amazon's number of a cross-border shipment."""
    aftn: str | None = None
    """Amazon's number of a freight shipment."""
    container_number: str | None = None
    """The number of a container."""
    house_bill_of_lading_number: str | None = None
    """The number of a house bill of lading."""
    carrier_tracking: CarrierTracking | None = None
    """A number a carrier gave."""


class EventFilter(Frozen):
    """The event filter of a subscription; lists are sets to the service, and none is no limit."""

    marketplace_ids: tuple[str, ...] | None = None
    """Only events of these marketplaces (ANY_OFFER_CHANGED)."""
    aggregation_time_period: str | None = None
    order_change_types: tuple[str, ...] | None = None
    tracking_identifier: TrackingIdentifier | None = None
    """The shipment that is meant (SHIPMENT_TRACKING_MILESTONE_CHANGED)."""

    @field_validator("marketplace_ids", "order_change_types")
    @classmethod
    def _as_a_set(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return tuple(sorted(set(value))) if value else None

    def given(self) -> frozenset[str]:
        """Return the YAML names of the fields that narrow anything."""
        return frozenset(self.model_dump(exclude_none=True))


class DeclaredFilter(EventFilter):
    """An event filter in YAML, where only what the API knows may be written."""

    event_filter_type: str | None = None
    """Follows from the notification type; accepted where it says the same."""
    aggregation_time_period: Literal["FiveMinutes", "TenMinutes"] | None = None
    """One message for what happens in that time (ANY_OFFER_CHANGED)."""
    order_change_types: (
        tuple[Literal["BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"], ...] | None
    ) = None
    """Only changes of these kinds (ORDER_CHANGE)."""

    @field_validator("tracking_identifier")
    @classmethod
    def _one_identifier(cls, value: TrackingIdentifier | None) -> TrackingIdentifier | None:
        if value is not None and len(value.model_dump(exclude_none=True)) != 1:
            names = ", ".join(info.alias or "" for info in TrackingIdentifier.model_fields.values())
            raise ValueError(f"give exactly one of {names}")
        return value

    def plain(self) -> EventFilter | None:
        """Return the filter without what is implied; None if it narrows nothing."""
        values = self.model_dump(by_alias=False, exclude_none=True, exclude={"event_filter_type"})
        return EventFilter(**values) if values else None


def check_filter(declared: DeclaredFilter | None, info: ValidationInfo) -> DeclaredFilter | None:
    """Return the filter if the notification type, validated before it, takes such a one.

    Raises:
        ValueError: it does not, or it needs one and there is none.
    """
    name = info.data.get("notification_type")
    expression = info.data.get("filter_expression")
    if name is None or "filter_expression" not in info.data:
        return declared
    if declared is not None and expression is not None:
        raise ValueError("`filter` and `filterExpression` exclude each other: keep one")
    if declared and declared.event_filter_type not in (None, name):
        raise ValueError(
            f"eventFilterType is {declared.event_filter_type}, but the notification type is "
            f"{name}: leave it out, it is implied"
        )
    known = TYPES.get(name)
    if known is None:
        return declared
    plain = declared.plain() if declared else None
    if plain is None and expression is None and known.directive_required:
        raise ValueError(
            f"{name} cannot be subscribed to without a filter: list its "
            f"{', '.join(sorted(known.filter_fields))}, or give a filterExpression"
        )
    refused = plain.given() - known.filter_fields if plain else frozenset()
    if refused:
        raise ValueError(_what_it_takes(name, refused))
    return declared


def _what_it_takes(name: str, refused: frozenset[str]) -> str:
    known = TYPES[name]
    if known.filter_fields:
        instead = f"it takes {', '.join(sorted(known.filter_fields))}"
    elif known.expressions:
        instead = "use filterExpression instead"
    else:
        instead = "it cannot be filtered: leave the filter out"
    return f"{name} does not take {', '.join(sorted(refused))} in a filter; {instead}"


def check_expression(text: str | None, info: ValidationInfo) -> str | None:
    """Return a filter expression that the notification type, validated before it, may accept.

    Raises:
        ValueError: it is too long, uses what the API leaves out of CEL, or the type takes none.
    """
    if text is None:
        return None
    known = TYPES.get(info.data.get("notification_type", ""))
    if known and not known.expressions:
        raise ValueError(f"{known.name} does not take filter expressions: leave it out")
    if not 1 <= len(text) <= EXPRESSION_LENGTH:
        raise ValueError(f"expected 1 to {EXPRESSION_LENGTH} characters, this has {len(text)}")
    _check_language(_TEXT_LITERAL.sub('""', text))
    return text


def _check_language(code: str) -> None:
    if code.count('"') % 2 or "'" in code or "`" in code:
        raise ValueError("a quotation mark in this expression is not closed")
    if code.count("(") != code.count(")") or code.count("[") != code.count("]"):
        raise ValueError("a bracket in this expression is not closed")
    if _ARITHMETIC.search(code):
        raise ValueError("the API's filter expressions have no arithmetic: compare plain values")
    if _INDEXING.search(code):
        raise ValueError(
            "the API's filter expressions cannot pick from a list or map by [...]: use exists()"
        )
