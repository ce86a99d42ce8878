"""What messages are wrapped in: SQS, SNS, EventBridge, the Merchant push envelope, base64."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.model.abilities import Carried, Recogniser
from reconciler.core.model.errors import DecodeError
from reconciler.notifications.limits import quoted, readable
from reconciler.notifications.unknown import no_notification

_SELLING_PARTNER = "aws.partner/sellingpartnerapi.amazon.com"
_WHITE_SPACE = re.compile(r"\s+")
_LINE_ENDS = re.compile(r"\s*\n\s*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


@dataclass(frozen=True, slots=True)
class Layer:
    """Text or a JSON value still to be decoded, and what the wrappers around it told.

    `place` says where it is, for errors; `depth` is the number of wrappers around it, and
    `recognisers` know notifications when they see them.
    """

    content: Any
    carried: Carried = Carried()  # noqa: RUF009 - a frozen value, shared safely
    place: str = ""
    depth: int = 0
    recognisers: tuple[Recogniser, ...] = ()

    def inside(self, content: Any, carried: Carried | None = None, place: str = "") -> "Layer":
        """Return what this layer holds."""
        return replace(
            self,
            content=content,
            carried=carried or self.carried,
            place=self.place + place,
            depth=self.depth + 1,
        )

    def each(self, items: Sequence[Any]) -> "Layer | list[Layer]":
        """Return what a list in this layer holds: its only item, or all of them.

        Raises:
            DecodeError: there are none.
        """
        if not items:
            raise no_notification("a list without messages")
        if len(items) == 1:
            return self.inside(items[0])
        return [
            self.inside(item, place=f"message {number} of {len(items)}: ")
            for number, item in enumerate(items, 1)
        ]


def unwrap(layer: Layer, value: Mapping[str, Any]) -> Layer | list[Layer] | None:
    """Return what a wrapper holds, None if the object is none.

    Raises:
        DecodeError: it is a wrapper without a message, or of SNS's own business.
    """
    match value:
        case {"detail-type": _, "detail": detail}:
            return layer.inside(detail, _event(value))
        case {"Type": "Notification", "Message": content}:
            return layer.inside(content)
        case {"Type": "SubscriptionConfirmation" | "UnsubscribeConfirmation" as kind}:
            raise DecodeError(f"SNS's own {kind}, not a notification: visit its SubscribeURL")
        case {"Messages": [*items]} | {"Records": [*items]}:
            return layer.each(items)
        case {"message": {"data": str(data)} as message}:
            return layer.inside(from_base64(data), _push(message), "inside base64: ")
        case {"Body": content} | {"body": content} | {"Sns": content}:
            return layer.inside(content)
        case _:
            return None


def is_base64(text: str) -> bool:
    """Say whether text can be base64, which may be broken into lines and holds no blanks."""
    return _BASE64.fullmatch(_LINE_ENDS.sub("", text)) is not None


def from_base64(text: str) -> str:
    """Return what base64 holds, in the standard or URL-safe alphabet, padded or not.

    Raises:
        DecodeError: it is no base64, or holds no UTF-8.
    """
    compact = _WHITE_SPACE.sub("", text)
    bare = compact.rstrip("=")
    if _BASE64.fullmatch(compact) is None or len(bare) % 4 == 1:
        raise DecodeError(f"no base64: {quoted(text)}")
    padded = bare.translate(str.maketrans("-_", "+/")) + "=" * (-len(bare) % 4)
    try:
        return readable(base64.b64decode(padded, validate=True))
    except DecodeError as error:
        raise DecodeError(f"inside base64: {error}") from None


def _event(event: Mapping[str, Any]) -> Carried:
    source = event.get("source")
    if not isinstance(source, str) or not source.startswith(_SELLING_PARTNER):
        return Carried()
    return Carried(_text(event, "detail-type"), _text(event, "id"), _text(event, "time"))


def _push(message: Mapping[str, Any]) -> Carried:
    # Pub/Sub spells both names twice in one and the same push.
    return Carried(
        id=_text(message, "messageId") or _text(message, "message_id"),
        time=_text(message, "publishTime") or _text(message, "publish_time"),
    )


def _text(values: Mapping[str, Any], name: str) -> str | None:
    found = values.get(name)
    return found if isinstance(found, str) else None
