"""What may be declared for MWS: accounts, destinations and subscriptions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationInfo, field_validator

from reconciler.core.model.account_fields import IDENTIFYING
from reconciler.core.model.addresses import Handle, Outputs
from reconciler.core.model.delivery import Delivery, Link
from reconciler.core.model.finding import Finding
from reconciler.core.model.hosts import Endpoint
from reconciler.core.model.objects import Desired
from reconciler.core.model.pacing import ActionName, Cost, Pace
from reconciler.core.model.secret_ref import SecretRef
from reconciler.core.model.spec import Evidence, Frozen, Reference, Spec, Succession
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Member,
    WrittenDeclaration,
)
from reconciler.core.text.phrases import nearest, quoted, suggestion
from reconciler.services.mws.marketplaces import AMAZON_HOSTS, host_of, is_amazon, region_conflict
from reconciler.services.mws.queue_url import ARN_PATTERN, canonical_queue

SENDER = "437568002678"
"""The AWS account that Amazon delivers notifications from."""
PACE = Pace(rate=2, burst=25)
NOTIFICATION_TYPES = {
    "AnyOfferChanged": "ANY_OFFER_CHANGED",
    "FBAOutboundShipmentStatus": "FBA_OUTBOUND_SHIPMENT_STATUS",
    "FeePromotion": "FEE_PROMOTION",
    "FeedProcessingFinished": "FEED_PROCESSING_FINISHED",
    "FulfillmentOrderStatus": "FULFILLMENT_ORDER_STATUS",
    "ReportProcessingFinished": "REPORT_PROCESSING_FINISHED",
}
"""The types of MWS, and what Amazon calls the same notification in the SP-API."""
RETIRED = (
    "Amazon retired MWS on 31 March 2024 and its hosts no longer answer usefully; "
    "`reconciler migrate` writes the equivalent SP-API declarations"
)

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=32)]
QueueHandle = Annotated[str, AfterValidator(canonical_queue)]


class MwsCredentials(Frozen):
    """Where a developer's keys are found; `auth_token` only if he acts for another seller."""

    access_key_id: SecretRef
    """Reference to the id of the developer's key."""
    secret_key: SecretRef
    """Reference to that key."""
    auth_token: SecretRef | None = None
    """Reference to the token by which a seller lets the developer act for him."""


class MwsAccount(Account):
    """One seller in one marketplace."""

    hosts: ClassVar[tuple[str, ...]] = AMAZON_HOSTS

    service: Annotated[Literal["mws"], IDENTIFYING]
    seller_id: Annotated[Id, IDENTIFYING]
    """The seller, A... (also called merchant id)."""
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    """A stand-in; left out, Amazon's own host of the marketplace, which no longer answers."""
    marketplace_id: Annotated[Id, IDENTIFYING]
    """The marketplace, whose MWS host follows from it."""
    credentials: MwsCredentials
    """References to the keys."""

    @field_validator("marketplace_id")
    @classmethod
    def _has_a_host(cls, marketplace: str, info: ValidationInfo) -> str:
        if "endpoint" not in info.data:
            return marketplace
        endpoint: str | None = info.data["endpoint"]
        if endpoint is None and host_of(marketplace) is None:
            raise ValueError("expected a marketplace whose MWS host is known (or set `endpoint`)")
        conflict = region_conflict(marketplace, endpoint) if endpoint else None
        if conflict:
            raise ValueError(
                f"expected a marketplace of region {conflict[0]}, whose host `endpoint` is, since "
                f"this one belongs to {conflict[1]} (or remove `endpoint`)"
            )
        return marketplace

    def real(self) -> tuple[str, ...]:
        """Return host, seller and marketplace, for which subscriptions are held."""
        return self.service, self.base_url.rstrip("/"), self.seller_id, self.marketplace_id

    @property
    def base_url(self) -> str:
        """Return the URL that calls go to, without the path of the API."""
        return self.endpoint or f"https://{host_of(self.marketplace_id)}"

    @property
    def retired(self) -> bool:
        """Say whether calls go to Amazon's own hosts, which ended on 31 March 2024."""
        return is_amazon(self.base_url)

    def warnings(self) -> Iterable[str]:
        """Yield the retirement of Amazon's own hosts; a gateway or a replay needs no warning."""
        if self.retired:
            yield RETIRED


