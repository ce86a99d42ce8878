"""Destinations and subscriptions as the SP-API holds them."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    ValidationInfo,
    field_validator,
)

from reconciler.core.model.constraints import matching
from reconciler.core.model.delivery import Delivery, Link
from reconciler.core.model.pacing import ActionName, Cost, Pace
from reconciler.core.model.spec import Evidence, Exclusion, Frozen, Reference, Spec, Succession
from reconciler.services.spapi.catalogue import ENDING, TYPES, unknown_type
from reconciler.services.spapi.filters import ORDER_CHANGE_TYPES, EventFilter

SENDER = "437568002678"
"""The AWS account that Amazon delivers notifications from."""
PACE = Pace(rate=1, burst=5)
AT_ONCE = 64
QUEUE_ARN = r"^arn:aws:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$"


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


Expression = Annotated[str, BeforeValidator(_trimmed)]
BusRegion = Annotated[
    str, matching("[a-z]{2}(-[a-z]+)+-[0-9]+", "expected an AWS region such as eu-west-1")
]
BusAccountId = Annotated[
    str, matching("[0-9]{12}", "expected the 12 digits of an AWS account id, in quotes")
]


class EventBridge(Frozen):
    """The AWS account and region in which a partner event source is offered."""

    region: BusRegion
    """The region of the event bus."""
    account_id: BusAccountId
    """The AWS account of the event bus, in quotes."""


class SpApiDestinationSettings(Frozen):
    """Where notifications may be sent: a queue or an event bus."""

    queue: str | None = None
    """The name of a queue above, or a queue ARN; a standard queue."""


class SpApiDestinationDelivery(Delivery["SpApiDestination"]):
    """Whether Amazon can send to a destination."""

    def links(
        self,
        live: "SpApiDestination",
        declared: "SpApiDestination",
        leads_to: object,
        sender: str | None,
    ) -> Iterator[Link]:
        """Yield whether Amazon can send there: queues of its partition, and declared buses."""
        bus = live.event_bridge
        if bus is not None and not declared.by_hand:
            return
        if bus is not None:
            place = f"account {bus.account_id}, region {bus.region}"
            detail = f"what becomes of events at the event bus in {place} cannot be seen from here"
            yield Link("event bus", "doubtful", detail)
        elif not re.fullmatch(QUEUE_ARN, live.queue or ""):
            detail = f"the SP-API sends to no queue such as {live.queue}: other partition or type"
            yield Link("region", "broken", detail)
        else:
            yield Link("region", "holds")

    def mistaken_for(self, declared: "SpApiDestination", other: object) -> str | None:
        """Say that a destination is of a queue of this name elsewhere."""
        ours, theirs = declared.queue, other.queue if isinstance(other, SpApiDestination) else None
        if ours and theirs and ours.rpartition(":")[2] == theirs.rpartition(":")[2]:
            return f"there is one for {theirs}, in another region or account"
        return None


class SpApiDestinationCost(Cost):
    """Destinations draw on limits of the application."""

    def bucket(self, spec: Spec, action: ActionName) -> str:
        """Return the rate limit of the application for the operation."""
        return (
            "deleteDestination:grantless" if action == "delete" else "createDestination:grantless"
        )


def _one_bus_an_account(spec: "SpApiDestination") -> Exclusion | None:
    """Return (AWS account, region) of an event bus: the service has one for each account."""
    bus = spec.event_bridge
    rule = "Amazon keeps one event bus destination for each AWS account"
    return Exclusion(bus.account_id, bus.region, rule) if bus is not None else None


class SpApiDestination(SpApiDestinationSettings, Spec):
    """A destination of an application in a region; `queue` is an ARN."""

    kind: ClassVar[str] = "destination"
    service: ClassVar[str] = "sp-api"
    identity: ClassVar[tuple[str, ...]] = ("queue", "eventBridge")
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"queue", "eventBridge"})
    cosmetic: ClassVar[frozenset[str]] = frozenset({"name"})
    hidden: ClassVar[frozenset[str]] = frozenset({"byHand"})
    refs: ClassVar[Mapping[str, Reference]] = {"queue": Reference("queue", "arn", remote=QUEUE_ARN)}
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("name", "name"),
        Evidence("reference", "queue"),
    )
    delivery: ClassVar[Delivery[Any]] = SpApiDestinationDelivery(sender=SENDER)
    succession: ClassVar[Succession] = Succession(
        role=lambda it: it.queue or str(it.event_bridge), exclusion=_one_bus_an_account
    )
    """What leads to the same place may take over, whichever service sends there."""
    cost: ClassVar[Cost] = SpApiDestinationCost(PACE, at_once=AT_ONCE)

    name: str
    event_bridge: EventBridge | None = None
    by_hand: bool = False
    """Whether the event bus is somebody else's, and not declared along with it."""

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield what remains to be done by hand for an event bus."""
        if before is None and self.event_bridge is not None and self.by_hand:
            bus = self.event_bridge
            yield (
                f"nothing arrives until the partner event source that this offers is associated "
                f"with an event bus in account {bus.account_id}, region {bus.region}"
            )


class SpApiSubscriptionSettings(Frozen):
    """A notification type sent to a destination."""

    destination: str
    """The name of an SP-API destination above."""
    notification_type: str
    """The type, in UPPER_SNAKE."""


class SpApiSubscriptionDelivery(Delivery["SpApiSubscription"]):
    """Whether a type is delivered to where it leads."""

    def links(
        self,
        live: "SpApiSubscription",
        declared: "SpApiSubscription",
        leads_to: object,
        sender: str | None,
    ) -> Iterator[Link]:
        """Yield whether the type is delivered to the kind of destination that it leads to."""
        known = TYPES.get(live.notification_type)
        if known is None or not isinstance(leads_to, SpApiDestination):
            return
        goes_to = "EventBridge" if leads_to.event_bridge is not None else "SQS"
        if known.workflow == goes_to:
            yield Link("workflow", "holds")
            return
        detail = f"{live.notification_type} is delivered to {known.workflow} only, not to {goes_to}"
        yield Link("workflow", "broken", detail)


class SpApiSubscriptionCost(Cost):
    """Sellers and the application have limits of their own."""

    def bucket(self, spec: Spec, action: ActionName) -> str:
        """Return the rate limit of the seller (creating) or of the application (deleting)."""
        if action == "create":
            return f"createSubscription:{spec.partition()}"
        return "deleteSubscriptionById:grantless"


class SpApiSubscription(SpApiSubscriptionSettings, Spec):
    """A seller's subscription; one that narrows nothing has neither filter nor expression."""

    topical: ClassVar[bool] = True
    kind: ClassVar[str] = "subscription"
    service: ClassVar[str] = "sp-api"
    identity: ClassVar[tuple[str, ...]] = (
        "seller",
        "notificationType",
        "payloadVersion",
        "filterExpression",
    )
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"destination", "filter"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "destination": Reference("destination", "id", same_account=True)
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "destination"),)
    delivery: ClassVar[Delivery[Any]] = SpApiSubscriptionDelivery(begins=True)
    succession: ClassVar[Succession] = Succession(
        role=lambda it: it.notification_type,
        party=lambda it: it.seller,
    )
    """Another version or expression delivers the same."""
    cost: ClassVar[Cost] = SpApiSubscriptionCost(PACE, at_once=AT_ONCE)

    seller: str
    payload_version: str
    filter_expression: Expression | None = None
    filter: EventFilter | None = None

    @field_validator("filter_expression")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("filter")
    @classmethod
    def _canonical(cls, value: EventFilter | None, info: ValidationInfo) -> EventFilter | None:
        """Take an order filter without a list for the full list, which is what it means."""
        if value is None or value.given():
            return value
        if info.data.get("notification_type") == "ORDER_CHANGE":
            return EventFilter(order_change_types=ORDER_CHANGE_TYPES)
        return None

    def topic(self) -> str:
        """Return the notification type: getSubscriptions lists one a call."""
        return self.notification_type

    def partition(self) -> str | None:
        """Return the seller: each is read with a token of its own."""
        return self.seller

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield doubts about a notification type or payload version not known here."""
        if before is None:
            yield from _doubts(self.notification_type, self.payload_version)


def _doubts(name: str, version: str) -> Iterator[str]:
    known = TYPES.get(name)
    if known is None:
        yield unknown_type(name)
        return
    newest = known.versions[-1] if known.versions else None
    ending = ENDING.get((name, version))
    if ending:
        yield f'payload version {version} of {name}: {ending}; use payloadVersion: "{newest}"'
    elif newest and version not in known.versions:
        yield (
            f"{version} is no payload version known here of {name}, use payloadVersion: "
            f'"{newest}" unless it is new'
        )
