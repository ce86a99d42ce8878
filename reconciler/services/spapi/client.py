"""The ten operations of SP-API Notifications v1.

Source: the published model of 5 August 2026 and "Grantless operations" on
developer-docs.amazon.com/sp-api. Every failure leaves as a ServiceError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from reconciler.core.model.errors import Missing
from reconciler.services.spapi import answers
from reconciler.services.spapi.answers import DestinationRecord, SubscriptionRecord
from reconciler.services.spapi.failures import NoRoute, NotPermitted
from reconciler.services.spapi.filters import EventFilter
from reconciler.services.spapi.specs import EventBridge
from reconciler.services.spapi.wire import SpApiRequest, SpApiWire
from reconciler.transport.calls import Pages

T = TypeVar("T")

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Subscriptions of a seller to a type; not `whole` where some could not have been seen."""

    records: tuple[SubscriptionRecord, ...]
    whole: bool


class SpApiClient:
    """One application in one region; ids are of that region.

    Deleting a subscription by id is documented as grantless, but some types answer that only to the
    seller's token; the other token is tried once, and `seller_first` turns the order round.
    """

    def __init__(self, name: str, wire: SpApiWire, *, sandbox_url: str, seller_first: bool = False):
        self._name = name
        self._wire = wire
        self._sandbox_url = sandbox_url
        self._seller_first = seller_first
        self._lists = True

    def get_destinations(self) -> tuple[DestinationRecord, ...]:
        """Return all destinations of the application."""
        request = SpApiRequest("getDestinations", "GET", "/destinations")
        return self._wire.call(request, answers.destinations)

    def get_destination(self, key: str) -> DestinationRecord:
        """Return the destination with the id `key`."""
        request = SpApiRequest("getDestination", "GET", f"/destinations/{quote(key, safe='')}")
        return self._wire.call(request, answers.destination)

    def create_destination(
        self, name: str, *, queue: str | None, event_bridge: EventBridge | None
    ) -> DestinationRecord:
        """Create a destination. Not repeated after a lost answer: Unclear is raised.

        Raises:
            Conflict: the application has one for this queue or AWS account.
        """
        # A second key, even a null, is refused as "multiple resource types".
        resource = (
            {"sqs": {"arn": queue}}
            if event_bridge is None
            else {"eventBridge": event_bridge.model_dump()}
        )
        body = {"name": name, "resourceSpecification": resource}
        request = SpApiRequest("createDestination", "POST", "/destinations", body=body)
        return self._wire.call(request, answers.destination, repeat=False)

    def delete_destination(self, key: str) -> None:
        """Delete the destination with the id `key`."""
        request = SpApiRequest(
            "deleteDestination", "DELETE", f"/destinations/{quote(key, safe='')}"
        )
        self._wire.call(request, answers.nothing)

    def list_subscriptions(self, seller: str, name: str, versions: Sequence[str]) -> Listing:
        """Return a seller's subscriptions to the type `name`, over all payload versions.

        Where the service does not have getSubscriptions yet, `versions` are asked for one by one.
        """
        whole = False
        if self._lists:
            try:
                return Listing(self.get_subscriptions(seller, name), whole=True)
            except NoRoute:
                self._lists = False
            except Missing:
                # It may mean that there are none, which asking version by version confirms.
                whole = True
        found = [self.get_subscription(seller, name, version) for version in versions or (None,)]
        return Listing(tuple(record for record in found if record is not None), whole)

    def get_subscriptions(self, seller: str, name: str) -> tuple[SubscriptionRecord, ...]:
        """Return all pages of a seller's subscriptions to the type `name`."""
        records: list[SubscriptionRecord] = []
        token = ""
        pages = Pages(self._name, "getSubscriptions")
        while True:
            query: dict[str, str | int] = {"notificationTypes": name, "pageSize": PAGE_SIZE}
            if token:
                query["nextToken"] = token
            request = SpApiRequest("getSubscriptions", "GET", "/subscriptions", seller, query)
            page = self._wire.call(request, answers.subscriptions)
            records += page.records
            if not page.next_token:
                return tuple(records)
            token = page.next_token
            pages.turn(token)

    def get_subscription(
        self, seller: str, name: str, version: str | None
    ) -> SubscriptionRecord | None:
        """Return a seller's subscription to a payload version, None if there is none.

        Without a version the newest counts, and older ones are hidden.
        """
        query = {"payloadVersion": version} if version else None
        request = SpApiRequest("getSubscription", "GET", _type_path(name), seller, query)
        try:
            return self._wire.call(request, answers.subscription)
        except Missing:
            return None

    def create_subscription(
        self,
        seller: str,
        name: str,
        version: str,
        destination: str,
        *,
        event_filter: EventFilter | None,
        expression: str | None,
    ) -> SubscriptionRecord:
        """Subscribe a seller. Not repeated after a lost answer: Unclear is raised.

        Raises:
            Conflict: the seller has such a subscription.
        """
        body: dict[str, Any] = {"payloadVersion": version, "destinationId": destination}
        directive = _directive(name, event_filter, expression)
        if directive:
            body["processingDirective"] = directive
        request = SpApiRequest("createSubscription", "POST", _type_path(name), seller, body=body)
        return self._wire.call(request, answers.subscription, repeat=False)

    def get_subscription_by_id(self, seller: str, name: str, key: str) -> SubscriptionRecord:
        """Return the subscription with the id `key`."""
        path = f"{_type_path(name)}/{quote(key, safe='')}"
        request = SpApiRequest("getSubscriptionById", "GET", path)
        return self._either(request, seller, answers.subscription)

    def delete_subscription(self, seller: str, name: str, key: str) -> None:
        """Delete the subscription with the id `key`."""
        path = f"{_type_path(name)}/{quote(key, safe='')}"
        request = SpApiRequest("deleteSubscriptionById", "DELETE", path)
        self._either(request, seller, answers.nothing)

    def send_test_notification(
        self, name: str, version: str, destination: str | None, scenario: str
    ) -> None:
        """Ask for a test message; only Amazon's sandbox hosts have this, so it goes there.

        `scenario` is a name from the type's documentation. After a lost answer there may be two.
        """
        test = {"payloadVersion": version, "testScenario": scenario}
        body = {"testNotification": test} | ({"destinationId": destination} if destination else {})
        path = f"{_type_path(name)}/testNotification"
        request = SpApiRequest(
            "sendTestNotification", "POST", path, body=body, base_url=self._sandbox_url
        )
        self._wire.call(request, answers.nothing)

    def _either(self, request: SpApiRequest, seller: str, read: Callable[[bytes], T]) -> T:
        """Ask with one kind of token, and after a refusal once with the other."""
        first, second = (seller, None) if self._seller_first else (None, seller)
        try:
            return self._wire.call(replace(request, seller=first), read)
        except NotPermitted:
            return self._wire.call(replace(request, seller=second), read)


def _type_path(name: str) -> str:
    return f"/subscriptions/{quote(name, safe='')}"


def _directive(
    name: str, event_filter: EventFilter | None, expression: str | None
) -> dict[str, Any] | None:
    if expression is not None:
        return {"filterExpression": expression}
    if event_filter is None:
        return None
    shape = event_filter.model_dump(mode="json", exclude_none=True)
    period = shape.pop("aggregationTimePeriod", None)
    aggregation = {"aggregationSettings": {"aggregationTimePeriod": period}} if period else {}
    return {"eventFilter": {"eventFilterType": name, **shape, **aggregation}}
