"""Creates, changes and deletes event buses and routes, each step before what needs it."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from reconciler.core.model.addresses import AFTER_STACK, remote_values
from reconciler.core.model.errors import Denied, Missing, Rejected, ServiceError, Transient
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.planning.diff import PROTECT_MARK, STACK_MARK
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.admissions import Admissions
from reconciler.services.sqs.client import Tags
from reconciler.services.sqs.events.client import EXISTS, INVALID, WRONG_STATE, EventsClient
from reconciler.services.sqs.events.names import PARTNER, bus_arn, rule_arn
from reconciler.services.sqs.events.pattern import pattern_of
from reconciler.services.sqs.events.reading import GENERATION, OFFERED_BY, TARGET
from reconciler.services.sqs.events.specs import EventBus, EventRoute
from reconciler.transport.calls import Calls

SOURCE_APPEARS = 60.0
"""Seconds within which a partner event source shows after its destination was created."""
REMOVALS_SHOW = 300.0
"""Seconds for which a rule may still seem to have targets, or a bus rules, after these went."""
EVERY = 5.0
MOST_TARGETS = 5
"""Targets that a rule may have."""

_LOG = logging.getLogger(__name__)
_RULE_FIELDS = frozenset({"types", "pattern", "state", "description"})
_TARGET_FIELDS = frozenset({"queue", "deadLetter", "inputPath", "messageGroup"})

T = TypeVar("T")


class BusWriter:
    """The event buses of an account; `name` is the account's in the declarations."""

    def __init__(self, name: str, account: AwsAccount, client: EventsClient, calls: Calls) -> None:
        self._name = name
        self._account = account
        self._client = client
        self._calls = calls

    def create(self, desired: Desired, spec: EventBus) -> Live:
        """Associate the source with a bus, or use the bus that turns up.

        Raises:
            Transient: the source is not there yet.
            Rejected: it is in a state in which nothing can be done.
        """
        self._appeared(spec.source)
        if self._client.bus_exists(spec.source):
            return self._used(spec)
        try:
            marked = self._make(spec.source, _bus_tags(desired, spec))
        except Rejected as error:
            if error.code != EXISTS:
                raise
            return self._used(spec)
        owner = desired.stack if marked else None
        return self._live(spec, owner, protected=marked and desired.protect)

    def update(
        self, desired: Desired, live: Live, spec: EventBus, changes: Sequence[FieldChange]
    ) -> Live:
        """Activate the source, or change our marks."""
        if any(change.path == "state" for change in changes):
            self._appeared(spec.source)
            self._activate(spec.source)
        _retag(self._client, bus_arn(self._account, spec.source), changes)
        return self._live(
            spec,
            live.owner and desired.stack,
            protected=desired.protect if live.owner else live.protected,
        )

    def delete(self, live: Live, stack: str) -> None:
        """Delete a bus that has no rules of others."""
        name = live.outputs["name"]
        try:
            rules = {str(item["Name"]): item.get("ManagedBy") for item in self._client.rules(name)}
        except Missing:
            return
        others = sorted(rule for rule in rules if not self._is_ours(name, rule, stack))
        if others:
            by = f" (managed by {rules[others[0]]})" if rules[others[0]] else ""
            raise Rejected(
                self._name,
                "DeleteEventBus",
                f"the rule {others[0]}{by} on it is not ours, so the bus stays: remove that rule "
                "first",
            )
        patiently(self._calls, lambda: self._client.delete_bus(name))

    def _is_ours(self, bus: str, rule: str, stack: str) -> bool:
        """Say whether a rule is ours, or lingers although it went."""
        if not rule.startswith(f"{stack}{AFTER_STACK}"):
            return False
        try:
            return self._client.tags(rule_arn(self._account, bus, rule)).get(STACK_MARK) == stack
        except Missing:
            return True

    def _make(self, name: str, tags: Tags) -> bool:
        """Create the bus and say whether it bears our marks, which may not be allowed at once."""
        try:
            self._client.create_bus(name, tags)
        except (Rejected, Denied) as error:
            if isinstance(error, Rejected) and error.code != INVALID:
                raise
            self._client.create_bus(name, {})
        else:
            return True
        return _tagged(self._client, bus_arn(self._account, name), tags)

    def _used(self, spec: EventBus) -> Live:
        """Return a bus that is there already, whose source is active afterwards."""
        if self._client.source(spec.source).get("State") != "ACTIVE":
            self._activate(spec.source)
        owner = self._client.tags(bus_arn(self._account, spec.source)).get(STACK_MARK)
        return self._live(spec, owner, protected=False)

    def _appeared(self, source: str) -> None:
        if not source.startswith(PARTNER):
            raise Rejected(
                self._name,
                "CreateEventBus",
                "the SP-API did not tell the name of the event source that its destination offers",
            )

        def look() -> bool | Transient:
            with suppress(Missing):
                if self._client.source(source).get("State") != "DELETED":
                    return True
            return Transient(
                self._name,
                "DescribeEventSource",
                f"the event source {source} is not there yet: apply again in some minutes; if it "
                "stays away, it has expired: remove the destination, apply, and declare it again",
            )

        self._calls.insist(look, within=SOURCE_APPEARS, every=EVERY)

    def _activate(self, source: str) -> None:
        try:
            self._client.activate(source)
        except Rejected as error:
            if error.code == WRONG_STATE:
                error.message += (
                    "; the bus was left as it is: to have it deleted and associated anew, with its "
                    "rules, raise `eventBridge.generation` of its destination"
                )
            raise

    def _live(self, spec: EventBus, owner: str | None, *, protected: bool) -> Live:
        arn = bus_arn(self._account, spec.source)
        outputs = remote_values(name=spec.source, arn=arn)
        return Live(self._name, spec, outputs, owner=owner, protected=protected)


