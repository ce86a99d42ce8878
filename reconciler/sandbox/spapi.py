"""Amazon SP-API Notifications v1: routes, tokens and the ten operations.

Source: the published model of Notifications v1 and its issue tracker; "Grantless operations".
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, Protocol
from uuid import uuid4

from werkzeug.wrappers import Request

from reconciler.sandbox import spapi_destinations as destinations
from reconciler.sandbox import spapi_subscriptions as subscriptions
from reconciler.sandbox.lwa import Token, read_token
from reconciler.sandbox.service import Answer, Refusal, retry_after, segments
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.spapi_types import VERSIONS
from reconciler.sandbox.spapi_wire import (
    SpApiError,
    failure,
    invalid_input,
    message,
    no_route,
    success,
    unauthorized,
)

_GRANTLESS = frozenset(
    {
        "createDestination",
        "getDestinations",
        "getDestination",
        "deleteDestination",
        "getSubscriptionById",
        "sendTestNotification",
    }
)


_UNLIMITED = 1000.0


class EventSources(Protocol):
    """Where the SP-API is a partner."""

    def partner(
        self, change: Literal["create", "delete"], account: str, region: str, name: str
    ) -> None:
        """Make or delete a partner event source; deleting raises ValueError when it is gone."""


class SpApi:
    """State per application, that is LWA client id; the seller is the refresh token's owner."""

    name = "sp-api"

    def __init__(
        self,
        settings: Settings,
        deliver: Callable[[str, str], str | None],
        sources: EventSources,
    ):
        self._settings = settings
        self._deliver = deliver
        self._sources = sources
        self._lock = threading.Lock()
        self._applications: dict[str, destinations.SandboxApplication] = {}

    def operation(self, request: Request) -> str:
        """Return the model's operation id."""
        match request.method, segments(request)[2:]:
            case "GET", ["subscriptions"] if self._settings["getSubscriptionsRoute"]:
                return "getSubscriptions"
            case "GET" | "POST" as method, ["subscriptions", kind] if kind:
                return "getSubscription" if method == "GET" else "createSubscription"
            case "POST", ["subscriptions", kind, "testNotification"] if kind:
                return "sendTestNotification"
            case "GET" | "DELETE" as method, ["subscriptions", kind, key] if kind and key:
                return "getSubscriptionById" if method == "GET" else "deleteSubscriptionById"
            case "GET" | "POST" as method, ["destinations"]:
                return "getDestinations" if method == "GET" else "createDestination"
            case "GET" | "DELETE" as method, ["destinations", key] if key:
                return "getDestination" if method == "GET" else "deleteDestination"
            case _:
                return "unknown"

    def caller(self, request: Request) -> str:
        """Return application and seller, or the application alone for grantless calls."""
        token = read_token(request.headers.get("x-amz-access-token", ""))
        return f"{token.client}/{token.seller}" if token else ""

    def answer(self, operation: str, request: Request) -> Answer:
        """Carry the operation out; the answer announces the rate limit that is in force.

        Amazon announces 1.0 by default. Where the sandbox enforces nothing it says so, or callers
        that heed the header would wait for no one.
        """
        answer = self._carry_out(operation, request)
        limit = self._settings["rateLimits"].get(self.name)
        if "x-amzn-RateLimit-Limit" not in answer.headers:
            return answer
        rate = str(float(limit["rate"]) if limit else _UNLIMITED)
        return replace(answer, headers={**answer.headers, "x-amzn-RateLimit-Limit": rate})

    def _carry_out(self, operation: str, request: Request) -> Answer:
        """Check route and token, then act."""
        try:
            if operation == "unknown":
                raise no_route()
            token = self._token(operation, request)
            with self._lock:
                application = self._applications.setdefault(
                    token.client, destinations.SandboxApplication(token.client)
                )
                if "estination" in operation:
                    return self._destination(operation, application, request)
                return self._subscription(operation, application, token, request)
        except SpApiError as error:
            return failure(error)

    def _token(self, operation: str, request: Request) -> Token:
        text = request.headers.get("x-amz-access-token", "")
        token = read_token(text)
        if not text:
            raise unauthorized("Access token is missing in the request header.")
        if token is None or text in self._settings["revoked"]:
            raise unauthorized("The access token you provided is revoked, malformed or invalid.")
        if token.expires <= time.time():
            raise unauthorized("The access token you provided has expired.")
        rule = "grantless" if operation in _GRANTLESS else "seller"
        if operation == "deleteSubscriptionById":
            rule = self._settings["deleteByIdToken"]
        if rule not in ("either", "grantless" if token.seller is None else "seller"):
            raise unauthorized("")
        return token

    def _destination(
        self, operation: str, application: destinations.SandboxApplication, request: Request
    ) -> Answer:
        key = segments(request)[-1]
        match operation:
            case "createDestination":
                return success(self._shown(self._create(application, _body(request))))
            case "getDestinations":
                return success([self._shown(item) for item in destinations.listed(application)])
            case "getDestination":
                return success(self._shown(destinations.find(application, key)))
            case _:
                self._tell("delete", destinations.delete(application, key))
                return success()

    def _create(
        self, application: destinations.SandboxApplication, body: dict[str, Any]
    ) -> dict[str, Any]:
        lag = self._settings["lagReads"].get("destinationCreated", 0)
        solution = self._settings["applicationIds"].get(application.id)
        made = destinations.create(application, body, lag, solution)
        self._tell("create", made)
        return made

    def _tell(self, change: Literal["create", "delete"], destination: dict[str, Any]) -> None:
        """Let the event source of a destination come or go with it."""
        if place := destination["resource"].get("eventBridge"):
            with suppress(ValueError):  # it has expired
                self._sources.partner(change, place["accountId"], place["region"], place["name"])

    def _shown(self, destination: dict[str, Any]) -> dict[str, Any]:
        return destinations.shown(destination, prefix=self._settings["eventSourcePrefix"])

    def _subscription(
        self,
        operation: str,
        application: destinations.SandboxApplication,
        token: Token,
        request: Request,
    ) -> Answer:
        types = {**VERSIONS, **self._settings["notificationTypes"]}
        seller = token.seller or ""
        if operation == "getSubscriptions":
            return success(subscriptions.page(application, seller, request.args, types))
        kind, key = segments(request)[3], segments(request)[-1]
        subscriptions.check_type(kind, types)
        match operation:
            case "getSubscription":
                version = request.args.get("payloadVersion")
                found = subscriptions.latest(application, seller, kind, version, types)
            case "createSubscription":
                body = _body(request)
                found = subscriptions.create(application, seller, kind, body, types)
            case "sendTestNotification":
                return self._send_test(application, kind, _body(request))
            case _:
                found = subscriptions.find(application, token.seller, kind, key)
        if operation == "deleteSubscriptionById":
            subscriptions.delete(application, found)
            return success()
        return success(found.as_json())

    def _send_test(
        self, application: destinations.SandboxApplication, kind: str, body: dict[str, Any]
    ) -> Answer:
        """Only Amazon's sandbox hosts have this operation; this host is one."""
        test = body.get("testNotification")
        if not isinstance(test, dict) or not test.get("payloadVersion"):
            raise invalid_input("testNotification.payloadVersion is required")
        if not test.get("testScenario"):
            raise invalid_input("Could not match input arguments")
        if key := body.get("destinationId"):
            if key not in application.destinations:
                raise invalid_input(
                    f"No destination with id {key} for applicationId {application.id}"
                )
            if sqs := application.destinations[key]["resource"].get("sqs"):
                # What cannot be delivered is lost in silence, as everywhere in this API.
                body = message(kind, test["payloadVersion"], application.id, str(uuid4()), {})
                self._deliver(sqs["arn"], json.dumps(body))
        return success({})

    def subscribers(
        self, seller: str, kind: str
    ) -> list[tuple[str, destinations.SandboxSubscription, dict[str, Any]]]:
        """Return (application, subscription, resource it leads to) of a seller and type.

        Raises SpApiError 400 for a type that does not exist.
        """
        subscriptions.check_type(kind, {**VERSIONS, **self._settings["notificationTypes"]})
        with self._lock:
            return [
                (application.id, item, application.destinations[item.destination]["resource"])
                for application in self._applications.values()
                for item in application.groups.get((seller, kind), ())
            ]

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word failures as the SP-API does."""
        error = {
            "throttle": SpApiError(
                429, "QuotaExceeded", "You exceeded your quota for the requested resource."
            ),
            "error500": SpApiError(
                500, "InternalFailure", "We encountered an internal error. Please try again."
            ),
            "error503": SpApiError(
                503, "ServiceUnavailable", "Service is temporarily unavailable. Please try again."
            ),
            "denied": unauthorized(""),
        }[kind]
        return failure(error, retry_after(wait))

    def reset(self) -> None:
        """Forget destinations and subscriptions."""
        with self._lock:
            self._applications.clear()

    def state(self) -> dict[str, Any]:
        """Return {client id: {destinations, subscriptions}}; subscriptions tell their seller."""
        with self._lock:
            return {
                client: {
                    "destinations": list(application.destinations.values()),
                    "subscriptions": [
                        {"seller": item.seller, "notificationType": item.kind, **item.as_json()}
                        for item in application.subscriptions.values()
                    ],
                }
                for client, application in sorted(self._applications.items())
                if application.destinations or application.subscriptions
            }


def _body(request: Request) -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise SpApiError(415, "UnsupportedMediaType", "The media type must be application/json.")
    try:
        body = json.loads(request.get_data(cache=True))
    except ValueError:
        raise invalid_input("The body is not JSON") from None
    if not isinstance(body, dict):
        raise invalid_input("The body must be an object")
    return body
