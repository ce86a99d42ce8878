"""From the body of a push to what is kept of it. Nothing is sent, nothing waits."""

import base64
import hashlib
import json
import re
from typing import Any

from reconciler.listening.doors import Door
from reconciler.listening.keeping import PushMessage, written
from reconciler.notifications import DecodeError, MerchantNotification, decode

_ID = re.compile(r"[!-~]{1,128}")


def read_push(door: Door, body: bytes) -> PushMessage:
    """Return what is to be kept of a body; `parked` when nothing can be made of it.

    What the sender calls its type does not matter: a body that can be decoded is a push.
    """
    try:
        envelope, data = _opened(body)
        found = decode(body)
    except DecodeError as error:
        return parked(door, body, f"not decoded: {error}")
    if not isinstance(found, MerchantNotification):
        return parked(door, body, "not decoded: no push of the Merchant API")
    key, deduplication_id = _identity(envelope, data)
    payload = found.payload
    if not door.takes(payload.account, payload.managing_account):
        return parked(door, body, "of another account than declared", key)
    text, form, cut = written(body)
    group = hashlib.sha256((payload.resource or payload.account).encode()).hexdigest()
    return PushMessage(door.push, text, deduplication_id, group, form, key, cut=cut)


def parked(door: Door, body: bytes, why: str, key: str | None = None) -> PushMessage:
    """Return a body of which nothing can be made, and why."""
    text, form, cut = written(body)
    digest = hashlib.sha256(body).hexdigest()
    return PushMessage(door.push, text, digest, door.push, form, key, parked=_line(why), cut=cut)


def in_base64(message: PushMessage, why: str) -> PushMessage:
    """Return a message that the queue does not take in the form that every queue takes."""
    text = base64.b64encode(message.text.encode()).decode()
    return PushMessage(
        message.push,
        text if message.form == "text" else message.text,
        message.deduplication_id,
        message.group,
        "base64",
        message.id,
        parked=_line(f"not taken: {why}"),
        cut=message.cut,
    )


def _opened(body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the inner object of the envelope and the decoded data. Raises DecodeError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise DecodeError("the body is not JSON") from None
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, dict):
        raise DecodeError("the body is not an object with a message")
    data = message.get("data")
    if not isinstance(data, str) or not (decoded := _from_base64(data)):
        raise DecodeError("message.data is not base64")
    return message, decoded


def _from_base64(text: str) -> bytes:
    """Decode either alphabet, with or without padding and line breaks; empty if it is neither."""
    plain = re.sub(r"\s", "", text).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return b""


def _identity(message: dict[str, Any], data: bytes) -> tuple[str | None, str]:
    """Return the message's id, if it has one, and what tells copies of it apart."""
    given = message.get("messageId") or message.get("message_id")
    key = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else None
    if key is None:
        return None, hashlib.sha256(data).hexdigest()
    return key, key if _ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()


def _line(text: str) -> str:
    """Return a reason as an attribute takes it: one line of plain characters, not too long."""
    return re.sub(r"[^ -~]+", " ", text)[:200]
