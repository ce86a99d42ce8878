"""SP-API destinations of one application.

Source: the published model of Notifications v1 and user reports in its issue tracker. The real
service has one set per region; one sandbox is one region, so run one per region to test several.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from reconciler.sandbox.spapi_wire import SpApiError, invalid_input, not_found

_ARN = re.compile(r"^arn:aws:sqs:\S+:\S+:\S+")
_KINDS = ("sqs", "eventBridge")


@dataclass
class SandboxSubscription:
    """One subscription with what its answer leaves out: seller and type."""

    seller: str
    kind: str
    version: str
    destination: str
    directive: dict[str, Any] | None
    id: str = field(default_factory=lambda: str(uuid4()))

    def as_json(self) -> dict[str, Any]:
        """Return the service's shape."""
        shape: dict[str, Any] = {
            "subscriptionId": self.id,
            "payloadVersion": self.version,
            "destinationId": self.destination,
        }
        return shape if self.directive is None else {**shape, "processingDirective": self.directive}


@dataclass
class SandboxApplication:
    """What one application (LWA client id) has; groups are subscriptions per (seller, type)."""

    id: str
    destinations: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, SandboxSubscription] = field(default_factory=dict)
    groups: dict[tuple[str, str], list[SandboxSubscription]] = field(default_factory=dict)
    unlisted: dict[str, int] = field(default_factory=dict)  # lists that come too early to show it


def create(
    application: SandboxApplication, body: Any, lag: int, solution: str | None = None
) -> dict[str, Any]:
    """Create a destination that the next `lag` lists do not show. Raises SpApiError 400 or 409.

    `solution` is the id that event sources are named after, if it is known.
    """
    name, specification = body.get("name"), body.get("resourceSpecification")
    if not isinstance(name, str) or not 1 <= len(name) <= 256:
        raise invalid_input("name must have 1 to 256 characters")
    if not isinstance(specification, dict) or not specification:
        raise invalid_input("resourceSpecification must name a resource")
    if len(specification) > 1:  # a null counts as well
        raise invalid_input("Destination cannot be created with multiple resource types")
    [(kind, wish)] = specification.items()
    if kind not in _KINDS or not isinstance(wish, dict):
        raise invalid_input(f"Resource type {kind} is not supported")
    resource = _sqs(wish) if kind == "sqs" else _event_bridge(application, wish, solution)
    if (place := _place(resource)) in map(_place, _resources(application)):
        raise SpApiError(
            409,
            "Conflict",
            "The request could not be completed due to a conflict.",
            f"A destination for {place[-1]} already exists for application {application.id}",
        )
    key = str(uuid4())
    destination = {"name": name, "destinationId": key, "resource": {kind: resource}}
    application.destinations[key] = destination
    application.unlisted[key] = lag
    return destination


def shown(destination: dict[str, Any], *, prefix: bool = True) -> dict[str, Any]:
    """Return a destination as it is answered: with nulls for the kinds it is not.

    Without `prefix` an event source's name begins after `aws.partner/`.
    """
    nothing = dict.fromkeys((*_KINDS, "privateSqs", "webhook"))
    resource = destination["resource"]
    if "eventBridge" in resource and not prefix:
        name = resource["eventBridge"]["name"].removeprefix("aws.partner/")
        resource = {"eventBridge": {**resource["eventBridge"], "name": name}}
    return {**destination, "resource": {**nothing, **resource}}


def listed(application: SandboxApplication) -> list[dict[str, Any]]:
    """Return all destinations; the list may lag the conflict that a second create runs into."""
    found = []
    for key, destination in application.destinations.items():
        if application.unlisted.get(key, 0) > 0:
            application.unlisted[key] -= 1
        else:
            found.append(destination)
    return found


def find(application: SandboxApplication, key: str) -> dict[str, Any]:
    """Return a destination. Raises SpApiError 404."""
    if key not in application.destinations:
        raise not_found(f"No destination with id {key} for applicationId {application.id}")
    return application.destinations[key]


def delete(application: SandboxApplication, key: str) -> dict[str, Any]:
    """Delete a destination and return it.

    Raises SpApiError 404, or 403 while subscriptions refer to it.
    """
    find(application, key)
    if any(item.destination == key for item in application.subscriptions.values()):
        raise SpApiError(
            403,
            "Unauthorized",
            "The requested action is forbidden.",
            "Destination has subscriptions",
        )
    return application.destinations.pop(key)


def _sqs(wish: dict[str, Any]) -> dict[str, Any]:
    arn = wish.get("arn")
    if not isinstance(arn, str) or len(arn) > 1000 or not _ARN.match(arn):
        raise invalid_input(f"{arn} is not the ARN of an SQS queue")
    if arn.endswith(".fifo"):  # documented as unsupported; the wording is ours
        raise invalid_input("FIFO queues are not supported")
    return {"arn": arn}


def _event_bridge(
    application: SandboxApplication, wish: dict[str, Any], solution: str | None
) -> dict[str, Any]:
    region, account = wish.get("region"), wish.get("accountId")
    if not isinstance(region, str) or not region:
        raise invalid_input("eventBridge.region is required")
    if not isinstance(account, str) or not re.fullmatch(r"\d{12}", account):
        raise invalid_input("eventBridge.accountId must be an AWS account id")
    # The id is not the client id, but always the same for one application.
    last = solution or f"amzn1.sp.solution.{uuid5(NAMESPACE_URL, application.id)}"
    name = f"aws.partner/sellingpartnerapi.amazon.com/{account}/{last}"
    return {"name": name, "region": region, "accountId": account}


def _resources(application: SandboxApplication) -> list[dict[str, Any]]:
    return [
        resource
        for destination in application.destinations.values()
        for resource in destination["resource"].values()
    ]


def _place(resource: dict[str, Any]) -> tuple[str, str]:
    """What two destinations cannot share: a queue, or an AWS account's event source."""
    if "arn" in resource:
        return ("sqs", resource["arn"])
    return ("eventBridge", resource["accountId"])
