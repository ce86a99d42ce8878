"""Fetches messages from a declared queue, without taking away what is not to be deleted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Message, MessageQueue, Recogniser
from reconciler.core.model.addresses import declared_address
from reconciler.core.model.errors import DecodeError, ServiceError, SettingsError
from reconciler.core.model.objects import Desired
from reconciler.core.provider import required
from reconciler.notifications import RECOGNISERS, Notification, decode, masked
from reconciler.notifications.masking import MASK, speaks_of_secrets
from reconciler.run import Session

BATCH = 10
FEW_RECEIVES = 5
"""Receives up to which a queue with dead letters is worth a warning before looking."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what it holds, or with why it cannot be decoded."""

    message: Message
    notification: Notification | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReceiveLimits:
    """What to fetch: of these types (none: all), `most` in all (None: no end), waiting seconds.

    `delete`: what was shown and could be decoded. `follow`: also what comes later. `at_once`: show
    each batch as it comes instead of everything at the end.
    """

    types: frozenset[str] = frozenset()
    most: int | None = BATCH
    wait: int = 2
    delete: bool = False
    follow: bool = False
    at_once: bool = True

    def includes(self, item: Received) -> bool:
        """Say whether a message is to be shown; where a type is asked for, only what has one."""
        if not self.types:
            return True
        return item.notification is not None and item.notification.notification_type in self.types


USUAL = ReceiveLimits()
Show = Callable[[Sequence[Received]], bool]
"""Writes messages and says whether somebody took them: only then they may be deleted."""


def declared_queue(declarations: Declarations, name: str) -> Desired:
    """Return the queue that a name or an address means.

    Raises:
        SettingsError: no such queue is declared.
    """
    queues: dict[str, Desired] = {
        item.address: item for item in declarations.desired if item.spec.kind == "queue"
    }
    found = queues.get(name) or queues.get(declared_address("queue", name))
    if found is None:
        known = ", ".join(address.partition(".")[2] for address in sorted(queues)) or "none"
        raise SettingsError(f"no queue {name} is declared; there are: {known}")
    return found


def open_queue(session: Session, name: str) -> tuple[Desired, MessageQueue]:
    """Return a declared queue, by name or address, and what its messages are fetched from.

    Raises:
        SettingsError: no such queue is declared, or messages cannot be fetched from its account.
    """
    item = declared_queue(session.declarations, name)
    provider = session.providers([item.account])[item.account]
    return item, required(provider.abilities.mailbox, item.address)(item.spec)


def receive(session: Session, name: str, show: Show, wanted: ReceiveLimits = USUAL) -> None:
    """Fetch messages of a declared queue, decode them and hand them to `show`; they stay there.

    Deleted is only what `wanted` says, once `show` returned True for it.

    Raises:
        SettingsError: no such queue is declared, or messages cannot be fetched from its account.
        ServiceError: the queue could not be read, or what was shown not be deleted.
    """
    _, queue = open_queue(session, name)
    fetch(queue, wanted, show, session.recognisers())


def fetch(
    queue: MessageQueue,
    wanted: ReceiveLimits,
    show: Show,
    recognisers: tuple[Recogniser, ...] = RECOGNISERS,
) -> int:
    """Fetch until there is nothing new, or enough; whatever happens, release what stays.

    Returns how many messages were looked at, whatever they were of.

    Raises:
        ServiceError: the queue could not be read, or what was shown not be deleted.
    """
    fetching = _Fetching(queue, wanted, show, recognisers)
    try:
        fetching.run()
    finally:
        queue.release(list(fetching.held.values()))
    return fetching.looked_at


def read(message: Message, recognisers: tuple[Recogniser, ...] = RECOGNISERS) -> Received:
    """Decode a message, whatever it holds."""
    try:
        return Received(message, decode(message.body, recognisers))
    except DecodeError as error:
        return Received(message, None, str(error))


def concealed(item: Received) -> Received:
    """Return a message as it may be shown: without the secrets that it brings."""
    if item.notification is not None:
        return replace(item, notification=masked(item.notification))
    if speaks_of_secrets(item.message.body):
        return replace(item, message=replace(item.message, body=MASK))
    return item


class _Fetching:
    """`held` are messages that others do not see for now.

    They are kept until the end: given back at once, the next look would bring the same ones.
    """

    def __init__(
        self,
        queue: MessageQueue,
        wanted: ReceiveLimits,
        show: Show,
        recognisers: tuple[Recogniser, ...],
    ) -> None:
        self._recognisers = recognisers
        self._queue = queue
        self._wanted = wanted
        self._show = show
        self._shown = 0
        self.looked_at = 0
        self._seen: dict[str, None] = {}
        self.held: dict[str, Message] = {}

    def run(self) -> None:
        """Show and delete batch by batch, or everything at the end."""
        batches = self._batches()
        if self._wanted.at_once:
            for batch in batches:
                if not self._hand_over(batch):
                    return
        else:
            self._hand_over([item for batch in batches for item in batch])

    def _batches(self) -> Iterator[list[Received]]:
        most = self._wanted.most
        while most is None or self._shown < most:
            left = BATCH if most is None else min(BATCH, most - self._shown)
            found = self._queue.receive(left, self._wanted.wait)
            fresh = [message for message in found if message.id not in self._seen]
            self._hold(found)
            if not fresh and not self._wanted.follow:
                return
            self.looked_at += len(fresh)
            found_in = [read(message, self._recognisers) for message in fresh]
            items = [item for item in found_in if self._wanted.includes(item)]
            self._shown += len(items)
            yield items

    def _hold(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._seen[message.id] = None
            self.held[message.id] = message
        # Following goes on for days; what was held first is visible again by itself.
        for memory in (self._seen, self.held):
            while len(memory) > _REMEMBERED:
                memory.pop(next(iter(memory)))

    def _hand_over(self, items: Sequence[Received]) -> bool:
        """Write messages, and delete each one that was taken before the next one is written.

        Raises:
            ServiceError: one or more could not be deleted; all were written.
        """
        # One document of all is written at once.
        parts = [[item] for item in items] if self._wanted.at_once else [list(items)]
        failures: list[ServiceError] = []
        for part in parts:
            if not self._show(part):
                return False
            failures += self._take_away(part)
        if failures:
            raise failures[0]
        return True

    def _take_away(self, items: Iterable[Received]) -> Iterator[ServiceError]:
        """Delete what was written and could be decoded, one by one; yield what went wrong."""
        for item in items:
            if not self._wanted.delete or item.notification is None:
                continue
            try:
                self._queue.discard([item.message])
            except ServiceError as error:
                yield error
            else:
                self.held.pop(item.message.id, None)
