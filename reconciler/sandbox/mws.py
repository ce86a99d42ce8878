"""Amazon MWS Subscriptions 2013-07-01: the ten operations.

Source: Amazon MWS documentation, Subscriptions API section, and recorded exchanges. Where neither
says what happens, the stricter answer is given and said to be unverified.
"""

import re
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from reconciler.sandbox.mws_parameters import (
    Parameters,
    Shop,
    enabled_of,
    parameters,
    queue_of,
    registered,
    required,
    seller_of,
    subscribed,
    type_of,
)
from reconciler.sandbox.mws_wire import (
    MwsError,
    check_signature,
    element,
    error_response,
    invalid_input,
    invalid_parameter,
    now,
    response,
    test_message,
    text,
)
from reconciler.sandbox.service import Answer, Refusal, retry_after
from reconciler.sandbox.settings import Settings

_KEYS = {"AKIASANDBOX": "sandbox-secret"}
Deliver = Callable[[str, str], str | None]


class Mws:
    """Known key pairs: AKIASANDBOX with sandbox-secret, and the setting mwsKeys."""

    name = "mws"

    def __init__(self, settings: Settings, deliver: Deliver):
        self._settings = settings
        self._deliver = deliver
        self._lock = threading.Lock()
        self._shops: dict[tuple[str, str], Shop] = {}
        self._operations: dict[str, Callable[[Shop, Parameters], Answer]] = {
            "RegisterDestination": self._register,
            "DeregisterDestination": self._deregister,
            "ListRegisteredDestinations": self._list_destinations,
            "SendTestNotificationToDestination": self._send_test,
            "CreateSubscription": self._create,
            "GetSubscription": self._get,
            "DeleteSubscription": self._delete,
            "ListSubscriptions": self._list,
            "UpdateSubscription": self._update,
        }

    def operation(self, request: Request) -> str:
        """Return the Action."""
        return parameters(request).get("Action") or "unknown"

    def caller(self, request: Request) -> str:
        """Return developer and seller: MWS counts per pair."""
        sent = parameters(request)
        return f"{sent.get('AWSAccessKeyId')}/{seller_of(sent)}"

    def answer(self, operation: str, request: Request) -> Answer:
        """Check the signature, then carry the operation out."""
        try:
            return self._answer(operation, request)
        except MwsError as error:
            return error_response(error)

    def _answer(self, operation: str, request: Request) -> Answer:
        sent = parameters(request)
        if request.method != "POST" or sent.get("Version") != "2013-07-01":
            raise MwsError(404, "InvalidAddress", "Operation or version not found at this path.")
        check_signature(sent, request.host, {**_KEYS, **self._settings["mwsKeys"]})
        seller = seller_of(sent)
        if not seller:
            raise invalid_parameter("Required parameter SellerId not found")
        if {seller, sent.get("MWSAuthToken")} & set(self._settings["revoked"]):
            raise MwsError(401, "AccessDenied", "Access to the seller's account is denied.")
        if operation == "GetServiceStatus":
            return response(operation, text("Status", "GREEN"), text("Timestamp", now()))
        if operation not in self._operations:
            raise invalid_parameter(f"Value {operation} for parameter Action is invalid.")
        market = required(sent, "MarketplaceId")
        if not re.fullmatch(r"[A-Z0-9]{10,20}", market):
            raise invalid_parameter(f"Invalid MarketplaceId: {market}")
        with self._lock:
            shop = self._shops.setdefault((seller, market), Shop())
            return self._operations[operation](shop, {**sent, "SellerId": seller})

    def _register(self, shop: Shop, sent: Parameters) -> Answer:
        queue = queue_of(sent, "Destination.")
        if queue in shop.destinations:
            raise invalid_input(f"Destination {queue} is already registered.")
        shop.destinations.append(queue)
        return response("RegisterDestination")

    def _deregister(self, shop: Shop, sent: Parameters) -> Answer:
        queue = registered(shop, sent, "Destination.")
        if any(target == queue for _, target in shop.subscriptions):
            # Unverified: the documentation only says to delete the subscriptions first.
            raise invalid_input(f"Destination {queue} has subscriptions.")
        shop.destinations.remove(queue)
        return response("DeregisterDestination")

    def _list_destinations(self, shop: Shop, sent: Parameters) -> Answer:
        members = [element("member", _destination_parts(queue)) for queue in shop.destinations]
        return response("ListRegisteredDestinations", element("DestinationList", *members))

    def _send_test(self, shop: Shop, sent: Parameters) -> Answer:
        queue = registered(shop, sent, "Destination.")
        trouble = self._deliver(queue, test_message(sent["SellerId"]))
        if trouble == "missing":
            raise MwsError(400, "DependencyFatalException", f"Queue {queue} does not exist.")
        if trouble:
            raise MwsError(
                400, "DependencyUnauthorizedException", f"Amazon may not send to queue {queue}."
            )
        return response("SendTestNotificationToDestination")

    def _create(self, shop: Shop, sent: Parameters) -> Answer:
        kind = type_of(sent, "Subscription.NotificationType")
        enabled = enabled_of(sent)
        queue = registered(shop, sent, "Subscription.Destination.")
        if (kind, queue) in shop.subscriptions:
            raise invalid_input(f"Subscription {kind} for {queue} already exists.")
        shop.subscriptions[kind, queue] = enabled
        return response("CreateSubscription")

    def _get(self, shop: Shop, sent: Parameters) -> Answer:
        key = subscribed(shop, sent, "")
        return response(
            "GetSubscription", element("Subscription", *_subscription(key, shop.subscriptions[key]))
        )

    def _delete(self, shop: Shop, sent: Parameters) -> Answer:
        del shop.subscriptions[subscribed(shop, sent, "")]
        return response("DeleteSubscription")

    def _list(self, shop: Shop, sent: Parameters) -> Answer:
        members = [
            element("member", *_subscription(key, enabled))
            for key, enabled in shop.subscriptions.items()
        ]
        return response("ListSubscriptions", element("SubscriptionList", *members))

    def _update(self, shop: Shop, sent: Parameters) -> Answer:
        enabled = enabled_of(sent)
        shop.subscriptions[subscribed(shop, sent, "Subscription.")] = enabled
        return response("UpdateSubscription")

    def subscribers(self, seller: str, market: str, kind: str) -> list[str]:
        """Return the queue URLs that a seller's enabled subscriptions to a type lead to."""
        with self._lock:
            shop = self._shops.get((seller, market), Shop())
            return [
                queue
                for (name, queue), enabled in shop.subscriptions.items()
                if name == kind and enabled
            ]

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word failures as MWS does: throttling is 503."""
        status, code, message = {
            "throttle": (503, "RequestThrottled", "Request is throttled"),
            "error500": (500, "InternalError", "We encountered an internal error."),
            "error503": (503, "ServiceUnavailable", "Service is currently unavailable."),
            "denied": (401, "AccessDenied", "Access denied"),
        }[kind]
        return error_response(MwsError(status, code, message), retry_after(wait))

    def reset(self) -> None:
        """Forget destinations and subscriptions."""
        with self._lock:
            self._shops.clear()

    def state(self) -> dict[str, Any]:
        """Return {"SELLER/MARKETPLACE": {destinations, subscriptions}}, without empty ones."""
        with self._lock:
            return {
                f"{seller}/{market}": {
                    "destinations": sorted(shop.destinations),
                    "subscriptions": [
                        {"notificationType": kind, "queueUrl": queue, "isEnabled": enabled}
                        for (kind, queue), enabled in sorted(shop.subscriptions.items())
                    ],
                }
                for (seller, market), shop in sorted(self._shops.items())
                if shop.destinations or shop.subscriptions
            }


def _destination_parts(queue: str) -> str:
    # Value before Key, as recorded.
    pair = element("member", text("Value", queue), text("Key", "sqsQueueUrl"))
    return text("DeliveryChannel", "SQS") + element("AttributeList", pair)


def _subscription(key: tuple[str, str], enabled: bool) -> tuple[str, ...]:
    return (
        text("NotificationType", key[0]),
        text("IsEnabled", str(enabled).lower()),
        element("Destination", _destination_parts(key[1])),
    )
