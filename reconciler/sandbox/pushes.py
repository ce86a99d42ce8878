"""Merchant pushes: an event is posted to callbacks until they acknowledge it.

Source: the guides under developers.google.com/merchant/api (notifications). Google retries for
days at intervals it does not document; here they double from the setting merchantRetrySeconds. A
push never leaves this machine: callbacks elsewhere need the setting merchantCallBacks, which says
where on this machine stands in for them.
"""

import base64
import http.client
import json
import threading
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from reconciler.sandbox.merchant_rules import EVENTS, Subscription, loopback
from reconciler.sandbox.settings import Settings, Unacceptable

ACKNOWLEDGING = (102, 200, 201, 202, 204)
_TIME_LIMIT = 5.0
_LONGEST_PAUSE = 60.0
_FIELDS = {"registeredEvent", "account", "fields"}


class Pushes:
    """What was pushed, and the threads that go on pushing."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._lock = threading.Lock()
        self._pushes: list[dict[str, Any]] = []
        self._over = threading.Event()

    def send(self, name: str, uri: str, message: dict[str, Any]) -> None:
        """Push a message for the subscription `name`, now and again until it is acknowledged."""
        key = str(uuid4().int % 10**16)
        push: dict[str, Any] = {
            "subscription": name,
            "callBackUri": uri,
            "messageId": key,
            "acknowledged": False,
            "attempts": [],
        }
        with self._lock:
            self._pushes.append(push)
            over = self._over
        body = json.dumps(_envelope(key, message)).encode()
        threading.Thread(target=self._go_on, args=(push, body, over), daemon=True).start()

    def as_json(self) -> list[dict[str, Any]]:
        """Return all pushes; attempts are statuses, or why there was none."""
        with self._lock:
            return [{**push, "attempts": list(push["attempts"])} for push in self._pushes]

    def cancel(self) -> None:
        """Forget all pushes and retry none of them."""
        with self._lock:
            self._over.set()
            self._over = threading.Event()
            self._pushes.clear()

    def _go_on(self, push: dict[str, Any], body: bytes, over: threading.Event) -> None:
        pause = self._settings["merchantRetrySeconds"]
        while True:
            outcome = _post(_here(push["callBackUri"], self._settings["merchantCallBacks"]), body)
            with self._lock:
                push["attempts"].append(outcome)
                push["acknowledged"] = outcome in ACKNOWLEDGING
            if push["acknowledged"] or over.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE)


def parse_event(order: Any) -> tuple[str, str, dict[str, Any]]:
    """Return (event, account, fields to set) of an order to publish.

    Raises:
        Unacceptable: it makes no sense.
    """
    if not isinstance(order, dict) or order.keys() - _FIELDS:
        raise Unacceptable("An event is {account: number, registeredEvent?, fields?}.")
    event, account = order.get("registeredEvent", EVENTS[0]), order.get("account")
    if event not in EVENTS:
        raise Unacceptable(f"registeredEvent must be one of {', '.join(EVENTS)}.")
    if not isinstance(account, str) or not account.isdecimal():
        raise Unacceptable("account must be a number as text.")
    fields = order.get("fields", {})
    if not isinstance(fields, dict):
        raise Unacceptable("fields must be an object.")
    return event, account, fields


def concerns(item: Subscription, owner: str, event: str, account: str) -> bool:
    """Say whether a subscription of `owner` is about this event of this account.

    All other accounts count as managed by the owner.
    """
    if item["registeredEvent"] != event:
        return False
    if item.get("allManagedAccounts"):
        return account != owner
    return bool(item["targetAccount"] == f"accounts/{account}")


def message(event: str, owner: str, account: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is pushed: the reference's fields, with sample values unless given."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    known = {"account": f"accounts/{account}", "managingAccount": f"accounts/{owner}"}
    if event == "ACCOUNT_SERVICE_CHANGE":
        resource = f"accounts/{account}/services/1"
        return {**known, "resourceType": "ACCOUNT_SERVICE", "resource": resource, **fields}
    change = {
        "oldValue": "approved",
        "newValue": "disapproved",
        "regionCode": "US",
        "reportingContext": "SHOPPING_ADS",
    }
    return {
        **known,
        "resourceType": "PRODUCT",
        "attribute": "STATUS",
        "changes": [change],
        "resourceId": "online~en~US~1",
        "resource": f"accounts/{account}/products/online~en~US~1",
        "eventTime": moment,
        **fields,
    }


def _envelope(key: str, content: dict[str, Any]) -> dict[str, Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    data = base64.b64encode(json.dumps(content).encode()).decode()
    return {"message": {"data": data, "messageId": key, "publishTime": moment}}


def _here(uri: str, stand_ins: dict[str, str]) -> str:
    """Return the address that stands in for a callback, by its longest known beginning."""
    beginnings = sorted((start for start in stand_ins if uri.startswith(start)), key=len)
    if not beginnings:
        return uri
    return stand_ins[beginnings[-1]] + uri.removeprefix(beginnings[-1])


def _post(uri: str, body: bytes) -> int | str:
    """Return the status that a callback answers, or why it gave none; redirects do not count."""
    host = urlsplit(uri).hostname or ""
    if not loopback(host):
        return f"{host} is not on this machine: set merchantCallBacks"
    try:
        with closing(_connection(uri)) as connection:
            path = uri.partition("://")[2].partition("/")[2]
            connection.request("POST", f"/{path}", body, {"Content-Type": "application/json"})
            return connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}"


def _connection(uri: str) -> http.client.HTTPConnection:
    parts = urlsplit(uri)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_TIME_LIMIT)
