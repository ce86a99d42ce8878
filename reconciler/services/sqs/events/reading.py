"""Reads the buses of Amazon's partner event sources, and the rules on them."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from reconciler.core.model.addresses import AFTER_STACK, remote_values
from reconciler.core.model.errors import Missing, ServiceError, Unclear
from reconciler.core.model.objects import Live
from reconciler.core.planning.diff import PROTECT_MARK, STACK_MARK
from reconciler.core.provider import Asked, Interest
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import Tags
from reconciler.services.sqs.events.client import EventsClient, Facts
from reconciler.services.sqs.events.names import bus_arn, rule_arn
from reconciler.services.sqs.events.pattern import types_of
from reconciler.services.sqs.events.specs import (
    EXPIRY,
    GONE,
    BusState,
    EventBus,
    EventRoute,
    waiting,
)
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.rule_grants import rule_of

TARGET = "reconciler"
"""The id of our one target on a rule."""
GENERATION = "reconciler:generation"
"""The tag of a bus that was made anew; without it is the first."""
OFFERED_BY = "reconciler:destination"
"""The tag of a bus that tells which destination it is for, should its source be gone."""


@dataclass(frozen=True, slots=True)
class EventsReading:
    """One account's EventBridge; `name` is the account's in the declarations."""

    name: str
    account: AwsAccount
    client: EventsClient

    def observe(self, interest: Interest, listed: Callable[[], list[str]]) -> list[Live]:
        """Return the buses and their rules; details of rules that are declared or ours by name.

        `listed` returns the buses, which may have been listed before the queues were read.

        Raises:
            ServiceError: something could not be read that is declared here. Where nothing is, it is
                told as not looked for: whoever has queues only needs no EventBridge.
        """
        try:
            buses = listed()
            return self._found(buses, interest) if buses or interest.declared else []
        except ServiceError as error:
            if interest.declared:
                raise
            remark = f"event buses and routes were not looked for ({error.message})"
            interest.report(Asked(frozenset(), remarks=(remark,)))
            return []

    def _found(self, buses: list[str], interest: Interest) -> list[Live]:
        sources = self.client.sources()
        self._tell_waiting(sources, buses, interest)
        handles = {spec.offered_by for spec in interest.declared if isinstance(spec, EventBus)}
        if interest.beside is None and interest.declared:
            why = "which queues let rules in is not known, since the queues could not be read"
            raise Unclear(self.name, "ListRules", why)
        granted = _granted(interest.beside or ())
        if _on_others(granted, buses):
            # Such a bus may have come after they were listed, with its rules.
            buses = self.client.buses()
        read = interest.each(lambda bus: self._bus(bus, sources.get(bus), handles), buses)
        rules = interest.each(lambda bus: self._rules(bus, interest, granted), buses)
        found = [live for live in read if live is not None]
        routes = [live for each in rules for live in each]
        return [*found, *routes, *self._left_over(granted, routes, interest)]

    def bus(self, name: str, handles: Collection[str]) -> Live | None:
        """Return a bus as it is now, None where there is none."""
        if not self.client.bus_exists(name):
            return None
        try:
            source: Facts | None = self.client.source(name)
        except Missing:
            source = None
        return self._bus(name, source, handles)

    def route(self, bus: str, name: str, grants: Callable[[str], tuple[str, ...]]) -> Live | None:
        """Return a rule as it is now, None where there is none; `grants` are asked by its ARN."""
        arn = rule_arn(self.account, bus, name)
        try:
            facts = self.client.rule(bus, name)
            return self._detailed(bus, facts, grants(arn))
        except Missing:
            return None

    def _bus(self, name: str, source: Facts | None, handles: Collection[str]) -> Live | None:
        arn = bus_arn(self.account, name)
        try:
            tags = self.client.tags(arn)
        except Missing:
            return None
        state = _state(source)
        # A source that is gone is offered by no destination, which would tell whose bus it is.
        gone = state in GONE and tags.get(OFFERED_BY) in handles
        spec = EventBus(
            source=tags[OFFERED_BY] if gone else name,
            state=state,
            offered_by=tags.get(OFFERED_BY, ""),
            generation=_number(tags.get(GENERATION)),
            expires=moment(source.get("ExpirationTime")) if source else None,
        )
        return self._live(spec, tags, name=name, arn=arn)

    def _rules(
        self, bus: str, interest: Interest, granted: Mapping[str, tuple[str, ...]]
    ) -> list[Live]:
        declared = {spec.name for spec in interest.declared if isinstance(spec, EventRoute)}
        ours = f"{interest.stack}{AFTER_STACK}"
        found: list[Live] = []
        try:
            listed = self.client.rules(bus)
        except Missing:
            return []  # it went since the buses were listed
        for facts in listed:
            name, arn = str(facts["Name"]), rule_arn(self.account, bus, str(facts["Name"]))
            if not name.startswith(ours) and name not in declared and not interest.everything:
                bare = EventRoute(name=name, bus=bus)
                outputs = remote_values(arn=arn)
                found.append(Live(self.name, bare, outputs, detailed=False))
                continue
            try:
                found.append(self._detailed(bus, facts, granted.get(arn, ()), interest.warn))
            except Missing:
                continue  # it went meanwhile
        return found

    def _detailed(
        self,
        bus: str,
        facts: Facts,
        grants: tuple[str, ...],
        warn: Callable[[str], None] = lambda _text: None,
    ) -> Live:
        name = str(facts["Name"])
        arn = rule_arn(self.account, bus, name)
        targets = self.client.targets(bus, name)
        others = sorted(str(item["Id"]) for item in targets if item["Id"] != TARGET)
        if others:
            warn(f"the rule {name} has targets of others, which are left alone: {others}")
        ours = next((item for item in targets if item["Id"] == TARGET), {})
        spec = _route(name, bus, facts, ours, grants)
        return self._live(spec, self.client.tags(arn), arn=arn)

    def _live(self, spec: EventBus | EventRoute, tags: Tags, **outputs: str) -> Live:
        return Live(
            self.name,
            spec,
            remote_values(**outputs),
            owner=tags.get(STACK_MARK),
            protected=tags.get(PROTECT_MARK) == "true",
        )

    def _tell_waiting(
        self, sources: Mapping[str, Facts], buses: Collection[str], interest: Interest
    ) -> None:
        """Tell until when a source waits whose bus is to be made."""
        if not any(isinstance(spec, EventBus) for spec in interest.declared):
            return
        for name, source in sources.items():
            expires = moment(source.get("ExpirationTime"))
            if name not in buses and _state(source) == "PENDING" and expires:
                waits = waiting(expires, time.time())
                interest.warn(f"the event source {name}, which has no bus yet, {waits}")

    def _left_over(
        self, granted: Mapping[str, tuple[str, ...]], routes: Iterable[Live], interest: Interest
    ) -> list[Live]:
        """Return what is left of rules that are gone: queues that still let them in."""
        there = {live.outputs["arn"] for live in routes}
        declared = {spec.name for spec in interest.declared if isinstance(spec, EventRoute)}
        found: list[Live] = []
        for arn in sorted(granted.keys() - there):
            rule = rule_of(arn)
            if rule is not None and rule.rule not in declared:
                spec = EventRoute(name=rule.rule, bus=rule.bus, state="ABSENT", grants=granted[arn])
                found.append(Live(self.name, spec, remote_values(arn=arn), owner=interest.stack))
        return found


def _granted(beside: Iterable[Live]) -> dict[str, tuple[str, ...]]:
    """Return by ARN of a rule the ARNs of the queues that let it in as a route."""
    found: dict[str, list[str]] = {}
    for live in beside:
        for rule in live.spec.routed if isinstance(live.spec, Queue) else ():
            found.setdefault(rule, []).append(live.outputs["arn"])
    return {rule: tuple(sorted(queues)) for rule, queues in found.items()}


def _on_others(rules: Iterable[str], buses: Collection[str]) -> bool:
    """Say whether there are rules on other buses than these."""
    return any(rule is not None and rule.bus not in buses for rule in map(rule_of, rules))


def _route(name: str, bus: str, facts: Facts, target: Facts, grants: tuple[str, ...]) -> EventRoute:
    types, pattern = types_of(bus, str(facts.get("EventPattern") or ""))
    return EventRoute(
        name=name,
        bus=bus,
        queue=target.get("Arn"),
        types=types,
        dead_letter=(target.get("DeadLetterConfig") or {}).get("Arn"),
        state=str(facts.get("State") or "ENABLED"),
        description=str(facts.get("Description") or ""),
        input_path=_input(target),
        message_group=(target.get("SqsParameters") or {}).get("MessageGroupId"),
        pattern=pattern,
        grants=grants,
    )


def _input(target: Facts) -> str | None:
    """Return the path of what goes to the queue, or that it is made otherwise."""
    for other in ("Input", "InputTransformer"):
        if target.get(other):
            return other
    path = target.get("InputPath")
    return None if path is None else str(path)


def _number(sentence: str | None) -> int:
    return int(sentence) if sentence and sentence.isascii() and sentence.isdigit() else 1


def _state(source: Facts | None) -> BusState:
    reported = source.get("State") if source else "ABSENT"
    states: tuple[BusState, ...] = get_args(BusState)
    return next((state for state in states if state == reported), "ABSENT")


def moment(value: Any) -> str | None:
    """Return a time that EventBridge tells, for people; None where it tells none."""
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC).strftime(EXPIRY)
