"""Failures on order: which request fails next, and how."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.settings import SERVICES, Unacceptable

KINDS = {
    "throttle": "the service's own throttle answer; nothing is done",
    "error500": "the service's own internal error; nothing is done",
    "error503": "the service's own unavailable answer; nothing is done",
    "denied": "the service's own refusal of the caller; nothing is done",
    "refused": "AWS's refusal with the `code`, whichever it is; nothing is done",
    "failedEntries": "AWS's success in which every entry of a batch failed with the `code`",
    "html": "503 with a proxy's HTML page; nothing is done",
    "garbage": "200 with a body that does not parse; nothing is done",
    "cutBefore": "the connection closes; nothing is done",
    "cutAfter": "the request is carried out, then the connection closes without an answer",
    "truncate": "the request is carried out, then half of the answer arrives",
    "stall": "nothing is done or said for `seconds`, then the connection closes",
}
_WITH_CODE = ("refused", "failedEntries")


@dataclass
class Fault:
    """One order. `times` None means for ever; `skip` lets that many matching requests pass."""

    service: str
    kind: str
    operation: str = "*"
    times: int | None = 1
    skip: int = 0
    retry_after: float | None = None
    seconds: float = 30.0
    code: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the order with what is left of it."""
        return {
            "service": self.service,
            "operation": self.operation,
            "kind": self.kind,
            "times": self.times,
            "skip": self.skip,
            "retryAfter": self.retry_after,
            "seconds": self.seconds,
            **({"code": self.code} if self.code else {}),
        }


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number_or_none(value: Any) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    )


def _parse(order: Any) -> Fault:
    if not isinstance(order, Mapping):
        raise Unacceptable("A fault is an object with service, operation and kind.")
    names = {"service", "operation", "kind", "times", "skip", "retryAfter", "seconds", "code"}
    if unknown := sorted(set(order) - names):
        raise Unacceptable(f"A fault has no {unknown[0]!r}; it has {', '.join(sorted(names))}.")
    service, kind = order.get("service", "*"), order.get("kind")
    if service not in (*SERVICES, "*"):
        raise Unacceptable(f"There is no service {service!r}; use {', '.join(SERVICES)} or *.")
    if kind not in KINDS:
        raise Unacceptable(f"There is no fault {kind!r}; the kinds are {', '.join(KINDS)}.")
    code = order.get("code", "")
    if not isinstance(code, str) or (kind in _WITH_CODE) != bool(code):
        raise Unacceptable(f"code is a text, for {' and '.join(_WITH_CODE)} alone.")
    if kind in _WITH_CODE and service != "aws":
        raise Unacceptable(f"{kind} is a fault of aws alone.")
    times, skip = order.get("times", 1), order.get("skip", 0)
    if not (times is None or _whole(times, 1)) or not _whole(skip, 0):
        raise Unacceptable("times is a whole number from 1 or null, skip a whole number from 0.")
    wait, seconds = order.get("retryAfter"), order.get("seconds", 30.0)
    if not _number_or_none(wait) or seconds is None or not _number_or_none(seconds):
        raise Unacceptable("retryAfter and seconds are numbers from 0.")
    operation = str(order.get("operation", "*"))
    return Fault(service, str(kind), operation, times, skip, wait, seconds, code)


class Faults:
    """The orders that are still open; the first that matches a request is the one that counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Fault] = []

    def add(self, orders: Iterable[Any]) -> None:
        """Append orders. Raises Unacceptable, and then none was appended."""
        parsed = [_parse(order) for order in orders]
        with self._lock:
            self._open.extend(parsed)

    def clear(self) -> None:
        """Drop all orders."""
        with self._lock:
            self._open.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the open orders."""
        with self._lock:
            return [fault.as_json() for fault in self._open]

    def take(self, service: str, operation: str) -> Fault | None:
        """Return the order this request is to suffer, and count it as used."""
        with self._lock:
            for fault in self._open:
                if fault.service in (service, "*") and fault.operation in (operation, "*"):
                    return self._use(fault)
        return None

    def _use(self, fault: Fault) -> Fault | None:
        if fault.skip > 0:
            fault.skip -= 1
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._open.remove(fault)
        return fault
