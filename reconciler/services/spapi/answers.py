"""What the SP-API answers, read strictly: what is missing or of another shape is never "none".

Source: the published model of 5 August 2026, and answers quoted in the issue tracker of
amzn/selling-partner-api-models. Unknown keys are passed over, since the API grows.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from reconciler.core.text.halves import read_json
from reconciler.services.spapi.filters import EventFilter
from reconciler.services.spapi.specs import EventBridge

PARTNER = "aws.partner/"


class GarbledSpApiAnswer(ValueError):
    """An answer without what it must hold; the text says what."""


@dataclass(frozen=True, slots=True)
class DestinationRecord:
    """A destination; neither `queue` (an ARN) nor `event_bridge` where it is of a newer kind.

    `source` is the name of the partner event source that it offers, as far as the answer tells.
    """

    id: str
    name: str
    queue: str | None = None
    event_bridge: EventBridge | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A subscription; the service tells neither its type nor its seller."""

    id: str
    payload_version: str
    destination_id: str
    filter: EventFilter | None = None
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """A page of subscriptions; `next_token` is empty on the last."""

    records: tuple[SubscriptionRecord, ...]
    next_token: str


def payload(body: bytes) -> Any:
    """Return the payload of an answer."""
    found = _object(_parsed(body), "the answer").get("payload")
    if found is None:
        raise GarbledSpApiAnswer("it has no payload")
    return found


def nothing(body: bytes) -> None:
    """Accept an answer without payload: an empty body or an object."""
    if body.strip():
        _object(_parsed(body), "the answer")


def destinations(body: bytes) -> tuple[DestinationRecord, ...]:
    """Return the destinations of an answer."""
    return tuple(_destination(item) for item in _list(payload(body), "payload"))


def destination(body: bytes) -> DestinationRecord:
    """Return the destination of an answer."""
    return _destination(payload(body))


def subscription(body: bytes) -> SubscriptionRecord:
    """Return the subscription of an answer."""
    return _subscription(payload(body))


def subscriptions(body: bytes) -> SubscriptionPage:
    """Return a page of subscriptions."""
    page = _object(payload(body), "payload")
    records = tuple(_subscription(item) for item in _list(page.get("subscriptions"), "payload"))
    return SubscriptionPage(records, _text(page, "nextToken", optional=True) or "")


def _destination(item: Any) -> DestinationRecord:
    shape = _object(item, "a destination")
    resource = _given(_object(shape.get("resource"), "a destination's resource"))
    queue = bus = source = None
    if "sqs" in resource:
        queue = _text(_object(resource["sqs"], "sqs"), "arn")
    elif "eventBridge" in resource:
        place = _object(resource["eventBridge"], "eventBridge")
        bus = _event_bridge(_text(place, "region"), _text(place, "accountId"))
        source = _source(_text(place, "name", optional=True))
    return DestinationRecord(
        _text(shape, "destinationId"), _text(shape, "name"), queue, bus, source
    )


def _source(name: str | None) -> str | None:
    """Return the name of an event source as AWS writes it; old pages leave out how it begins."""
    if not name or name.startswith(PARTNER):
        return name or None
    return f"{PARTNER}{name}"


def _event_bridge(region: str, account_id: str) -> EventBridge:
    try:
        return EventBridge(region=region, account_id=account_id)
    except ValidationError:
        raise GarbledSpApiAnswer("an event bus has no usable region and accountId") from None


def _subscription(item: Any) -> SubscriptionRecord:
    shape = _object(item, "a subscription")
    directive = _given(_object(shape.get("processingDirective") or {}, "processingDirective"))
    event_filter = directive.get("eventFilter")
    return SubscriptionRecord(
        id=_text(shape, "subscriptionId"),
        payload_version=_text(shape, "payloadVersion"),
        destination_id=_text(shape, "destinationId"),
        filter=_event_filter(_object(event_filter, "eventFilter")) if event_filter else None,
        expression=_text(directive, "filterExpression", optional=True),
    )


def _event_filter(shape: dict[str, Any]) -> EventFilter:
    aggregation = _object(shape.get("aggregationSettings") or {}, "aggregationSettings")
    values = {
        "marketplaceIds": shape.get("marketplaceIds"),
        "aggregationTimePeriod": aggregation.get("aggregationTimePeriod"),
        "orderChangeTypes": shape.get("orderChangeTypes"),
        "trackingIdentifier": shape.get("trackingIdentifier"),
    }
    try:
        return EventFilter.model_validate(_given(values))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise GarbledSpApiAnswer(f"an event filter's {where} is of another shape") from None


def _parsed(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        raise GarbledSpApiAnswer("it is not JSON") from None


def _given(shape: dict[str, Any]) -> dict[str, Any]:
    """Leave out the nulls that the service writes for what does not apply."""
    return {name: value for name, value in shape.items() if value is not None}


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GarbledSpApiAnswer(f"{what} is no object")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise GarbledSpApiAnswer(f"{what} holds no list")
    return value


def _text(shape: dict[str, Any], name: str, *, optional: bool = False) -> str | Any:
    value = shape.get(name)
    if isinstance(value, str) and (value or optional):
        return value
    if value is None and optional:
        return None
    raise GarbledSpApiAnswer(f"{name} is missing")
