"""Event buses and routes as they are compared: what is declared, and what EventBridge reports."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self

from reconciler.core.model.delivery import Delivery, Link
from reconciler.core.model.pacing import Cost, Pace
from reconciler.core.model.spec import Evidence, Reference, Spec
from reconciler.services.sqs import limits
from reconciler.services.sqs.account import PART
from reconciler.services.sqs.policy_evaluation import RULES

PACE = Pace(50, 50)
"""Requests a second that EventBridge takes for most calls of the family."""
MESSAGE_GROUP = "notifications"
"""The one message group of all that a route sends to a FIFO queue: EventBridge knows no order."""
BARE = "$.detail"
"""What of an event goes to the queue: the notification, as if it had been sent there at once."""
DESCRIPTION = "Selling-partner notifications to a queue (subscription-reconciler)"

BusState = Literal["ACTIVE", "PENDING", "DELETED", "ABSENT"]


RENEW = "remove the destination, apply, and declare it again"
"""How a destination comes to a new event source."""
GONE: tuple[BusState, ...] = ("DELETED", "ABSENT")
"""States in which no destination offers the source."""


SOURCE = "event source"
"""What links of a chain of delivery are called that are about one."""
NO_TEST = (
    "no test event can be injected, since EventBridge takes what a partner's source sends from the "
    "partner alone: publish a real change and look into the queue (receive)"
)
_WHY_SILENT: Mapping[BusState, str] = {
    "PENDING": "waits to be activated, and what is sent until then is dropped: run apply",
    "DELETED": f"was deleted by the partner, so that nothing is sent: {RENEW}",
    "ABSENT": f"is not there, so that nothing is sent: {RENEW}",
}


EXPIRY = "%Y-%m-%d %H:%M UTC"
"""How the end of an event source's waiting is written."""
_SOON = 48


