"""What MWS puts into a queue.

Source: Amazon MWS documentation, "Notifications": metadata as always, the payload by type.
"""

from uuid import uuid4

from reconciler.sandbox.mws_wire import element, now, text


def test_message(seller: str) -> str:
    """Return the documentation's test message: metadata as always, an empty payload."""
    return message("Test", seller, None, element("TestNotification"))


def message(kind: str, seller: str, marketplace: str | None, payload: str) -> str:
    """Return a notification; `payload` is the XML inside NotificationPayload."""
    metadata = [
        text("NotificationType", kind),
        text("PayloadVersion", "1.0"),
        text("UniqueId", str(uuid4())),
        text("PublishTime", now()),
        text("SellerId", seller),
    ]
    if marketplace is not None:
        metadata.append(text("MarketplaceId", marketplace))
    return element(
        "Notification",
        element("NotificationMetaData", *metadata),
        element("NotificationPayload", payload),
    )
