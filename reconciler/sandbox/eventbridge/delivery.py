"""The way of an event, put or of a partner: bus, matching rules, targets, queues; what is counted.

Source: EventBridge User Guide, "Retry policy and dead-letter queues" and "Monitoring".
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from reconciler.sandbox.eventbridge import patterns
from reconciler.sandbox.eventbridge.holdings import (
    DEFAULT,
    Ask,
    Bus,
    EventBridgeWorld,
    Holding,
    Rule,
)
from reconciler.sandbox.eventbridge.refusals import Refused
from reconciler.sandbox.eventbridge.targets import body_for
from reconciler.sandbox.figures import Figures
from reconciler.sandbox.settings import iso

_CODES = {
    "missing": "NO_RESOURCE",
    "forbidden": "NO_PERMISSIONS",
    "refused": "SDK_CLIENT_ERROR",
}
"""Error codes of dead letters, by what became of a delivery."""
_ATTEMPTS = 185
_NEEDED = ("Source", "DetailType", "Detail")


class Queues(Protocol):
    """Where messages go."""

    def deliver_event(
        self, queue: str, body: str, rule: str, *, group: str | None, attributes: dict[str, str]
    ) -> str | None:
        """Send for a rule; return None, or missing, forbidden (policy, key) or refused (by SQS)."""


@dataclass(frozen=True)
class RuleOutcome:
    """What became of an event at one target, or, without a rule, of the whole event."""

    outcome: str
    rule: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class RuleDelivery:
    """Hands events to targets; all of it happens at once."""

    world: EventBridgeWorld
    queues: Queues
    figures: Figures

    def from_partner(
        self, holding: Holding, source: str, kind: str, detail: Any
    ) -> list[RuleOutcome]:
        """Take in what a partner sends.

        Returns refused (no such source, or deleted), dropped (the source waits for its owner),
        unmatched (no rule wants it), or an outcome for each target.
        """
        found = holding.sources.get(source)
        if found is None or found.state == "DELETED":
            return [RuleOutcome("refused")]
        if found.state == "PENDING":
            return [RuleOutcome("dropped")]
        self._count(holding, "Events", {"EventSourceName": source})
        return self.on_bus(
            holding, holding.buses[source], self.event(holding, source, kind, detail)
        )

    def event(
        self, holding: Holding, source: str, kind: str, detail: Any, resources: Any = ()
    ) -> dict[str, Any]:
        """Return an event in its envelope."""
        return {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": kind,
            "source": source,
            "account": holding.account,
            "time": iso(self.world.clock.now()),
            "region": holding.region,
            "resources": list(resources),
            "detail": detail,
        }

    def on_bus(self, holding: Holding, bus: Bus, event: dict[str, Any]) -> list[RuleOutcome]:
        """Hand an event to every enabled rule of a bus that it matches."""
        found = [
            outcome
            for rule in bus.rules.values()
            if rule.facts["State"] != "DISABLED" and _wants(rule, event)
            for outcome in self._by_rule(holding, bus, rule, event)
        ]
        return found or [RuleOutcome("unmatched")]

    def _by_rule(
        self, holding: Holding, bus: Bus, rule: Rule, event: dict[str, Any]
    ) -> Iterator[RuleOutcome]:
        named = {"RuleName": rule.name}
        dimensions = named if bus.name == DEFAULT else {"EventBusName": bus.name, **named}
        arn = holding.rule_arn(bus.name, rule.name)
        for metric in ("MatchedEvents", "TriggeredRules"):
            self._count(holding, metric, dimensions)
        for target in list(rule.targets.values()):
            yield self._to_target(holding, dimensions, arn, target, event)

    def _to_target(
        self,
        holding: Holding,
        dimensions: dict[str, str],
        rule: str,
        target: dict[str, Any],
        event: dict[str, Any],
    ) -> RuleOutcome:
        trouble, retries = self._try(rule, target, event)
        for metric, times in (
            ("InvocationsCreated", 1),
            ("Invocations", 1),
            ("InvocationAttempts", 1 + retries),
        ):
            self._count(holding, metric, dimensions, times)
        if trouble:
            self._count(holding, "FailedInvocations", dimensions)
            self._to_dead_letters(holding, dimensions, rule, target, event, trouble, retries)
        return RuleOutcome(trouble or "delivered", rule, target["Arn"])

    def _try(
        self, rule: str, target: dict[str, Any], event: dict[str, Any]
    ) -> tuple[str | None, int]:
        """Return what is wrong, and how often it was tried again."""
        if passing := self.world.settings["eventTargetTrouble"].get(target["Arn"]):
            policy = target.get("RetryPolicy") or {}
            return passing, int(policy.get("MaximumRetryAttempts", _ATTEMPTS))
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        body = body_for(target, event)
        sent = self.queues.deliver_event(target["Arn"], body, rule, group=group, attributes={})
        return sent, 0

    def _to_dead_letters(
        self,
        holding: Holding,
        dimensions: dict[str, str],
        rule: str,
        target: dict[str, Any],
        event: dict[str, Any],
        trouble: str,
        retries: int,
    ) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {
            "RULE_ARN": rule,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": _CODES.get(trouble, trouble),
            "ERROR_MESSAGE": f"The target did not take the event: {trouble}.",
            "RETRY_ATTEMPTS": str(retries),
        }
        if retries:
            attributes["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
        lost = self.queues.deliver_event(
            queue, body_for({}, event), rule, group=None, attributes=attributes
        )
        metric = "InvocationsFailedToBeSentToDlq" if lost else "InvocationsSentToDlq"
        self._count(holding, metric, dimensions)

    def _count(
        self, holding: Holding, metric: str, dimensions: dict[str, str], times: int = 1
    ) -> None:
        place = (holding.account, holding.region)
        self.figures.count(place, "AWS/Events", metric, dimensions, times)


def _wants(rule: Rule, event: dict[str, Any]) -> bool:
    text = rule.facts.get("EventPattern")
    return text is not None and patterns.matches(patterns.parsed(text), event)


def put_events(ask: Ask, delivery: RuleDelivery) -> dict[str, Any]:
    """Carry PutEvents out: every entry has its own answer."""
    entries = [_entry(ask, delivery, wish) for wish in ask.parameters["Entries"]]
    failed = sum(1 for entry in entries if "ErrorCode" in entry)
    return {"FailedEntryCount": failed, "Entries": entries}


def _entry(ask: Ask, delivery: RuleDelivery, wish: dict[str, Any]) -> dict[str, str]:
    if missing := [name for name in _NEEDED if not wish.get(name)]:
        text = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is a required argument."
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    detail = _object(wish["Detail"])
    if detail is None:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    if wish["Source"].startswith("aws."):
        text = f"Not authorized for the source {wish['Source']}."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": text}
    event = delivery.event(
        ask.holding, wish["Source"], wish["DetailType"], detail, wish.get("Resources") or ()
    )
    with suppress(Refused):  # an event to a bus that is not there is taken and lost
        delivery.on_bus(ask.holding, ask.holding.bus(wish.get("EventBusName")), event)
    return {"EventId": event["id"]}


def _object(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
