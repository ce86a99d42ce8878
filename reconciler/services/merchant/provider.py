"""The Merchant API behind the four verbs: notification subscriptions of one account."""

from collections.abc import Callable, Iterable, Sequence

from reconciler.core.model.abilities import Examination, Measured, Metrics
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.delivery import Link
from reconciler.core.model.errors import Missing, Rejected, ServiceError
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec, live_address
from reconciler.core.provider import Abilities, Each, Interest, Scope
from reconciler.core.text.phrases import counted
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.answers import SubscriptionResource
from reconciler.services.merchant.call_back import CallBackUri
from reconciler.services.merchant.client import MerchantClient
from reconciler.services.merchant.doctor import examinations, secrets_of
from reconciler.services.merchant.failures import MAYBE_THERE
from reconciler.services.merchant.kinds import MerchantSubscription
from reconciler.services.merchant.sample_push import PushEndpoint, post_sample, sample
from reconciler.transport.calls import Clock, create_once

KINDS: tuple[type[Spec], ...] = (MerchantSubscription,)

_NO_METRICS = "the Merchant API gives no health metrics of"
_UNKNOWN = "whether its pushes are acknowledged"


class MerchantProvider:
    """One Merchant account; `resolve` gives the secrets that call back URIs hold."""

    def __init__(
        self,
        name: str,
        account: MerchantAccount,
        *,
        secrets: Secrets,
        clock: Clock,
        resolve: Callable[[str], str] | None = None,
    ) -> None:
        self._resolve = resolve or secrets.resolve
        self._name = name
        self._clock = clock
        self._owner = account.account_id
        self._account = account
        self._secrets = secrets
        self._client = MerchantClient(name, account, secrets=secrets, clock=clock)
        self._declared: dict[str, CallBackUri] = {}
        self._tokens: set[str] = set()

    @property
    def abilities(self) -> Abilities:
        """Return what can be done beyond reading and writing."""
        return Abilities(
            calls_so_far=self._client.calls.so_far,
            completed=self.completed,
            linked=self.linked,
            examinations=self.examinations,
            measure=self.measure,
            push_sample=self.push_sample,
        )

    def linked(self) -> Sequence[str]:
        """Return the numbers of all linked accounts, without our own, whole or not at all."""
        try:
            return tuple(sorted({*self._client.linked()} - {self._owner}, key=int))
        except Missing as error:
            raise _misled(error) from error

    def scopes(self) -> Sequence[Scope]:
        """Return the one scope: a list holds every event and target."""
        return (Scope(self._name, KINDS),)

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return all subscriptions that the account owns."""
        for spec in interest.declared:
            self._know(_subscription(spec))
        return self._all()

    def completed(self, spec: Spec) -> Spec:
        """Return a subscription with the value of the secret in its call back URI."""
        return _subscription(spec).completed(self._resolve)

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the subscription as it is now."""
        try:
            return self._live(self._client.get(live.outputs["name"]))
        except Missing:
            return None

    def create(self, desired: Desired) -> Live:
        """Subscribe; an equal subscription that is there already is adopted.

        The service refuses a second one for the same event and target, with a code it does not
        document, so the list tells what a refusal meant.
        """
        wanted = self._know(_subscription(desired.spec))
        uri = wanted.call_back_uri.reveal()
        remote = SubscriptionResource("", wanted.registered_event, wanted.target_account, uri)

        def find(error: ServiceError, _last: bool) -> Live | None:
            there = self._find(wanted)
            if there is not None and there.spec != wanted:
                raise error
            return there

        return create_once(
            lambda: self._live(self._client.create(remote)),
            find,
            is_there=lambda error: error.code in MAYBE_THERE,
        )

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Change the call back URI; everything else is identity."""
        wanted = self._know(_subscription(desired.spec))
        uri = wanted.call_back_uri.reveal()
        found = self._client.set_call_back_uri(live.outputs["name"], uri)
        return self._live(found)

    def delete(self, live: Live) -> None:
        """Unsubscribe."""
        try:
            self._client.delete(live.outputs["name"])
        except Missing:
            return

    def measure(self, live: Sequence[Live], each: Each) -> Measured:
        """Return the health metrics of these subscriptions, where the service offers them."""
        found: dict[str, Metrics] = {}
        # The first one tells whether there is such a method at all.
        for batch in (live[:1], live[1:]):
            answers = each(lambda it: self._client.get_health(it.outputs["name"]), batch)
            for item, metrics in zip(batch, answers, strict=True):
                if metrics is not None:
                    found[item.live_address] = metrics
            if not found:
                break
        missing = [it.live_address for it in live if it.live_address not in found]
        which = counted(len(missing), "subscription")
        lacking = f"{self._name}: {_NO_METRICS} {which}" if missing else None
        return Measured(found, lacking, dict.fromkeys(missing, _UNKNOWN))

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what can be looked at of this account without changing anything."""
        return [
            *examinations(self._name, self._account, self._client, self._secrets),
            *secrets_of(desired, self._resolve),
        ]

    def push_sample(
        self, subscription: Live, *, allow_private: bool, within: float
    ) -> tuple[Link, ...]:
        """Post the documented sample to a subscription's call back URI, as Google would.

        Args:
            subscription: whose URI and event are meant.
            allow_private: post to addresses that are not public, too.
            within: seconds that the whole exchange may take.
        """
        spec = _subscription(subscription.spec)
        target = PushEndpoint.of(spec.call_back_uri.reveal(), allow_private=allow_private)
        return post_sample(target, sample(spec.registered_event), within=within, clock=self._clock)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._client.close()

    def _all(self) -> list[Live]:
        try:
            return [self._live(remote) for remote in self._client.list()]
        except Missing as error:
            raise _misled(error) from error

    def _find(self, wanted: MerchantSubscription) -> Live | None:
        identity = wanted.identity_values()
        return next((live for live in self._all() if live.spec.identity_values() == identity), None)

    def _know(self, declared: MerchantSubscription) -> MerchantSubscription:
        """Remember what is declared, since it tells what a live call back URI has to hide."""
        uri = declared.call_back_uri
        self._declared[live_address(declared, self._name)] = uri
        self._tokens.update(uri.tokens())
        return declared

    def _live(self, remote: SubscriptionResource) -> Live:
        spec = MerchantSubscription(
            registered_event=remote.registered_event,
            target_account=remote.target,
            all_managed_accounts=None if remote.target else True,
            call_back_uri=CallBackUri(remote.call_back_uri),
            owner=self._owner,
        )
        declared = self._declared.get(live_address(spec, self._name))
        uri = spec.call_back_uri.veiled_like(declared, self._tokens)
        return Live(
            self._name,
            spec.model_copy(update={"call_back_uri": uri}),
            remote_values(name=remote.name),
        )


def _misled(error: Missing) -> Rejected:
    """Return what it means that a list is not there, which is no empty list."""
    message = f"{error.message}; check accountId and `endpoint`"
    return Rejected(error.account, error.operation, message, code=error.code)


def _subscription(spec: Spec) -> MerchantSubscription:
    if isinstance(spec, MerchantSubscription):
        return spec
    raise TypeError(f"the Merchant API has no {spec.kind} of this type")
