"""The listener as an ASGI application, for whichever server runs it.

Source: ASGI specification 3.0 (HTTP, lifespan).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from reconciler.listening.listener import Listener, PushReply, PushRequest, SenderGone
from reconciler.listening.tallies import CONTENT_TYPE

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

_HEALTH = ("/livez", "/healthz", "/readyz", "/metrics")


class AsgiApplication:
    """Serves the doors and, unless told otherwise, /livez, /healthz, /readyz and /metrics.

    A server that has no lifespan may leave it out; then nothing is drained.
    """

    def __init__(self, listener: Listener, *, health: bool = True, grace: float = 10.0):
        self._listener = listener
        self._health = health
        self._grace = grace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the lifespan."""
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                await self._answer(scope, receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1003})
            case other:
                raise ValueError(f"no {other} is served here")

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await self._listener.drain(self._grace)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, paths = scope["method"], _paths(scope)
        if self._health and (name := paths[-1].decode("latin-1")) in _HEALTH:
            reply, body = await self._plain_reply(name, method)
            await _send(send, reply, b"" if method == "HEAD" else body)
            return
        query = scope.get("query_string", b"")
        try:
            reply = await self._listener.receive(
                PushRequest(method, paths, query, _pieces(receive))
            )
        except SenderGone:
            return
        await _send(send, reply, b"")

    async def _plain_reply(self, name: str, method: str) -> tuple[PushReply, bytes]:
        if method not in ("GET", "HEAD"):
            return PushReply(405, {"Allow": "GET, HEAD"}), b""
        headers = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
        if name == "/metrics":
            text = self._listener.tallies.as_text()
            return PushReply(200, {**headers, "Content-Type": CONTENT_TYPE}), text.encode()
        why = await self._listener.unready() if name == "/readyz" else None
        return PushReply(503 if why else 200, headers), f"{why or 'ok'}\n".encode()


def _paths(scope: Scope) -> tuple[bytes, ...]:
    """Return the path as it was sent: whole, and, where it differs, below where this is mounted.

    Servers differ in whether a path holds that place. One may leave raw_path out; then an encoded
    slash cannot be told from another.
    """
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    mounted = quote(scope.get("root_path", "").rstrip("/")).encode()
    if not mounted:
        return (raw,)
    if raw.startswith(mounted + b"/"):
        return raw, raw.removeprefix(mounted)
    return mounted + raw, raw


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise SenderGone
        yield event.get("body", b"")
        more = event.get("more_body", False)


async def _send(send: Send, reply: PushReply, body: bytes) -> None:
    headers = dict(reply.headers)
    if reply.status != 204:  # which has no body, and says nothing about one
        headers["Content-Length"] = str(len(body))
    if reply.close:
        headers["Connection"] = "close"
    pairs = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
