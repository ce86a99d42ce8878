"""What may be declared for the Merchant API; the shape of its accounts stands in `account`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from reconciler.core.model.account_fields import Tabled
from reconciler.core.model.constraints import UNIQUE, filled
from reconciler.core.model.delivery import Delivery, Link
from reconciler.core.model.errors import Defects
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.pacing import ActionName, Cost, Pace, PacedCall
from reconciler.core.model.secret_ref import SecretRef
from reconciler.core.model.spec import Evidence, Exclusion, Frozen, Spec, Succession
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Member,
    WrittenDeclaration,
)
from reconciler.services.merchant.account import (
    AccessToken,
    AccountNumber,
    MerchantAccount,
    parse_account_number,
)
from reconciler.services.merchant.call_back import (
    SECRET,
    CallBackUri,
    fill_in,
    parse_template,
    template_of,
)

__all__ = [
    "AccessToken",
    "MerchantAccount",
    "MerchantSubscription",
    "MerchantSubscriptionDeclaration",
]

# Google publishes no figures; 429 tells when even this is too fast.
PACE = Pace(rate=10, burst=100)
BUCKET = "notificationsubscriptions"

LINKED = "linked"
_SPECIMEN = "1"
"""Stands for the number of a linked account before any was listed: nobody's own."""

TARGETS = frozenset({"targetAccount", "targetAccounts", "allManagedAccounts"})

Event = Literal["PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE"]


class MerchantSubscriptionSettings(Frozen):
    """What a subscription listens for."""

    target_account: AccountNumber | None = None
    """The number of the account that is watched, in quotes."""
    all_managed_accounts: bool | None = None


class _PushDelivery(Delivery["MerchantSubscription"]):
    def links(
        self,
        live: "MerchantSubscription",
        declared: "MerchantSubscription",
        leads_to: object,
        sender: str | None,
    ) -> Iterator[Link]:
        """Yield whether pushes go where they were declared to go."""
        right = live.call_back_uri == declared.call_back_uri
        detail = "" if right else f"pushes go to {live.call_back_uri}: run apply"
        yield Link("call back URI", "holds" if right else "broken", detail)


class _OneQuota(Cost):
    def bucket(self, spec: Spec, action: ActionName) -> str:
        """Return the one quota that all methods of the sub-API share."""
        return BUCKET

    def trail(
        self, spec: Any, action: ActionName, after: Mapping[str, Any]
    ) -> tuple[PacedCall, ...]:
        """Return the calls: looking draws on that quota, too."""
        return (PacedCall(BUCKET),) * (1 if action == "create" else 2)


def _exclusion(spec: "MerchantSubscription") -> Exclusion | None:
    """Return (event, all or partial): the two exclude each other, the owner's own neither."""
    if spec.target_account == spec.owner:
        return None
    return Exclusion(
        spec.registered_event,
        "all" if spec.all_managed_accounts else "partial",
        "Google takes one event for all managed accounts or for single ones, never both",
    )


