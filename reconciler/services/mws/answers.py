"""MWS's XML answers, read by local name: the namespace differs by section and by failing layer."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring


class GarbledMwsAnswer(ValueError):
    """An answer that is cut, not XML, declares entities, or lacks what it must hold."""


@dataclass(frozen=True, slots=True)
class MwsErrorDocument:
    """An error document."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription as MWS lists it; the queue is named by its URL."""

    notification_type: str
    queue_url: str
    enabled: bool


def parse(body: bytes) -> Element:
    """Return the root of an answer.

    Raises:
        Garbled: it is no well-formed XML, or holds a document type or entities.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise GarbledMwsAnswer("no acceptable XML") from error
    return root


def failure(root: Element) -> MwsErrorDocument | None:
    """Return what an error document says, None if it is no error document."""
    if _name(root) != "ErrorResponse":
        return None
    error = _child(root, "Error")
    if error is None:
        raise GarbledMwsAnswer("an error document without an error")
    return MwsErrorDocument(_text(error, "Code"), _text(error, "Message", ""))


def request_id(root: Element) -> str:
    """Return the request id, which is spelt RequestId or RequestID and may lie deeper."""
    ids = (item.text or "" for item in root.iter() if _name(item).lower() == "requestid")
    return next(ids, "").strip()


def result(root: Element, operation: str) -> Element:
    """Return the result of a successful answer to `operation`.

    Raises:
        Garbled: it answers something else.
    """
    found = _child(root, f"{operation}Result")
    if _name(root) != f"{operation}Response" or found is None:
        raise GarbledMwsAnswer(f"no answer to {operation}")
    return found


def registered_queues(found: Element) -> tuple[str, ...]:
    """Return the queue URLs of a ListRegisteredDestinationsResult."""
    return tuple(_queue_url(item) for item in _members(_need(found, "DestinationList")))


def subscriptions(found: Element) -> tuple[Subscribed, ...]:
    """Return the subscriptions of a ListSubscriptionsResult."""
    return tuple(subscribed(item) for item in _members(_need(found, "SubscriptionList")))


def subscription(found: Element) -> Subscribed:
    """Return the subscription of a GetSubscriptionResult."""
    return subscribed(_need(found, "Subscription"))


def subscribed(item: Element) -> Subscribed:
    """Return the subscription that an element's children describe."""
    enabled = _text(item, "IsEnabled").lower()
    if enabled not in ("true", "false"):
        raise GarbledMwsAnswer("IsEnabled is neither true nor false")
    url = _queue_url(_need(item, "Destination"))
    return Subscribed(_text(item, "NotificationType"), url, enabled == "true")


def status(found: Element) -> str:
    """Return GREEN, GREEN_I, YELLOW or RED of a GetServiceStatusResult."""
    return _text(found, "Status")


def _queue_url(destination: Element) -> str:
    # Value stands before Key, and other attributes may stand beside the one there is today.
    for attribute in _members(_need(destination, "AttributeList")):
        if _text(attribute, "Key") == "sqsQueueUrl":
            return _text(attribute, "Value")
    raise GarbledMwsAnswer("a destination without sqsQueueUrl")


def _members(parent: Element) -> Iterator[Element]:
    for item in parent:
        if _name(item) != "member":
            raise GarbledMwsAnswer(f"{_name(item)} in a list of members")
        yield item


def _need(parent: Element, name: str) -> Element:
    found = _child(parent, name)
    if found is None:
        raise GarbledMwsAnswer(f"{_name(parent)} without {name}")
    return found


def _text(parent: Element, name: str, default: str | None = None) -> str:
    found = _child(parent, name)
    text = (found.text or "").strip() if found is not None else ""
    if text:
        return text
    if default is None:
        raise GarbledMwsAnswer(f"{_name(parent)} without {name}")
    return default


def _child(parent: Element, name: str) -> Element | None:
    return next((item for item in parent if _name(item) == name), None)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