class RouteWriter:
    """The rules of an account's buses, with their targets, and who lets them in."""

    def __init__(
        self,
        name: str,
        account: AwsAccount,
        client: EventsClient,
        calls: Calls,
        admissions: Admissions,
    ) -> None:
        self._name = name
        self._account = account
        self._client = client
        self._calls = calls
        self._admissions = admissions

    def create(self, desired: Desired, spec: EventRoute) -> Live:
        """Put the rule, let it into its queues, then give it its target.

        Raises:
            Rejected: a rule of this name is there that is not ours.
        """
        arn = rule_arn(self._account, spec.bus, spec.name)
        marked = self._put_new(desired, spec, arn)
        self._admit(spec.grants, arn)
        self._put_target(spec)
        outputs = remote_values(arn=arn)
        owner, protected = (desired.stack, desired.protect) if marked else (None, False)
        return Live(self._name, spec, outputs, owner=owner, protected=protected)

    def update(
        self, desired: Desired, live: Live, spec: EventRoute, changes: Sequence[FieldChange]
    ) -> Live:
        """Put what differs: rule, queues that let it in, target, marks."""
        arn, before = rule_arn(self._account, spec.bus, spec.name), _route_of(live)
        paths = {change.path.partition(".")[0] for change in changes}
        if paths & _RULE_FIELDS:
            self._client.put_rule(spec.bus, spec.name, _facts(spec), {})
        if "grants" in paths:
            self._admit(sorted({*spec.grants} - {*before.grants}), arn)
        if paths & _TARGET_FIELDS:
            self._put_target(spec)
        if "grants" in paths:
            self._dismiss(sorted({*before.grants} - {*spec.grants}), arn)
        _retag(self._client, arn, changes)
        return replace(live, spec=spec, owner=desired.stack, protected=desired.protect)

    def delete(self, live: Live) -> None:
        """Remove our target, delete the rule, then let it into its queues no more."""
        spec, arn = _route_of(live), live.outputs["arn"]
        bus = arn.partition(":rule/")[2].rpartition("/")[0]
        try:
            self._client.remove_target(bus, spec.name, TARGET)
            self._refuse_others(bus, spec.name)
            patiently(self._calls, lambda: self._client.delete_rule(bus, spec.name))
        except Missing:
            pass  # the rule or its bus is gone, and what let it in is not
        self._dismiss(spec.grants, arn)

    def _put_new(self, desired: Desired, spec: EventRoute, arn: str) -> bool:
        """Put a rule that is not there, and say whether it bears our marks."""
        tags = _tags(desired)
        try:
            self._client.rule(spec.bus, spec.name)
        except Missing:
            return self._put(spec, arn, tags)
        if self._client.tags(arn).get(STACK_MARK) != desired.stack:
            raise Rejected(
                self._name,
                "PutRule",
                f"meanwhile there is a rule {spec.name} that is not ours: plan again",
            )
        self._client.put_rule(spec.bus, spec.name, _facts(spec), {})
        return True

    def _put(self, spec: EventRoute, arn: str, tags: Tags) -> bool:
        try:
            self._client.put_rule(spec.bus, spec.name, _facts(spec), tags)
        except (Rejected, Denied) as error:
            if isinstance(error, Rejected) and error.code != INVALID:
                raise
            self._client.put_rule(spec.bus, spec.name, _facts(spec), {})
        else:
            return True
        return _tagged(self._client, arn, tags)

    def _put_target(self, spec: EventRoute) -> None:
        ids = {str(item["Id"]) for item in self._client.targets(spec.bus, spec.name)}
        if TARGET not in ids and len(ids) >= MOST_TARGETS:
            raise Rejected(
                self._name,
                "PutTargets",
                f"the rule {spec.name} has {len(ids)} targets of others, and {MOST_TARGETS} are "
                "all that it may have: remove one of them",
            )
        self._client.put_target(spec.bus, spec.name, _target(spec))

    def _refuse_others(self, bus: str, name: str) -> None:
        ids = sorted(str(item["Id"]) for item in self._client.targets(bus, name))
        others = [key for key in ids if key != TARGET]
        if others:
            raise Rejected(
                self._name,
                "DeleteRule",
                f"the rule {name} has targets that are not ours ({', '.join(others)}), so it stays",
            )

    def _admit(self, queues: Sequence[str], rule: str) -> None:
        for queue in queues:
            self._admissions.admit(queue, rule)

    def _dismiss(self, queues: Sequence[str], rule: str) -> None:
        for queue in queues:
            self._admissions.dismiss(queue, rule)