class MerchantSubscription(MerchantSubscriptionSettings, Spec):
    """A subscription to one event of one account, or of all accounts that `owner` manages."""

    kind: ClassVar[str] = "subscription"
    service: ClassVar[str] = "merchant"
    identity: ClassVar[tuple[str, ...]] = ("registeredEvent", "targetAccount", "allManagedAccounts")
    remote_id: ClassVar[str | None] = "name"
    hidden: ClassVar[frozenset[str]] = frozenset({"owner"})
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("below", "callBackUri"),)
    delivery: ClassVar[Delivery[Any]] = _PushDelivery(begins=True, pushes_to="callBackUri")
    succession: ClassVar[Succession] = Succession(
        role=lambda it: it.registered_event,
        party=lambda it: it.target_account,
        exclusion=_exclusion,
    )
    cost: ClassVar[Cost] = _OneQuota(PACE)

    registered_event: str
    call_back_uri: CallBackUri
    owner: AccountNumber

    @field_validator("all_managed_accounts")
    @classmethod
    def _false_is_absent(cls, value: bool | None) -> bool | None:
        # proto3 may print or omit a false; it means the same.
        return value or None

    def secrets(self) -> tuple[str, ...]:
        """Return the reference to the secret in the call back URI, if it has one."""
        reference = self.call_back_uri.reference
        return (reference,) if reference is not None else ()

    def completed(self, resolve: Callable[[str], str]) -> Self:
        """Return the subscription with the value of its secret in the call back URI."""
        uri = self.call_back_uri
        if uri.reference is None or uri.known:
            return self
        return self.model_copy(update={"call_back_uri": uri.filled(resolve(uri.reference))})

    def unexamined(self, live: Spec) -> Iterator[str]:
        """Yield the call back URI if it agrees with a live one but for the secret."""
        uri = self.call_back_uri
        if (
            isinstance(live, MerchantSubscription)
            and not uri.known
            and uri.may_be(live.call_back_uri)
        ):
            yield "callBackUri"


def _parse_true(value: Any) -> Any:
    if value is True:
        return value
    raise ValueError("expected true (or leave it out and name the target accounts)")


def _parse_targets(value: Any, numbers: ValidatorFunctionWrapHandler) -> Any:
    if value == LINKED:
        return (LINKED,)
    if isinstance(value, str):
        raise ValueError(
            "expected a list of account numbers, or linked (all accounts linked to ours)"
        )
    return numbers(value)


DeclaredTargets = Annotated[
    Annotated[tuple[AccountNumber, ...], filled("expected at least one account number"), UNIQUE]
    | None,
    WrapValidator(_parse_targets),
    Tabled("targetAccount", "names", words=(LINKED,), parse=parse_account_number),
]
"""Numbers of accounts, or `linked` alone."""


