"""The ten operations of MWS Subscriptions 2013-07-01 on the wire.

Every failure leaves as a ServiceError. A lost or unreadable answer to a write is Unclear: MWS has
no ids and no idempotency tokens, so only looking tells whether it was carried out.
"""

import base64
import hashlib
import hmac
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element

from reconciler import __version__
from reconciler.core.model.errors import ServiceError, Unclear
from reconciler.core.model.pacing import Pace
from reconciler.credentials.secrets import Secrets
from reconciler.services.mws import answers
from reconciler.services.mws.answers import GarbledMwsAnswer, Subscribed
from reconciler.services.mws.failures import MwsCall, from_document, from_status
from reconciler.services.mws.kinds import PACE, RETIRED, MwsAccount
from reconciler.transport.calls import Calls, Clock
from reconciler.transport.http import Http, Response


def form(parameters: Mapping[str, str]) -> str:
    """Return the parameters as `name=value&...`, sorted by the bytes of the names.

    Everything but RFC 3986's unreserved characters is escaped, a space as `%20`.
    """
    pairs = sorted(parameters.items(), key=lambda pair: pair[0].encode())
    return "&".join(f"{_escape(name)}={_escape(value)}" for name, value in pairs)


def string_to_sign(url: str, parameters: Mapping[str, str]) -> str:
    """Return the four lines that are signed: method, host without port, path, parameters."""
    parts = urlsplit(url)
    return "\n".join(("POST", (parts.hostname or "").lower(), parts.path or "/", form(parameters)))


def signature(secret_key: str, url: str, parameters: Mapping[str, str]) -> str:
    """Return the base64 HMAC-SHA256 of a POST of `parameters` to `url`."""
    text = string_to_sign(url, parameters)
    digest = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")


T = TypeVar("T")

VERSION = "2013-07-01"
PATH = f"/Subscriptions/{VERSION}"
# Counted per operation, developer and seller; 7,200 an hour is the same rate.
PACES = {"*": PACE, "GetServiceStatus": Pace(rate=1 / 300, burst=2)}
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    "User-Agent": f"subscription-reconciler/{__version__} "
    f"(Language=Python/{platform.python_version()})",
}


class MwsClient:
    """One seller in one marketplace; queues are named by their URLs."""

    def __init__(
        self, name: str, account: MwsAccount, *, secrets: Secrets, http: Http, clock: Clock
    ) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._http = http
        self.calls = Calls(clock, paces=PACES)

    def register_destination(self, queue_url: str) -> None:
        """Make a queue known. Not repeated after a lost answer: Unclear is raised."""
        self._write("RegisterDestination", _destination(queue_url), repeat=False)

    def deregister_destination(self, queue_url: str) -> None:
        """Forget a queue."""
        self._write("DeregisterDestination", _destination(queue_url))

    def list_registered_destinations(self) -> tuple[str, ...]:
        """Return the URLs of all registered queues."""
        return self._read("ListRegisteredDestinations", {}, answers.registered_queues)

    def send_test_notification(self, queue_url: str) -> None:
        """Ask for one test message in a registered queue; after a lost answer there may be two."""
        self._write("SendTestNotificationToDestination", _destination(queue_url))

    def create_subscription(self, wanted: Subscribed) -> None:
        """Subscribe. Not repeated after a lost answer: Unclear is raised."""
        self._write("CreateSubscription", _subscription(wanted), repeat=False)

    def update_subscription(self, wanted: Subscribed) -> None:
        """Switch a subscription on or off, the only thing about it that can change."""
        self._write("UpdateSubscription", _subscription(wanted))

    def get_subscription(self, notification_type: str, queue_url: str) -> Subscribed:
        """Return one subscription."""
        named = {"NotificationType": notification_type, **_destination(queue_url)}
        return self._read("GetSubscription", named, answers.subscription)

    def list_subscriptions(self) -> tuple[Subscribed, ...]:
        """Return all subscriptions."""
        return self._read("ListSubscriptions", {}, answers.subscriptions)

    def delete_subscription(self, notification_type: str, queue_url: str) -> None:
        """Unsubscribe."""
        named = {"NotificationType": notification_type, **_destination(queue_url)}
        self._write("DeleteSubscription", named)

    def get_service_status(self) -> str:
        """Return GREEN, GREEN_I, YELLOW or RED."""
        return self._read("GetServiceStatus", {}, answers.status, marketplace=False)

    def _write(self, operation: str, named: Mapping[str, str], *, repeat: bool = True) -> None:
        self._call(operation, self._in_marketplace(named), lambda _: None, repeat=repeat)

    def _read(
        self,
        operation: str,
        named: Mapping[str, str],
        understand: Callable[[Element], T],
        *,
        marketplace: bool = True,
    ) -> T:
        parameters = self._in_marketplace(named) if marketplace else named
        return self._call(operation, parameters, understand, repeat=True)

    def _in_marketplace(self, named: Mapping[str, str]) -> Mapping[str, str]:
        return {"MarketplaceId": self._account.marketplace_id, **named}

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, str],
        understand: Callable[[Element], T],
        *,
        repeat: bool,
    ) -> T:
        def once() -> T:
            answer = self._send(operation, parameters)
            return self._understand(operation, answer, understand)

        try:
            looks = operation.startswith(("Get", "List"))
            return self.calls.run(operation, once, repeat=repeat, looks=looks)
        except ServiceError as error:
            if self._account.retired:
                error.message = f"{error.message}; {RETIRED}"
            raise

    def _send(self, operation: str, named: Mapping[str, str]) -> Response:
        url = self._account.base_url + PATH
        keys = self._account.credentials
        parameters = {
            **named,
            "AWSAccessKeyId": self._secrets.resolve(keys.access_key_id),
            "Action": operation,
            "SellerId": self._account.seller_id,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": VERSION,
        }
        if keys.auth_token is not None:
            parameters["MWSAuthToken"] = self._secrets.resolve(keys.auth_token)
        signed = signature(self._secrets.resolve(keys.secret_key), url, parameters)
        body = form({**parameters, "Signature": signed}).encode()
        return self._http.request(self._name, operation, "POST", url, headers=_HEADERS, body=body)

    def _understand(
        self, operation: str, answer: Response, understand: Callable[[Element], T]
    ) -> T:
        request_id = answer.headers.get("x-mws-request-id", "")
        site = MwsCall(self._name, operation, request_id, self._secrets.scrub)
        try:
            root = answers.parse(answer.body)
            failure = answers.failure(root)
        except GarbledMwsAnswer as error:
            raise from_status(site, answer) from error
        site = site.named(answers.request_id(root))
        if failure is not None:
            raise from_document(site, failure, answer)
        if answer.status != 200:
            raise from_status(site, answer)
        try:
            return understand(answers.result(root, operation))
        except GarbledMwsAnswer as error:
            message = f"the answer is incomplete or of another kind: {error}"
            raise Unclear(self._name, operation, message, request_id=site.request_id) from error


def _destination(queue_url: str, prefix: str = "") -> dict[str, str]:
    group = f"{prefix}Destination."
    return {
        f"{group}DeliveryChannel": "SQS",
        f"{group}AttributeList.member.1.Key": "sqsQueueUrl",
        f"{group}AttributeList.member.1.Value": queue_url,
    }


def _subscription(wanted: Subscribed) -> dict[str, str]:
    return {
        "Subscription.NotificationType": wanted.notification_type,
        "Subscription.IsEnabled": "true" if wanted.enabled else "false",
        **_destination(wanted.queue_url, "Subscription."),
    }
