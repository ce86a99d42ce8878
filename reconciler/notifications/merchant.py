"""Pushes of the Merchant API, once their JSON or text is read."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from reconciler.core.model.abilities import Carried, Recogniser
from reconciler.core.model.errors import DecodeError
from reconciler.notifications.guide_text import is_guide_text, parse_guide_text
from reconciler.notifications.model import MerchantNotification, MerchantPayload, ResourceChange

_EVENTS = {
    ("PRODUCT", "STATUS"): "PRODUCT_STATUS_CHANGE",
    ("PRODUCT", None): "PRODUCT_STATUS_CHANGE",
}
_ACCOUNT_SERVICE = "ACCOUNT_SERVICE"
_UNKNOWN_EVENT = "NOTIFICATION_EVENT_TYPE_UNSPECIFIED"
_NEVER = datetime.min.replace(tzinfo=UTC)


def merchant_notification(
    value: Mapping[str, Any], carried: Carried
) -> MerchantNotification | None:
    """Return the push that an object is, None if it is none.

    Names may be in camelCase or snake_case; `changes` may be one or a list.

    Raises:
        DecodeError: a name stands twice, spelt differently, or a value has the wrong type.
    """
    fields = _camel(value)
    if "account" not in fields or not fields.keys() & {"resourceType", "resource"}:
        return None
    changes = fields.get("changes") or ()
    several = changes if isinstance(changes, list | tuple) else (changes,)
    payload = _validated({**fields, "changes": tuple(several)})
    return MerchantNotification(
        notification_type=_event(payload),
        time=payload.event_time or carried.time,
        id=carried.id,
        payload=payload,
    )


def _validated(fields: Mapping[str, Any]) -> MerchantPayload:
    try:
        return MerchantPayload.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        wanted = "text" if first["type"] == "string_type" else "fields"
        raise DecodeError(f"in the Merchant push, {place}: expected {wanted}") from None


def _event(payload: MerchantPayload) -> str:
    """Return the registered event, which the push itself does not name."""
    if payload.resource_type == _ACCOUNT_SERVICE:
        return "ACCOUNT_SERVICE_CHANGE"
    return _EVENTS.get((payload.resource_type or "", payload.attribute), _UNKNOWN_EVENT)


def _camel(value: Any) -> Any:
    """Return a value with all names in camelCase; it is never nested deeper than MAX_DEPTH."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {_camel_name(name): _camel(item) for name, item in value.items()}
    if len(found) != len(value):
        raise DecodeError("a name of the Merchant push stands twice, in camelCase and snake_case")
    return found


@lru_cache(maxsize=1024)  # a push has the same names as the one before it
def _camel_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def guide_push(text: str, carried: Carried) -> MerchantNotification | None:
    """Return the push that the guide's text form holds, None if the text is none."""
    return merchant_notification(parse_guide_text(text), carried) if is_guide_text(text) else None


MERCHANT_PUSHES = Recogniser(
    known="of the Merchant API (JSON or base64)", fields=merchant_notification, text=guide_push
)


class StatusPlace(NamedTuple):
    """Where a value holds: a resource, or one of its regions and reporting contexts."""

    account: str
    resource: str | None
    region_code: str | None
    reporting_context: str | None


def latest_changes(pushes: Iterable[MerchantNotification]) -> dict[StatusPlace, ResourceChange]:
    """Return the change with the greatest time of each place, however often and in which order.

    A push without time counts as older than any other.
    """
    oldest_first = sorted(pushes, key=lambda push: push.moment or _NEVER)
    return {
        StatusPlace(
            push.payload.account,
            push.payload.resource or push.payload.resource_id,
            change.region_code,
            change.reporting_context,
        ): change
        for push in oldest_first
        for change in push.payload.changes
    }