class MerchantSubscriptionDeclaration(MerchantSubscriptionSettings, Declaration):
    """A subscription in YAML, for one target account, several, or all that are managed."""

    exclusive: ClassVar[tuple[frozenset[str], ...]] = (TARGETS,)
    one_of: ClassVar[Mapping[frozenset[str], str]] = {
        TARGETS: "expected one of `targetAccount`, `targetAccounts` and `allManagedAccounts: true`"
    }
    spec_type: ClassVar[type[Spec]] = MerchantSubscription

    registered_event: Event
    """What is notified of."""
    target_accounts: DeclaredTargets = None
    """One subscription for each, instead of `targetAccount`; `linked`: for all accounts that Google
    lists as linked to ours when it is asked, but for those that another declaration names."""
    all_managed_accounts: Annotated[Literal[True], BeforeValidator(_parse_true)] | None = None
    """Instead of targets: all accounts that ours manages, also later ones."""
    secret: SecretRef | None = None
    """Where the value is that `{secret}` in the call back URI stands for."""
    call_back_uri: str
    """Where Google posts to, https. `{targetAccount}`, `{registeredEvent}` and `{secret}` stand for
    values."""

    @field_validator("target_accounts")
    @classmethod
    def _each_once(cls, numbers: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = [number for number, count in Counter(numbers or ()).items() if count > 1]
        if twice:
            raise Defects(
                f"expected each account once, but {number} stands here twice" for number in twice
            )
        return numbers

    @field_validator("call_back_uri")
    @classmethod
    def _can_be_pushed_to(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("all_managed_accounts") and "{targetAccount}" in value:
            raise ValueError(
                "expected a URI without {targetAccount}, which `allManagedAccounts` leaves empty"
            )
        template = parse_template(value)
        # A `secret` that is wrong is complained about itself.
        if "secret" in info.data:
            _go_together(template, info.data["secret"])
        return template

    @property
    def lists(self) -> bool:
        """Say whether it stands for all linked accounts."""
        return self.target_accounts == (LINKED,)

    def members(self, context: Context) -> Iterable[Member]:
        """Yield one subscription a target; those of a list are told apart by their account."""
        if not isinstance(context.account, MerchantAccount):
            raise TypeError("a Merchant subscription belongs to a Merchant account")
        owner = context.account.account_id
        if self.lists and context.listed is None:
            yield Member(self._spec(owner, _SPECIMEN))
        elif self.target_accounts:
            numbers = self.target_accounts if context.listed is None else context.listed
            for number in numbers:
                yield Member(self._spec(owner, number), member=number)
        else:
            yield Member(self._spec(owner, self.target_account))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration for all subscriptions that are equal but for the target."""
        for same, uri in _folded(
            [spec for spec in specs if isinstance(spec, MerchantSubscription)]
        ):
            event = same[0].registered_event
            targets = [spec.target_account for spec in same if spec.target_account]
            fields = {"registeredEvent": event, **_interest(targets), "callBackUri": uri}
            stem = event.lower().replace("_", "-")
            which = "several" if len(targets) > 1 else targets[0] if targets else "all"
            more = "own" if which == same[0].owner else which
            yield WrittenDeclaration(tuple(same), fields, fields, (stem, f"{stem}-{more}"))

    def _spec(self, owner: str, target: str | None) -> MerchantSubscription:
        interest: dict[str, Any] = (
            {"target_account": target} if target else {"all_managed_accounts": True}
        )
        event = self.registered_event
        uri = fill_in(self.call_back_uri, target_account=target, registered_event=event)
        return MerchantSubscription(
            registered_event=event,
            call_back_uri=CallBackUri(uri, reference=self.secret),
            owner=owner,
            **interest,
        )


def _go_together(template: str, secret: str | None) -> None:
    if SECRET in template and secret is None:
        raise ValueError(
            "expected a reference to a secret beside it, since {secret} stands for its value: add "
            "secret: env:NAME (or another reference)"
        )
    if SECRET not in template and secret is not None:
        raise ValueError("expected {secret} where the value of `secret` is to stand")


def _folded(
    specs: Sequence[MerchantSubscription],
) -> Iterable[tuple[list[MerchantSubscription], str]]:
    """Yield subscriptions that are equal but for the target, with the URI that stands for all.

    Those that push to one URI belong together, and of the others those whose URIs are equal but for
    the number of the target in them.
    """
    same = Counter((spec.registered_event, spec.call_back_uri.reveal()) for spec in specs)
    alike: dict[tuple[str, str, bool], list[MerchantSubscription]] = {}
    for spec in specs:
        event, uri, target = spec.registered_event, spec.call_back_uri.reveal(), spec.target_account
        if target and same[event, uri] == 1:
            uri = template_of(uri, target)
        alike.setdefault((event, uri, target is None), []).append(spec)
    for (_, uri, _), found in alike.items():
        # A placeholder that stands for one number only would be a riddle.
        shown = uri if len(found) > 1 else found[0].call_back_uri.reveal()
        yield sorted(found, key=lambda spec: int(spec.target_account or 0)), shown


def _interest(targets: Sequence[str]) -> dict[str, Any]:
    if not targets:
        return {"allManagedAccounts": True}
    return {"targetAccount": targets[0]} if len(targets) == 1 else {"targetAccounts": targets}


def check_exclusions(desired: Sequence[Desired]) -> Iterable[Finding]:
    """Yield all-managed subscriptions declared beside partial ones of the same event."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in desired:
        exclusion = one.spec.succession.exclusion(one.spec)
        if exclusion:
            event, slot, _ = exclusion
            groups[event][slot].append(one.address)
    for event, slots in groups.items():
        for whole in slots["all"]:
            for part in slots["partial"]:
                yield Finding(
                    address=part,
                    message=f"Google refuses this beside {whole}, which covers all managed "
                    f"accounts for {event}: declare one or the other",
                )
