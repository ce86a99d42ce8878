"""SP-API subscriptions of one application.

Source: the published model of Notifications v1, "Notification Type Values", and user reports in the
model's issue tracker.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from reconciler.sandbox import spapi_types
from reconciler.sandbox.service import page_offset, page_token
from reconciler.sandbox.spapi_destinations import SandboxApplication, SandboxSubscription
from reconciler.sandbox.spapi_wire import SpApiError, invalid_input, not_found

Types = Mapping[str, Sequence[str]]


def check_type(kind: str, types: Types) -> None:
    """Raises SpApiError 400 for a type that does not exist."""
    if kind not in types:
        raise invalid_input(f'Invalid value "{kind}" for path parameter notificationType')


def create(
    application: SandboxApplication, seller: str, kind: str, body: dict[str, Any], types: Types
) -> SandboxSubscription:
    """Subscribe a seller. Raises SpApiError 400 or 409."""
    version, destination = body.get("payloadVersion"), body.get("destinationId")
    for name, value in (("payloadVersion", version), ("destinationId", destination)):
        if not isinstance(value, str) or not value:
            raise invalid_input(f"{name} is required")
    version, destination = str(version), str(destination)
    if version not in types[kind] and tuple(types[kind]) != spapi_types.ANY_VERSION:
        raise invalid_input(f"Payload version {version} is not valid for {kind}")
    if destination not in application.destinations:
        raise invalid_input(
            f"No destination with id {destination} for applicationId {application.id}"
        )
    if (
        kind in spapi_types.EVENT_BRIDGE_ONLY
        and "sqs" in application.destinations[destination]["resource"]
    ):
        raise invalid_input("")  # reported: the service does not say why
    wish = body.get("processingDirective")
    if trouble := spapi_types.defect(kind, wish):
        raise invalid_input(trouble)
    directive = {name: value for name, value in (wish or {}).items() if value is not None} or None
    made = SandboxSubscription(seller, kind, version, destination, directive)
    group = application.groups.setdefault((seller, kind), [])
    if any(_key(made) == _key(other) for other in group):
        raise SpApiError(
            409, "StateConflict", "Subscription already exists for this notification type.", None
        )
    application.subscriptions[made.id] = made
    group.append(made)
    return made


def delete(application: SandboxApplication, item: SandboxSubscription) -> None:
    """Forget a subscription."""
    del application.subscriptions[item.id]
    application.groups[item.seller, item.kind].remove(item)


def _key(item: SandboxSubscription) -> tuple[str, str | None]:
    """What a seller can have once for a type: a version, and again with each filter expression."""
    return (item.version, (item.directive or {}).get("filterExpression"))


def latest(
    application: SandboxApplication, seller: str, kind: str, version: str | None, types: Types
) -> SandboxSubscription:
    """Return the seller's subscription to a version, or to the type's latest. Raises 404.

    Without a version, a subscription to an older one stays hidden.
    """
    if version is None and tuple(types[kind]) != spapi_types.ANY_VERSION:
        version = types[kind][-1]
    found = [
        item
        for item in application.groups.get((seller, kind), ())
        if version in (None, item.version)
    ]
    if not found:
        raise not_found(f"No subscription for notification type {kind}")
    return found[-1]


def page(
    application: SandboxApplication, seller: str, query: MultiDict[str, str], types: Types
) -> dict[str, Any]:
    """Return one page of the seller's subscriptions to one type. Raises SpApiError 400."""
    kinds = [kind for text in query.getlist("notificationTypes") for kind in text.split(",")]
    if len(kinds) != 1 or kinds[0] not in types:
        raise invalid_input("notificationTypes must be exactly one notification type")
    size = query.get("pageSize", "30")
    if not size.isdigit() or not 30 <= int(size) <= 100:
        raise invalid_input("pageSize must be from 30 to 100")
    version = query.get("payloadVersion")
    start = _offset(query.get("nextToken"))
    found = [
        item
        for item in application.groups.get((seller, kinds[0]), ())
        if version in (None, item.version)
    ]
    end = start + int(size)
    answer: dict[str, Any] = {"subscriptions": [item.as_json() for item in found[start:end]]}
    if end < len(found):
        answer["nextToken"] = page_token(end)
    return answer


def _offset(token: str | None) -> int:
    start = page_offset(token)
    if start is None:
        raise invalid_input("nextToken is not valid")
    return start


def find(
    application: SandboxApplication, seller: str | None, kind: str, key: str
) -> SandboxSubscription:
    """Return a subscription by id; with a seller only if it is theirs. Raises SpApiError 404."""
    item = application.subscriptions.get(key)
    if item is None or item.kind != kind or seller not in (None, item.seller):
        raise not_found(f"No subscription with id {key} for notification type {kind}")
    return item
