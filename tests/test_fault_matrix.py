"""Every operation of every service fails in every way: one more run, and the world is as declared.

A cell is an operation, a fault and how often it strikes. The declarations turn from one world into
another, or back, and that takes every operation: in each service something is created, updated or
replaced, and deleted. While that is applied the operation fails; then the faults are over and the
same is applied once more. Whatever became of the first run, after the second the services hold what
a run without faults leaves behind, nothing twice, and neither has touched what is not ours.
"""

import json
from collections import Counter
from contextlib import contextmanager, nullcontext

import pytest
import urllib3

from reconciler.transport import http
from reconciler.transport.lines import AnswerLimits
from tests.outsiders import Outsiders
from tests.worlds import (
    AWS,
    AWS_ID,
    EVERYWHERE,
    HEAD,
    MWS,
    ONLY_MERCHANT,
    READS,
    SP_API,
    Stack,
    destinations,
    queues,
    subscriptions,
)

pytestmark = pytest.mark.matrix

ARN = f"arn:aws:sqs:eu-west-1:{AWS_ID}:"
THEIRS = "theirs"
"""Part of the name of everything that others made, and of nothing else."""

GRANTED = "grants: [{to: amazon-notifications}]"
ANY = "notificationType: ANY_OFFER_CHANGED"
B2B = "notificationType: B2B_ANY_OFFER_CHANGED"
FEES = "notificationType: FEE_PROMOTION"
HOOK = "registeredEvent: %s, %s, callBackUri: 'https://hooks.example.com/%s'"
STATUS, SERVICES = "PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE"

SCOPES = {
    "aws": (EVERYWHERE, ("mws", "sp-api", "merchant")),
    "mws": (AWS + MWS, ("mws",)),
    "sp-api": (AWS + SP_API, ("sp-api",)),
    "lwa": (AWS + SP_API, ("sp-api",)),
    "merchant": (ONLY_MERCHANT, ("merchant",)),
}
"""By the service that fails: the accounts that are declared, and whose links and subscriptions.

Queues fail with all that may depend on them; a smaller world is a quicker one.
"""


def world(service, side):
    """Return one of two worlds, "a" or "b"; from either to the other takes the same calls."""
    first = side == "a"
    accounts, parts = SCOPES[service]
    links, subs = {}, {}
    for part in parts:
        more = {"mws": _mws, "sp-api": _sp_api, "merchant": _merchant}[part](side, first)
        links |= more[0]
        subs |= more[1]
    held = "" if service == "merchant" else queues(**_queues(side, first))
    return HEAD + accounts + held + destinations(**links) + subscriptions(**subs)


def _queues(side, first):
    changed = (
        "visibilityTimeout: 30s, tags: {team: a, old: b}"
        if first
        else "visibilityTimeout: 60s, tags: {team: b, new: c}"
    )
    return {
        "kept": GRANTED,
        "changed": f"{GRANTED}, {changed}, deadLetter: {{queue: only-{side}, maxReceives: 3}}",
        f"only_{side}": GRANTED,
    }


def _mws(side, first):
    enabled = "true" if first else "false"
    kind = "notificationType: AnyOfferChanged"
    links = {
        "uk_kept": "account: uk, queue: kept",
        f"uk_{side}": f"account: uk, queue: only-{side}",
    }
    return links, {
        "uk_changed": f"destination: uk-kept, {kind}, enabled: {enabled}",
        f"uk_{side}": f"destination: uk-{side}, {kind}",
    }


def _sp_api(side, first):
    market = "A1PA6795UKMFR9" if first else "A13V1IB3VIYZZH"
    version = "2.0" if first else "3.0"
    links = {
        "app_kept": "account: app, queue: kept",
        f"app_{side}": f"account: app, queue: only-{side}",
    }
    return links, {
        "app_narrowed": (
            f"destination: app-kept, {ANY}, sellers: [de], filter: {{marketplaceIds: [{market}]}}"
        ),
        "app_moved": f"destination: app-{side}, {B2B}, sellers: [de]",
        f"app_{side}": (
            f"destination: app-kept, {FEES}, sellers: [de], payloadVersion: '{version}'"
        ),
        "app_kept": f"destination: app-kept, {FEES}, sellers: [fr], payloadVersion: '2.0'",
    }


