"""EventBridge's part of an AWS account: buses and routes behind the four verbs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace

from reconciler.core.model.delivery import Link
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Interest
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.admissions import Admissions
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.events.client import EventsClient
from reconciler.services.sqs.events.inspection import Inspection
from reconciler.services.sqs.events.reading import EventsReading
from reconciler.services.sqs.events.specs import GONE, EventBus, EventRoute
from reconciler.services.sqs.events.writing import BusWriter, RouteWriter


class EventsPart:
    """Buses and routes of one account and region; `name` is the account's in the declarations."""

    def __init__(
        self, name: str, account: AwsAccount, client: SqsClient, admissions: Admissions
    ) -> None:
        events = EventsClient(name, client)
        self._events = events
        self._listed: Future[list[str]] | None = None
        self._reading = EventsReading(name, account, events)
        self._buses = BusWriter(name, account, events, client.calls)
        self._routes = RouteWriter(name, account, events, client.calls, admissions)
        self._inspection = Inspection(account, events)
        self._admissions = admissions
        self._stack = ""
        self._handles: frozenset[str] = frozenset()

    @contextmanager
    def looking_ahead(self) -> Iterator[None]:
        """List the buses while the queues are being read; `observe` takes what it came to.

        On a thread of its own: in a network with a way to SQS alone EventBridge does not answer,
        and would keep threads that all accounts share.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="buses") as own:
            self._listed = own.submit(copy_context().run, self._events.buses)
            yield

    def observe(self, interest: Interest) -> list[Live]:
        """Return every bus of Amazon's event sources, and the rules on them."""
        listed, self._listed = self._listed, None
        self._stack = interest.stack
        declared = (spec for spec in interest.declared if isinstance(spec, EventBus))
        self._handles |= {spec.offered_by for spec in declared}
        return self._reading.observe(interest, listed.result if listed else self._events.buses)

    def read(self, live: Live) -> Live | None:
        """Return a bus or route as it is now, None if it is gone."""
        if isinstance(live.spec, EventBus):
            found = self._reading.bus(live.outputs["name"], self._handles)
            return found and _as_planned(found, live.spec)
        route = _route(live.spec)
        if route.state == "ABSENT":
            return live
        queues = {*route.grants, *filter(None, (route.queue, route.dead_letter))}
        return self._reading.route(
            route.bus,
            route.name,
            lambda rule: tuple(sorted(it for it in queues if self._admissions.admits(it, rule))),
        )

    def inspect(self, wanted: Spec, live: Live | None, topic: str) -> Sequence[Link]:
        """Return what asking tells of a bus or route on the way of a topic."""
        return self._inspection.look(wanted, live, topic)

    def create(self, desired: Desired) -> Live:
        """Create a bus or route, or finish one of ours that is there."""
        if isinstance(desired.spec, EventBus):
            return self._buses.create(desired, desired.spec)
        return self._routes.create(desired, _route(desired.spec))

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Change what `changes` name."""
        if isinstance(desired.spec, EventBus):
            return self._buses.update(desired, live, desired.spec, changes)
        return self._routes.update(desired, live, _route(desired.spec), changes)

    def delete(self, live: Live) -> None:
        """Delete a bus without rules of others, or a rule and what lets it in."""
        if isinstance(live.spec, EventBus):
            self._buses.delete(live, self._stack)
        else:
            self._routes.delete(live)


def _as_planned(live: Live, former: EventBus) -> Live:
    """Return a bus that waits as what it was, where making its source anew is part of the plan."""
    spec = live.spec
    if not isinstance(spec, EventBus) or former.state not in GONE or spec.state == "ACTIVE":
        return live
    update = {"state": former.state, "source": former.offered_by or spec.source}
    return replace(live, spec=spec.model_copy(update=update))


def _route(spec: Spec) -> EventRoute:
    if not isinstance(spec, EventRoute):
        raise TypeError(f"EventBridge has no {spec.kind}")
    return spec
