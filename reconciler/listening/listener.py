"""The one core behind every door: from a request to an answer, and never an answer too early."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.listening.doors import Door, Doors
from reconciler.listening.keeping import (
    Keeper,
    Keeping,
    Key,
    PushMessage,
    RecentlyKept,
    TryLater,
    WillNotTake,
)
from reconciler.listening.pushed import in_base64, read_push
from reconciler.listening.tallies import Answered, Outcome, Tallies


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits: bytes of a body, seconds, requests at once.

    A body over `body_bytes` is read on to `discarded_bytes`, but not kept, so that its sender gets
    to hear the answer.
    `answer_within` counts from the request's arrival and stays below Google's ten seconds.
    """

    body_bytes: int = 1_048_576
    discarded_bytes: int = 4_194_304
    body_seconds: float = 5.0
    answer_within: float = 7.5
    at_once: int = 1000
    duplicate_seconds: float = 600.0
    probe_every: float = 30.0


@dataclass(frozen=True, slots=True)
class PushRequest:
    """What came: path and query as they were sent, undecoded; the body in pieces.

    Several `paths` are the same one: whole, and below where the listener is mounted.
    """

    method: str
    paths: Sequence[bytes] = field(repr=False)
    query: bytes = field(repr=False)
    body: AsyncIterable[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushReply:
    """What is answered; `close` when the rest of the request is not wanted."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False


class SenderGone(Exception):
    """The sender went away before its request was complete."""


class _Stopped(Exception):
    """A request ends here: with this outcome and answer."""

    def __init__(self, outcome: Outcome, reply: PushReply, why: str):
        super().__init__(outcome)
        self.result = _Result(outcome, why)
        self.reply = reply


class _Result(NamedTuple):
    outcome: Outcome
    why: str = ""


_ANSWERS: dict[Outcome, int] = {"queued": 204, "duplicate": 204, "parked": 204, "retry": 503}
_LAST_MOMENT = 0.1
"""Seconds for closing what hangs, when the time to finish is over."""
_TOO_LATE = _Result("retry", "not kept in time")


class Listener:
    """Takes requests for the doors; `keeping` says by push where their bodies go.

    `told` hears of every answer. Times are the running loop's; `clock` gives Unix seconds.
    """

    def __init__(
        self,
        doors: Doors,
        keeping: Mapping[str, Keeping],
        *,
        bounds: Bounds = Bounds(),
        note: Callable[[Answered], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ):
        self._doors = doors
        self._keeping = keeping
        self._bounds = bounds
        self._note_answer = note
        self._clock = clock
        self._recent = RecentlyKept(bounds.duplicate_seconds)
        self._open: dict[Key, asyncio.Task[_Result]] = {}
        self._tasks: set[asyncio.Task[_Result]] = set()
        self._reading = 0
        self._stopping = False
        self._sound: bool | None = None
        self._probed: float | None = None
        self.tallies = Tallies(door.push for door in doors.all)

    @property
    def paths(self) -> list[str]:
        """Return the paths that are served, with `{secret}` where a secret stands."""
        return sorted({door.path for door in self._doors.all})

    async def receive(self, request: PushRequest) -> PushReply:
        """Answer one request. Raises SenderGone, and nothing else but cancellation."""
        loop = asyncio.get_running_loop()
        began, body = loop.time(), bytearray()
        door = self._doors.find(request.paths, request.query)
        result, reply = _Result("gone"), PushReply(0)
        try:
            result = await self._result(door, request, body, began)
            reply = PushReply(_ANSWERS[result.outcome])
        except _Stopped as stop:
            result, reply = stop.result, stop.reply
        except SenderGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, Google keeps the push
            result, reply = _Result("failed", type(error).__name__), PushReply(500)
        finally:
            push, seconds = door.push if door else "", loop.time() - began
            note = (push, result.outcome, reply.status, seconds, len(body), result.why)
            self._note(Answered(*note))
        return reply

    def _note(self, answered: Answered) -> None:
        self.tallies.in_flight = self._reading + len(self._tasks)
        self.tallies.add(answered, self._clock())
        self._note_answer(answered)

    async def _result(
        self, door: Door | None, request: PushRequest, body: bytearray, began: float
    ) -> _Result:
        if door is None:
            raise _Stopped("refused", PushReply(404), "no such path or secret")
        if request.method != "POST":
            raise _Stopped("refused", PushReply(405, {"Allow": "POST"}), "not POST")
        if self._stopping or self._reading + len(self._tasks) >= self._bounds.at_once:
            why = "stopping" if self._stopping else "too many at once"
            raise _Stopped("retry", PushReply(503, close=True), why)
        self._reading += 1
        try:
            await self._read(request, body)
        finally:
            self._reading -= 1
        return await self._kept(door, read_push(door, bytes(body)), began)

    async def _read(self, request: PushRequest, body: bytearray) -> None:
        size, why = 0, ""
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                async for piece in request.body:
                    size += len(piece)
                    if size <= self._bounds.body_bytes:
                        body += piece
                    elif size > self._bounds.discarded_bytes:
                        break
        except TimeoutError:
            why = "its body did not come in time"
        if size > self._bounds.body_bytes:
            raise _Stopped("refused", PushReply(413, close=True), "too large")
        if why:
            raise _Stopped("retry", PushReply(503, close=True), why)

    async def _kept(self, door: Door, message: PushMessage, began: float) -> _Result:
        """Return what became of a message, "retry" when that is not known in time.

        Keeping it goes on whatever becomes of the request.
        """
        loop = asyncio.get_running_loop()
        key = (door.push, message.id) if message.id else None
        if key and self._recent.knows(key, loop.time()):
            return _Result("duplicate")
        task = self._open.get(key) if key else None
        copy = task is not None
        if task is None:
            task = self._start(self._keeping[door.push], message, key)
        await asyncio.wait({task}, timeout=began + self._bounds.answer_within - loop.time())
        if not task.done() or task.cancelled():
            return _TOO_LATE
        result = task.result()
        return _Result("duplicate") if copy and result.outcome == "queued" else result

    def _start(
        self, keeping: Keeping, message: PushMessage, key: Key | None
    ) -> "asyncio.Task[_Result]":
        task = asyncio.get_running_loop().create_task(_keep(keeping, message))
        self._tasks.add(task)
        if key:
            self._open[key] = task
        task.add_done_callback(lambda done: self._finished(done, key))
        return task

    def _finished(self, task: "asyncio.Task[_Result]", key: Key | None) -> None:
        self._tasks.discard(task)
        self.tallies.in_flight = self._reading + len(self._tasks)
        if key:
            self._open.pop(key, None)
        kept = not task.cancelled() and task.result().outcome != "retry"
        self._sound, self._probed = kept, None
        if key and kept:
            self._recent.add(key, task.get_loop().time())

    async def unready(self) -> str | None:
        """Return why no request should be sent here now, None if they should."""
        if self._stopping:
            return "stopping"
        now = asyncio.get_running_loop().time()
        due = self._probed is None or now - self._probed >= self._bounds.probe_every
        if self._sound is False and due:
            self._probed = now
            self._sound = await self._probe() or False
        return "the last message could not be kept" if self._sound is False else None

    async def _probe(self) -> bool:
        try:
            return all([await keeper.probe() for keeper in self._keepers()])
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be reached
            return False

    def _keepers(self) -> list[Keeper]:
        """Return every place once."""
        pairs = self._keeping.values()
        found = [keeper for pair in pairs for keeper in (pair.queue, pair.parking) if keeper]
        return list({id(keeper): keeper for keeper in found}.values())

    async def drain(self, grace: float = 10.0) -> None:
        """Take nothing more, finish what is in, for at most `grace` seconds; then end it."""
        self._stopping = True
        try:
            async with asyncio.timeout(grace):
                while self._reading or self._tasks:
                    await asyncio.sleep(0.01)
                await self._close()
        except TimeoutError:
            for task in list(self._tasks):
                task.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_MOMENT):
                    await self._close()

    async def _close(self) -> None:
        await asyncio.gather(*(it.close() for it in self._keepers()), return_exceptions=True)


async def _keep(keeping: Keeping, message: PushMessage) -> _Result:
    try:
        if message.parked:
            return await _park(keeping, message)
        try:
            await keeping.queue.keep(message)
        except WillNotTake as error:
            return await _park(keeping, in_base64(message, str(error)))
    except (TryLater, WillNotTake) as error:
        return _Result("retry", str(error))
    except Exception as error:  # noqa: BLE001 - whatever failed, Google keeps the push
        return _Result("retry", type(error).__name__)
    return _Result("queued")


async def _park(keeping: Keeping, message: PushMessage) -> _Result:
    if keeping.parking is None:
        raise TryLater("there is no place for what cannot be decoded")
    await keeping.parking.keep(message)
    return _Result("parked", (message.parked or "").partition(":")[0])