def _merchant(side, first):
    # All managed accounts and one of them exclude each other, so that one has to go first.
    whose = "allManagedAccounts: true" if first else "targetAccount: '5'"
    return {}, {
        "shop_changed": HOOK % (STATUS, "targetAccount: '1'", side),
        f"shop_{side}": HOOK % (STATUS, f"targetAccount: '{2 if first else 4}'", side),
        "shop_kept": HOOK % (STATUS, "targetAccount: '3'", "kept"),
        f"shop_wide_{side}": HOOK % (SERVICES, whose, "wide"),
    }


OPERATIONS = [
    ("aws", "GetCallerIdentity"),
    ("aws", "ListQueues"),
    ("aws", "GetResources"),
    ("aws", "GetQueueAttributes"),
    ("aws", "ListQueueTags"),
    ("aws", "ListDeadLetterSourceQueues"),
    ("aws", "GetQueueUrl"),
    ("aws", "CreateQueue"),
    ("aws", "SetQueueAttributes"),
    ("aws", "TagQueue"),
    ("aws", "UntagQueue"),
    ("aws", "DeleteQueue"),
    ("mws", "ListRegisteredDestinations"),
    ("mws", "ListSubscriptions"),
    ("mws", "RegisterDestination"),
    ("mws", "DeregisterDestination"),
    ("mws", "CreateSubscription"),
    ("mws", "UpdateSubscription"),
    ("mws", "DeleteSubscription"),
    ("sp-api", "getDestinations"),
    ("sp-api", "getSubscriptions"),
    ("sp-api", "getSubscription"),
    ("sp-api", "createDestination"),
    ("sp-api", "deleteDestination"),
    ("sp-api", "createSubscription"),
    ("sp-api", "deleteSubscriptionById"),
    ("lwa", "client_credentials"),
    ("lwa", "refresh_token"),
    ("merchant", "list"),
    ("merchant", "get"),
    ("merchant", "create"),
    ("merchant", "patch"),
    ("merchant", "delete"),
]
"""All that plan and apply ever call."""
LATE = (
    "GetQueueAttributes",
    "ListQueueTags",
    "ListRegisteredDestinations",
    "ListSubscriptions",
    "getDestinations",
    "getSubscriptions",
)
"""Reads of a plan that are made again before each write."""

FAULTS = {
    "429": {"kind": "throttle"},
    "429-retry-after": {"kind": "throttle", "retryAfter": 7},
    "500": {"kind": "error500"},
    "503": {"kind": "error503"},
    "cut-before-commit": {"kind": "cutBefore"},
    "cut-after-commit": {"kind": "cutAfter"},
    "stall-past-timeout": {"kind": "stall", "seconds": 0.5},
    "garbage": {"kind": "garbage"},
    "truncated": {"kind": "truncate"},
}
WHENS = {
    "once": {"times": 1},
    "always": {"times": None},
    "on-page-2": {"times": None, "skip": 1},
    "while-applying": {"times": None},
}
CIRCUMSTANCES = {
    # SP-API has had getSubscriptions for a short time only.
    "getSubscription": {"getSubscriptionsRoute": False},
    "on-page-2": {"merchantPageCap": 2},
}
ORDINARY = {"getSubscriptionsRoute": True, "merchantPageCap": 200}
LOOKS = {
    "CreateQueue": ("GetQueueUrl",),
    "RegisterDestination": ("ListRegisteredDestinations",),
    "CreateSubscription": ("ListSubscriptions",),
    "createDestination": ("getDestinations",),
    "createSubscription": ("getSubscriptions",),
    "create": ("list",),
}
"""What shows whether a create whose answer was lost has been carried out."""
NOT_DONE = ("429", "429-retry-after", "503")
"""By the services' word nothing was done; all other faults leave that open."""
SIGNED = {"Timestamp", "Signature"}
LOST_QUEUE = {"service": "aws", "operation": "CreateQueue", "kind": "cutAfter", "times": 1}
"""Only after a lost answer is a queue looked for by name."""


