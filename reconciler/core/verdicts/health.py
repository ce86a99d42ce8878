"""How what is declared fares live, as values. `operate.status` fills them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from reconciler.core.model.abilities import Metrics
from reconciler.core.model.spec import Frozen
from reconciler.core.verdicts.arrivals import Arrivals

Presence = Literal["present", "missing", "unknown"]
"""unknown: its account, or its part of it, could not be read."""
SubscriptionState = Literal["enabled", "disabled", "missing", "unauthorised", "unknown"]
"""unauthorised: the seller withdrew consent, so nothing is delivered whatever exists."""
HealthVerdict = Literal["healthy", "needs attention", "unknown", "nothing"]
"""unknown: nothing is known to be wrong, and not everything is known. nothing: there was no object
to look at."""


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """The most that is still healthy.

    `waiting` counts visible messages, `age` the seconds of the oldest, `undelivered` the pushes
    that are being tried again.
    """

    waiting: int = 10_000
    age: int = 3600
    dead_letters: int = 0
    undelivered: int = 100


def _absent(value: object) -> bool:
    return value is None


class Health(Frozen):
    """What every object has; `problems` are sentences, none of them if it is healthy.

    `unknown` is what could not be told of an object that was read ("how long its oldest message
    waits"), and is never taken for fine.
    `arrivals` are there where somebody asked and something can be told: not of dead-letter queues,
    of which their depth tells, and of a subscription only where no other sends to its queue.
    """

    address: str
    account: str
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    arrivals: Arrivals | None = Field(default=None, exclude_if=_absent)


class QueueHealth(Health):
    """A queue. Counts are approximate, as SQS gives them; None where they were not read.

    `dead_letters` are the messages that wait in its dead-letter queue, None if it has none.
    """

    state: Presence
    visible: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_seconds: int | None = None
    dead_letters: int | None = None


class DestinationHealth(Health):
    """A destination; `alive` if it exists and what it leads to does, None if that is not known."""

    state: Presence
    alive: bool | None = None
    leads_to: str | None = None


class ObjectHealth(DestinationHealth):
    """An object of any other kind; `health` is what its service measures of it, if it does.

    It is not `alive` either where something keeps it from its work.
    `dead_letters` are the messages that wait where it leaves what it could not deliver.
    """

    kind: str
    dead_letters: int | None = Field(default=None, exclude_if=_absent)
    health: Metrics | None = None


class SubscriptionHealth(Health):
    """A subscription; `health` is what its service measures of it, None where it does not.

    `destination_alive` and `consent` are None where there is no such thing, or it is not known.
    """

    state: SubscriptionState
    health: Metrics | None = None
    destination_alive: bool | None = None
    consent: bool | None = None


def verdict_of(everything: Sequence[Health], *, complete: bool) -> HealthVerdict:
    """Return the verdict about objects, of which all were read if it is `complete`."""
    if any(item.problems for item in everything):
        return "needs attention"
    if not complete or any(item.unknown for item in everything):
        return "unknown"
    return "healthy" if everything else "nothing"


class Status(Frozen):
    """Everything declared that was looked at, by address; `others` are of further kinds.

    `healthy` only if the verdict is. `limits` are the options that left out part of what is
    declared. `unread` says what could not be read, `notes` which figures nobody could give.
    """

    stack: str
    healthy: bool = False
    verdict: HealthVerdict = "unknown"
    complete: bool
    limits: tuple[str, ...] = ()
    queues: tuple[QueueHealth, ...]
    destinations: tuple[DestinationHealth, ...]
    subscriptions: tuple[SubscriptionHealth, ...]
    others: tuple[ObjectHealth, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def judged(self) -> "Status":
        """Return the same with the verdict that follows from what was found."""
        found = verdict_of(self.everything, complete=self.complete)
        return self.model_copy(update={"healthy": found == "healthy", "verdict": found})

    @property
    def silence_unknown(self) -> bool:
        """Say whether of something that was asked about it could not be told what arrived."""
        return any(it.arrivals and it.arrivals.state == "unknown" for it in self.everything)

    @property
    def everything(self) -> tuple[Health, ...]:
        """Return the health of all objects, kind by kind."""
        return (*self.queues, *self.destinations, *self.subscriptions, *self.others)
