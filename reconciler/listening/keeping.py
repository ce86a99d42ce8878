"""What a push is kept as, what may keep it, and which were kept a short while ago."""

import base64
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal, Protocol

MOST_BYTES = 1_048_576
"""Bytes that SQS takes as one message, and as one batch, attributes included."""
_FOR_ATTRIBUTES = 1024
_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SQS takes in no message: all but the characters of XML 1.0."""

Form = Literal["text", "base64"]
Key = tuple[str, str]
"""Name of the push and message id."""
_MOST = 100_000


class TryLater(Exception):
    """Not kept, and trying again may help: Google keeps it. The text names no secret."""


class WillNotTake(Exception):
    """Not kept, and never will be as it is: too large, or characters that are not taken."""


@dataclass(frozen=True, slots=True)
class PushMessage:
    """A push on its way: `text` is its body as received, or base64 of it (`form`).

    `parked` says why nobody can make anything of it; `cut` that only its beginning fitted.
    `group` and `deduplication_id` are for queues that keep an order.
    """

    push: str
    text: str = field(repr=False)
    deduplication_id: str
    group: str
    form: Form = "text"
    id: str | None = None
    parked: str | None = None
    cut: bool = False

    def attributes(self) -> dict[str, str]:
        """Return what a queue is told beside the text; no value is empty."""
        facts = {"source": "merchant-push", "push": self.push, "form": self.form}
        if self.parked:
            facts["parked"] = self.parked
        return {**facts, "cut": "true"} if self.cut else facts

    def size(self) -> int:
        """Return the bytes that SQS counts: the text, and names, types and values beside it."""
        beside = sum(
            len(name.encode()) + len(b"String") + len(value.encode())
            for name, value in self.attributes().items()
        )
        return len(self.text.encode()) + beside


def written(body: bytes) -> tuple[str, Form, bool]:
    """Return a body as text that a queue takes, its form, and whether it had to be cut."""
    most = MOST_BYTES - _FOR_ATTRIBUTES
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if text and len(body) <= most and not _UNFIT.search(text):
        return text, "text", False
    room = most // 4 * 3
    return base64.b64encode(body[:room] or b"\0").decode(), "base64", len(body) > room


class Keeper(Protocol):
    """A place where pushes are safe: a queue, a program, what reads the output."""

    async def keep(self, message: PushMessage) -> None:
        """Return when the message is safe. Raises TryLater, WillNotTake."""

    async def probe(self) -> bool:
        """Say whether the place can be reached now."""

    async def close(self) -> None:
        """Finish what is on its way; nothing is kept afterwards."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the pushes of one declaration go, and those that cannot be decoded.

    Without `parking` the latter stay at Google.
    """

    queue: Keeper
    parking: Keeper | None = None


class RecentlyKept:
    """Remembers keys for some seconds, and no more than 100,000 of them."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._until: OrderedDict[Key, float] = OrderedDict()

    def add(self, key: Key, now: float) -> None:
        """Remember a key from now on."""
        self._until[key] = now + self._seconds
        self._until.move_to_end(key)
        while self._until and (len(self._until) > _MOST or self._oldest() <= now):
            self._until.popitem(last=False)

    def _oldest(self) -> float:
        return next(iter(self._until.values()))

    def knows(self, key: Key, now: float) -> bool:
        """Say whether a key is remembered."""
        return self._until.get(key, now) > now
