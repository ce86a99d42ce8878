"""What the Merchant API answers, as typed values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.model.abilities import Metrics


class GarbledMerchantAnswer(ValueError):
    """An answer that is no JSON object or lacks what every answer of its kind has."""


@dataclass(frozen=True, slots=True)
class SubscriptionResource:
    """A notification subscription; `name` is empty until the service has given one.

    `target` is the bare number of an account, None for all managed accounts.
    """

    name: str
    registered_event: str
    target: str | None
    call_back_uri: str

    def body(self) -> dict[str, Any]:
        """Return the resource as it is sent to be created."""
        interest: dict[str, Any] = (
            {"targetAccount": f"accounts/{self.target}"}
            if self.target
            else {"allManagedAccounts": True}
        )
        return {
            "registeredEvent": self.registered_event,
            "callBackUri": self.call_back_uri,
            **interest,
        }


@dataclass(frozen=True, slots=True)
class SubscriptionResourcePage:
    """One page of a list; `token` asks for the next one."""

    items: tuple[SubscriptionResource, ...]
    token: str | None


def remote(data: Any) -> SubscriptionResource:
    """Return the subscription that a JSON object describes.

    Raises:
        Garbled: it describes none.
    """
    known = _object(data)
    name = _text(known, "name")
    target = known.get("targetAccount")
    if not known.get("allManagedAccounts"):
        match = re.fullmatch(r"accounts/([1-9][0-9]*)", str(target))
        if match is None:
            raise GarbledMerchantAnswer(f"{name} has neither targetAccount nor allManagedAccounts")
        target = match[1]
    else:
        target = None
    uri = known.get("callBackUri", "")  # proto3 leaves an empty text out
    if not isinstance(uri, str):
        raise GarbledMerchantAnswer(f"callBackUri of {name} is no text")
    return SubscriptionResource(name, _text(known, "registeredEvent"), target, uri)


def page(data: Any) -> SubscriptionResourcePage:
    """Return one page; an empty list is answered as `{}`."""
    found, token = _paged(data, "notificationSubscriptions")
    return SubscriptionResourcePage(tuple(remote(item) for item in found), token)


def _paged(data: Any, key: str) -> tuple[list[Any], str | None]:
    """Return the items of one page of a list, and the token that asks for the next one."""
    known = _object(data)
    found = known.get(key, [])
    token = known.get("nextPageToken") or None
    if not isinstance(found, list) or not isinstance(token, str | None):
        raise GarbledMerchantAnswer(f"{key} is no list")
    return found, token


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The numbers of the accounts on one page of a list; `token` asks for the next one."""

    numbers: tuple[str, ...]
    token: str | None


def account_page(data: Any) -> AccountPage:
    """Return one page of accounts; an empty list is answered as `{}`."""
    found, token = _paged(data, "accounts")
    return AccountPage(tuple(_number_of(item) for item in found), token)


def _number_of(account: Any) -> str:
    name = _text(_object(account), "name")
    match = re.fullmatch(r"accounts/([1-9][0-9]*)", name)
    if match is None:
        raise GarbledMerchantAnswer("an account is not named by its number")
    return match[1]


def health(data: Any) -> Metrics:
    """Return health metrics; numbers are text, and zeros are left out."""
    known = _object(data)
    return Metrics(
        oldest_seconds=_number(known, "oldestUnacknowledgedMessageWaitingTime"),
        acknowledged=_number(known, "acknowledgedMessagesCount"),
        undelivered=_number(known, "undeliveredMessagesCount"),
    )


def access_rights(data: Any) -> tuple[str, ...]:
    """Return the access rights of a user."""
    found = _object(data).get("accessRights", [])
    if not isinstance(found, list):
        raise GarbledMerchantAnswer("accessRights is no list")
    return tuple(str(right) for right in found)


def _number(known: Mapping[str, Any], key: str) -> int:
    value = str(known.get(key, "0")).removesuffix("s")  # a duration may be spelt 12s
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        raise GarbledMerchantAnswer(f"{key} is no number") from None


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise GarbledMerchantAnswer("no JSON object")
    return data


def _text(known: Mapping[str, Any], key: str) -> str:
    value = known.get(key)
    if isinstance(value, str) and value:
        return value
    raise GarbledMerchantAnswer(f"{key} is missing")
