"""Pushes that come at about the same time, sent together; each is told its own fate."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from reconciler.listening.keeping import MOST_BYTES, PushMessage, TryLater, WillNotTake

MOST_ENTRIES = 10

Fate = None | TryLater | WillNotTake
"""None: it is kept."""
_Waiting = tuple[PushMessage, "asyncio.Future[None]"]


class BatchSender(Protocol):
    """Sends up to ten messages of one MiB in all, by one call."""

    async def send(self, messages: Mapping[str, PushMessage]) -> Mapping[str, Fate]:
        """Return the fate of each by its key; one that is missing is taken for not kept.

        Raises TryLater when the call has failed as a whole.
        """

    async def probe(self) -> bool:
        """Say whether the queue can be reached now."""


class Batcher:
    """A Keeper: waits up to `linger` seconds for company, and sends `at_once` batches at most."""

    def __init__(self, sender: BatchSender, *, linger: float = 0.05, at_once: int = 16):
        self._sender = sender
        self._linger = linger
        self._room = asyncio.Semaphore(at_once)
        self._batch: list[_Waiting] = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._closed = False

    async def keep(self, message: PushMessage) -> None:
        """Return when the message was confirmed. Raises TryLater, WillNotTake."""
        if self._closed:
            raise TryLater("stopping")
        size = message.size()
        if size > MOST_BYTES:
            raise WillNotTake("larger than any queue takes")
        if self._bytes + size > MOST_BYTES:
            self._dispatch()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._batch.append((message, waiting))
        self._bytes += size
        if len(self._batch) == MOST_ENTRIES or not self._linger:
            self._dispatch()
        elif self._timer is None:
            self._timer = loop.call_later(self._linger, self._dispatch)
        await waiting

    async def probe(self) -> bool:
        """Say whether the queue can be reached now."""
        return await self._sender.probe()

    async def close(self) -> None:
        """Send what waits, and wait for its fate."""
        self._closed = True
        self._dispatch()
        await asyncio.gather(*self._calls)

    def _dispatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._batch:
            call = asyncio.ensure_future(self._send(self._batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        self._batch, self._bytes = [], 0

    async def _send(self, batch: list[_Waiting]) -> None:
        messages = {f"m{number}": message for number, (message, _) in enumerate(batch)}
        fates: Mapping[str, Fate]
        try:
            async with self._room:
                fates = await self._sender.send(messages)
        except TryLater as error:
            fates = dict.fromkeys(messages, error)
        except asyncio.CancelledError:
            fates = dict.fromkeys(messages, TryLater("stopped"))
        except Exception as error:  # noqa: BLE001 - whatever failed, nobody may wait for ever
            fates = dict.fromkeys(messages, TryLater(type(error).__name__))
        missing = TryLater("the queue did not say whether it has it")
        for key, (_, waiting) in zip(messages, batch, strict=True):
            fate = fates.get(key, missing)
            if waiting.done():
                continue  # nobody waits any more
            if fate is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(fate)
