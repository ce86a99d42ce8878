"""What `doctor` looks at of EventBridge where buses or routes are declared. Nothing is changed.

IAM's simulator is asked first, as for queues (`services.sqs.rights`). Who may not ask it is told
from calls that cannot do anything. Both are about a bus, a source and a rule that do not exist, but
whose names begin as those of real ones do, so that rights given by prefix count.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from uuid import uuid4

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.addresses import AFTER_STACK
from reconciler.core.model.errors import Denied, Missing, Rejected, ServiceError
from reconciler.core.model.objects import Desired
from reconciler.services.sqs import permissions, rights
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.attributes import queue_from
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.events.client import EventsClient
from reconciler.services.sqs.events.names import SELLING_PARTNER, bus_arn, rule_arn, source_arn
from reconciler.services.sqs.events.pattern import pattern_of
from reconciler.services.sqs.events.specs import EventBus, EventRoute

Call = tuple[str, Callable[[], object]]
"""An operation, and how to try it."""

_ANY = f"{SELLING_PARTNER}*"
_VERIFY = "`verify` cannot ask whether rules match without it"
_BUSES = ("CreateEventBus", "DeleteEventBus", "DescribeEventBus")
_SOURCES = ("ActivateEventSource", "DescribeEventSource")
_TAGS = ("ListTagsForResource", "TagResource", "UntagResource")


class EventsDoctor:
    """The EventBridge of one account and region; `name` is the account's in the declarations."""

    def __init__(self, name: str, account: AwsAccount, client: SqsClient) -> None:
        self._account = account
        self._client = client
        self._events = EventsClient(name, client)
        self._nobody = f"{SELLING_PARTNER}reconciler-doctor/{uuid4().hex[:12]}"

    def examinations(self, desired: Iterable[Desired]) -> Sequence[Examination]:
        """Return what can be looked at, in no order; nothing where no bus or route is declared."""
        ours = [item for item in desired if isinstance(item.spec, EventBus | EventRoute)]
        if not ours:
            return []
        stack = ours[0].stack
        return [
            Examination(Stage.reading, "events:ListEventBuses", self._buses),
            Examination(Stage.reading, "events:ListEventSources", self._sources),
            Examination(Stage.writing, "rights on event buses", partial(self._rights, stack)),
            Examination(Stage.extras, "events:TestEventPattern", self._patterns),
            *(
                Examination(Stage.delivery, item.address, partial(self._let_in, item.spec))
                for item in ours
                if isinstance(item.spec, EventRoute)
            ),
        ]

    def _buses(self) -> Iterator[Impediment]:
        return self._allowed("ListEventBuses", self._events.buses)

    def _sources(self) -> Iterator[Impediment]:
        return self._allowed("ListEventSources", self._events.sources)

    def _patterns(self) -> Iterator[Impediment]:
        pattern, event = pattern_of("doctor", ["X"]), json.dumps(_EVENT)
        call = partial(self._events.matches, pattern, event)
        return self._allowed("TestEventPattern", call, _VERIFY)

    def _let_in(self, route: EventRoute) -> Iterator[Impediment]:
        """Yield why the live queue of a live rule does not take what that sends."""
        try:
            buses = self._events.buses()
        except Denied:
            return  # is told of already
        for bus in buses:
            try:
                self._events.rule(bus, route.name)
                name = str(route.queue).rpartition(":")[2]
                attributes = self._client.attributes(self._account.queue_outputs(name)["url"])
            except (Missing, Denied):
                continue  # is not there yet, or is told of already
            queue = queue_from(self._account, name, attributes, {})
            rule = rule_arn(self._account, bus, route.name)
            for reason in queue.delivery.obstacles(queue, rule):
                problem, _, remedy = reason.partition(": ")
                yield Impediment(f"nothing is delivered: {name} {problem}", remedy)

    def _rights(self, stack: str) -> Iterator[Impediment]:
        denied = self._simulated(stack)
        for operation in sorted(self._tried(stack) if denied is None else denied):
            yield self._missing(operation, self._places(operation, stack, _ANY, "*"))

    def _simulated(self, stack: str) -> Collection[str] | None:
        """Return the operations that IAM says are denied, None where it may not be asked."""
        wanted: dict[tuple[str, ...], list[str]] = {}
        for operation in _operations():
            places = self._places(operation, stack, self._nobody, "doctor")
            wanted.setdefault(places, []).append(operation)
        try:
            return {
                operation
                for arns, names in wanted.items()
                for operation in rights.simulated(
                    self._client, [f"events:{name}" for name in names], arns
                )
            }
        except ServiceError:
            return None

    def _tried(self, stack: str) -> Iterator[str]:
        for operation, call in self._harmless(stack):
            try:
                call()
            except Denied:
                yield operation
            except (Missing, Rejected):
                continue  # allowed, and refused for what was asked

    def _harmless(self, stack: str) -> Iterator[Call]:
        events, bus, rule = self._events, self._nobody, f"{stack}{AFTER_STACK}doctor"
        arn = bus_arn(self._account, bus)
        facts = {"EventPattern": pattern_of(bus, ["X"]), "State": "DISABLED"}
        target = {"Id": "doctor", "Arn": self._account.queue_arn("reconciler-doctor")}
        yield "ActivateEventSource", partial(events.activate, bus)
        yield "CreateEventBus", partial(events.create_bus, bus, {})
        yield "DeleteEventBus", partial(events.delete_bus, bus)
        yield "DeleteRule", partial(events.delete_rule, bus, rule)
        yield "DescribeEventBus", partial(events.bus_exists, bus)
        yield "DescribeEventSource", partial(events.source, bus)
        yield "DescribeRule", partial(events.rule, bus, rule)
        yield "ListRules", partial(events.rules, bus)
        yield "ListTagsForResource", partial(events.tags, arn)
        yield "ListTargetsByRule", partial(events.targets, bus, rule)
        yield "PutRule", partial(events.put_rule, bus, rule, facts, {})
        yield "PutTargets", partial(events.put_target, bus, rule, target)
        yield "RemoveTargets", partial(events.remove_target, bus, rule, "doctor")
        yield "TagResource", partial(events.tag, arn, {"reconciler:doctor": "asks"})
        yield "UntagResource", partial(events.untag, arn, ["reconciler:doctor"])

    def _places(self, operation: str, stack: str, name: str, key: str) -> tuple[str, ...]:
        """Return the ARNs of a bus `name` and a route `key` that an operation is about."""
        bus, source = bus_arn(self._account, name), source_arn(self._account, name)
        rule = rule_arn(self._account, name, f"{stack}{AFTER_STACK}{key}")
        if operation in _SOURCES:
            return (source,)
        if operation == "CreateEventBus":
            return (bus, source)
        if operation in _BUSES or operation == "ListRules":
            return (bus,)
        return (bus, rule) if operation in _TAGS else (rule,)

    def _allowed(
        self, operation: str, call: Callable[[], object], reason: str = ""
    ) -> Iterator[Impediment]:
        """Make a call; with a `reason`, plans and applies work without the right to."""
        try:
            call()
        except Denied:
            yield self._missing(operation, ("*",), reason)

    def _missing(self, operation: str, places: Sequence[str], reason: str = "") -> Impediment:
        action = f"events:{operation}"
        statement = {"Effect": "Allow", "Action": action, "Resource": list(places)}
        problem = f"{action} is not allowed" + (f": {reason}" if reason else "")
        remedy = f"allow it to {rights.who(self._client)}: {json.dumps(statement)}"
        return Impediment(problem, remedy, optional=bool(reason))


_EVENT = {
    "id": "0",
    "account": "123456789012",
    "source": "doctor",
    "time": "2026-01-01T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail-type": "X",
    "detail": {},
}


def _operations() -> list[str]:
    """Return the operations on what has an ARN that plans and applies of buses and routes take."""
    listed = (
        *permissions.READING_EVENTS,
        *permissions.WRITING_BUSES,
        *permissions.WRITING_ROUTES,
        *permissions.DELETING_EVENTS,
    )
    names = {action.partition(":")[2] for action in listed}
    return sorted(names - {"ListEventSources"})
