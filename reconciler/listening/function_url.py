"""The listener as a handler of AWS Lambda, behind a function URL or an HTTP API.

Source: "Invoking Lambda function URLs" (payload format 2.0). An answer without statusCode would be
taken for 200, that is for an acknowledgement, so there is none.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

from reconciler.listening.listener import Listener, PushReply, PushRequest

_WRONG_FORMAT = (
    "This function takes events of payload format 2.0: put it behind a function URL, or an HTTP "
    "API with that format."
)


class FunctionUrl:
    """`handler = FunctionUrl(listener)`; one loop serves all invocations of an environment.

    Whatever keeps the messages should not linger: an invocation has one message.
    """

    def __init__(self, listener: Listener):
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, event: Any, _context: Any = None) -> dict[str, Any]:
        """Answer one event; the answer always has an integer statusCode."""
        try:
            request = _request(event)
        except (AttributeError, KeyError, TypeError, UnicodeEncodeError):
            return _as_response(PushReply(500), _WRONG_FORMAT)
        try:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            return _as_response(self._loop.run_until_complete(self._listener.receive(request)))
        except Exception as error:  # noqa: BLE001 - whatever it was, Google keeps the push
            return _as_response(PushReply(500), type(error).__name__)

    def close(self) -> None:
        """End the loop; an environment of Lambda never does."""
        if self._loop is not None:
            self._loop.run_until_complete(self._listener.drain())
            self._loop.close()
            self._loop = None


def _request(event: Mapping[str, Any]) -> PushRequest:
    """Raises AttributeError, KeyError, TypeError or UnicodeEncodeError for another format."""
    return PushRequest(
        method=event["requestContext"]["http"]["method"],
        paths=(event["rawPath"].encode(),),
        query=(event.get("rawQueryString") or "").encode(),
        body=_one(_body(event)),
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return bytes(text.encode("utf-8", "surrogatepass"))


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _as_response(reply: PushReply, body: str = "") -> dict[str, Any]:
    return {"statusCode": reply.status, "headers": dict(reply.headers), "body": body}
