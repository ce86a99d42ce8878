"""How YAML declares routes, and EventBridge's rules between buses, routes and queues."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from reconciler.core.model.addresses import AFTER_STACK
from reconciler.core.model.constraints import UNIQUE, filled, matching
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Spec
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Member,
    WrittenDeclaration,
)
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.delivery import locked
from reconciler.services.sqs.events.names import LONGEST_RULE, RULE_NAME
from reconciler.services.sqs.events.pattern import LONGEST_PATTERN, pattern_of
from reconciler.services.sqs.events.specs import MESSAGE_GROUP, EventBus, EventRoute
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.rule_grants import may_name_rules

_LONGEST_SOURCE = 256
_TYPE = matching(
    "[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", "expected a type in the UPPER_SNAKE spelling of the SP-API"
)


def _types(types: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted(name for name, number in Counter(types).items() if number > 1)
    if twice:
        raise ValueError(f"{twice[0]} is listed twice: keep one")
    if len(pattern_of("x" * _LONGEST_SOURCE, types)) > LONGEST_PATTERN:
        raise ValueError(f"these are more types than an event pattern takes ({LONGEST_PATTERN})")
    return tuple(sorted(types))


class RouteDeclaration(Declaration):
    """A route in YAML: what arrives on a destination's event bus goes to a queue."""

    spec_type: ClassVar[type[Spec]] = EventRoute
    renamed: ClassVar[Mapping[str, str]] = {"from": "bus"}

    from_: str = Field(alias="from")
    """The name of a destination above whose `eventBridge` is that of a declared account."""
    queue: str
    """The name of a queue above, or a queue ARN, in the bus's account and region."""
    types: Annotated[
        tuple[Annotated[str, _TYPE], ...],
        filled("give at least one notification type"),
        UNIQUE,
        AfterValidator(_types),
    ]
    """The notification types to send there, in UPPER_SNAKE."""
    dead_letter: str | None = None
    """A standard queue, by name or ARN, for what could not be delivered; left out, that is lost."""

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the route.

        Raises:
            ValueError: its rule would have a name that EventBridge does not take.
        """
        name = self.default_name(context.stack, context.name)
        if len(name) > LONGEST_RULE:
            raise ValueError(
                f"its rule would be called {name}, which has {len(name)} characters: a rule's name "
                f"has at most {LONGEST_RULE}, so take a shorter key"
            )
        if not RULE_NAME.fullmatch(name):
            raise ValueError(
                f"its rule would be called {name}: a rule's name has letters, digits, . - and _"
            )
        given = {"queue": self.queue, "types": self.types}
        more = {"dead_letter": self.dead_letter} if self.dead_letter is not None else {}
        yield Member(EventRoute(name=name, bus=self.from_, **given, **more))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration a rule; its name has to follow from the key, or it is another."""
        for spec in specs:
            if isinstance(spec, EventRoute):
                full = {"from": spec.bus, "queue": spec.queue, "types": list(spec.types)}
                full["deadLetter"] = spec.dead_letter
                fields = {name: value for name, value in full.items() if value is not None}
                yield WrittenDeclaration((spec,), fields, full, (spec.name,), _beyond(spec))

    @classmethod
    def default_name(cls, stack: str, key: str) -> str:
        """Return the key behind the stack's name, which marks the rule as the stack's."""
        return f"{stack}{AFTER_STACK}{key}"


def _beyond(spec: EventRoute) -> str:
    """Say why a live rule cannot be declared, nothing if it can."""
    if spec.state == "ABSENT":
        return "the rule is gone, and only queues that let it in are left: take that statement away"
    if spec.queue is None:
        return "it has no target of ours, and a route sends to one queue"
    if spec.pattern is not None:
        return "its event pattern says something else than notification types of its bus"
    return ""


