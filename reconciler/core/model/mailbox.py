"""What a queue hands out, and what tells a test message from all others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `sent` in seconds since 1970, `receives` how often it was handed out so far.

    `receipt` is what the queue wants to see when the message is given back or deleted.
    """

    id: str
    body: str
    sent: float
    receives: int
    receipt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestSign:
    """What a test message looks like; `__test__` keeps test runners from taking it for a test.

    It is of one of `types` and, where that is known, of `seller`. It names none of `subscriptions`,
    the ids of live ones, which real notifications name. `certain`: no other message looks so.
    """

    __test__ = False

    types: frozenset[str]
    seller: str | None = None
    subscriptions: frozenset[str] = frozenset()
    certain: bool = False


class MessageQueue(Protocol):
    """What messages are taken out of, or looked for in without taking the others away.

    A message that was received `max_receives` times goes elsewhere (None: never).
    """

    max_receives: int | None

    def receive(self, most: int, wait: int) -> list[Message]:
        """Return up to `most` messages, waiting up to `wait` seconds for the first."""
        ...

    def search(self, wanted: Callable[[Message], bool], within: float) -> Message | None:
        """Return the first message that is `wanted`, None if it does not come in that time."""
        ...

    def release(self, messages: Sequence[Message]) -> None:
        """Let others see messages again."""
        ...

    def discard(self, messages: Sequence[Message]) -> None:
        """Delete messages."""
        ...