class MwsDestinationSettings(Frozen):
    """A queue that MWS may push to."""

    queue: str
    """The name of a queue above, or a queue ARN; a standard queue."""


class MwsDestinationDelivery(Delivery["MwsDestination"]):
    """Which destinations are taken for others."""

    def mistaken_for(self, declared: "MwsDestination", other: object) -> str | None:
        """Say that a destination is of a queue of this name elsewhere."""
        if isinstance(other, MwsDestination) and _name(other.queue) == _name(declared.queue):
            return f"there is one for {other.queue}, in another region or account"
        return None


class MwsDestinationCost(Cost):
    """MWS counts each operation by itself."""

    def bucket(self, spec: Spec, action: ActionName) -> str:
        """Return the operation, since MWS counts each by itself."""
        return "DeregisterDestination" if action == "delete" else "RegisterDestination"


class MwsDestination(MwsDestinationSettings, Spec):
    """A queue registered for a seller in a marketplace; `queue` is an ARN wherever it has one.

    `queue_url` is the URL under which MWS knows it, which an old registration may spell otherwise.
    """

    kind: ClassVar[str] = "destination"
    service: ClassVar[str] = "mws"
    identity: ClassVar[tuple[str, ...]] = ("queue",)
    hidden: ClassVar[frozenset[str]] = frozenset({"queueUrl"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "queue": Reference("queue", "url", remote=ARN_PATTERN)
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "queue"),)
    delivery: ClassVar[Delivery[Any]] = MwsDestinationDelivery(sender=SENDER)
    succession: ClassVar[Succession] = Succession(role=lambda it: it.queue)
    """What leads to the same queue may take over, whichever service sends there."""
    cost: ClassVar[Cost] = MwsDestinationCost(PACE)

    queue: QueueHandle
    queue_url: str | None = None

    def handle(self, account: str, outputs: Outputs) -> Handle:
        """Return the queue's own handle: a destination has no other name."""
        return Handle(self.queue)


class MwsSubscriptionSettings(Frozen):
    """A notification type sent to a destination; disabled, it is kept but sends nothing."""

    destination: str
    """The name of an MWS destination above."""
    notification_type: str
    """One of the six types of MWS, in CamelCase."""
    enabled: StrictBool = True
    """Off, the subscription is kept and sends nothing."""


class MwsSubscriptionDelivery(Delivery["MwsSubscription"]):
    """Whether a subscription is switched on."""

    def active(self, spec: "MwsSubscription") -> bool:
        """Say whether it is switched on."""
        return spec.enabled

    def links(
        self,
        live: "MwsSubscription",
        declared: "MwsSubscription",
        leads_to: object,
        sender: str | None,
    ) -> Iterator[Link]:
        """Yield whether the subscription is switched on."""
        off = f"the subscription to {live.notification_type} is disabled"
        if live.enabled:
            yield Link("enabled", "holds")
        elif declared.enabled:
            yield Link("enabled", "broken", f"{off}: run apply")
        else:
            yield Link("enabled", "doubtful", f"{off}, as declared: nothing is sent")


class MwsSubscriptionCost(Cost):
    """MWS counts each operation by itself."""

    def bucket(self, spec: Spec, action: ActionName) -> str:
        """Return the operation, since MWS counts each by itself."""
        operations: dict[ActionName, str] = {
            "update": "UpdateSubscription",
            "delete": "DeleteSubscription",
        }
        return operations.get(action, "CreateSubscription")


