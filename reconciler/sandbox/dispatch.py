"""From a request to its answer: route, log, delay, throttle, fail, carry out."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.wrappers import Request

from reconciler.sandbox import aws_wire
from reconciler.sandbox.aws import Aws
from reconciler.sandbox.control import Control
from reconciler.sandbox.faults import Fault, Faults
from reconciler.sandbox.lwa import Lwa
from reconciler.sandbox.merchant import Merchant
from reconciler.sandbox.mws import Mws
from reconciler.sandbox.publishing import Publisher
from reconciler.sandbox.service import Answer, Refusal, StandIn
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.spapi import SpApi
from reconciler.sandbox.wirelog import WireLog

_PROXY_PAGE = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head>"
    b"<body><h1>503 Service Temporarily Unavailable</h1></body></html>"
)
# A client that keeps exactly to the rate arrives unevenly because networks do; the services allow
# for that and so must a count of requests over the limit. Never as much as one whole request.
_LEEWAY_SECONDS = 0.05
_LEEWAY_REQUESTS = 0.5


@dataclass(frozen=True)
class Reply:
    """How an answer reaches the client: whole, half, or (answer None) not at all."""

    answer: Answer | None
    half: bool = False


class Dispatch:
    """All stand-ins with their settings, faults, buckets and log."""

    def __init__(self, initial: Mapping[str, Any]):
        self.settings = Settings(initial)
        self.faults = Faults()
        self.log = WireLog()
        self.stopping = threading.Event()
        self._buckets = Buckets()
        self.aws = Aws(self.settings)
        self.merchant = Merchant(self.settings)
        mws = Mws(self.settings, self.aws.deliver)
        spapi = SpApi(self.settings, self.aws.deliver, self.aws.events)
        self.publisher = Publisher(mws, spapi, self.merchant, self.aws.deliver, self.aws.events)
        self._services: dict[str, StandIn] = {
            "aws": self.aws,
            "lwa": Lwa(self.settings),
            "mws": mws,
            "sp-api": spapi,
            "merchant": self.merchant,
        }
        self._control = Control(self)

    def reset(self) -> None:
        """Return to the state after start."""
        for service in self._services.values():
            service.reset()
        self.settings.reset()
        self.faults.clear()
        self._buckets.clear()
        self.log.clear()

    def state(self) -> dict[str, Any]:
        """Return what every service holds."""
        return {name: service.state() for name, service in self._services.items() if name != "lwa"}

    def exchange(self, environ: dict[str, Any]) -> Reply:
        """Answer one request. Never raises."""
        request = Request(environ)
        if request.path.startswith("/_sandbox"):
            return Reply(self._control.answer(request))
        request.get_data(cache=True)  # before anything reads the form, which would use the body up
        service = self._services[_route(request.path)]
        operation = service.operation(request)
        entry = self.log.begin(service.name, operation, request)
        self.stopping.wait(self.settings.latency(service.name))
        try:
            delivery = self._serve(service, operation, request, entry)
        except Exception:  # noqa: BLE001 - a defect of a stand-in must show in the log, not hang
            self.log.note(entry, defect=traceback.format_exc())
            delivery = Reply(service.refusal("error500", request, None))
        self.log.note(entry, status=delivery.answer.status if delivery.answer else None)
        return delivery

    def _serve(
        self, service: StandIn, operation: str, request: Request, entry: dict[str, Any]
    ) -> Reply:
        if self._is_over_limit(service, operation, request):
            self.log.note(entry, overLimit=True)
            return Reply(service.refusal("throttle", request, None))
        fault = self.faults.take(service.name, operation)
        if fault is None:
            return Reply(service.answer(operation, request))
        self.log.note(entry, fault=fault.kind)
        return self._suffer(fault, service, operation, request)

    def _is_over_limit(self, service: StandIn, operation: str, request: Request) -> bool:
        limits = self.settings["rateLimits"]
        limit = limits.get(f"{service.name}.{operation}") or limits.get(service.name)
        key = (service.name, operation, service.caller(request))
        return bool(limit) and not self._buckets.admit(key, limit)

    def _suffer(self, fault: Fault, service: StandIn, operation: str, request: Request) -> Reply:
        match fault.kind:
            case "cutBefore":
                return Reply(None)
            case "stall":
                self.stopping.wait(fault.seconds)
                return Reply(None)
            case "cutAfter":
                service.answer(operation, request)
                return Reply(None)
            case "truncate":
                return Reply(service.answer(operation, request), half=True)
            case "garbage":
                return Reply(Answer(200, b'{"\xff<not' * 3, {"Content-Type": "text/plain"}))
            case "html":
                return Reply(Answer(503, _PROXY_PAGE, {"Content-Type": "text/html"}))
            case "refused":
                return Reply(aws_wire.refused_with(fault.code, request))
            case "failedEntries":
                return Reply(aws_wire.failed_entries(fault.code, request, operation))
            case kind:
                return Reply(service.refusal(cast("Refusal", kind), request, fault.retry_after))


def _route(path: str) -> str:
    if path == "/auth/o2/token":
        return "lwa"
    if path.rstrip("/") == "/Subscriptions/2013-07-01":
        return "mws"
    if path.startswith(("/notifications/v1/subscriptions", "/notifications/v1/destinations")):
        return "sp-api"
    if path.startswith(("/notifications/", "/accounts/", "/quota/")):
        return "merchant"
    return "aws"


class Buckets:
    """Rates are requests per second; a bucket starts full with `burst` requests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}

    def clear(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._levels.clear()

    def admit(self, key: tuple[str, str, str], limit: Mapping[str, float]) -> bool:
        """Take one request from the bucket; False when there is none left."""
        rate, burst = float(limit["rate"]), float(limit["burst"])
        room = burst + min(_LEEWAY_REQUESTS, rate * _LEEWAY_SECONDS)
        with self._lock:
            now = self._clock()
            level, then = self._levels.get(key, (room, now))
            level = min(room, level + (now - then) * rate)
            admitted = level >= 1
            self._levels[key] = (level - 1 if admitted else level, now)
            return admitted
