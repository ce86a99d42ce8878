"""What a message is that holds no notification, in words, and which notifications are known."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from reconciler.core.model.abilities import Recogniser
from reconciler.core.model.errors import DecodeError
from reconciler.notifications.limits import quoted

_HTML = re.compile(r"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_CUT_OFF = ("no element found", "unclosed token", "unclosed CDATA section")
_LONG = 40
"""Characters from which on text without spaces is base64 rather than a word."""


class NoNotification(DecodeError):
    """A message is something else; the sentence says what."""


def known(recognisers: Sequence[Recogniser]) -> str:
    """Say which notifications are known, for whoever has something else."""
    names = [recogniser.known for recogniser in recognisers]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)
    return f"known are notifications {listed}, bare or inside SQS, SNS, EventBridge or Pub/Sub"


def no_notification(what: str) -> NoNotification:
    """Return the error that says what a message is instead."""
    return NoNotification(f"{what}, no notification known here")


def plain_text(text: str) -> NoNotification:
    """Return the error about text in no form that is known."""
    return no_notification(f"text ({quoted(text)})")


def no_base64(text: str) -> NoNotification:
    """Return the error about what looks like base64 and holds no text."""
    if len(text) < _LONG and "=" not in text:
        return plain_text(text)
    return no_notification(f"base64 that was cut off or holds no text ({quoted(text)})")


def no_json(trouble: str, *, at_end: bool) -> NoNotification:
    """Return the error about text that begins like JSON; `at_end`: and then ends."""
    if at_end:
        return no_notification(f"JSON that was cut off ({trouble})")
    return no_notification(f"text that begins like JSON and is none ({trouble})")


def no_xml(text: str, trouble: str) -> NoNotification:
    """Return the error about text that begins like XML, or that is XML of another kind."""
    if is_html(text):
        return no_notification("an HTML page")
    if any(sign in trouble for sign in _CUT_OFF):
        return no_notification(f"XML that was cut off ({trouble})")
    return no_notification(f"text that begins like XML and is none ({trouble})")


def is_html(text: str) -> bool:
    """Say whether text is a page of the web."""
    return _HTML.search(text[:1000]) is not None


def unknown_object(value: Mapping[str, Any]) -> NoNotification:
    """Return the error about a JSON object that is none of the known ones."""
    match value:
        case {"key1": "value1"}:
            return no_notification("the test event of the Lambda console")
        case {"Event": "s3:TestEvent"}:
            return no_notification("the test message that S3 sends when notifications are set up")
    names = ", ".join(quoted(name) for name in islice(value, 5)) or "nothing"
    return no_notification(f"an object of {names}")
