"""The Merchant API's way of speaking: paths and errors.

Source: discovery documents merchantapi.notifications_v1, accounts_v1 and quota_v1; google.rpc
error model.
"""

from collections.abc import Mapping

from werkzeug.wrappers import Request

from reconciler.sandbox.merchant_rules import MerchantError
from reconciler.sandbox.service import Answer, json_answer, segments

COLLECTION = "notificationsubscriptions"
_SUBACCOUNTS = ":listSubaccounts"


def route(request: Request) -> tuple[str, str, str]:
    """Return method, account and subscription id; the guides print a trailing slash on create."""
    match request.method, [part for part in segments(request) if part]:
        case "GET" | "POST" as verb, ["notifications", "v1", "accounts", account, collection] if (
            collection == COLLECTION
        ):
            return ("list" if verb == "GET" else "create", account, "")
        case verb, ["notifications", "v1", "accounts", account, collection, key] if (
            collection == COLLECTION
        ):
            if verb == "GET" and key.endswith(":getHealth"):
                return ("getHealth", account, key.removesuffix(":getHealth"))
            method = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}.get(verb, "unknown")
            return (method, account, key)
        case "GET", ["accounts", "v1", "accounts"]:
            return ("listAccounts", "", "")
        case "GET", ["accounts", "v1", "accounts", account] if account.endswith(_SUBACCOUNTS):
            return ("listSubaccounts", account.removesuffix(_SUBACCOUNTS), "")
        case "GET", ["accounts", "v1", "accounts:getAccountForGcpRegistration"]:
            return ("getAccountForGcpRegistration", "", "")
        case "GET", ["accounts", "v1", "accounts", account, "developerRegistration"]:
            return ("getDeveloperRegistration", account, "")
        case "POST", ["accounts", "v1", "accounts", account, call] if call in (
            "developerRegistration:registerGcp",
            "developerRegistration:unregisterGcp",
        ):
            return (call.partition(":")[2], account, "")
        case "GET", ["accounts", "v1", "accounts", account, "users", user]:
            return ("getUser", account, user)
        case "GET", ["quota", "v1", "accounts", account, "quotas"]:
            return ("quotas", account, "")
        case _:
            return ("unknown", "", "")


def failure(error: MerchantError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error answer."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.reason,
        "domain": "merchantapi.googleapis.com",
        "metadata": {"REASON": error.reason, **error.metadata},
    }
    body = {"code": error.status, "message": error.message, "status": error.name, "details": [info]}
    return json_answer(error.status, {"error": body}, headers)