def waiting(expires: str, now: float) -> str:
    """Say until when an event source waits, and how long that is where it is not long any more.

    A source that is not taken by then is deleted (EventBridge Partner Onboarding Guide).
    """
    end = datetime.strptime(expires, EXPIRY).replace(tzinfo=UTC).timestamp()
    hours = max(0, int((end - now) // 3600))
    left = f", {hours} hours from now" if hours < _SOON else ""
    return f"waits until {expires}{left}, and what is sent until then is dropped"


class BusDelivery(Delivery["EventBus"]):
    """A bus carries whatever its event source brings, once that is active."""

    def active(self, spec: "EventBus") -> bool:
        """Say whether events arrive on it."""
        return spec.state == "ACTIVE"

    def impediments(self, spec: "EventBus", now: float) -> Iterator[str]:
        """Yield why no events arrive on it, and until when that can be helped."""
        if spec.state == "PENDING" and spec.expires:
            yield f"its event source {waiting(spec.expires, now)}: apply activates it"
        elif spec.state != "ACTIVE":
            yield f"its event source {_WHY_SILENT[spec.state]}"

    def links(
        self, live: "EventBus", declared: "EventBus", leads_to: object, sender: str | None
    ) -> Iterator[Link]:
        """Yield whether the event source brings anything."""
        if live.state == "ACTIVE":
            yield Link(SOURCE, "holds")
            return
        yield Link(SOURCE, "broken", f"its event source {_WHY_SILENT[live.state]}")


class EventBus(Spec):
    """The event bus of a partner event source, which has the source's name.

    `source` is the name of that source. `state` is the source's; ABSENT where there is none.
    `offered_by` is the handle of the destination that offers it, `expires` until when a waiting
    source waits (ISO 8601). `generation` counts how many times it was wanted anew.
    """

    kind: ClassVar[str] = "bus"
    service: ClassVar[str] = "aws"
    identity: ClassVar[tuple[str, ...]] = ("source",)
    remote_id: ClassVar[str | None] = "arn"
    fixed: ClassVar[frozenset[str]] = frozenset({"generation"})
    clears: ClassVar[bool] = True
    hidden: ClassVar[frozenset[str]] = frozenset({"offeredBy", "expires"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "source": Reference("destination", "source", source=True, holds=False)
    }
    marks: ClassVar[str | None] = "tags"
    marked_when_found: ClassVar[bool] = False
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)
    delivery: ClassVar[Delivery[Any]] = BusDelivery(
        carrying=True, carried_on_by="route", untestable=NO_TEST
    )
    cost: ClassVar[Cost] = Cost(PACE, {"create": 4, "update": 2, "delete": 2})

    source: str
    state: BusState = "ACTIVE"
    offered_by: str = ""
    expires: str | None = None
    generation: int = 1

    def partition(self) -> str | None:
        """Return the part of the account that it is read in, after the queues."""
        return PART

    def irreplaceable(self) -> str | None:
        """Return that no bus can be associated with a source that is gone."""
        if self.state not in GONE:
            return None
        return f"its event source is gone, and without one no bus can be made: {RENEW}"

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield what a reviewer should know of a source that delivers nothing."""
        if before is None:
            return
        if before.generation != self.generation:
            yield "it is deleted and associated anew, and what is sent meanwhile is dropped"
        if before.expires:
            yield (
                "events are dropped until the event source is active, and it goes if it waits past "
                f"{before.expires}"
            )
        if before.state == "DELETED":
            yield "the partner deleted the event source; it is activated once it was made again"
        if before.state == "ABSENT":
            yield "there is no event source of the bus; it is activated once there is one"


class RouteDelivery(Delivery["EventRoute"]):
    """A rule carries the types it is for to its queue."""

    def impediments(self, spec: "EventRoute", now: float) -> Iterator[str]:
        """Yield why it sends nothing on, or something else than it should."""
        if not self.active(spec):
            yield "its rule is switched off: apply switches it on"
        if spec.queue is None:
            yield "its rule has no target of ours: apply adds it"

    def links(
        self, live: "EventRoute", declared: "EventRoute", leads_to: object, sender: str | None
    ) -> Iterator[Link]:
        """Yield whether the rule is switched on, and sends what it should to where it should."""
        off = live.state == "DISABLED"
        detail = f"the rule {live.name} is switched off: run apply" if off else ""
        yield Link("rule", "broken" if off else "holds", detail)
        wrong = _misdirected(live, declared)
        yield Link("target", "broken" if wrong else "holds", wrong and f"{wrong}: run apply")

    def active(self, spec: "EventRoute") -> bool:
        """Say whether the rule is switched on."""
        return spec.state != "DISABLED"

    def takes(self, spec: "EventRoute") -> frozenset[str] | None:
        """Return the types of notifications that are sent on."""
        return frozenset(spec.types)


def _misdirected(live: "EventRoute", declared: "EventRoute") -> str:
    """Say what is wrong with where a live rule sends to, and with what it sends; else nothing."""
    if live.queue is None:
        return f"the rule {live.name} has no target of ours"
    if live.queue != declared.queue:
        return f"the rule {live.name} sends to {live.queue}, not to {declared.queue}"
    if live.input_path != declared.input_path:
        sent = f"by {live.input_path}" if live.input_path else "the event around it"
        return f"the rule {live.name} does not send the bare notification, but {sent}"
    return ""


class EventRoute(Spec):
    """A rule on a partner event bus with its one target of ours, a queue.

    `types` are the notification types it matches. Of a rule that matches otherwise, `pattern` is
    the event pattern. `queue_key` is the KMS key of its declared queue, `shut_out_by` are declared
    queues whose own `policy` does not know of rules. `grants` are the ARNs of queues that let in
    exactly this rule, by the statement that routes imply.
    """

    kind: ClassVar[str] = "route"
    service: ClassVar[str] = "aws"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "arn"
    fixed: ClassVar[frozenset[str]] = frozenset({"bus"})
    hidden: ClassVar[frozenset[str]] = frozenset({"queueKey", "shutOutBy"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "bus": Reference("bus", "name", same_account=True, source=True),
        "queue": Reference("queue", "arn", same_account=True, remote=limits.QUEUE_ARN),
        "deadLetter": Reference(
            "queue", "arn", same_account=True, remote=limits.QUEUE_ARN, rejects=True
        ),
    }
    marks: ClassVar[str | None] = "tags"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)
    delivery: ClassVar[Delivery[Any]] = RouteDelivery(carrying=True, sends_as="arn", targets=True)
    cost: ClassVar[Cost] = Cost(PACE, {"create": 8, "update": 6, "delete": 6})

    name: str
    bus: str
    queue: str | None = None
    types: tuple[str, ...] = ()
    dead_letter: str | None = None
    state: str = "ENABLED"
    description: str = DESCRIPTION
    input_path: str | None = BARE
    message_group: str | None = None
    pattern: str | None = None
    grants: tuple[str, ...] = ()
    queue_key: str | None = None
    shut_out_by: tuple[str, ...] = ()

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield why what the rule sends may never arrive: services say nothing of it."""
        if self.queue_key is not None:
            yield (
                f"nothing arrives unless the policy of the key {self.queue_key} lets "
                f"{RULES} use kms:Decrypt and kms:GenerateDataKey"
            )
        if self.dead_letter is not None and self.dead_letter == self.queue:
            yield (
                "what cannot be delivered would go to the queue that it could not be delivered to: "
                "name another one as `deadLetter`"
            )
        for arn in self.shut_out_by:
            yield f"the policy that {arn} declares does not let {RULES} send: add a statement"

    def partition(self) -> str | None:
        """Return the part of the account that it is read in, after the queues."""
        return PART
