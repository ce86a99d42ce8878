"""What may be declared for the SP-API, and the rules between what is declared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from reconciler.core.model.addresses import AFTER_STACK
from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Spec
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Implied,
    Member,
    WrittenDeclaration,
)
from reconciler.core.text.phrases import nearest
from reconciler.services.spapi.account import (
    DeclaredSellers,
    SpApiAccount,
    choose_sellers,
    repeated,
)
from reconciler.services.spapi.catalogue import (
    ENDED,
    TYPES,
    UNSUBSCRIBED,
    newest_version,
    resembling,
    spelling,
    unknown_type,
)
from reconciler.services.spapi.event_bridge import DeclaredEventBridge
from reconciler.services.spapi.filters import DeclaredFilter, check_expression, check_filter
from reconciler.services.spapi.specs import (
    EventBridge,
    Expression,
    SpApiDestination,
    SpApiDestinationSettings,
    SpApiSubscription,
    SpApiSubscriptionSettings,
)
from reconciler.services.spapi.writing import written_destination, written_subscriptions

NAME_LENGTH = 256
TARGETS = frozenset({"queue", "eventBridge"})


class SpApiDestinationDeclaration(SpApiDestinationSettings, Declaration):
    """A destination in YAML: `queue` is the name of a declared queue or a queue ARN."""

    exclusive: ClassVar[tuple[frozenset[str], ...]] = (TARGETS,)
    one_of: ClassVar[Mapping[frozenset[str], str]] = {
        TARGETS: "give exactly one of `queue` and `eventBridge`"
    }
    spec_type: ClassVar[type[Spec]] = SpApiDestination

    implies: ClassVar[Mapping[str, str]] = {"bus": "write `eventBridge: {account: AWS-ACCOUNT}`"}

    event_bridge: DeclaredEventBridge | None = None
    """Instead of `queue`: an event bus, `{account: aws-eu}` for one of a declared account, with
    `bus.KEY` in it, or `{region, accountId}` for one of somebody else."""
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)] | None = None
    """What Amazon shows; left out, `STACK--KEY`. Cosmetic: a difference alone changes nothing."""

    @field_validator("queue")
    @classmethod
    def _reachable(cls, queue: str | None) -> str | None:
        if queue is not None and "://" in queue:
            raise ValueError("a queue URL: give the name of a declared queue, or the queue's ARN")
        problem = _queue_problem(queue) if queue is not None and queue.startswith("arn:") else None
        if problem:
            raise ValueError(problem)
        return queue

    @field_validator("event_bridge")
    @classmethod
    def _of_a_declared_account(
        cls, bus: DeclaredEventBridge | None, info: ValidationInfo
    ) -> DeclaredEventBridge | None:
        if bus is not None and isinstance(info.context, Context):
            bus.check(info.context)
        return bus

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one destination."""
        name = self.name or self.default_name(context.stack, context.name)
        if len(name) > NAME_LENGTH:
            raise ValueError(f"the key makes a name beyond {NAME_LENGTH} characters: set `name`")
        given: dict[str, Any] = {"queue": self.queue} if self.queue is not None else {}
        if self.event_bridge is not None:
            place = self.event_bridge.place(context)
            if place is None:
                return  # its account is defective, which is said there
            given = {"event_bridge": place, "by_hand": self.event_bridge.account is None}
        yield Member(SpApiDestination(name=name, **given))

    def implied(self, context: Context) -> Iterable[Implied]:
        """Yield the event bus in a declared account."""
        if self.event_bridge is not None and self.event_bridge.account is not None:
            bus = self.event_bridge
            made = {"generation": bus.generation} if bus.generation is not None else {}
            yield Implied("bus", self.event_bridge.account, {"source": context.name, **made})

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration a destination."""
        return (written_destination(spec) for spec in specs if isinstance(spec, SpApiDestination))

    @classmethod
    def with_implied(
        cls, written: WrittenDeclaration, account: str, implied: Spec
    ) -> WrittenDeclaration:
        """Return the declaration of a destination whose event bus is in a declared account."""
        made = implied.declared_fields().get("generation", 1)
        more = {"eventBridge": {"account": account, **({"generation": made} if made != 1 else {})}}
        return written._replace(fields={**written.fields, **more}, full={**written.full, **more})

    @classmethod
    def default_name(cls, stack: str, key: str) -> str:
        """Return the key behind the stack's name, which marks the destination as the stack's."""
        return f"{stack}{AFTER_STACK}{key}"


class SpApiSubscriptionDeclaration(SpApiSubscriptionSettings, Declaration):
    """A subscription in YAML: `destination` is the name of a declared SP-API destination."""

    exclusive: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"filter", "filterExpression"}),)
    spec_type: ClassVar[type[Spec]] = SpApiSubscription

    payload_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] | None = Field(
        default=None, validate_default=True
    )
    """Left out, the newest that is known of the type."""
    sellers: DeclaredSellers = Field(default=None, validate_default=True)
    """One subscription for each; left out where the account has one seller."""
    filter_expression: Expression | None = None
    """CEL over the payload, 1 to 256 characters; instead of `filter`. Several may exist for one
    type."""
    filter: DeclaredFilter | None = Field(default=None, validate_default=True)
    """The API's own event filter."""

    _check_expression = field_validator("filter_expression")(check_expression)
    _check_filter = field_validator("filter")(check_filter)

    @field_validator("notification_type")
    @classmethod
    def _in_use(cls, name: str) -> str:
        if spelling(name) in ENDED:
            raise ValueError(ENDED[spelling(name)])
        if spelling(name) != name or not name[:1].isalpha():
            known = resembling(name) or spelling(name)
            raise ValueError(f"not in the UPPER_SNAKE spelling of the SP-API: write {known}")
        return name

    @field_validator("payload_version")
    @classmethod
    def _known_or_given(cls, version: str | None, info: ValidationInfo) -> str | None:
        name = info.data.get("notification_type")
        if version is None and name is not None and newest_version(name) is None:
            if name in TYPES:
                raise ValueError(f"payloadVersion is needed, since none of {name} is known here")
            wanted = "" if name in UNSUBSCRIBED else "; one that is new needs its payloadVersion"
            raise Defects([Defect(unknown_type(name) + wanted, field="notificationType")])
        return version

    @field_validator("sellers", mode="before")
    @classmethod
    def _list_or_all(cls, value: Any) -> Any:
        if value == "all" or value is None or isinstance(value, list | tuple):
            return value
        if isinstance(value, dict) and any(nearest(key, ("where",)) for key in value):
            return value
        raise ValueError(
            "expected a list of the account's sellers or of patterns (acme-*), all, or "
            "{where: {label: value}}"
        )

    @field_validator("sellers")
    @classmethod
    def _of_the_account(cls, sellers: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Context) and isinstance(info.context.account, SpApiAccount):
            choose_sellers(info.context.account, sellers)
        elif isinstance(sellers, tuple) and (faults := repeated(sellers)):
            raise Defects(faults)
        return sellers

    def members(self, context: Context) -> Iterable[Member]:
        """Yield one subscription for each seller."""
        account = context.account
        if not isinstance(account, SpApiAccount):
            raise TypeError("an SP-API subscription belongs to an SP-API account")
        given: dict[str, Any] = {
            "destination": self.destination,
            "notification_type": self.notification_type,
            "payload_version": self.payload_version or newest_version(self.notification_type),
        }
        if self.filter_expression is not None:
            given["filter_expression"] = self.filter_expression
        if self.filter is not None:
            given["filter"] = self.filter.plain()
        for seller, member in choose_sellers(account, self.sellers):
            yield Member(SpApiSubscription(seller=seller, **given), member)

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration for all subscriptions that are equal but for the seller."""
        return written_subscriptions(specs, account) if isinstance(account, SpApiAccount) else ()


def _queue_problem(queue: str) -> str | None:
    """Say what is wrong with a queue's ARN as a destination; names and good ARNs are fine."""
    partition = queue.split(":")[1] if queue.startswith("arn:") and queue.count(":") > 1 else "aws"
    if queue.endswith(".fifo"):
        return "the SP-API cannot send to a FIFO queue: refer to a standard queue"
    if partition != "aws":
        return (
            f"the SP-API reaches queues of the partition aws only: refer to one outside {partition}"
        )
    return None


