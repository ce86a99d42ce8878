"""What services are asked beyond reconciling, as values: messages, metrics, looks, recognition."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from pydantic import Field

from reconciler.core.model.spec import Frozen


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


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to be sent; `group` and `deduplication_id` are for queues that keep an order."""

    text: str = field(repr=False)
    attributes: Mapping[str, str]
    group: str
    deduplication_id: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why a message was not taken, as the service's code; `for_ever`: as it is, it never will."""

    code: str
    for_ever: bool


class Outbox(Protocol):
    """A queue as what messages are put into. It answers within seconds, and repeats nothing."""

    def send(self, messages: Mapping[str, OutgoingMessage]) -> Mapping[str, NotSent]:
        """Send up to ten messages of one MiB in all; return those that were not taken, by key.

        Raises:
            ServiceError: none is known to be taken.
        """
        ...

    def probe(self) -> None:
        """Look whether the queue can be reached. Raises ServiceError."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


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


class Metrics(Frozen):
    """What a service measures beyond its counts; None where it does not say.

    `oldest_seconds` is the age of the oldest message that waits; `acknowledged` were taken in the
    last 24 hours, `undelivered` are being tried again. `failed` could not be delivered at all in
    that time, `lost` are those that not even a dead-letter queue took.
    """

    oldest_seconds: int | None = None
    acknowledged: int | None = None
    undelivered: int | None = None
    failed: int | None = Field(default=None, exclude_if=lambda value: value is None)
    lost: int | None = Field(default=None, exclude_if=lambda value: value is None)


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics by live address; `lacking` says in a sentence why some are missing, if they are.

    `unknown` says by live address what is then not known of an object ("how long its oldest message
    waits").
    """

    metrics: Mapping[str, Metrics] = field(default_factory=dict)
    lacking: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)


HOUR = 3600


@dataclass(frozen=True, slots=True)
class HourSpan:
    """Whole hours, as Unix seconds: from `start` on and before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ArrivalCounts:
    """How many arrived, by live address and hour (Unix seconds of its beginning).

    An hour that was not measured is left out, and an object of which nothing could be asked is,
    too; `lacking` says in a sentence why, if there are such.
    """

    counts: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    lacking: str | None = None


@dataclass(frozen=True, slots=True)
class ArrivalQuestion:
    """A look at what arrived: `cost` names its price for people, `look` pays it."""

    cost: str
    look: Callable[[HourSpan], ArrivalCounts]


class Stage(IntEnum):
    """What is looked at one after the other: what comes first keeps the rest from working."""

    secrets = 0
    reaching = 1
    credentials = 2
    account = 3
    consent = 4
    reading = 5
    writing = 6
    delivery = 7
    extras = 8

    @property
    def decisive(self) -> bool:
        """Say whether looking further is idle while something is wrong here."""
        return self <= Stage.consent


@dataclass(frozen=True, slots=True)
class Impediment:
    """What is wrong and what to do about it; `optional` where plans and applies work without."""

    problem: str
    remedy: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing to look at, harmlessly. `look` may raise what calls of the service raise.

    `part` is a part of the account (a seller) that other parts do not depend on.
    """

    stage: Stage
    subject: str
    look: Callable[[], Iterable[Impediment]]
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What a wrapper tells about the message, for a message that does not tell it itself."""

    notification_type: str | None = None
    id: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """Makes a service's notifications (`notifications.model`) of what messages hold, once opened.

    `fields` is asked about JSON objects, `document` about XML (root, value), `text` about what is
    neither. Each returns None for what is no notification of the service, and raises DecodeError
    for a defective one. `known` says what they are, for people: "of MWS (XML)".
    """

    known: str
    fields: Callable[[Mapping[str, Any], Carried], Any] | None = None
    document: Callable[[str, Any], Any] | None = None
    text: Callable[[str, Carried], Any] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The seller and marketplace of an MWS account, and the SP-API region that serves it, if any.

    Source: "SP-API Endpoints" on developer-docs.amazon.com/sp-api.
    """

    seller: str
    marketplace: str
    region: str | None


@dataclass(frozen=True, slots=True)
class SuccessorApplication:
    """A declared SP-API account: its region and the names of its sellers."""

    name: str
    region: str
    sellers: tuple[str, ...]
