"""The SP-API behind the four verbs: an application's destinations, its sellers' subscriptions.

There is no update: whatever differs is deleted and created anew, which the kinds say.
"""

from collections.abc import Callable, Iterable, Sequence

from reconciler.core.model.abilities import Examination, TestSign
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.errors import (
    Denied,
    Missing,
    ReconcilerError,
    Rejected,
    ServiceError,
    Transient,
)
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.pacing import CallsSoFar
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Abilities, Cannot, Interest, Scope, nothing_to_measure
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.answers import DestinationRecord, SubscriptionRecord
from reconciler.services.spapi.client import SpApiClient
from reconciler.services.spapi.doctor import SpApiDoctor
from reconciler.services.spapi.failures import Conflict
from reconciler.services.spapi.listing import list_types, wish
from reconciler.services.spapi.login import NO_CONSENT, LwaLogin
from reconciler.services.spapi.specs import AT_ONCE, PACE, SpApiDestination, SpApiSubscription
from reconciler.services.spapi.wire import SpApiWire
from reconciler.transport.calls import Calls, Clock, create_once
from reconciler.transport.http import Http

# Seconds to look for what a lost answer may have created, and for what a conflict says exists: the
# lists may lag behind.
LOST = 2.0
LAG = 30.0
ONLY_IN_SANDBOX = (
    "the SP-API sends test messages on its sandbox host only, not in production, where the "
    "first notification may take an hour to come"
)
TEST_SCENARIO = "TEST_CASE_200"
"""Which sample to send; Amazon names them by type, in a list that it does not publish as data."""


