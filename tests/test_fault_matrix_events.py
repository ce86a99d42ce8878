"""The matrix of faults for event buses and routes: see `test_fault_matrix`, whose cells these join.

An application has one bus in an AWS account, so that each side has an account of its own beside the
one whose bus stays. That bus has a rule of others on it, and its source waits before each run.
"""

import json
from collections import Counter
from contextlib import contextmanager, nullcontext

import pytest

from reconciler.transport import http
from reconciler.transport.lines import AnswerLimits
from tests.listings import eventbridge_of
from tests.test_fault_matrix import FAULTS, WHENS, check_first, finished, written
from tests.worlds import AWS, AWS_ID, HEAD, SP_API, Stack, section

pytestmark = pytest.mark.matrix

STATUS, ISSUES = "LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE"
TYPES, BRAND = "ITEM_PRODUCT_TYPE_CHANGE", "BRANDED_ITEM_CONTENT_CHANGE"
STOCK = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
THEIRS = "theirs"
IDS = {"a": "111111111111", "b": "222222222222"}
OPERATIONS = (
    *("ListEventBuses", "ListEventSources", "ListRules", "ListTargetsByRule"),
    *("ListTagsForResource", "DescribeEventSource", "DescribeEventBus", "DescribeRule"),
    *("CreateEventBus", "ActivateEventSource", "PutRule", "PutTargets", "TagResource"),
    *("RemoveTargets", "DeleteRule", "DeleteEventBus", "UntagResource"),
)
READ_WHOLE = ("ListEventBuses", "ListEventSources", "ListRules", "ListTargetsByRule")


def world(side):
    """Return one of two worlds, "a" or "b"; from either to the other takes the same calls."""
    first = side == "a"
    accounts = f'  aws-{side}: {{service: aws, region: eu-west-1, accountId: "{IDS[side]}"}}\n'
    other = "b" if first else "a"
    accounts += f'  aws-{other}: {{service: aws, region: eu-west-1, accountId: "{IDS[other]}"}}\n'
    guard = "" if first else ", protect: true"
    changed = (
        f"types: [{STATUS}], deadLetter: dead, protect: true" if first else f"types: [{ISSUES}]"
    )
    return (
        HEAD
        + AWS
        + accounts
        + SP_API
        + section(
            "queues",
            {
                "kept": "account: aws-eu",
                "dead": "account: aws-eu",
                f"only_{side}": f"account: aws-{side}",
            },
        )
        + section(
            "destinations",
            {
                "kept": "account: app, eventBridge: {account: aws-eu}",
                f"only_{side}": f"account: app, eventBridge: {{account: aws-{side}}}",
            },
        )
        + section(
            "routes",
            {
                "changed": f"from: kept, queue: kept, {changed}",
                "guarded": f"from: kept, queue: dead, types: [{STOCK}]{guard}",
                f"kept_{side}": f"from: kept, queue: dead, types: [{BRAND}]",
                f"only_{side}": f"from: only-{side}, queue: only-{side}, types: [{TYPES}]",
            },
        )
        + section(
            "subscriptions",
            {
                "moved": f"destination: only-{side}, notificationType: {TYPES}, sellers: [de]",
                "kept": f"destination: kept, notificationType: {BRAND}, sellers: [de]",
            },
        )
    )


def cells():
    for operation in OPERATIONS:
        for fault in FAULTS:
            for when in ("once", "always") if fault != "429-retry-after" else ("once",):
                yield pytest.param(operation, fault, when, id=f"{operation}-{fault}-{when}")