def patiently(calls: Calls, write: Callable[[], None]) -> None:
    """Delete, again while what went before it still seems to be there."""

    def attempt() -> bool | Rejected:
        try:
            write()
        except Rejected as error:
            if error.code != INVALID or " since it has " not in error.message:
                raise
            return error
        return True

    calls.insist(attempt, within=REMOVALS_SHOW, every=EVERY)


def _facts(spec: EventRoute) -> dict[str, Any]:
    """Return everything that PutRule is told: what it is not told is cleared."""
    return {
        "EventPattern": pattern_of(spec.bus, spec.types),
        "State": spec.state,
        "Description": spec.description,
    }


def _target(spec: EventRoute) -> dict[str, Any]:
    found: dict[str, Any] = {"Id": TARGET, "Arn": spec.queue, "InputPath": spec.input_path}
    if spec.dead_letter is not None:
        found["DeadLetterConfig"] = {"Arn": spec.dead_letter}
    if spec.message_group is not None:
        found["SqsParameters"] = {"MessageGroupId": spec.message_group}
    return found


def _tags(desired: Desired) -> Tags:
    marks = {STACK_MARK: desired.stack}
    return {**marks, PROTECT_MARK: "true"} if desired.protect else marks


def _bus_tags(desired: Desired, spec: EventBus) -> Tags:
    made = {GENERATION: str(spec.generation)} if spec.generation > 1 else {}
    return {**_tags(desired), OFFERED_BY: spec.offered_by, **made}


def _tagged(client: EventsClient, arn: str, tags: Tags) -> bool:
    """Tag what was created without, and say whether that was possible."""
    try:
        client.tag(arn, tags)
    except ServiceError as error:
        _LOG.warning("%s; %s does not show that it is ours", error, arn)
        return False
    return True


def _retag(client: EventsClient, arn: str, changes: Sequence[FieldChange]) -> None:
    marks = [change for change in changes if change.path.startswith("tags.")]
    wanted = {change.path.removeprefix("tags."): change.after for change in marks}
    added = {key: str(value) for key, value in wanted.items() if value is not None}
    gone = sorted(key for key, value in wanted.items() if value is None)
    if added:
        client.tag(arn, added)
    if gone:
        client.untag(arn, gone)


def _route_of(live: Live) -> EventRoute:
    if not isinstance(live.spec, EventRoute):
        raise TypeError(f"expected a route, not a {live.spec.kind}")
    return live.spec
