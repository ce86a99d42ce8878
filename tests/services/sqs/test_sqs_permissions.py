"""What IAM has to allow is what is called: all of it, and nothing else."""

from fnmatch import fnmatchcase

import pytest

from reconciler.core.model.repository import HostedRepository
from reconciler.core.model.secret_ref import References
from reconciler.core.service import AccessQuestion
from reconciler.operate.status import status
from reconciler.operate.verify import VerifyManner, verify
from reconciler.services.sqs import permissions
from reconciler.services.sqs.access import role_policies
from tests import listings
from tests.worlds import AWS, HEAD, Stack, queues

FREE = {"sts:GetCallerIdentity"}
SERVICES = {
    "ListEventBuses": "events",
    "GetResources": "tag",
    "GetCallerIdentity": "sts",
    "AssumeRole": "sts",
}
FIRST = HEAD + AWS + queues(a="visibilityTimeout: 1m, tags: {x: '1', y: '2'}", b="")
CHANGED = HEAD + AWS + queues(a="visibilityTimeout: 2m, tags: {x: '3'}")


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def stack(running, tmp_path):
    running.reset()
    return Stack(tmp_path / "declared", running.url)


def called(sandbox):
    names = {call["operation"] for call in sandbox.calls()}
    return {f"{SERVICES.get(name, 'sqs')}:{name}" for name in names}


def test_a_plan_calls_what_finding_and_reading_take_and_nothing_else(running, stack):
    stack.declare(FIRST)
    stack.apply()
    stack.declare(CHANGED)
    running.clear_calls()
    stack.plan()
    assert called(running) - FREE == {*permissions.FINDING, *permissions.READING}


def test_the_whole_life_of_queues_calls_what_is_listed_and_every_listed_action_is_called(
    running, stack
):
    lost_answers = {"service": "aws", "operation": "CreateQueue", "kind": "cutAfter", "times": 1}
    running.faults([lost_answers])
    for world in (FIRST, CHANGED, CHANGED, HEAD + AWS + queues(c="")):
        stack.declare(world)
        assert not stack.apply().unfinished()
    assert called(running) - FREE == {
        *permissions.FINDING,
        *permissions.READING,
        *permissions.WRITING,
        *permissions.DELETING,
    }


def test_a_role_named_by_an_account_is_assumed(running, stack, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "throw-away")
    role = f"endpoint: '{running.url}', roleArn: 'arn:aws:iam::123456789012:role/reconciler'"
    declared = Stack(tmp_path / "declared", None)
    declared.declare(
        HEAD + AWS.replace('"123456789012"}', f'"123456789012", {role}}}') + queues(a="")
    )
    declared.plan()
    assert set(permissions.ASSUMING) <= called(running)


def allowed(stack, way):
    """Return what the policy of a role, as `init` prints it, allows: {action: ARNs}."""
    with stack.session() as session:
        declared = session.declarations
        question = AccessQuestion(
            stack=declared.stack,
            prune=True,
            accounts=declared.accounts,
            desired=declared.desired,
            secrets=References((), (), ()),
            repository=HostedRepository("acme", "notifications"),
        )
    [policy] = [it for it in role_policies(question) if it.role.startswith(way)]
    found = {}
    for statement in (it for document in policy.documents for it in document["Statement"]):
        for action in statement["Action"]:
            found.setdefault(action, []).extend(statement["Resource"])
    return found


def uncovered(running, stack, way):
    """Return the calls to EventBridge and SQS that the policy of a role does not allow."""
    policies, missing = allowed(stack, way), set()
    for call in running.calls():
        if call["service"] != "aws" or call["operation"] in UNLIMITED:
            continue
        action, arn = f"{service_of(call)}:{call['operation']}", about(call)
        if not any(fnmatchcase(arn, pattern) for pattern in policies.get(action, ())):
            missing.add((action, arn))
    return missing


UNLIMITED = ("GetCallerIdentity", "SimulatePrincipalPolicy")
HERE = "arn:aws:events:eu-west-1:123456789012:"


