"""How what arrives is told to be a service's notification."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Carried:
    """What a wrapper tells about the message, for a message that does not tell it itself."""

    notification_type: str | None = None
    id: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """Makes a service's notifications (`notifications.model`) of what messages hold, once opened.

    `fields` is asked about JSON objects, `document` about XML (root, value), `text` about what is
    neither. Each returns None for what is no notification of the service, and raises DecodeError
    for a defective one. `known` says what they are, for people: "of MWS (XML)".
    """

    known: str
    fields: Callable[[Mapping[str, Any], Carried], Any] | None = None
    document: Callable[[str, Any], Any] | None = None
    text: Callable[[str, Carried], Any] | None = None
