"""Messages of MWS and of the SP-API, once their XML or JSON is read."""

from collections.abc import Mapping
from typing import Any

from reconciler.core.model.abilities import Carried, Recogniser
from reconciler.core.model.errors import DecodeError
from reconciler.notifications.model import (
    MwsMetadata,
    MwsNotification,
    SpApiMetadata,
    SpApiNotification,
)


def mws_notification(root: str, value: Any) -> MwsNotification | None:
    """Return the notification that an XML document is, None if it is none.

    Raises:
        DecodeError: it lacks its type.
    """
    if root != "Notification" or not isinstance(value, Mapping):
        return None
    metadata = _mapping(value, "NotificationMetaData")
    kind = _text(metadata, "NotificationType")
    if not kind:
        raise DecodeError("the notification of MWS has no NotificationType")
    return MwsNotification(
        notification_type=kind,
        time=_text(metadata, "PublishTime"),
        id=_text(metadata, "UniqueId"),
        payload=_mapping(value, "NotificationPayload"),
        metadata=MwsMetadata(
            payload_version=_text(metadata, "PayloadVersion"),
            seller_id=_text(metadata, "SellerId"),
            marketplace_id=_text(metadata, "MarketplaceId"),
        ),
    )


def sp_api_notification(value: Mapping[str, Any], carried: Carried) -> SpApiNotification | None:
    """Return the notification of the SP-API that an object is, None if it is none.

    Only the letter case of the envelope's names differs between notification types. An event bus
    tells the type of a message, and id and time where it lacks them.

    Raises:
        DecodeError: a name stands twice in different cases, or a value has the wrong type.
    """
    envelope = _caseless(value)
    inside = _text(envelope, "notificationtype")
    # Amazon's own sample of a listing event misspells its type inside.
    kind = carried.notification_type or inside
    if not kind:
        return None
    bare = "payload" not in envelope and "notificationtype" not in envelope
    about = _caseless(_mapping(envelope, "notificationmetadata"))
    event_time, publish_time = _text(envelope, "eventtime"), _text(about, "publishtime")
    return SpApiNotification(
        notification_type=kind,
        time=event_time or publish_time or carried.time,
        id=_text(about, "notificationid") or carried.id,
        payload=value if bare else _mapping(envelope, "payload"),
        metadata=SpApiMetadata(
            notification_version=_text(envelope, "notificationversion"),
            payload_version=_text(envelope, "payloadversion"),
            event_time=event_time,
            publish_time=publish_time,
            application_id=_text(about, "applicationid"),
            subscription_id=_text(about, "subscriptionid"),
        ),
    )


def _caseless(value: Mapping[str, Any]) -> dict[str, Any]:
    found = {name.lower(): item for name, item in value.items()}
    if len(found) != len(value):
        raise DecodeError("a name of the envelope stands twice, in different letter case")
    return found


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise DecodeError(f"{name} holds no fields")
    return found


def _text(values: Mapping[str, Any], name: str) -> str | None:
    found = values.get(name)
    if found is None or isinstance(found, str):
        return found
    raise DecodeError(f"{name} is no text")


MWS_MESSAGES = Recogniser(known="of MWS (XML)", document=mws_notification)
SP_API_MESSAGES = Recogniser(known="of the SP-API (JSON)", fields=sp_api_notification)
