"""From bytes to a notification: look, open one layer, look again."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.core.model.errors import DecodeError
from reconciler.notifications.amazon import mws_notification, sp_api_notification
from reconciler.notifications.guide_text import is_guide_text, parse_guide_text
from reconciler.notifications.layers import Layer, from_base64, is_base64, unwrap
from reconciler.notifications.limits import MAX_LAYERS, readable
from reconciler.notifications.masking import speaks_of_secrets, without_quotes
from reconciler.notifications.merchant import merchant_notification
from reconciler.notifications.model import MerchantNotification, Notification
from reconciler.notifications.strict_json import NotJson, parse_jsons
from reconciler.notifications.unknown import (
    is_html,
    no_base64,
    no_json,
    no_notification,
    no_xml,
    plain_text,
    unknown_object,
)
from reconciler.notifications.xml_tree import NotXml, parse_xml

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
MOST_FAULTS = 10
"""Messages of one input of which it is told why they hold no notification."""


class Decoded(NamedTuple):
    """What an input holds: `several` says whether it is made for several messages.

    `faults` says of the first messages that hold no notification which they are, and why.
    """

    notifications: list[Notification]
    faults: list[str]
    several: bool


def decode(data: bytes | str) -> Notification:
    """Return the notification that a message holds, in whatever it is wrapped.

    Args:
        data: an SQS body, a push's body or an event; bytes are UTF-8.

    Raises:
        DecodeError: it holds none or several, or is longer, deeper or more ambiguous than any real
            one.
    """
    text = readable(data)
    try:
        found = _opened(Layer(text))
    except DecodeError as error:
        raise _concealed(error, text) from None
    if isinstance(found, list):
        raise DecodeError(f"{len(found)} messages in one: `reconciler decode` makes a list of them")
    return found


def decode_all(data: bytes | str) -> Decoded:
    """Return all notifications that an input holds, in their order.

    Several are what SQS's ReceiveMessage answers, a Lambda event, a JSON list and JSON documents
    one after the other.

    Raises:
        DecodeError: it holds none, or is longer or deeper than any real one.
    """
    text = readable(data)
    found: list[Notification] = []
    faults: list[DecodeError] = []
    waiting, several = [Layer(text)], False
    while waiting:
        try:
            one = _opened(waiting.pop())
        except DecodeError as error:
            faults.append(error)
            continue
        if isinstance(one, list):
            several = True
            waiting += reversed(one)
        else:
            found.append(one)
    if not found:
        raise _concealed(faults[0], text)
    told = [str(_concealed(error, text)) for error in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        told.append(f"and {len(faults) - MOST_FAULTS} more messages hold no notification")
    return Decoded(found, told, several)


def _concealed(error: DecodeError, text: str) -> DecodeError:
    """Return the error without what it quotes of a message that may hold a secret."""
    if not speaks_of_secrets(text):
        return error
    return type(error)(without_quotes(str(error)))


def _opened(layer: Layer) -> Notification | list[Layer]:
    """Return the notification that a layer holds, or the several layers in it."""
    found: Notification | Layer | list[Layer] = layer
    while isinstance(found, Layer):
        layer = found
        try:
            found = _open(layer)
        except DecodeError as error:
            raise type(error)(f"{layer.place}{error}") from None
    return found


def _open(layer: Layer) -> Notification | Layer | list[Layer]:
    """Return the notification that a layer is, or what is in it."""
    if layer.depth > MAX_LAYERS:
        raise DecodeError(f"wrapped more than {MAX_LAYERS} times")
    if isinstance(layer.content, str):
        return _open_text(layer, layer.content.strip())
    return _open_value(layer, layer.content)


def _open_text(layer: Layer, text: str) -> Notification | Layer | list[Layer]:
    if not text:
        raise no_notification("an empty message")
    if text.startswith("<"):
        return _open_xml(text)
    if is_base64(text):
        return _open_base64(layer, text)
    if not text.startswith(("{", "[", '"')):
        return _guide_push(layer, text)
    try:
        values = parse_jsons(text)
    except NotJson as trouble:
        if is_guide_text(text):
            return _guide_push(layer, text)
        # Text that begins like JSON was most likely meant to be.
        raise no_json(str(trouble), at_end=trouble.at_end) from None
    return _open_value(layer, values[0]) if len(values) == 1 else layer.each(values)


def _open_xml(text: str) -> Notification:
    if is_html(text):
        raise no_xml(text, "")
    try:
        root, value = parse_xml(text)
    except NotXml as trouble:
        raise no_xml(text, str(trouble)) from None
    return mws_notification(root, value)


def _open_base64(layer: Layer, text: str) -> Layer:
    try:
        inner = from_base64(text)
    except DecodeError:
        raise no_base64(text) from None
    if _CONTROL.search(inner):
        raise no_base64(text)  # a word that happens to be base64, too
    return layer.inside(inner, place="inside base64: ")


def _guide_push(layer: Layer, text: str) -> MerchantNotification:
    """Return the Merchant push that the guide's text form holds; nothing else is written so."""
    if not is_guide_text(text):
        raise plain_text(text)
    fields = parse_guide_text(text)
    found = merchant_notification(fields, layer.carried)
    if found is None:
        raise plain_text(text)
    return found


def _open_value(layer: Layer, value: Any) -> Notification | Layer | list[Layer]:
    match value:
        case str(text):
            return layer.inside(text)
        case list(items):
            return layer.each(items)
        case dict(fields):
            return _open_object(layer, fields)
        case _:
            raise no_notification("a bare JSON value")


def _open_object(layer: Layer, value: Mapping[str, Any]) -> Notification | Layer | list[Layer]:
    found = (
        unwrap(layer, value)
        or sp_api_notification(value, layer.carried)
        or merchant_notification(value, layer.carried)
    )
    if found is None:
        raise unknown_object(value)
    return found
