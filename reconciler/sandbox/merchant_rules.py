"""Google Merchant API subscriptions: fields, masks, and which may live side by side.

Source: discovery document merchantapi.notifications_v1 and the guides under
developers.google.com/merchant/api (notifications). The codes of refusals are undocumented: a
duplicate is answered 409 ALREADY_EXISTS here, a combination that cannot be 400 FAILED_PRECONDITION.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

Subscription = dict[str, Any]
"""A resource in the service's JSON shape."""

EVENTS = ("PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE")
FIELDS = ("registeredEvent", "callBackUri", "allManagedAccounts", "targetAccount")
_INTERESTS = ("allManagedAccounts", "targetAccount")


class MerchantError(Exception):
    """An error answer with one ErrorInfo detail."""

    def __init__(self, status: int, name: str, message: str, reason: str, **metadata: str):
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.reason = reason
        self.metadata = metadata


def invalid(field: str, message: str, reason: str = "INVALID_ARGUMENT") -> MerchantError:
    """Return 400 INVALID_ARGUMENT about a field."""
    return MerchantError(400, "INVALID_ARGUMENT", message, reason, FIELD_LOCATION=field)


def known_fields(body: Any) -> Subscription:
    """Return the writable fields of a body. Raises MerchantError for what is not a field."""
    if not isinstance(body, dict):
        raise invalid("body", "Invalid JSON payload received.")
    for field in body:
        if field not in (*FIELDS, "name"):
            raise invalid(
                field, f'Invalid JSON payload received. Unknown name "{field}": Cannot find field.'
            )
    return {name: value for name, value in body.items() if name in FIELDS and value is not None}


def check(wish: Subscription) -> Subscription:
    """Return the resource as stored: false is the absence of a flag. Raises MerchantError."""
    if wish.get("registeredEvent") not in EVENTS:
        raise invalid("registered_event", "[registered_event] Invalid or missing event type.")
    if not isinstance(wish.get("allManagedAccounts", False), bool):
        raise invalid("all_managed_accounts", "[all_managed_accounts] Must be true or false.")
    target = wish.get("targetAccount")
    if target is not None and not re.fullmatch(r"accounts/\d+", str(target)):
        raise invalid(
            "target_account",
            "[target_account] Must be accounts/{account}, a number.",
            "INVALID_NAME_PART_NOT_NUMBER",
        )
    _check_uri(wish.get("callBackUri"))
    stored = {name: value for name, value in wish.items() if value not in (None, False)}
    if sum(name in stored for name in _INTERESTS) != 1:
        raise invalid(
            "interested_in",
            "[interested_in] Exactly one of all_managed_accounts = true and target_account is "
            "required.",
        )
    return stored


def _check_uri(uri: Any) -> None:
    parts = urlsplit(uri) if isinstance(uri, str) else urlsplit("")
    local = parts.scheme == "http" and loopback(parts.hostname or "")  # for receivers under test
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise invalid("call_back_uri", "[call_back_uri] Must be a valid HTTPS URI.")


def loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def masked(before: Subscription, body: Subscription, mask: str | None) -> Subscription:
    """Return `before` with the masked fields of `body`; others are ignored. Raises MerchantError.

    Whether the service takes a missing mask or snake_case paths is not known, so neither is taken.
    """
    paths = [path for path in (mask or "").split(",") if path]
    if not paths:
        raise invalid("update_mask", "[update_mask] Required field not provided.", "REQUIRED")
    for path in paths:
        if path not in FIELDS:
            raise invalid("update_mask", f"[update_mask] Invalid field path {path}.")
    after = dict(before)
    for path in paths:
        if path in _INTERESTS and path in body:
            for other in _INTERESTS:  # one of a oneof replaces the other
                after.pop(other, None)
    for path in paths:
        after.pop(path, None)
        if path in body:
            after[path] = body[path]
    return after


def check_coexistence(wish: Subscription, others: Iterable[Subscription], account: str) -> None:
    """Refuse what cannot live beside `others` of the same account. Raises MerchantError.

    Per event: one for all managed accounts or several for single ones, and one for the account
    itself.
    """
    mine = _interest(wish, account)
    for other in others:
        if other["registeredEvent"] != wish["registeredEvent"]:
            continue
        theirs = _interest(other, account)
        if mine == theirs:
            raise MerchantError(
                409,
                "ALREADY_EXISTS",
                f"A subscription for this event and {mine[1]} already exists.",
                "ALREADY_EXISTS",
            )
        if {mine[0], theirs[0]} == {"all", "partial"}:
            raise MerchantError(
                400,
                "FAILED_PRECONDITION",
                "Subscriptions for all managed accounts and for single managed accounts cannot be "
                "used together.",
                "FAILED_PRECONDITION",
            )


def _interest(item: Subscription, account: str) -> tuple[str, str]:
    if item.get("allManagedAccounts"):
        return ("all", "all managed accounts")
    target = str(item["targetAccount"])
    return ("self" if target == f"accounts/{account}" else "partial", target)