def service_of(call):
    name = call["operation"]
    parts = ("EventBus", "EventSource", "Rule", "TargetsByRule", "TagsForResource", "EventPattern")
    events = name.endswith((*parts, "Targets", "Resource", "EventBuses", "EventSources", "Rules"))
    return {"GetMetricData": "cloudwatch", **SERVICES}.get(name, "events" if events else "sqs")


def about(call):
    """Return the ARN that a call is about, as IAM looks at it; * where it is about none."""
    body = call["body"] or {}
    name = str(body.get("Name") or body.get("EventBusName") or "")
    match call["operation"]:
        case "ActivateEventSource" | "DescribeEventSource":
            return f"arn:aws:events:eu-west-1::event-source/{name}"
        case "CreateEventBus" | "DescribeEventBus" | "DeleteEventBus":
            return f"{HERE}event-bus/{name}"
        case "ListRules":
            return f"{HERE}event-bus/{body['EventBusName']}"
        case "TagResource" | "UntagResource" | "ListTagsForResource":
            return body["ResourceARN"]
    if "EventBusName" in body:
        return f"{HERE}rule/{body['EventBusName']}/{body.get('Rule') or body['Name']}"
    queue = body.get("QueueUrl") or body.get("QueueName")
    return f"arn:aws:sqs:eu-west-1:123456789012:{queue.rpartition('/')[2]}" if queue else "*"


LISTINGS = listings.world(f"queue: offers, types: [{listings.STATUS}]")
CHANGED_LISTINGS = listings.world(f"queue: dead, types: [{listings.ISSUES}]", sub=listings.ISSUES)


def test_what_the_read_role_is_allowed_is_what_looking_at_event_buses_and_routes_calls(
    running, stack
):
    listings.settled(stack, LISTINGS)
    running.clear_calls()
    stack.plan()
    stack.snapshot()
    with stack.session() as session:
        status(session)
        verify(session, VerifyManner(static=True))
    assert uncovered(running, stack, "read") == set()
    called_names = {call["operation"] for call in running.calls()}
    listings.unmake_by_hand(running)
    running.clear_calls()
    with stack.session() as session:
        verify(session, VerifyManner(static=True))
    assert uncovered(running, stack, "read") == set()
    called_names |= {call["operation"] for call in running.calls()}
    wanted = (*permissions.READING_EVENTS, *permissions.TESTING_PATTERNS)
    beside = {"DescribeRule", "DescribeEventBus"}  # are asked right before a change
    assert {it.partition(":")[2] for it in wanted} - beside <= called_names


def test_what_the_write_role_is_allowed_is_what_the_life_of_buses_and_routes_calls(running, stack):
    running.settings(eventTagsOnCreate=False)
    listings.settled(stack, LISTINGS)
    with listings.eventbridge_of(running) as eventbridge:
        eventbridge.deactivate_event_source(Name=listings.events(running)[0])
    running.clear_calls()
    protected = LISTINGS.replace("from: events,", "from: events, protect: true,")
    listings.settled(stack, protected)
    for text in (LISTINGS, CHANGED_LISTINGS):
        listings.settled(stack, text)
    assert stack.apply(destroying=True).unfinished() == []
    listings.settled(stack, LISTINGS)
    assert uncovered(running, stack, "write") == set()
    called_names = {call["operation"] for call in running.calls()}
    wanted = (*permissions.READING_EVENTS, *permissions.WRITING_BUSES, *permissions.WRITING_ROUTES)
    for action in (*wanted, *permissions.DELETING_EVENTS):
        assert action.partition(":")[2] in called_names, action


def test_no_action_for_finding_or_reading_can_change_anything():
    for action in (*permissions.FINDING, *permissions.READING, *permissions.MEASURING):
        assert action.partition(":")[2].startswith(("Get", "List"))
    assert not {*permissions.FINDING, *permissions.READING} & {
        *permissions.WRITING,
        *permissions.DELETING,
    }
