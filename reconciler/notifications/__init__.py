"""What arrives: MWS XML, SP-API JSON and Merchant pushes, decoded to one typed form.

    from reconciler.notifications import MerchantNotification, decode, summary

    notification = decode(body)
    print(summary(notification))
    if isinstance(notification, MerchantNotification):
        print(notification.payload.resource, notification.payload.changes)

`decode_all` returns every notification of an input that may hold several.

A message may bring a secret (`newClientSecret`); `masked` returns a notification that can be shown.

Notifications of further services are known by what they bring (`Service.recognise`), handed to
`decode` as `recognisers`.

Nothing here touches the network, the disk or the clock, and whatever the bytes hold, `decode`
returns a notification or raises DecodeError.
"""

from reconciler.core.model.errors import DecodeError
from reconciler.notifications.decoding import RECOGNISERS, Decoded, decode, decode_all
from reconciler.notifications.limits import MAX_BYTES, MAX_DEPTH, MAX_LAYERS
from reconciler.notifications.masking import masked
from reconciler.notifications.merchant import StatusPlace, latest_changes
from reconciler.notifications.model import (
    MerchantNotification,
    MerchantPayload,
    MwsMetadata,
    MwsNotification,
    Notification,
    OtherNotification,
    ResourceChange,
    SpApiMetadata,
    SpApiNotification,
)
from reconciler.notifications.summaries import summary
from reconciler.notifications.unknown import NoNotification, known

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_LAYERS",
    "RECOGNISERS",
    "DecodeError",
    "Decoded",
    "MerchantNotification",
    "MerchantPayload",
    "MwsMetadata",
    "MwsNotification",
    "NoNotification",
    "Notification",
    "OtherNotification",
    "ResourceChange",
    "SpApiMetadata",
    "SpApiNotification",
    "StatusPlace",
    "decode",
    "decode_all",
    "known",
    "latest_changes",
    "masked",
    "summary",
]
