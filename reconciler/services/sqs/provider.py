"""An AWS account reduced to what reconciling needs: observe, create, update, delete.

Here for its queues; its event buses and routes have a part of their own.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from reconciler.core.model.abilities import ArrivalQuestion, Examination, Measured
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.errors import (
    Denied,
    Missing,
    Rejected,
    ServiceError,
    Transient,
    Unclear,
    Unreachable,
)
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.planning.diff import STACK_MARK
from reconciler.core.provider import Abilities, Each, Interest, Scope
from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs import attributes as wire
from reconciler.services.sqs.account import PART, AwsAccount
from reconciler.services.sqs.admissions import Admissions
from reconciler.services.sqs.arrivals import question
from reconciler.services.sqs.changes import (
    Edit,
    as_queue,
    marked_tags,
    missing_settings,
    missing_tags,
)
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.doctor import AwsDoctor
from reconciler.services.sqs.events.measuring import failures
from reconciler.services.sqs.events.part import EventsPart
from reconciler.services.sqs.events.specs import EventBus, EventRoute
from reconciler.services.sqs.eventual_consistency import EVERY, ReadAfterWrite, retry_refused
from reconciler.services.sqs.failures import NAME_EXISTS
from reconciler.services.sqs.mailbox import Mailbox, SqsOutbox
from reconciler.services.sqs.metrics import ages
from reconciler.services.sqs.queue import BETWEEN_SAMPLES, READ_BACK, SLOW, Queue
from reconciler.services.sqs.reading import Reading, live_queue
from reconciler.services.sqs.session import AwsKeys
from reconciler.transport.calls import Clock, create_once

QUEUE_APPEARS = 20.0
"""Seconds after which a queue that exists can be read."""
SAMPLES = 3
"""How often, and how many seconds apart, the counts of an empty queue are read before it goes."""


class SqsProvider:
    """The queues, event buses and routes of one AWS account and region.

    `name` is the account's name in the declarations. `keys` replace the surroundings' credentials,
    profile and role; `secrets` is told of these, to keep them out of texts. `permit` may refuse the
    URL of a place that AWS's own configuration leads to.
    """

    def __init__(
        self,
        name: str,
        account: AwsAccount,
        *,
        clock: Clock,
        secrets: Secrets,
        keys: AwsKeys | None = None,
        permit: Callable[[str], None] | None = None,
    ) -> None:
        self._name = name
        self._account = account
        client = partial(SqsClient, name, account, clock, secrets, keys, permit)
        self._client, self._quick = client(), partial(client, quick=True)
        self._coming = 0
        self._stack = ""
        self._by_hand: frozenset[str] = frozenset()
        self._read_after_write = ReadAfterWrite(name, account, self._client, self._apart)
        self._admissions = Admissions(name, account, self._client, self._apart)
        self._events = EventsPart(name, account, self._client, self._admissions)

    @property
    def abilities(self) -> Abilities:
        """Return what can be done beyond reading and writing."""
        return Abilities(
            calls_so_far=self._client.calls.so_far,
            referrers=self.referrers,
            examinations=self.examinations,
            measure=self.measure,
            arrivals=self.arrivals,
            inspect=self._events.inspect,
            mailbox=self.mailbox,
            outbox=self.outbox,
        )

    def scopes(self) -> Sequence[Scope]:
        """Return the queues, and EventBridge, which is read after them."""
        return [Scope(self._name, (Queue,)), Scope(self._name, (EventBus, EventRoute), part=PART)]

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return every queue; details of those that are declared or bear our stack's mark.

        Or every event bus of Amazon's notifications, and the rules on these.

        Raises:
            PlanRefused: the credentials belong to another AWS account.
            ServiceError: something could not be read, so nothing is said of the whole scope.
        """
        self._client.verify_account(interest.each)
        self._stack = interest.stack
        if scope.part == PART:
            return self._events.observe(interest)
        self._by_hand = _by_hand(interest.declared)
        reading = Reading(self._name, self._account, self._client, interest, self._apart)
        with self._events.looking_ahead():
            found = reading.queues()
        here = {as_queue(live.spec).name for live in found}
        self._coming = sum(as_queue(spec).name not in here for spec in interest.declared)
        return found

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the queue as it is now; message counts are approximate, so many look again."""
        if not isinstance(live.spec, Queue):
            return self._events.read(live)
        samples = [self._read(live)]

        def look() -> bool | None:
            found = self._read(live)
            samples.append(found)
            # One message seen is enough, and so is a queue that is gone.
            return True if found is None or found.waiting or len(samples) == SAMPLES else None

        if thorough and samples[0] is not None and not samples[0].waiting:
            self._client.calls.poll(look, within=SAMPLES * BETWEEN_SAMPLES, every=BETWEEN_SAMPLES)
        return samples[-1]

    def _read(self, live: Live) -> Live | None:
        url, outputs = live.outputs["url"], dict(live.outputs)
        try:
            attributes, tags = self._client.attributes(url), self._client.tags(url)
        except Missing:
            return None
        return live_queue(self._name, self._account, outputs, attributes, tags, self._apart)

    def _apart(self, queue: Queue) -> Queue:
        """Tell a live queue's policy apart from what routes imply, unless it declares all of it."""
        return queue if queue.name in self._by_hand else queue.apart_from_routes(self._stack)

    def referrers(self, live: Sequence[Live], each: Each) -> list[Live]:
        """Return the queues, whosever they are, that use one of these for dead letters."""
        lists = each(self._sources, [item for item in live if isinstance(item.spec, Queue)])
        urls = sorted({url for found in lists for url in found})
        return [found for found in each(self._read_at, urls) if found is not None]

    def _sources(self, live: Live) -> list[str]:
        try:
            return self._client.sources(live.outputs["url"])
        except Missing:
            return []

    def _read_at(self, url: str) -> Live | None:
        name = url.rpartition("/")[2]
        bare = Queue.of(self._account, {"name": name, "fifo": name.endswith(".fifo")})
        outputs = remote_values(arn=self._account.queue_arn(name), url=url)
        return self._read(Live(self._name, bare, outputs))

    def create(self, desired: Desired) -> Live:
        """Create the queue with policy and tags in one call, or finish one that turns up.

        Raises:
            Rejected: a queue of this name is there and bears another stack's mark, or none and
                differs.
            Unclear: SQS says that it is created, but it cannot be read.
        """
        self._client.verify_account()
        if not isinstance(desired.spec, Queue):
            return self._events.create(desired)
        name = as_queue(desired.spec).name
        listed = name in self._client.listed_lately()
        found: list[Live] = []

        def find(error: ServiceError, _last: bool) -> Live | None:
            there = self._find(name, sure=isinstance(error, Rejected))
            found.extend(() if there is None else (there,))
            return there

        queue = create_once(
            lambda: self._create(desired),
            find,
            is_there=lambda error: error.code == NAME_EXISTS,
            retry_refused=True,
        )
        if found:
            return self._finish(desired, queue)
        sure = not listed and self._coming > READ_BACK
        return queue if sure else self._verified(desired, queue)

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Set exactly the attributes and tags that `changes` name."""
        self._client.verify_account()
        if not isinstance(desired.spec, Queue):
            return self._events.update(desired, live, changes)
        edit, url = Edit.of(changes), live.outputs["url"]
        self._set(url, as_queue(live.spec), as_queue(desired.spec), edit.fields)
        if edit.tags:
            self._client.tag(url, dict(edit.tags))
        if edit.untag:
            self._client.untag(url, edit.untag)
        changed = edit.applied(desired, live)
        self._read_after_write.wait_until_shown(changed, edit.fields - SLOW)
        return changed

    def delete(self, live: Live) -> None:
        """Delete the queue and whatever it holds; already gone is done."""
        self._client.verify_account()
        if not isinstance(live.spec, Queue):
            self._events.delete(live)
            return
        with suppress(Missing):
            self._client.delete(live.outputs["url"])
        self._admissions.deleted(live.spec)

    def measure(self, live: Sequence[Live], each: Each) -> Measured:
        """Return how old the oldest message of each queue is, and what routes failed to deliver."""
        found, failed = ages(self._client, live), failures(self._client, live)
        lacking = "\n".join(filter(None, (found.lacking, failed.lacking))) or None
        unknown = {**found.unknown, **failed.unknown}
        return Measured({**found.metrics, **failed.metrics}, lacking, unknown)

    def arrivals(self, live: Sequence[Live]) -> ArrivalQuestion | None:
        """Return what it takes to count what came into these queues."""
        return question(self._client, live)

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what can be looked at of this account without changing anything."""
        return AwsDoctor(self._account, self._name, self._client).examinations(desired)

    def outbox(self, spec: Spec) -> SqsOutbox:
        """Return a declared queue as what messages are put into.

        Raises:
            Missing: there is no such queue.
            PlanRefused: the credentials belong to another AWS account.
        """
        quick = self._quick()
        quick.verify_account()
        queue = as_queue(spec)
        return SqsOutbox(quick, quick.queue_url(queue.name), ordered=queue.fifo)

    def mailbox(self, spec: Spec) -> Mailbox:
        """Return a declared queue as what messages are taken out of.

        Raises:
            Missing: there is no such queue.
            PlanRefused: the credentials belong to another AWS account.
        """
        self._client.verify_account()
        name = as_queue(spec).name
        try:
            url = self._client.queue_url(name)
            attributes = self._client.attributes(url)
        except Missing as error:
            error.message = f"the queue {name} does not exist: run apply"
            raise
        live = live_queue(
            self._name, self._account, remote_values(arn=attributes["QueueArn"]), attributes, {}
        )
        dead_letter = as_queue(live.spec).dead_letter
        return Mailbox(
            self._name, self._client, url, dead_letter.max_receives if dead_letter else None
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _create(self, desired: Desired) -> Live:
        spec = as_queue(desired.spec)
        attributes, tags = wire.to_create(spec), marked_tags(desired)
        url = retry_refused(
            self._client.calls,
            spec.policy,
            lambda: self._client.create(spec.name, attributes, tags),
        )
        self._admissions.created(spec)
        return Live(
            account=self._name,
            spec=spec,
            outputs=remote_values(arn=self._account.queue_arn(spec.name), url=url),
            owner=desired.stack,
            protected=desired.protect,
            waiting=0,
        )

    def _verified(self, desired: Desired, created: Live) -> Live:
        """Return the queue as it is, which may be older than our call.

        CreateQueue answers for a queue that is there as for a new one where the attributes that
        are sent agree; tags it neither compares nor sets. So only they tell whose it is, of two
        stacks that create it at once. It takes a second call, at 50 a second, so that of many new
        queues those alone are asked that the last ListQueues showed.
        """
        url = created.outputs["url"]
        try:
            tags = self._client.calls.poll(
                lambda: self._marked_tags(url), within=QUEUE_APPEARS, every=EVERY
            )
            there = created if tags == marked_tags(desired) else self._read(created)
        except (Transient, Unreachable, Denied) as error:
            raise self._unseen(created, f": {error.message}") from error
        if there is None:
            raise self._unseen(created)
        return there if there is created else self._finish(desired, there)

    def _unseen(self, created: Live, why: str = "") -> Unclear:
        name = as_queue(created.spec).name
        message = f"the queue {name} is said to be created, but cannot be read{why}"
        return Unclear(self._name, "CreateQueue", message)

    def _marked_tags(self, url: str) -> dict[str, str] | None:
        """Return the tags once they tell whose the queue is; those of a new one may show late."""
        try:
            tags = self._client.tags(url)
        except Missing:
            return None
        return tags if STACK_MARK in tags else None

    def _find(self, name: str, *, sure: bool) -> Live | None:
        """Look for a queue; one that is surely there may take a while to be readable."""

        def look() -> Live | None:
            try:
                url = self._client.queue_url(name)
                attributes, tags = self._client.attributes(url), self._client.tags(url)
            except Missing:
                return None
            outputs = remote_values(arn=self._account.queue_arn(name), url=url)
            return live_queue(self._name, self._account, outputs, attributes, tags, self._apart)

        return self._client.calls.poll(look, within=QUEUE_APPEARS if sure else 0.0, every=EVERY)

    def _finish(self, desired: Desired, live: Live) -> Live:
        """Bring a queue that turned up into line: ours, or equal but for our mark."""
        settings = missing_settings(desired, live)
        if live.owner != desired.stack and (settings or live.owner is not None):
            whose = f"bears the mark of the stack {live.owner!r}" if live.owner else "is not ours"
            raise Rejected(
                self._name,
                "CreateQueue",
                f"a queue of this name is already there and {whose}; plan again to see how it "
                "differs",
                code=NAME_EXISTS,
            )
        return self.update(desired, live, [*settings, *missing_tags(desired, live)])

    def _set(self, url: str, before: Queue, wanted: Queue, fields: frozenset[str]) -> None:
        if "policy" not in fields:
            self._write(url, before, wanted, fields)
        else:
            self._admissions.update(wanted, lambda whole: self._write(url, before, whole, fields))

    def _write(self, url: str, before: Queue, wanted: Queue, fields: frozenset[str]) -> None:
        plain = wire.to_set(wanted, fields - {"encryption"})
        steps = wire.encryption_calls(before, wanted) if "encryption" in fields else [{}]
        first = plain | steps[0]
        if first:
            policy = wanted.policy if "policy" in fields else None
            retry_refused(
                self._client.calls, policy, lambda: self._client.set_attributes(url, first)
            )
        for step in steps[1:]:
            self._client.set_attributes(url, step)
            self._read_after_write.confirm(url, step)


def _by_hand(declared: Sequence[Spec]) -> frozenset[str]:
    """Return the names of queues that declare the whole of their policy."""
    queues = (spec for spec in declared if isinstance(spec, Queue))
    return frozenset(queue.name for queue in queues if queue.policy_given.by == "policy")
