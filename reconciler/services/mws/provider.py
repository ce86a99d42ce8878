"""MWS behind the four verbs: destinations and subscriptions of one seller in one marketplace.

Neither has an id. A destination is its queue's URL; a subscription is its type and that URL.
"""

from collections.abc import Iterable, Sequence

from reconciler.core.model.abilities import Examination, TestSign
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.errors import Rejected, ServiceError
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Abilities, Interest, Scope, nothing_to_measure
from reconciler.credentials.secrets import Secrets
from reconciler.services.mws.answers import Subscribed
from reconciler.services.mws.client import MwsClient
from reconciler.services.mws.doctor import examinations
from reconciler.services.mws.failures import ALREADY_OR_NOT_THERE
from reconciler.services.mws.kinds import MwsAccount, MwsDestination, MwsSubscription
from reconciler.services.mws.queue_url import queue_url
from reconciler.transport.calls import Clock, create_once
from reconciler.transport.http import Http

KINDS: tuple[type[Spec], ...] = (MwsDestination, MwsSubscription)


class MwsProvider:
    """One MWS account; `http` is shared and closed by whoever made it."""

    def __init__(
        self, name: str, account: MwsAccount, *, secrets: Secrets, http: Http, clock: Clock
    ) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._seller = account.seller_id
        self._client = MwsClient(name, account, secrets=secrets, http=http, clock=clock)

    @property
    def abilities(self) -> Abilities:
        """Return what can be done beyond reading and writing."""
        return Abilities(
            calls_so_far=self._client.calls.so_far,
            examinations=self.examinations,
            measure=nothing_to_measure,
            send_test=self.send_test,
        )

    def scopes(self) -> Sequence[Scope]:
        """Return the one scope: each kind is a single call without pages."""
        return (Scope(self._name, KINDS),)

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return all destinations and subscriptions; queues by URL, as ARN on AWS's own hosts."""
        lists = interest.each(lambda read: read(), (self._destinations, self._subscriptions))
        return [live for found in lists for live in found]

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the registration or subscription as it is now."""
        return self._find(self._wanted(live.spec))

    def create(self, desired: Desired) -> Live:
        """Register or subscribe; an equal one that is there already is adopted."""
        wanted = self._wanted(desired.spec)

        def find(error: ServiceError, _last: bool) -> Live | None:
            there = self._find(wanted)
            if there is not None and there.spec.fields() != wanted.spec.fields():
                raise error
            return there

        return create_once(
            lambda: self._make(wanted),
            find,
            is_there=lambda error: error.code == ALREADY_OR_NOT_THERE,
        )

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Switch a subscription on or off; nothing else can change."""
        spec = desired.spec
        if not isinstance(spec, MwsSubscription):
            raise Rejected(self._name, "RegisterDestination", "a destination cannot be changed")
        wanted = Subscribed(spec.notification_type, _url(live.spec), spec.enabled)
        self._client.update_subscription(wanted)
        return self._subscription(wanted)

    def delete(self, live: Live) -> None:
        """Unsubscribe or deregister."""
        url = _url(live.spec)
        try:
            if isinstance(live.spec, MwsSubscription):
                self._client.delete_subscription(live.spec.notification_type, url)
            else:
                self._client.deregister_destination(url)
        except Rejected as error:
            if error.code != ALREADY_OR_NOT_THERE or self._find(self._wanted(live.spec)):
                raise

    def send_test_notification(self, queue: str) -> None:
        """Ask for one test message in a registered queue, given by URL or ARN."""
        self._client.send_test_notification(queue_url(queue))

    def send_test(self, destination: Live, subscription: Live, known: frozenset[str]) -> TestSign:
        """Ask for a test message to a destination and return what it will look like."""
        self._client.send_test_notification(_url(destination.spec))
        # The documentation lists the type under one name, recorded messages bear the other.
        types = frozenset({"Test", "TestNotification"})
        return TestSign(types, seller=self._seller, certain=True)

    def service_status(self) -> str:
        """Return GREEN, GREEN_I, YELLOW or RED; twice at once, then once in five minutes."""
        return self._client.get_service_status()

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what can be looked at of this account without changing anything."""
        return examinations(self._name, self._account, self._client, self._secrets)

    def close(self) -> None:
        """Hold nothing: the connections belong to the given `http`."""

    def _wanted(self, spec: Spec) -> Live:
        url = _url(spec)
        if isinstance(spec, MwsSubscription):
            return self._subscription(Subscribed(spec.notification_type, url, spec.enabled))
        return self._destination(url)

    def _make(self, wanted: Live) -> Live:
        spec = wanted.spec
        if isinstance(spec, MwsSubscription):
            subscribed = Subscribed(spec.notification_type, _url(spec), spec.enabled)
            self._client.create_subscription(subscribed)
        else:
            self._client.register_destination(_url(spec))
        return wanted

    def _find(self, wanted: Live) -> Live | None:
        read = (
            self._subscriptions if isinstance(wanted.spec, MwsSubscription) else self._destinations
        )
        identity = wanted.spec.identity_values()
        return next((live for live in read() if live.spec.identity_values() == identity), None)

    def _destinations(self) -> list[Live]:
        return [self._destination(url) for url in self._client.list_registered_destinations()]

    def _subscriptions(self) -> list[Live]:
        return [self._subscription(found) for found in self._client.list_subscriptions()]

    def _destination(self, url: str) -> Live:
        return Live(self._name, MwsDestination(queue=url, queue_url=url), remote_values(url=url))

    def _subscription(self, found: Subscribed) -> Live:
        spec = MwsSubscription(
            destination=found.queue_url,
            notification_type=found.notification_type,
            enabled=found.enabled,
            queue_url=found.queue_url,
            seller=self._seller,
        )
        return Live(self._name, spec)


def _url(spec: Spec) -> str:
    """Return the URL under which MWS knows the queue, or will."""
    if isinstance(spec, MwsSubscription):
        return spec.queue_url or queue_url(spec.destination)
    if isinstance(spec, MwsDestination):
        return spec.queue_url or queue_url(spec.queue)
    raise TypeError(f"MWS has no {spec.kind} of this type")
