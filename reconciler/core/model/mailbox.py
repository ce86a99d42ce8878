"""What a queue hands out, and what tells a test message from all others."""

from dataclasses import dataclass, field


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