class Swing:
    """The services between two worlds; made anew after trouble."""

    def __init__(self, running, folder):
        self._running, self._folder = running, folder
        self.side, self.wanted, self.planning = None, {}, {}

    def to_the_other_side(self):
        """Return a stack that declares the other world, and which one that is."""
        if self.side is None:
            self._begin()
        side = "b" if self.side == "a" else "a"
        self.side = None  # until the cell has ended well
        self._let_it_wait()
        return self._declare(side), side

    def _declare(self, side):
        stack = Stack(self._folder, self._running.url)
        stack.declare(world(side))
        return stack

    def _let_it_wait(self):
        with eventbridge_of(self._running) as events:
            events.deactivate_event_source(Name=self._kept(events))

    @staticmethod
    def _kept(events):
        return events.list_event_sources()["EventSources"][0]["Name"]

    def _begin(self):
        self._running.reset()
        for side in ("a", "b", "a"):
            stack = self._declare(side)
            if self.wanted:
                self._let_it_wait()
            self._running.clear_calls()
            stack.plan()
            self.planning[side] = Counter(self._running.counts())
            assert stack.apply().unfinished() == []
            if not self.wanted:
                self._seed()
            self.wanted[side] = everything(self._running.state())
        self.side = "a"

    def _seed(self):
        """Put a rule of others on the bus that stays."""
        with eventbridge_of(self._running) as events:
            where = {"EventBusName": self._kept(events)}
            events.put_rule(Name=THEIRS, EventPattern='{"source": ["x"]}', **where)
            target = {"Id": THEIRS, "Arn": f"arn:aws:sqs:eu-west-1:{AWS_ID}:{THEIRS}"}
            events.put_targets(Rule=THEIRS, Targets=[target], **where)


def everything(state):
    """Return all that the services hold, by names instead of ids, sorted; twice shows twice."""
    passing = ("CreatedTimestamp", "LastModifiedTimestamp")
    queues = {
        (account, name): {k: v for k, v in held["attributes"].items() if k not in passing}
        for account, regions in state["aws"].items()
        for name, held in regions["eu-west-1"].get("queues", {}).items()
    }
    application = state["sp-api"]["sandbox-client-app"]
    places = {it["destinationId"]: it["resource"] for it in application["destinations"]}
    made = [
        [
            item.get("notificationType", ""),
            places[item["destinationId"]],
        ]
        for item in application["subscriptions"]
    ]
    return {
        "queues": queues,
        "events": {name: held["eu-west-1"].get("events") for name, held in state["aws"].items()},
        "destinations": sorted(
            json.dumps([it["name"], it["resource"]]) for it in application["destinations"]
        ),
        "subscriptions": sorted(json.dumps(item, sort_keys=True) for item in made),
    }


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def swing(running, tmp_path_factory):
    return Swing(running, tmp_path_factory.mktemp("swing") / "declared")


@pytest.fixture
def impatient(monkeypatch):
    """Return a context in which every client gives up long before a stall ends."""

    @contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(http, "LIMITS", AnswerLimits(silence=0.1))
            yield

    return context


@pytest.mark.parametrize(("operation", "fault", "when"), list(cells()))
def test_after_any_fault_one_more_run_leaves_the_declared_buses_and_routes(
    running, swing, impatient, operation, fault, when
):
    stack, side = swing.to_the_other_side()
    running.clear_calls()
    running.faults([{"service": "aws", "operation": operation, **FAULTS[fault], **WHENS[when]}])
    with impatient() if fault == "stall-past-timeout" else nullcontext():
        first = stack.apply()
    running.clear_faults()
    check_first(first, running.calls(), operation, fault, when)
    if when == "always" and operation in READ_WHOLE:
        assert not first.plan.complete, "what was not read whole is not taken for whole"

    again = stack.apply()
    assert (again.unfinished(), again.problems()) == ([], [])
    assert not finished(first) & {action.address for action in again.plan.actions}
    assert again.lines() == [] or stack.plan().lines() == []
    assert everything(running.state()) == swing.wanted[side]
    sent = [json.dumps([call["path"], call["query"], call["body"]]) for call in written(running)]
    assert not [text for text in sent if THEIRS in text]
    assert not [call for call in running.calls() if "defect" in call]
    swing.side = side
