"""Places where pushes are safe: a queue, a program that takes them, whoever reads the output."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from reconciler.core.model.abilities import Message, Outbox, OutgoingMessage
from reconciler.core.model.errors import ServiceError
from reconciler.listening.batching import Fate
from reconciler.listening.keeping import PushMessage, TryLater, WillNotTake

PROGRAM_SECONDS = 7.0
"""How long a program may take; Google waits for ten seconds."""
PROGRAMS_AT_ONCE = 64
"""A burst of pushes must not fill a machine's memory with programs."""

_LOOK_EVERY = 0.05


class OutboxSender:
    """A BatchSender that puts messages into a queue; each call has a thread."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def send(self, messages: Mapping[str, PushMessage]) -> Mapping[str, Fate]:
        """Return the fate of each by its key. Raises TryLater when the call has failed."""
        outgoing = {key: _outgoing(message) for key, message in messages.items()}
        try:
            refused = await asyncio.to_thread(self._outbox.send, outgoing)
        except ServiceError as error:
            raise TryLater(error.code or type(error).__name__) from None
        fates: dict[str, Fate] = dict.fromkeys(messages)
        for key, why in refused.items():
            fates[key] = (WillNotTake if why.for_ever else TryLater)(why.code)
        return fates

    async def probe(self) -> bool:
        """Say whether the queue can be reached now."""
        try:
            await asyncio.to_thread(self._outbox.probe)
        except ServiceError:
            return False
        return True


def _outgoing(message: PushMessage) -> OutgoingMessage:
    attributes = message.attributes()
    return OutgoingMessage(message.text, attributes, message.group, message.deduplication_id)


class Program:
    """A Keeper: a program that gets each push on its stdin and ends with 0 when it has it.

    It runs `at_once` times at most; what finds no room in time is left at Google.
    """

    def __init__(self, command: Sequence[str], at_once: int = PROGRAMS_AT_ONCE) -> None:
        self._command = tuple(command)
        self._room = asyncio.Semaphore(at_once)

    async def keep(self, message: PushMessage) -> None:
        """Return when the program has taken the message. Raises TryLater."""
        try:
            async with asyncio.timeout(PROGRAM_SECONDS):
                await self._room.acquire()
        except TimeoutError:
            raise TryLater(f"{self._command[0]} runs too often already") from None
        try:
            await self._run(message)
        finally:
            self._room.release()

    async def _run(self, message: PushMessage) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise TryLater(f"{self._command[0]} cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(PROGRAM_SECONDS):
                await process.communicate(message.text.encode())
        except TimeoutError:
            raise TryLater(f"{self._command[0]} took too long") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise TryLater(f"{self._command[0]} ended with {process.returncode}")

    async def probe(self) -> bool:
        """Say that it may be run again."""
        return True

    async def close(self) -> None:
        """Nothing is held."""


class Output:
    """A Keeper: writes each push; it is safe once whoever reads has it.

    While there is not `has_room` for it, nothing is written: what serves others may not wait.
    """

    def __init__(
        self,
        write: Callable[[Message], bool],
        *,
        has_room: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._write = write
        self._has_room = has_room
        self._clock = clock

    async def keep(self, message: PushMessage) -> None:
        """Return when the message was written. Raises TryLater where nobody reads any more."""
        try:
            async with asyncio.timeout(PROGRAM_SECONDS):
                while not self._has_room():
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise TryLater("nobody reads the output") from None
        key = message.id or message.deduplication_id
        printed = Message(id=key, body=message.text, sent=self._clock(), receives=1, receipt="")
        if not self._write(printed):
            raise TryLater("nobody reads the output any more")

    async def probe(self) -> bool:
        """Say that it can be written to."""
        return True

    async def close(self) -> None:
        """Nothing is held."""
