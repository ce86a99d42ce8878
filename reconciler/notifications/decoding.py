"""From bytes to a notification: look, open one layer, look again."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from reconciler.core.errors import DecodeError
from reconciler.notifications.amazon import mws_notification, sp_api_notification
from reconciler.notifications.guide_text import parse_guide_text
from reconciler.notifications.layers import Layer, from_base64, is_base64, only, unwrap
from reconciler.notifications.limits import MAX_LAYERS, quoted, readable
from reconciler.notifications.masking import speaks_of_secrets, without_quotes
from reconciler.notifications.merchant import merchant_notification
from reconciler.notifications.model import MerchantNotification, Notification
from reconciler.notifications.strict_json import NotJson, parse_json
from reconciler.notifications.xml_tree import parse_xml


def decode(data: bytes | str) -> Notification:
    """Return the notification that a message holds, in whatever it is wrapped.

    Args:
        data: an SQS body, a push's body or an event; bytes are UTF-8.

    Raises:
        DecodeError: it holds none, or is longer, deeper or more ambiguous than any real one.
    """
    text = readable(data)
    try:
        return _decoded(text)
    except DecodeError as error:
        if speaks_of_secrets(text):
            # What is quoted to help may be the secret.
            raise type(error)(without_quotes(str(error))) from None
        raise


def _decoded(text: str) -> Notification:
    layer = Layer(text)
    for _ in range(MAX_LAYERS + 1):
        found = _open(layer)
        if not isinstance(found, Layer):
            return found
        layer = found
    raise DecodeError(f"wrapped more than {MAX_LAYERS} times")


def _open(layer: Layer) -> Notification | Layer:
    """Return the notification that a layer is, or the layer in it."""
    if isinstance(layer.content, str):
        return _open_text(layer, layer.content.strip())
    return _open_value(layer, layer.content)


def _open_text(layer: Layer, text: str) -> Notification | Layer:
    if not text:
        raise DecodeError("the message is empty")
    if text.startswith("<"):
        return mws_notification(*parse_xml(text))
    if is_base64(text):
        return layer.inside(from_base64(text))
    if not text.startswith(("{", "[", '"')):
        return _guide_push(layer, text)
    try:
        value = parse_json(text)
    except NotJson as not_json:
        try:
            return _guide_push(layer, text)
        except DecodeError:
            # Text that begins like JSON was most likely meant to be.
            raise not_json from None
    return _open_value(layer, value)


def _guide_push(layer: Layer, text: str) -> MerchantNotification:
    """Return the Merchant push that the guide's text form holds; nothing else is written so."""
    fields = parse_guide_text(text)
    found = merchant_notification(fields, layer.carried)
    if found is None:
        raise _unknown(fields)
    return found


def _open_value(layer: Layer, value: Any) -> Notification | Layer:
    match value:
        case str(text):
            return layer.inside(text)
        case list(items):
            return layer.inside(only(items))
        case dict(fields):
            return _open_object(layer, fields)
        case _:
            raise DecodeError("no message that is known: a bare value")


def _open_object(layer: Layer, value: Mapping[str, Any]) -> Notification | Layer:
    found = (
        unwrap(layer, value)
        or sp_api_notification(value, layer.carried)
        or merchant_notification(value, layer.carried)
    )
    if found is None:
        raise _unknown(value)
    return found


def _unknown(value: Mapping[str, Any]) -> DecodeError:
    names = ", ".join(quoted(name) for name in islice(value, 5)) or "nothing"
    return DecodeError(f"no message that is known: an object of {names}")
