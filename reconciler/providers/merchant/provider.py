"""The Merchant API behind the four verbs: notification subscriptions of one account."""

from collections.abc import Iterable, Sequence

from reconciler.core.diagnosis import Examination
from reconciler.core.errors import Missing, Rejected, Unclear
from reconciler.core.health import Measured, Metrics
from reconciler.core.link import Link
from reconciler.core.model import Desired, FieldChange, Live, Spec, live_address
from reconciler.core.provider import Each, Interest, Scope
from reconciler.providers.calls import Clock
from reconciler.providers.merchant.account import MerchantAccount
from reconciler.providers.merchant.answers import Remote
from reconciler.providers.merchant.client import MerchantClient
from reconciler.providers.merchant.examining import examinations
from reconciler.providers.merchant.failures import MAYBE_THERE
from reconciler.providers.merchant.kinds import Subscription
from reconciler.providers.merchant.sample_push import Target, post_sample, sample
from reconciler.providers.secrets import Secrets

KINDS: tuple[type[Spec], ...] = (Subscription,)

_NO_METRICS = "the Merchant API gives no health metrics of some subscriptions"


class MerchantProvider:
    """One Merchant account."""

    def __init__(
        self, name: str, account: MerchantAccount, *, secrets: Secrets, clock: Clock
    ) -> None:
        self._name = name
        self._clock = clock
        self._owner = account.account_id
        self._account = account
        self._secrets = secrets
        self._client = MerchantClient(name, account, secrets=secrets, clock=clock)

    def scopes(self) -> Sequence[Scope]:
        """Return the one scope: a list holds every event and target."""
        return (Scope(self._name, KINDS),)

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return all subscriptions that the account owns."""
        return self._all()

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
        wanted = _subscription(desired.spec)
        remote = Remote("", wanted.registered_event, wanted.target_account, wanted.call_back_uri)
        for last in (False, False, True):
            try:
                return self._live(self._client.create(remote))
            except (Unclear, Rejected) as error:
                if isinstance(error, Rejected) and error.code not in MAYBE_THERE:
                    raise
                there = self._find(wanted)
                if there is not None and there.spec == wanted:
                    return there
                if there is not None or isinstance(error, Rejected) or last:
                    raise
        raise AssertionError("unreachable: the last round returns or raises")

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Change the call back URI; everything else is identity."""
        wanted = _subscription(desired.spec)
        found = self._client.set_call_back_uri(live.outputs["name"], wanted.call_back_uri)
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
                    found[live_address(item.spec, item.account)] = metrics
            if not found:
                break
        lacking = len(found) < len(live)
        return Measured(found, f"{self._name}: {_NO_METRICS}" if lacking else None)

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what can be looked at of this account without changing anything."""
        return examinations(self._name, self._account, self._client, self._secrets)

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
        target = Target.of(spec.call_back_uri, allow_private=allow_private)
        return post_sample(target, sample(spec.registered_event), within=within, clock=self._clock)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._client.close()

    def _all(self) -> list[Live]:
        try:
            return [self._live(remote) for remote in self._client.list()]
        except Missing as error:
            # A list that is not there is no empty list.
            raise Rejected(
                error.account,
                error.operation,
                f"{error.message}; check accountId and `endpoint`",
                code=error.code,
            ) from error

    def _find(self, wanted: Subscription) -> Live | None:
        identity = wanted.identity_values()
        return next((live for live in self._all() if live.spec.identity_values() == identity), None)

    def _live(self, remote: Remote) -> Live:
        spec = Subscription(
            registered_event=remote.registered_event,
            target_account=remote.target,
            all_managed_accounts=None if remote.target else True,
            call_back_uri=remote.call_back_uri,
            owner=self._owner,
        )
        return Live(self._name, spec, {"name": remote.name})


def _subscription(spec: Spec) -> Subscription:
    if isinstance(spec, Subscription):
        return spec
    raise TypeError(f"the Merchant API has no {spec.kind} of this type")
