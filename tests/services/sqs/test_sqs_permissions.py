"""What IAM has to allow is what is called: all of it, and nothing else."""

import pytest

from reconciler.services.sqs import permissions
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


def test_no_action_for_finding_or_reading_can_change_anything():
    for action in (*permissions.FINDING, *permissions.READING, *permissions.MEASURING):
        assert action.partition(":")[2].startswith(("Get", "List"))
    assert not {*permissions.FINDING, *permissions.READING} & {
        *permissions.WRITING,
        *permissions.DELETING,
    }