def cells():
    for service, operation in OPERATIONS:
        whens = ["once", "always"]
        whens += ["while-applying"] if operation in LATE else []
        whens += ["on-page-2"] if operation == "list" else []
        for fault in FAULTS:
            # Waiting as told makes a difference only where the failure passes.
            for when in whens if fault != "429-retry-after" else whens[:1]:
                yield pytest.param(
                    service, operation, fault, when, id=f"{service}.{operation}-{fault}-{when}"
                )


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def others(running):
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        people = Outsiders(running, pool)
        yield people
        people.close()


class Swing:
    """The services between two worlds of one scope; made anew for another scope or after trouble.

    The way there and the way back take the same calls, so that one cell begins where the last one
    ended.
    """

    def __init__(self, running, others, folder):
        self._running, self._others, self._folder = running, others, folder
        self._service = None
        self.side = None
        self.wanted = {}
        self.planning = {}

    def to_the_other_side(self, service):
        """Return a stack that declares the other world, and which one that is."""
        if self.side is None or SCOPES[service] != SCOPES[self._service]:
            self._begin(service)
        side = "b" if self.side == "a" else "a"
        self.side = None  # until the cell has ended well
        return self._declare(service, side), side

    def _declare(self, service, side):
        stack = Stack(self._folder, self._running.url)
        stack.declare(world(service, side))
        return stack

    def _begin(self, service):
        self._running.reset()
        # Versions are what lets a seller have two subscriptions to one type without an expression.
        self._running.settings(notificationTypes={"FEE_PROMOTION": ["1.0", "2.0", "3.0"]})
        seed(self._others)
        self._service = service
        for side in ("a", "b", "a"):
            stack = self._declare(service, side)
            self._running.clear_calls()
            stack.plan()
            self.planning[side] = Counter(self._running.counts())
            assert stack.apply().unfinished() == []
            self.wanted[side] = everything(self._running.state())
        self.side = "a"


@pytest.fixture(scope="module")
def swing(running, others, tmp_path_factory):
    return Swing(running, others, tmp_path_factory.mktemp("swing") / "declared")


def seed(others):
    """Make what others have beside us."""
    others.aws.queue(THEIRS, VisibilityTimeout="77")
    others.tag(THEIRS, **{"reconciler:stack": "another"})
    others.aws.queue(f"{THEIRS}-bare")
    others.register(others.queue(THEIRS))
    others.subscribe_mws("AnyOfferChanged", others.queue(THEIRS))
    to = {"name": THEIRS, "resourceSpecification": {"sqs": {"arn": f"{ARN}{THEIRS}"}}}
    others.sp_api("POST", "destinations", body=to)
    wish = {"payloadVersion": "1.0", "destinationId": others.destination_id(f"{ARN}{THEIRS}")}
    others.sp_api("POST", "subscriptions/FEE_PROMOTION", seller="fr", body=wish)
    hook = {
        "registeredEvent": STATUS,
        "targetAccount": "accounts/9",
        "callBackUri": f"https://{THEIRS}.example/",
    }
    others.merchant("POST", "accounts/5678/notificationsubscriptions", hook)


@pytest.fixture
def impatient(monkeypatch):
    """Return a context in which every client gives up long before a stall ends."""

    @contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(http, "LIMITS", AnswerLimits(silence=0.1))
            yield

    return context


def everything(state):
    """Return all that the services hold, by names instead of ids, sorted; twice shows twice."""
    application = state["sp-api"]["sandbox-client-app"]
    arns = {item["destinationId"]: _arn(item) for item in application["destinations"]}
    queues = state["aws"][AWS_ID]["eu-west-1"]["queues"]
    return {
        "queues": {name: {**held, "attributes": _lasting(held)} for name, held in queues.items()},
        "mws": state["mws"],
        "destinations": _sorted(
            {**item, "destinationId": None} for item in application["destinations"]
        ),
        "subscriptions": _sorted(
            {**item, "subscriptionId": None, "destinationId": arns[item["destinationId"]]}
            for item in application["subscriptions"]
        ),
        "merchant": _sorted({**item, "name": None} for item in state["merchant"]["5678"]),
        "accounts": {name: sorted(held) for name, held in state.items()},
    }


def _arn(found):
    return found["resource"]["sqs"]["arn"]


def _lasting(queue):
    passing = ("CreatedTimestamp", "LastModifiedTimestamp")
    return {name: value for name, value in queue["attributes"].items() if name not in passing}


