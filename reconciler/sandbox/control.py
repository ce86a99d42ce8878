"""The controls under /_sandbox/: the same as the methods of Sandbox, over HTTP."""

import json
from typing import Any, Protocol

from werkzeug.wrappers import Request

from reconciler.sandbox import aws_control
from reconciler.sandbox.aws import Aws
from reconciler.sandbox.faults import KINDS, Faults
from reconciler.sandbox.merchant import Merchant
from reconciler.sandbox.publishing import FIELDS, Publisher
from reconciler.sandbox.service import Answer, json_answer
from reconciler.sandbox.settings import SERVICES, Settings, Unacceptable, wishes
from reconciler.sandbox.wirelog import WireLog

_HELP = {
    "POST /_sandbox/reset": "forget state, calls and faults; settings as at the start",
    "GET /_sandbox/state": "what every service holds",
    "GET /_sandbox/calls": "wire log, counts per service.operation, counts over the rate limit",
    "DELETE /_sandbox/calls": "empty the wire log",
    "GET /_sandbox/settings": "all settings",
    "PATCH /_sandbox/settings": "change some settings",
    "GET /_sandbox/faults": "faults still open",
    "POST /_sandbox/faults": "add a fault or a list of faults",
    "DELETE /_sandbox/faults": "drop the open faults",
    "POST /_sandbox/events": "let an event happen: into queues, and to callbacks",
    "POST /_sandbox/event-sources": "let a partner event source be created, deleted, expired",
    "POST /_sandbox/event-rules": "put a rule of another AWS service on a bus",
    "POST /_sandbox/metrics": "add figures to CloudWatch's, at any time",
    "POST /_sandbox/history": "add an event to CloudTrail's",
    "GET /_sandbox/pushes": "what was pushed to callbacks, with every attempt",
}


class Controlled(Protocol):
    """What the controls steer."""

    settings: Settings
    faults: Faults
    log: WireLog
    merchant: Merchant
    publisher: Publisher
    aws: Aws

    def reset(self) -> None:
        """Return to the state after start."""

    def state(self) -> dict[str, Any]:
        """Return what every service holds."""


class Control:
    """Answers 400 with `{"error": sentence}` to what makes no sense, 404 to what is not there."""

    def __init__(self, controlled: Controlled):
        self._it = controlled

    def answer(self, request: Request) -> Answer:
        """Carry out one control call."""
        verb = f"{request.method} {request.path.removeprefix('/_sandbox').strip('/')}".strip()
        try:
            found = self._do(verb, request)
        except Unacceptable as error:
            return json_answer(400, {"error": str(error)})
        except ValueError:
            return json_answer(400, {"error": "The body must be JSON."})
        if found is None:
            return json_answer(404, {"error": f"There is no {verb}.", "calls": _HELP})
        return json_answer(200, found)

    def _do(self, verb: str, request: Request) -> Any:
        match verb:
            case "GET":
                return {
                    "calls": _HELP,
                    "services": SERVICES,
                    "settings": wishes(),
                    "faultKinds": KINDS,
                    "events": FIELDS,
                    "orders": aws_control.FIELDS,
                }
            case "POST reset":
                self._it.reset()
                return {}
            case "GET state":
                return self._it.state()
            case "GET calls" | "DELETE calls":
                return self._calls(clear=request.method == "DELETE")
            case "GET settings" | "PATCH settings":
                return self._settings(request)
            case "GET faults" | "POST faults" | "DELETE faults":
                return self._faults(request)
            case "POST events":
                return self._it.publisher.publish(json.loads(request.get_data()))
            case "POST event-sources" | "POST event-rules" | "POST metrics" | "POST history":
                aws_control.do(verb.removeprefix("POST "), request, self._it.aws)
                return {}
            case "GET pushes":
                return self._it.merchant.pushes.as_json()
            case _:
                return None

    def _calls(self, *, clear: bool) -> dict[str, Any]:
        log = self._it.log
        if clear:
            log.clear()
        return {
            "calls": log.calls(),
            "counts": log.counts(),
            "overLimit": log.counts(over_limit=True),
        }

    def _settings(self, request: Request) -> dict[str, Any]:
        if request.method == "PATCH":
            changes = json.loads(request.get_data())
            if not isinstance(changes, dict):
                raise Unacceptable("Settings are an object of names and values.")
            self._it.settings.change(changes)
        return self._it.settings.as_json()

    def _faults(self, request: Request) -> list[dict[str, Any]]:
        if request.method == "DELETE":
            self._it.faults.clear()
        if request.method == "POST":
            orders = json.loads(request.get_data())
            self._it.faults.add(orders if isinstance(orders, list) else [orders])
        return self._it.faults.as_json()
