"""Pushes as Google sends them, and places that keep them."""

import asyncio
import base64
import json

from reconciler.listening import (
    Bounds,
    Door,
    Doors,
    Keeping,
    Listener,
    TryLater,
    WillNotTake,
)
from reconciler.listening.listener import PushRequest

SECRET = "s3cret-of-the-shop"
URI = "https://hooks.example.com/merchant/1234?token={secret}"
PATH, QUERY = "/merchant/1234", f"token={SECRET}"
CHANGE = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "PRODUCT",
    "attribute": "STATUS",
    "changes": [{"oldValue": "approved", "newValue": "disapproved"}],
    "resourceId": "online~en~US~1",
    "resource": "accounts/1234/products/online~en~US~1",
}


def push(key="1", change=None, **message):
    """Return a body; a field that is None is left out."""
    data = base64.b64encode(json.dumps(change or CHANGE).encode()).decode()
    whole = {"data": data, "messageId": key, "publishTime": "2026-11-29T09:00:00Z", **message}
    return json.dumps({"message": {k: v for k, v in whole.items() if v is not None}}).encode()


class Jumping(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next thing to do."""

    _now = 1000.0

    def time(self):
        return self._now

    def _run_once(self):
        due = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if due and not self._ready:
            self._now = max(self._now, min(due))
        super()._run_once()


def run(what):
    """Run a coroutine to its end, in no time."""
    with asyncio.Runner(loop_factory=Jumping) as runner:
        return runner.run(what)


class Shelf:
    """Keeps what it is told to keep; `fates` come first, one a message: an error, or seconds."""

    def __init__(self, *fates):
        self.fates = list(fates)
        self.kept = []
        self.asked = 0
        self.reachable = True
        self.closed = False

    async def keep(self, message):
        self.asked += 1
        fate = self.fates.pop(0) if self.fates else None
        if isinstance(fate, Exception):
            raise fate
        if fate:
            await asyncio.sleep(fate)
        self.kept.append(message)

    async def probe(self):
        if isinstance(self.reachable, Exception):
            raise self.reachable
        return self.reachable

    async def close(self):
        self.closed = True


class Stand:
    """A listener with one push, its shelves, and what it has told of its answers."""

    def __init__(self, *fates, parking=True, secrets=(SECRET,), accounts=("1234",), **bounds):
        self.shelf, self.parked = Shelf(*fates), Shelf()
        doors = Doors([Door.of("shop", URI, secrets, accounts)])
        self.log = []
        keeping = Keeping(self.shelf, self.parked if parking else None)
        self.listener = Listener(
            doors, {"shop": keeping}, bounds=Bounds(**bounds), note=self.log.append
        )

    async def post(self, body=None, path=PATH, query=QUERY, method="POST"):
        pieces = body if hasattr(body, "__aiter__") else pieces_of(push() if body is None else body)
        request = PushRequest(method, (path.encode(),), query.encode(), pieces)
        return await self.listener.receive(request)

    def status(self, *args, **named):
        """Post in a loop of its own."""
        return run(self.post(*args, **named)).status


async def pieces_of(body, size=None, pause=0.0):
    for start in range(0, len(body), size or len(body) or 1):
        if pause:
            await asyncio.sleep(pause)
        yield body[start : start + (size or len(body))]


__all__ = ["Stand", "TryLater", "WillNotTake", "pieces_of", "push", "run"]