def completed(desired: Sequence[Desired]) -> Sequence[Desired]:
    """Return the objects of an account with what routes have from the queues they lead to.

    A queue lets its routes in unless it declares `policy`, and a FIFO queue gets one group.
    """
    queues: dict[str, Queue] = {
        item.handle: item.spec for item in desired if isinstance(item.spec, Queue)
    }
    found = ((item, _completed(item.spec, queues)) for item in desired)
    return [item if spec is item.spec else replace(item, spec=spec) for item, spec in found]


def _completed(spec: Spec, queues: Mapping[str, Queue]) -> Spec:
    if isinstance(spec, EventBus):
        return spec.model_copy(update={"offered_by": spec.source})
    if not isinstance(spec, EventRoute):
        return spec
    queue = queues.get(spec.queue or "")
    used = {arn for arn in (spec.queue, spec.dead_letter) if arn}
    granting = (arn for arn in used & queues.keys() if queues[arn].policy_given.by != "policy")
    fifo = spec.queue is not None and spec.queue.endswith(".fifo")
    update = {
        "grants": tuple(sorted(granting)),
        "message_group": MESSAGE_GROUP if fifo else None,
        "queue_key": queue.kms_key if queue is not None else None,
        "shut_out_by": tuple(sorted(arn for arn in used if _shuts_out(queues.get(arn)))),
    }
    return spec.model_copy(update=update)


def _shuts_out(queue: Queue | None) -> bool:
    """Say whether a queue's own policy names nobody who could be a rule."""
    declared = queue is not None and queue.policy_given.by == "policy"
    return declared and queue is not None and not may_name_rules(queue.policy)


def check_routes(accounts: Mapping[str, Account], desired: Sequence[Desired]) -> Iterator[Finding]:
    """Yield what EventBridge would refuse, drop or deliver twice."""
    queues: dict[str, Queue] = {
        item.handle: item.spec for item in desired if isinstance(item.spec, Queue)
    }
    routes = [(item, item.spec) for item in desired if isinstance(item.spec, EventRoute)]
    for item, route in routes:
        account = accounts.get(item.account)
        if not isinstance(account, AwsAccount):
            continue
        for path, arn in (("queue", route.queue), ("deadLetter", route.dead_letter)):
            if arn is not None:
                for fault in _faults(path, arn, queues.get(arn), account):
                    yield Finding(address=item.address, message=f"{path}: {fault}")
    yield from _overlaps(routes)


def _faults(path: str, arn: str, queue: Queue | None, account: AwsAccount) -> Iterator[str]:
    if not account.holds("queue", arn):
        yield (
            f"{arn} is not in {account.region} of {account.account_id}, where the event bus is: a "
            "rule sends to queues of its own account and region"
        )
    if path == "deadLetter" and arn.endswith(".fifo"):
        yield "what a rule could not deliver goes to a standard queue only, not to a FIFO one"
    elif queue is not None and queue.fifo and not queue.content_based_deduplication:
        yield (
            "EventBridge tells a FIFO queue no deduplication id: add "
            "`contentBasedDeduplication: true` to it"
        )
    if queue is not None and locked(queue):
        yield (
            "it is encrypted with alias/aws/sqs, which EventBridge cannot use: take a key of your "
            "own, or `encryption: sqs`"
        )


def _overlaps(routes: Sequence[tuple[Desired, EventRoute]]) -> Iterator[Finding]:
    """Yield routes from one bus into one queue that share a type: it would arrive twice."""
    taken: dict[tuple[str, str | None, str], Desired] = {}
    for item, route in sorted(routes, key=lambda pair: pair[0].address):
        first: dict[str, list[str]] = {}
        for name in route.types:
            other = taken.setdefault((route.bus, route.queue, name), item)
            if other is not item:
                first.setdefault(other.address, []).append(name)
        for address, names in first.items():
            yield Finding(
                address=item.address,
                message=f"{address} sends {', '.join(names)} from the same bus to the same queue, "
                "so that it would arrive twice: leave it out of one of them",
            )
