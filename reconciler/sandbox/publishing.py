"""Events on order: what happens at a seller's or in an account, and who is told of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox import mws_wire, spapi_wire
from reconciler.sandbox.eventbridge.stand_in import EventBridgeStandIn
from reconciler.sandbox.merchant import Merchant
from reconciler.sandbox.mws import Mws
from reconciler.sandbox.settings import Unacceptable
from reconciler.sandbox.spapi import SpApi
from reconciler.sandbox.spapi_wire import SpApiError

FIELDS = {
    "mws": "seller, marketplace, type, payload? (XML)",
    "sp-api": "seller (refresh token), type, marketplace?, orderChangeType?, payload?",
    "merchant": "account, registeredEvent?, fields?",
}
"""What an order may hold, by service."""
_NEEDED = {"mws": ("seller", "marketplace", "type"), "sp-api": ("seller", "type")}
_MORE = {"mws": ("payload",), "sp-api": ("marketplace", "orderChangeType", "payload")}


@dataclass(frozen=True)
class Publisher:
    """Hands an event to every subscription that it concerns.

    `deliver` puts a body into a queue and returns None, or why it could not.
    """

    mws: Mws
    spapi: SpApi
    merchant: Merchant
    deliver: Callable[[str, str], str | None]
    events: EventBridgeStandIn

    def publish(self, order: Any) -> list[Any]:
        """Publish one event; Merchant ones need not name their service.

        Returns for Amazon one {subscription, queue, outcome} each, where the outcome is delivered,
        missing (no such queue) or forbidden (by its policy). By way of EventBridge it may also be
        refused (no such event source), dropped (the source waits for its owner) or unmatched (no
        rule wants it), each without queue, and `rule` is the rule's ARN. For Merchant the names of
        the subscriptions, which are pushed to in the background.

        Raises:
            Unacceptable: the order makes no sense.
        """
        wish = dict(order) if isinstance(order, Mapping) else order
        service = wish.pop("service", "merchant") if isinstance(wish, dict) else "merchant"
        match service:
            case "merchant":
                return list(self.merchant.publish(wish))
            case "mws":
                return list(self._to_mws(_checked(service, wish)))
            case "sp-api":
                return list(self._to_spapi(_checked(service, wish)))
        raise Unacceptable(f"There are events of {', '.join(FIELDS)}, not of {service!r}.")

    def _to_mws(self, wish: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        seller, market, kind = wish["seller"], wish["marketplace"], wish["type"]
        payload = wish.get("payload", f"<{kind}Notification/>")
        for queue in self.mws.subscribers(seller, market, kind):
            body = mws_wire.message(kind, seller, market, payload)
            yield self._sent(kind, queue, body)

    def _to_spapi(self, wish: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind, market, change = wish["type"], wish.get("marketplace"), wish.get("orderChangeType")
        try:
            found = self.spapi.subscribers(wish["seller"], kind)
        except SpApiError as error:
            raise Unacceptable(f"There is no notification type {kind!r}.") from error
        for application, item, resource in found:
            if spapi_wire.passes(item.directive, market, change):
                payload = wish.get("payload", {})
                body = spapi_wire.message(kind, item.version, application, item.id, payload)
                if bus := resource.get("eventBridge"):
                    yield from self._by_bus(item.id, kind, bus, body)
                else:
                    yield self._sent(item.id, resource["sqs"]["arn"], json.dumps(body))

    def _by_bus(
        self, subscription: str, kind: str, bus: Mapping[str, str], body: Any
    ) -> Iterator[dict[str, Any]]:
        for delivered in self.events.emit(bus["accountId"], bus["region"], bus["name"], kind, body):
            found = {
                "subscription": subscription,
                "queue": delivered.target,
                "outcome": delivered.outcome,
            }
            yield {**found, "rule": delivered.rule} if delivered.rule else found

    def _sent(self, subscription: str, queue: str, body: str) -> dict[str, Any]:
        # What cannot be delivered is lost in silence by the real services; only here it is told.
        outcome = self.deliver(queue, body) or "delivered"
        return {"subscription": subscription, "queue": queue, "outcome": outcome}


def _checked(service: str, wish: dict[str, Any]) -> dict[str, Any]:
    names = (*_NEEDED[service], *_MORE[service])
    if unknown := sorted(set(wish) - set(names)):
        raise Unacceptable(
            f"An event of {service} has no {unknown[0]!r}; it has {FIELDS[service]}."
        )
    for name in names:
        if name == "payload" and service == "sp-api":
            if not isinstance(wish.get(name, {}), dict):
                raise Unacceptable("payload must be an object.")
        elif not isinstance(wish.get(name, ""), str):
            raise Unacceptable(f"{name} must be text.")
        if name in _NEEDED[service] and not wish.get(name):
            raise Unacceptable(f"An event of {service} needs {name}.")
    return wish