class SpApiProvider:
    """One application in one region; `http` is shared and closed by whoever made it."""

    def __init__(
        self, name: str, account: SpApiAccount, *, secrets: Secrets, http: Http, clock: Clock
    ) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._calls = Calls(clock, paces={"*": PACE}, concurrency=AT_ONCE)
        self._login = LwaLogin(name, account, secrets=secrets, http=http, clock=clock)
        wire = SpApiWire(
            name, account.base_url, login=self._login, secrets=secrets, http=http, calls=self._calls
        )
        self._client = SpApiClient(name, wire, sandbox_url=account.sandbox_url)

    @property
    def abilities(self) -> Abilities:
        """Return what can be done beyond reading and writing."""
        return Abilities(
            calls_so_far=self.calls_so_far,
            consents=self.consents,
            examinations=self.examinations,
            measure=nothing_to_measure,
            send_test=self.send_test if self._sends_tests() else Cannot(ONLY_IN_SANDBOX),
        )

    def scopes(self) -> Sequence[Scope]:
        """Return one scope for the destinations and one for each seller's subscriptions."""
        sellers = sorted(self._account.sellers)
        return (
            Scope(self._name, (SpApiDestination,)),
            *(Scope(self._name, (SpApiSubscription,), part=seller) for seller in sellers),
        )

    def calls_so_far(self) -> CallsSoFar:
        """Return what was asked so far, logins included."""
        found = self._calls.so_far()
        return found._replace(made=found.made + self._login.made)

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return the application's destinations, or one seller's subscriptions.

        Subscriptions are listed one type a call: the types of `interest.topics`, and where
        `interest.discover_all` all known ones that a live destination could receive.
        """
        if scope.part is None:
            return self._destinations(interest.warn)
        return self._subscriptions(scope.part, interest)

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the object with this id as it is now.

        Subscriptions are looked up with the seller's token: the limit of the call by id is the
        whole application's.
        """
        key = live.outputs["id"]
        if isinstance(live.spec, SpApiDestination):
            found = self._destinations(lambda _text: None)
        else:
            spec = _subscription(live.spec)
            name, seller = spec.notification_type, spec.seller
            listing = self._client.list_subscriptions(seller, name, (spec.payload_version,))
            found = [self._live(seller, name, record) for record in listing.records]
        return next((item for item in found if item.outputs["id"] == key), None)

    def create(self, desired: Desired) -> Live:
        """Create, or adopt an equal one that a lost answer or somebody else left there."""
        spec = desired.spec
        if isinstance(spec, SpApiDestination):
            return self._create(
                lambda: self._destination(
                    self._client.create_destination(
                        spec.name, queue=spec.queue, event_bridge=spec.event_bridge
                    )
                ),
                lambda: self._find_destination(spec),
            )
        wanted = _subscription(spec)
        return self._create(lambda: self._subscribe(wanted), lambda: self._find_equal(wanted))

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Refuse: the service can only delete and create."""
        operation = (
            "createDestination"
            if isinstance(desired.spec, SpApiDestination)
            else ("createSubscription")
        )
        raise Rejected(self._name, operation, "the SP-API has no update: replace it instead")

    def delete(self, live: Live) -> None:
        """Delete by id."""
        key = live.outputs["id"]
        try:
            if isinstance(live.spec, SpApiDestination):
                self._client.delete_destination(key)
            else:
                spec = _subscription(live.spec)
                self._client.delete_subscription(spec.seller, spec.notification_type, key)
        except Missing:
            return

    def send_test_notification(
        self, notification_type: str, version: str, *, destination: str | None, scenario: str
    ) -> None:
        """Ask Amazon's sandbox for a test message to a destination id."""
        self._client.send_test_notification(notification_type, version, destination, scenario)

    def consents(self, part: str) -> bool | None:
        """Say whether the seller lets us in, None if that cannot be told."""
        try:
            self._login.token(part)
        except ReconcilerError as error:
            withdrawn = isinstance(error, Denied) and error.code == NO_CONSENT
            return False if withdrawn else None
        return True

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what can be looked at of this account without changing anything."""
        look = SpApiDoctor(self._name, self._account, self._client, self._login, self._secrets)
        return look.examinations(desired)

    def _sends_tests(self) -> bool:
        # Amazon's sandbox hosts alone have the call, and they know no production destinations.
        return self._account.sandbox_url == self._account.base_url

    def send_test(self, destination: Live, subscription: Live, known: frozenset[str]) -> TestSign:
        """Ask for a test message of a subscription's type and return what it will look like.

        `known` are the ids of live subscriptions, which real notifications name.
        """
        spec = _subscription(subscription.spec)
        key, name = destination.outputs["id"], spec.notification_type
        self._client.send_test_notification(name, spec.payload_version, key, TEST_SCENARIO)
        return TestSign(frozenset({name}), subscriptions=known)

    def close(self) -> None:
        """Hold nothing: the connections belong to the given `http`."""

    def _create(self, make: Callable[[], Live], look: Callable[[], Live | None]) -> Live:
        """Create once; what is there may be listed late."""

        def find(error: ServiceError, last: bool) -> Live | None:
            conflict = isinstance(error, Conflict)
            within = LAG if conflict or last else LOST
            found = self._calls.poll(look, within=within, every=within / 10)
            if found is None and conflict:
                error.message += "; it is not listed, though: run again in a few minutes"
            elif found is None and last:
                message = f"{error.message}; it was tried three times and is not there"
                raise Transient(error.account, error.operation, message) from error
            return found

        return create_once(make, find, is_there=lambda error: isinstance(error, Conflict))

    def _destinations(self, warn: Callable[[str], None]) -> list[Live]:
        records = self._client.get_destinations()
        for record in records:
            if not _known(record):
                warn(f"destination {record.name} is of a kind not known here and is left alone")
        return [self._destination(record) for record in records if _known(record)]

    def _destination(self, record: DestinationRecord) -> Live:
        spec = SpApiDestination(
            name=record.name, queue=record.queue, event_bridge=record.event_bridge
        )
        source = {"source": record.source} if record.source else {}
        return Live(self._name, spec, remote_values(id=record.id, **source))

    def _find_destination(self, wanted: SpApiDestination) -> Live | None:
        target = (wanted.queue, wanted.event_bridge)
        records = self._client.get_destinations()
        found = (record for record in records if (record.queue, record.event_bridge) == target)
        return next((self._destination(record) for record in found), None)

    def _subscriptions(self, seller: str, interest: Interest) -> list[Live]:
        wanted = wish(interest)
        if interest.declared and not wanted.wanted and not interest.known:
            # Whether the seller lets us in is told before anything is created.
            self._login.token(seller)
        return [
            self._live(seller, name, record)
            for name, listing in list_types(self._client, seller, wanted, interest).items()
            for record in listing.records
        ]

    def _live(self, seller: str, name: str, record: SubscriptionRecord) -> Live:
        spec = SpApiSubscription(
            seller=seller,
            notification_type=name,
            payload_version=record.payload_version,
            destination=record.destination_id,
            filter=record.filter,
            filter_expression=record.expression,
        )
        return Live(self._name, spec, remote_values(id=record.id))

    def _subscribe(self, wanted: SpApiSubscription) -> Live:
        record = self._client.create_subscription(
            wanted.seller,
            wanted.notification_type,
            wanted.payload_version,
            wanted.destination,
            event_filter=wanted.filter,
            expression=wanted.filter_expression,
        )
        return self._live(wanted.seller, wanted.notification_type, record)

    def _find_equal(self, wanted: SpApiSubscription) -> Live | None:
        """Return the live subscription of this identity, None if there is none.

        Raises:
            Rejected: it differs, and this run was not to change it.
        """
        name, seller = wanted.notification_type, wanted.seller
        listing = self._client.list_subscriptions(seller, name, (wanted.payload_version,))
        identity = wanted.identity_values()
        for record in listing.records:
            live = self._live(seller, name, record)
            if live.spec.identity_values() != identity:
                continue
            if live.spec == wanted:
                return live
            raise Rejected(
                self._name,
                "createSubscription",
                f"meanwhile there is a subscription {record.id} of seller {seller} to {name} "
                f"{record.payload_version} with another destination or filter (destination "
                f"{record.destination_id}): plan again",
            )
        return None


def _known(record: DestinationRecord) -> bool:
    return record.queue is not None or record.event_bridge is not None


def _subscription(spec: Spec) -> SpApiSubscription:
    if not isinstance(spec, SpApiSubscription):
        raise TypeError(f"the SP-API has no {spec.kind} of this type")
    return spec