def _sorted(items):
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def lasting(state):
    """Return, ids included, what others made and what stays the same on both sides."""
    application = state["sp-api"]["sandbox-client-app"]
    held = state["aws"][AWS_ID]["eu-west-1"]["queues"]
    hooks = state["merchant"]["5678"]
    return {
        "queues": {name: queue for name, queue in held.items() if name == "kept" or THEIRS in name},
        "destinations": [
            item
            for item in application["destinations"]
            if _arn(item) in (f"{ARN}kept", f"{ARN}{THEIRS}")
        ],
        "subscriptions": [
            item for item in application["subscriptions"] if item["seller"].endswith("-fr")
        ],
        "hooks": [
            item for item in hooks if item.get("targetAccount") in ("accounts/3", "accounts/9")
        ],
        # What is updated stays the one it is.
        "names": [item["name"] for item in hooks if item.get("targetAccount") == "accounts/1"],
    }


def marks(state):
    """Return every name and id of what is others', as it would stand in a call."""
    application = state["sp-api"]["sandbox-client-app"]
    links = {item["destinationId"] for item in application["destinations"] if THEIRS in _arn(item)}
    return {
        THEIRS,
        *links,
        *(
            item["subscriptionId"]
            for item in application["subscriptions"]
            if item["destinationId"] in links
        ),
        *(item["name"] for item in state["merchant"]["5678"] if THEIRS in item["callBackUri"]),
    }


def orders(service, operation, fault, when, planning):
    """Return what the sandbox is told to do wrong."""
    order = {"service": service, "operation": operation, **FAULTS[fault], **WHENS[when]}
    if when == "while-applying":
        order["skip"] = planning[f"{service}.{operation}"]
    return [order] + ([LOST_QUEUE] if operation == "GetQueueUrl" else [])


@pytest.mark.parametrize(("service", "operation", "fault", "when"), list(cells()))
def test_after_any_fault_one_more_run_leaves_what_a_run_without_faults_leaves(
    running, swing, impatient, service, operation, fault, when
):
    stack, side = swing.to_the_other_side(service)
    before = running.state()
    running.clear_calls()
    running.settings(**CIRCUMSTANCES.get(operation, {}), **CIRCUMSTANCES.get(when, {}))
    running.faults(orders(service, operation, fault, when, swing.planning[side]))
    with impatient() if fault == "stall-past-timeout" else nullcontext():
        first = stack.apply()
    running.clear_faults()
    running.settings(**ORDINARY)
    check_first(first, running.calls(), operation, fault, when)
    if when in ("always", "on-page-2") and swing.planning[side][f"{service}.{operation}"]:
        assert not first.plan.complete, "what was not read whole is not taken for whole"

    again = stack.apply()
    assert (again.unfinished(), again.problems()) == ([], [])
    assert not finished(first) & {action.address for action in again.plan.actions}
    assert again.lines() == [] or stack.plan().lines() == []
    state = running.state()
    assert everything(state) == swing.wanted[side]
    assert lasting(state) == lasting(before)
    sent = [json.dumps([call["path"], call["query"], call["body"]]) for call in written(running)]
    assert not [text for text in sent if any(mark in text for mark in marks(before))]
    assert not [call for call in running.calls() if "defect" in call]
    swing.side = side


def check_first(run, calls, operation, fault, when):
    """Check what is due of the run that suffers the fault, done or not."""
    assert any("fault" in call and call["operation"] == operation for call in calls), "no fault"
    told = [*run.problems(), *(item.error for item in run.unfinished())]
    assert not [text for text in told if "defect of the reconciler" in text]
    if when == "once":
        assert told == [], "one failure that passes is no reason to leave work undone"
    if operation in LOOKS and fault not in NOT_DONE:
        assert blind(operation, calls) == [], "what may have been done is not repeated unseen"


def finished(run):
    return {item.address for item in run.outcomes if item.outcome == "done"}


def written(running):
    return [call for call in running.calls() if call["operation"] not in READS]


def blind(operation, calls):
    """Return the creates that were sent again without a look in between."""
    found, waiting = [], []
    for call in calls:
        if call["operation"] in LOOKS[operation]:
            waiting.clear()
        elif call["operation"] == operation:
            wish = {name: call["body"][name] for name in call["body"].keys() - SIGNED}
            if wish in waiting:
                found.append(wish)
            waiting.append(wish)
    return found
