"""From bytes to a notification: look, open one layer, look again."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.core.model.abilities import Recogniser
from reconciler.core.model.errors import DecodeError
from reconciler.notifications.amazon import MWS_MESSAGES, SP_API_MESSAGES
from reconciler.notifications.layers import Layer, from_base64, is_base64, unwrap
from reconciler.notifications.limits import MAX_LAYERS, quoted, readable
from reconciler.notifications.masking import speaks_of_secrets, without_quotes
from reconciler.notifications.merchant import MERCHANT_PUSHES
from reconciler.notifications.model import Notification
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
RECOGNISERS = (MWS_MESSAGES, SP_API_MESSAGES, MERCHANT_PUSHES)
"""Those of the services that this package knows by itself; programs may hand in more."""
MOST_FAULTS = 10
"""Messages of one input of which it is told why they hold no notification."""


class Decoded(NamedTuple):
    """What an input holds: `several` says whether it is made for several messages.

    `faults` says of the first messages that hold no notification which they are, and why.
    """

    notifications: list[Notification]
    faults: list[str]
    several: bool


def decode(data: bytes | str, recognisers: tuple[Recogniser, ...] = RECOGNISERS) -> Notification:
    """Return the notification that a message holds, in whatever it is wrapped.

    Args:
        data: an SQS body, a push's body or an event; bytes are UTF-8.
        recognisers: what notifications are told by.

    Raises:
        DecodeError: it holds none or several, or is longer, deeper or more ambiguous than any real
            one.
    """
    text = readable(data)
    try:
        found = _opened(Layer(text, recognisers=recognisers))
    except DecodeError as error:
        raise _concealed(error, text) from None
    if isinstance(found, list):
        raise DecodeError(f"{len(found)} messages in one: `reconciler decode` makes a list of them")
    return found


def decode_all(data: bytes | str, recognisers: tuple[Recogniser, ...] = RECOGNISERS) -> Decoded:
    """Return all notifications that an input holds, in their order.

    Several are what SQS's ReceiveMessage answers, a Lambda event, a JSON list and JSON documents
    one after the other.

    Raises:
        DecodeError: it holds none, or is longer or deeper than any real one.
    """
    text = readable(data)
    found: list[Notification] = []
    faults: list[DecodeError] = []
    waiting, several = [Layer(text, recognisers=recognisers)], False
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
    sentences = [str(_concealed(error, text)) for error in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        sentences.append(f"and {len(faults) - MOST_FAULTS} more messages hold no notification")
    return Decoded(found, sentences, several)


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
        return _open_xml(layer, text)
    if is_base64(text):
        return _open_base64(layer, text)
    if not text.startswith(("{", "[", '"')):
        return _open_words(layer, text)
    try:
        values = parse_jsons(text)
    except NotJson as trouble:
        if (found := _recognised(layer, text)) is not None:
            return found
        # Text that begins like JSON was most likely meant to be.
        raise no_json(str(trouble), at_end=trouble.at_end) from None
    return _open_value(layer, values[0]) if len(values) == 1 else layer.each(values)


def _open_xml(layer: Layer, text: str) -> Notification:
    if is_html(text):
        raise no_xml(text, "")
    try:
        root, value = parse_xml(text)
    except NotXml as trouble:
        raise no_xml(text, str(trouble)) from None
    for recogniser in layer.recognisers:
        if recogniser.document and (found := recogniser.document(root, value)):
            return _one(found)
    raise no_notification(f"XML with the root {quoted(root)}")


def _open_base64(layer: Layer, text: str) -> Layer:
    try:
        inner = from_base64(text)
    except DecodeError:
        raise no_base64(text) from None
    if _CONTROL.search(inner):
        raise no_base64(text)  # a word that happens to be base64, too
    return layer.inside(inner, place="inside base64: ")


def _open_words(layer: Layer, text: str) -> Notification:
    found = _recognised(layer, text)
    if found is None:
        raise plain_text(text)
    return found


def _recognised(layer: Layer, text: str) -> Notification | None:
    """Return the notification that text in a form of its own holds, None if it is none."""
    for recogniser in layer.recognisers:
        if recogniser.text and (found := recogniser.text(text, layer.carried)):
            return _one(found)
    return None


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
    inside = unwrap(layer, value)
    if inside:
        return inside
    for recogniser in layer.recognisers:
        if recogniser.fields and (found := recogniser.fields(value, layer.carried)):
            return _one(found)
    raise unknown_object(value)


def _one(found: Notification) -> Notification:
    """Be told what a recogniser gives, whose type the core does not know."""
    return found
