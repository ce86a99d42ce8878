"""The service: requests in, answers out, and the partner's side of it."""

import json
from collections.abc import Collection
from typing import Any, Literal
from uuid import uuid4

from werkzeug.wrappers import Request

from reconciler.sandbox.eventbridge import buses, rules, tags, targets
from reconciler.sandbox.eventbridge.delivery import Queues, RuleDelivery, RuleOutcome, put_events
from reconciler.sandbox.eventbridge.holdings import (
    Ask,
    EventBridgeWorld,
    Holding,
    Operation,
    PartnerSource,
    Rule,
)
from reconciler.sandbox.eventbridge.refusals import Refused, check
from reconciler.sandbox.eventbridge.refusals import denied as denied_by_iam
from reconciler.sandbox.figures import Figures
from reconciler.sandbox.service import Answer
from reconciler.sandbox.settings import SandboxClock, Settings, Unacceptable

SourceChange = Literal["create", "delete", "expire"]
SOURCE_CHANGES = ("create", "delete", "expire")

_OPERATIONS: dict[str, Operation] = {
    **buses.OPERATIONS,
    **rules.OPERATIONS,
    **tags.OPERATIONS,
    **targets.OPERATIONS,
}


class EventBridgeStandIn:
    """EventBridge of every account and region."""

    def __init__(self, settings: Settings, clock: SandboxClock, queues: Queues, figures: Figures):
        self._world = EventBridgeWorld(settings, clock)
        self._delivery = RuleDelivery(self._world, queues, figures)

    def answer(
        self, operation: str, account: str, region: str, request: Request, denied: Collection[str]
    ) -> Answer:
        """Carry one operation out for an account in a region."""
        try:
            return _answer(200, self._carry_out(operation, account, region, request, denied))
        except Refused as error:
            return failure(error)

    def denial(self, operation: str, account: str, region: str, request: Request) -> Answer:
        """Answer as IAM does when the caller has no right to an operation."""
        try:
            parameters = json.loads(request.get_data(cache=True) or b"{}")
        except ValueError:
            parameters = {}
        resource = _resource(Holding(account, region), operation, parameters)
        return failure(denied_by_iam(f"events:{operation}", resource, account))

    def _carry_out(
        self, operation: str, account: str, region: str, request: Request, denied: Collection[str]
    ) -> dict[str, Any]:
        if operation not in _OPERATIONS and operation != "PutEvents":
            raise Refused("UnknownOperationException", "")
        try:
            parameters = json.loads(request.get_data(cache=True) or b"{}")
        except ValueError:
            raise Refused("SerializationException", "The request is not JSON.") from None
        check(operation, parameters)
        with self._world.lock:
            holding = self._world.of(account, region)
            ask = Ask(self._world, holding, parameters, frozenset(denied))
            if operation == "PutEvents":
                return put_events(ask, self._delivery)
            return _OPERATIONS[operation](ask)

    def reset(self) -> None:
        """Forget sources and buses."""
        with self._world.lock:
            self._world.holdings.clear()

    def state(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return {(account, region): {sources: {name: state}, buses: {name: ...}}}."""
        with self._world.lock:
            found = {place: _dump(self._world.of(*place)) for place in sorted(self._world.holdings)}
        return {place: parts for place, parts in found.items() if parts}

    def partner(self, change: SourceChange, account: str, region: str, name: str) -> None:
        """Let the partner make or delete an event source, or its waiting time be over.

        Raises Unacceptable for a source that is not there, or is not waiting.
        """
        with self._world.lock:
            holding = self._world.of(account, region)
            source = holding.sources.get(name)
            if change == "create":
                holding.sources[name] = self._made(name)
            elif source is None or (change == "expire" and source.state != "PENDING"):
                what = "waiting event source" if change == "expire" else "event source"
                raise Unacceptable(f"There is no {what} {name} in {region} of {account}.")
            else:
                holding.forget(source)

    def _made(self, name: str) -> PartnerSource:
        now = self._world.clock.now()
        expires = now + float(self._world.settings["eventSourceSeconds"])
        return PartnerSource(name, now, expires, unseen=self._world.lag("eventSourceCreated"))

    def managed_rule(self, account: str, region: str, bus: str, name: str, by: str) -> None:
        """Put a rule on a bus that belongs to another AWS service. Raises Unacceptable."""
        facts = {"State": "ENABLED", "EventPattern": '{"source":[{"prefix":""}]}'}
        with self._world.lock:
            holding = self._world.of(account, region)
            try:
                holding.bus(bus).rules[name] = Rule(name, facts, managed_by=by)
            except Refused as error:
                raise Unacceptable(error.message) from error

    def emit(
        self, account: str, region: str, source: str, kind: str, detail: Any
    ) -> list[RuleOutcome]:
        """Take an event from the partner; return what became of it."""
        with self._world.lock:
            holding = self._world.of(account, region)
            return self._delivery.from_partner(holding, source, kind, detail)


def _resource(holding: Holding, operation: str, parameters: dict[str, Any]) -> str:
    """Return the ARN of what a request is about, as far as it names it."""
    name = parameters.get("Name")
    if operation.endswith("EventSource"):
        return holding.source_arn(str(name))
    if operation.endswith("EventBus"):
        return holding.bus_arn(str(name or "default"))
    if rule := parameters.get("Rule") or name:
        bus = str(parameters.get("EventBusName") or "default").rpartition(":event-bus/")[2]
        return holding.rule_arn(bus, str(rule))
    return str(parameters.get("ResourceARN", "*"))


def failure(error: Refused) -> Answer:
    """Return an error answer."""
    return _answer(error.status, {"__type": error.code, "message": error.message})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-RequestId": str(uuid4()),
    }
    return Answer(status, json.dumps(body).encode(), headers)


def _dump(holding: Holding) -> dict[str, Any]:
    sources = {name: source.state for name, source in sorted(holding.sources.items())}
    found = {
        name: {
            "tags": dict(sorted(bus.tags.items())),
            "rules": {
                key: {
                    **rule.facts,
                    "tags": dict(sorted(rule.tags.items())),
                    "targets": [target for _, target in sorted(rule.targets.items())],
                }
                for key, rule in sorted(bus.rules.items())
            },
        }
        for name, bus in sorted(holding.buses.items())
        if name != "default" or bus.rules
    }
    return {"sources": sources, "buses": found} if sources or found else {}