class MwsSubscription(MwsSubscriptionSettings, Spec):
    """A subscription as MWS holds it; `destination` is the handle of its queue."""

    kind: ClassVar[str] = "subscription"
    service: ClassVar[str] = "mws"
    identity: ClassVar[tuple[str, ...]] = ("notificationType", "destination")
    identity_names: ClassVar[Mapping[str, str]] = {"destination": "queue"}
    hidden: ClassVar[frozenset[str]] = frozenset({"queueUrl", "seller"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "destination": Reference("destination", "url", same_account=True)
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "destination"),)
    delivery: ClassVar[Delivery[Any]] = MwsSubscriptionDelivery(begins=True)
    succession: ClassVar[Succession] = Succession(
        role=lambda it: NOTIFICATION_TYPES.get(it.notification_type, it.notification_type),
        party=lambda it: it.seller,
    )
    """What the SP-API calls the notification may take over, for the same seller."""
    cost: ClassVar[Cost] = MwsSubscriptionCost(PACE)

    destination: QueueHandle
    queue_url: str | None = None
    seller: str | None = None
    """The seller whose account it is in."""


class MwsDestinationDeclaration(MwsDestinationSettings, Declaration):
    """A destination in YAML: `queue` is the name of a declared queue or a queue ARN."""

    spec_type: ClassVar[type[Spec]] = MwsDestination

    @field_validator("queue")
    @classmethod
    def _not_a_url(cls, queue: str) -> str:
        if "://" in queue:
            raise ValueError("expected the name of a declared queue, or a queue ARN")
        return queue

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one destination."""
        yield Member(MwsDestination(queue=self.queue))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration a destination, called after its queue."""
        for spec in specs:
            if isinstance(spec, MwsDestination):
                fields = {"queue": spec.queue}
                stem = f"{spec.queue.rpartition(':')[2].rpartition('/')[2]}-mws"
                yield WrittenDeclaration((spec,), fields, fields, (stem,))


class MwsSubscriptionDeclaration(MwsSubscriptionSettings, Declaration):
    """A subscription in YAML: `destination` is the name of a declared MWS destination."""

    spec_type: ClassVar[type[Spec]] = MwsSubscription

    @field_validator("notification_type")
    @classmethod
    def _of_mws(cls, value: str) -> str:
        if value in NOTIFICATION_TYPES:
            return value
        alike = [name for name in NOTIFICATION_TYPES if _letters(name) == _letters(value)]
        like = alike[0] if alike else nearest(value, NOTIFICATION_TYPES)
        known = ", ".join(NOTIFICATION_TYPES)
        raise ValueError(
            f"MWS has no notification type {quoted(value)}{suggestion(like)} (it has {known})"
        )

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one subscription."""
        if not isinstance(context.account, MwsAccount):
            raise TypeError("an MWS subscription belongs to an MWS account")
        names = MwsSubscriptionSettings.model_fields.keys() & self.model_fields_set
        given = self.model_dump(by_alias=False, include=names)
        yield Member(MwsSubscription(seller=context.account.seller_id, **given))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration a subscription, called after its type."""
        for spec in specs:
            if isinstance(spec, MwsSubscription):
                full = {
                    "destination": spec.destination,
                    "notificationType": spec.notification_type,
                    "enabled": spec.enabled,
                }
                fields: dict[str, Any] = dict(full)
                if spec.enabled:
                    del fields["enabled"]
                yield WrittenDeclaration(
                    (spec,), fields, full, (_hyphenated(spec.notification_type),)
                )


def _hyphenated(name: str) -> str:
    """Return FBAOutboundShipmentStatus as fba-outbound-shipment-status."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _name(queue: str) -> str:
    return re.split("[:/]", queue)[-1]


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def check_destinations(desired: Sequence[Desired]) -> Iterable[Finding]:
    """Yield destinations at queues that MWS cannot send to."""
    for one in desired:
        spec = one.spec
        if isinstance(spec, MwsDestination) and spec.queue.endswith(".fifo"):
            message = "MWS cannot send to a FIFO queue: refer to a standard queue"
            yield Finding(address=one.address, message=message)