def check_deliveries(desired: Sequence[Desired]) -> Iterable[Finding]:
    """Yield what the SP-API cannot deliver, or not there."""
    destinations = {
        one.address: one.spec for one in desired if isinstance(one.spec, SpApiDestination)
    }
    owners: dict[str, str] = {}
    for address, spec in destinations.items():
        problem = _queue_problem(spec.queue or "")
        if problem:
            yield Finding(address=address, message=problem)
        bus = spec.event_bridge
        if bus and owners.setdefault(bus.account_id, address) != address:
            message = (
                f"the SP-API allows one event bus destination for an AWS account, and "
                f"{owners[bus.account_id]} is one for {bus.account_id}: use another AWS account"
            )
            yield Finding(address=address, message=message)
    for one in desired:
        leads_to = one.references.get("destination")
        target = destinations.get(leads_to) if leads_to else None
        if isinstance(one.spec, SpApiSubscription) and target is not None:
            yield from _undeliverable(one.address, one.spec.notification_type, target)


def check_event_sources(
    accounts: Mapping[str, Account], desired: Sequence[Desired]
) -> Iterable[Finding]:
    """Yield event buses that two regions of an application would claim one event source for.

    The source is called after the application, which is one in all regions of the SP-API.
    """
    claimed: dict[tuple[str, EventBridge], Desired] = {}
    for item in sorted(desired, key=lambda item: item.address):
        account = accounts.get(item.account)
        bus = item.spec.event_bridge if isinstance(item.spec, SpApiDestination) else None
        if bus is None or not isinstance(account, SpApiAccount):
            continue
        first = claimed.setdefault((account.credentials.client_id, bus), item)
        if first.account != item.account:
            message = (
                f"{first.address} of account {first.account!r} claims the same application's event "
                f"source in {bus.region} of {bus.account_id}: give one of them an event bus in "
                "another AWS region"
            )
            yield Finding(address=item.address, message=message)


def _undeliverable(address: str, name: str, target: SpApiDestination) -> Iterable[Finding]:
    known = TYPES.get(name)
    workflow = "SQS" if target.queue is not None else "EventBridge"
    if known and known.workflow != workflow:
        needed = "an eventBridge" if known.workflow == "EventBridge" else "a queue"
        message = (
            f"{name} is delivered through {known.workflow} only: refer to {needed} destination"
        )
        yield Finding(address=address, message=message)
