"""Google Merchant API: notification subscriptions, developer registration, quotas.

Source: discovery documents merchantapi.notifications_v1, accounts_v1 and quota_v1, and the guides
under developers.google.com/merchant/api.
"""

import json
import threading
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request

from reconciler.sandbox.merchant_accounts import SUBACCOUNTS, found_by
from reconciler.sandbox.merchant_rules import (
    MerchantError,
    Subscription,
    check,
    check_coexistence,
    invalid,
    known_fields,
    masked,
)
from reconciler.sandbox.merchant_wire import COLLECTION, failure, route
from reconciler.sandbox.pushes import Pushes, concerns, message, parse_event
from reconciler.sandbox.service import (
    Answer,
    Refusal,
    json_answer,
    page_offset,
    page_token,
    retry_after,
    segments,
)
from reconciler.sandbox.settings import Settings

_PROJECT = "100000000001"
_CREDENTIALS = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential."
)


class Merchant:
    """State per account.

    One sandbox is one Cloud project: registering it lifts every 401 that the setting
    merchantUnregistered causes, until unregisterGcp or reset.
    """

    name = "merchant"

    def __init__(self, settings: Settings):
        self._settings = settings
        self._lock = threading.Lock()
        self._accounts: dict[str, dict[str, Subscription]] = {}
        self._registered: str | None = None
        self.pushes = Pushes(settings)

    def operation(self, request: Request) -> str:
        """Return the method of the discovery document."""
        return route(request)[0]

    def caller(self, request: Request) -> str:
        """Return the account: quotas are per account."""
        return route(request)[1]

    def answer(self, operation: str, request: Request) -> Answer:
        """Check credentials and registration, then carry the method out."""
        try:
            with self._lock:
                return json_answer(200, self._answer(operation, request))
        except MerchantError as error:
            return failure(error)

    def _answer(self, operation: str, request: Request) -> Any:
        _, account, key = route(request)
        if operation == "unknown":
            raise _no_method(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer and bearer in self._settings["revoked"]:
            raise MerchantError(401, "UNAUTHENTICATED", _CREDENTIALS, "ACCESS_TOKEN_EXPIRED")
        if operation == "getAccountForGcpRegistration":
            return self._registered_account()
        if operation == "listAccounts":
            return self._linked(request.args.get("filter", ""), request)
        if not account.isdigit():
            raise invalid(
                "name", "[name] The account must be a number.", "INVALID_NAME_PART_NOT_NUMBER"
            )
        if "eveloper" in operation or operation.endswith("Gcp"):
            return self._registration(operation, account)
        self._check_registered(account)
        if operation == "listSubaccounts":
            return self._linked(SUBACCOUNTS.format(account), request)
        if operation == "quotas":
            return _quotas(account)
        if operation == "getUser":
            return self._user(account, key)
        return self._subscription(operation, account, key, request)

    def _check_registered(self, account: str) -> None:
        if account in self._settings["merchantUnregistered"] and self._registered is None:
            raise MerchantError(
                401,
                "UNAUTHENTICATED",
                f"GCP project with id reconciler-sandbox and number {_PROJECT} is not registered "
                "with the merchant account.",
                "GCP_NOT_REGISTERED",
                HELP_CENTER_LINK="https://developers.google.com/merchant/api/guides/quickstart"
                "/direct-api-calls#step_1_register_as_a_developer",
            )

    def _subscription(self, operation: str, account: str, key: str, request: Request) -> Any:
        held = self._accounts.setdefault(account, {})
        if operation == "list":
            return self._page("notificationSubscriptions", list(held.values()), request, 100)
        if operation == "create":
            wish = check(known_fields(_body(request)))
            check_coexistence(wish, held.values(), account)
            name = f"accounts/{account}/{COLLECTION}/{uuid4().int % 10**12:012d}"
            held[name] = {"name": name, **wish}
            return held[name]
        name = f"accounts/{account}/{COLLECTION}/{key}"
        if name not in held:
            raise MerchantError(
                404, "NOT_FOUND", f"Notification subscription {name} not found.", "NOT_FOUND"
            )
        match operation:
            case "patch":
                return self._patch(held, name, account, request)
            case "delete":
                del held[name]
                return {}
            case "getHealth":
                return self._health(name)
            case _:
                return held[name]

    @staticmethod
    def _patch(
        held: dict[str, Subscription], name: str, account: str, request: Request
    ) -> Subscription:
        mask = request.args.get("updateMask", request.args.get("update_mask"))
        before = {field: value for field, value in held[name].items() if field != "name"}
        wish = check(masked(before, known_fields(_body(request)), mask))
        others = [item for other, item in held.items() if other != name]
        check_coexistence(wish, others, account)
        held[name] = {"name": name, **wish}
        return held[name]

    def _linked(self, wanted: str, request: Request) -> dict[str, Any]:
        accounts = found_by(self._settings["merchantLinks"], wanted)
        return self._page("accounts", accounts, request, 250)

    def _page(
        self, key: str, found: list[dict[str, Any]], request: Request, usual: int
    ) -> dict[str, Any]:
        cap = self._settings["merchantPageCap"]
        text = request.args.get("pageSize", "0")
        if not text.isdigit():
            raise invalid("page_size", "[page_size] Must not be negative.")
        size = min(int(text) or usual, cap)  # larger is coerced, not refused
        start = _offset(request.args.get("pageToken"))
        answer: dict[str, Any] = {}
        if page := found[start : start + size]:
            answer[key] = page
        if start + size < len(found):
            answer["nextPageToken"] = page_token(start + size)
        return answer

    def _user(self, account: str, key: str) -> dict[str, Any]:
        """The one user that is known is whoever calls."""
        if key != "me":
            raise MerchantError(404, "NOT_FOUND", f"User {key} not found.", "NOT_FOUND")
        rights = self._settings["merchantAccessRights"]
        name = f"accounts/{account}/users/me"
        return {"name": name, "state": "VERIFIED", "accessRights": rights}

    def _health(self, name: str) -> dict[str, Any]:
        """Numbers are text and zeros are missing, as in every JSON form of a proto message."""
        known = self._settings["merchantHealth"]
        metrics = known.get(name, known.get("*"))
        if metrics is None:
            raise MerchantError(404, "NOT_FOUND", "Method not found.", "NOT_FOUND")
        return {"name": name, **{key: str(value) for key, value in metrics.items() if value}}

    def _registration(self, operation: str, account: str) -> dict[str, Any]:
        if operation == "registerGcp":
            self._registered = account
        elif self._registered != account:
            raise MerchantError(404, "NOT_FOUND", "The project is not registered.", "NOT_FOUND")
        if operation == "unregisterGcp":
            self._registered = None
            return {}
        return {"name": f"accounts/{account}/developerRegistration", "gcpIds": [_PROJECT]}

    def _registered_account(self) -> dict[str, Any]:
        if self._registered is None:
            raise MerchantError(404, "NOT_FOUND", "The project is not registered.", "NOT_FOUND")
        return {"name": f"accounts/{self._registered}"}

    def publish(self, order: Any) -> list[str]:
        """Push an event to every subscription that it concerns and return their names.

        Raises:
            Unacceptable: the order makes no sense.
        """
        event, account, fields = parse_event(order)
        with self._lock:
            concerned = [
                (owner, item)
                for owner, held in sorted(self._accounts.items())
                for item in held.values()
                if concerns(item, owner, event, account)
            ]
        for owner, item in concerned:
            content = message(event, owner, account, fields)
            self.pushes.send(item["name"], item["callBackUri"], content)
        return [item["name"] for _, item in concerned]

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word failures as Google does."""
        error = {
            "throttle": MerchantError(
                429,
                "RESOURCE_EXHAUSTED",
                "Request rate is too high for the minute quota.",
                "quota/request_rate_too_high",
            ),
            "error500": MerchantError(500, "INTERNAL", "Internal error encountered.", "INTERNAL"),
            "error503": MerchantError(
                503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE"
            ),
            "denied": MerchantError(
                403,
                "PERMISSION_DENIED",
                "The caller does not have permission on the account.",
                "PERMISSION_DENIED_ACCOUNTS",
            ),
        }[kind]
        return failure(error, retry_after(wait))

    def reset(self) -> None:
        """Forget subscriptions, registration and pushes."""
        self.pushes.cancel()
        with self._lock:
            self._accounts.clear()
            self._registered = None

    def state(self) -> dict[str, Any]:
        """Return {account: [subscription]}."""
        with self._lock:
            return {
                account: list(held.values())
                for account, held in sorted(self._accounts.items())
                if held
            }


def _no_method(request: Request) -> MerchantError:
    if "v1beta" in segments(request):
        message = "Version v1beta of the Merchant API was shut down on 28 February 2026. Use v1."
        return MerchantError(404, "NOT_FOUND", message, "VERSION_SHUT_DOWN")
    return MerchantError(404, "NOT_FOUND", "Method not found.", "METHOD_NOT_FOUND")


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data(cache=True) or b"{}")
    except ValueError:
        raise invalid("body", "Invalid JSON payload received.") from None


def _offset(token: str | None) -> int:
    start = page_offset(token)
    if start is None:
        raise invalid("page_token", "[page_token] Invalid page token.")
    return start


def _quotas(account: str) -> dict[str, Any]:
    group = {
        "name": f"accounts/{account}/groups/notifications",
        "quotaUsage": "0",
        "quotaLimit": "100000",
        "quotaMinuteLimit": "600",
    }
    return {"quotaGroups": [group]}
