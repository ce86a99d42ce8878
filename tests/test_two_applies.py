"""Two applies at once, and what somebody else does between a plan and its writes."""

import json
import subprocess
from contextlib import contextmanager
from functools import partial

import pytest
import urllib3

from reconciler import run
from tests.gate import PATIENCE, Gate, known_by_content, lines_of
from tests.outsiders import Outsiders
from tests.standing import brought
from tests.test_kill_matrix import FORMER, LATTER, SAMPLE, WAY
from tests.worlds import AWS_ID, EVERYWHERE, HEAD, Stack, queues, subscriptions

CLEAR = ["it was changed since this was planned", "it is gone since this was planned"]


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def gate(running):
    with Gate(running.url) as gate:
        yield gate


@pytest.fixture(scope="module")
def others(running):
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        people = Outsiders(running, pool)
        yield people
        people.close()


@pytest.fixture
def sandbox(running, gate):
    gate.open()
    running.reset()
    yield running
    defects = [call["defect"] for call in running.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture
def stack(sandbox, gate, tmp_path):
    return Stack(tmp_path / "declared", gate.url)


@pytest.fixture
def both(preloaded, gate, tmp_path):
    """Let two processes apply; neither writes before the other has planned as well."""
    return partial(_both, preloaded.command, gate, tmp_path)


def _both(reconciler, gate, tmp_path, folder, *options):
    journals = [tmp_path / "journal-1", tmp_path / "journal-2"]
    gate.watch(*journals)
    gate.together()
    command = [reconciler, "apply", str(folder), "--yes"]
    command += ["--sandbox", gate.url, "--format", "json", "--allow-non-empty", *options]
    pair = [
        subprocess.Popen(
            [*command, "--journal", str(journal)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for journal in journals
    ]
    try:
        told = [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in pair]
    finally:
        for process in pair:
            process.kill()
            process.communicate()
    assert [lines_of(journal)[-1]["event"] for journal in journals] == ["finish", "finish"]
    return [process.returncode for process in pair], told


def complaints(told):
    """Return why actions of two runs did not end well."""
    return {item["error"] for run in told for item in run["actions"] if item["outcome"] == "failed"}


@pytest.mark.parametrize("declared", ["the sample", "a listing's way"])
def test_two_first_applies_at_once_create_nothing_twice(sandbox, gate, both, tmp_path, declared):
    folder = SAMPLE if declared == "the sample" else tmp_path / "declared"
    stack = Stack(folder, gate.url)
    if folder != SAMPLE:
        stack.declare(WAY)
    assert stack.apply().unfinished() == []
    wanted = known_by_content(sandbox.state())
    sandbox.reset()
    codes, told = both(folder)
    assert (codes, complaints(told)) == ([0, 0], set())
    assert known_by_content(sandbox.state()) == wanted
    assert stack.plan().lines() == []


def test_of_two_changes_at_once_the_loser_says_that_it_came_late_and_nothing_is_lost(
    sandbox, stack, both, tmp_path
):
    stack.declare(LATTER)
    assert stack.apply().unfinished() == []
    wanted = known_by_content(sandbox.state())
    sandbox.reset()
    stack.declare(FORMER)
    assert stack.apply().unfinished() == []
    stack.declare(LATTER)
    sandbox.settings(latencySeconds=0.02)
    codes, told = both(tmp_path / "declared")
    sandbox.settings(latencySeconds=0)
    assert [code == 0 for code in codes] == [run["result"] == "done" for run in told]
    assert set(codes) <= {0, 1}
    for complaint in complaints(told):
        assert any(reason in complaint for reason in CLEAR), complaint
    # What the loser did not do, nobody has left undone for good.
    assert stack.apply(allow_non_empty=True).unfinished() == []
    assert stack.plan().lines() == []
    assert known_by_content(sandbox.state()) == wanted


@contextmanager
def planned(folder, url, **terms):
    """Yield what carries out a plan that was made already."""
    with Stack(folder, url).session(**terms) as session:
        made = run.plan(session)
        assert made.plan.refused() == ()

        def carry_out():
            applied = run.apply(session, made)
            return {item.address: (item.outcome, item.error) for item in applied.outcomes}

        yield carry_out


def declare_two(stack, sandbox):
    """Declare queues q and r, which are there."""
    text = HEAD + EVERYWHERE + queues(q="", r="")
    stack.declare(text)
    brought(sandbox, text, stack.apply)


def test_an_update_of_what_somebody_changed_meanwhile_fails_alone(stack, sandbox, others, tmp_path):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(q="delay: 5s", r="delay: 5s"))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.set("q", VisibilityTimeout="77")
        ended = carry_out()
    assert ended["queue.r"] == ("done", None)
    outcome, error = ended["queue.q"]
    assert outcome == "failed"
    assert "it was changed since this was planned (visibilityTimeout): plan again" in error
    assert others.read("q")["DelaySeconds"] == "0"
    assert others.read("q")["VisibilityTimeout"] == "77"


def test_an_update_of_what_is_gone_meanwhile_fails_alone(stack, sandbox, others, tmp_path):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(q="delay: 5s", r="delay: 5s"))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.aws.sqs.delete_queue(QueueUrl=others.queue("q"))
        ended = carry_out()
    assert ended["queue.r"] == ("done", None)
    assert ended["queue.q"][0] == "failed"
    assert "it is gone since this was planned: plan again" in ended["queue.q"][1]
    assert stack.apply().lines() == ["create queue.q"]


def test_what_is_to_be_deleted_and_is_gone_meanwhile_is_done(stack, sandbox, others, tmp_path):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(r=""))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.aws.sqs.delete_queue(QueueUrl=others.queue("q"))
        assert carry_out() == {"queue.aws-eu/q": ("done", None)}


def test_a_queue_that_was_marked_by_another_stack_meanwhile_is_not_deleted(
    stack, sandbox, others, tmp_path
):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(r=""))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.tag("q", **{"reconciler:stack": "another"})
        [(outcome, error)] = carry_out().values()
    assert outcome == "failed"
    assert "it was changed since this was planned (tags.reconciler:stack)" in error
    assert others.queue("q")


def test_a_queue_that_was_protected_meanwhile_is_not_deleted(stack, sandbox, others, tmp_path):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(r=""))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.tag("q", **{"reconciler:protect": "true"})
        [(outcome, error)] = carry_out().values()
    assert outcome == "failed"
    assert "it was changed since this was planned (tags.reconciler:protect)" in error
    assert others.queue("q")


@pytest.mark.parametrize(("allowed", "wanted"), [(False, "failed"), (True, "done")])
def test_messages_that_arrive_between_plan_and_delete_stop_it_unless_that_is_allowed(
    stack, sandbox, others, tmp_path, allowed, wanted
):
    declare_two(stack, sandbox)
    stack.declare(HEAD + EVERYWHERE + queues(r=""))
    with planned(tmp_path / "declared", sandbox.url, allow_non_empty=allowed) as carry_out:
        others.aws.sqs.send_message(QueueUrl=others.queue("q"), MessageBody="an order")
        [(outcome, error)] = carry_out().values()
    assert outcome == wanted
    left = sandbox.state()["aws"][AWS_ID]["eu-west-1"]["queues"]
    assert ("q" in left) is not allowed
    assert allowed or "--allow-non-empty" in error


@pytest.mark.parametrize("service", ["mws", "sp-api"])
def test_a_queue_that_somebody_sends_to_meanwhile_is_left_alone(
    stack, sandbox, others, tmp_path, service
):
    stack.declare(HEAD + EVERYWHERE + queues(q="grants: [{to: amazon-notifications}]", r=""))
    stack.apply()
    stack.declare(HEAD + EVERYWHERE + queues(r=""))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        if service == "mws":
            others.register(others.queue("q"))
        else:
            arn = f"arn:aws:sqs:eu-west-1:{AWS_ID}:q"
            body = {"name": "theirs", "resourceSpecification": {"sqs": {"arn": arn}}}
            others.sp_api("POST", "destinations", body=body)
        [(outcome, error)] = carry_out().values()
    assert outcome == "failed"
    assert "points at it since this was planned" in error
    assert "q" in sandbox.state()["aws"][AWS_ID]["eu-west-1"]["queues"]


HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"


def test_a_merchant_subscription_that_was_changed_meanwhile_is_left_alone(
    stack, sandbox, others, tmp_path
):
    def world(end):
        uri = f"https://hooks.example.com/{end}"
        return HEAD + EVERYWHERE + subscriptions(a=HOOK % ("1", uri), b=HOOK % ("2", uri))

    stack.declare(world("old"))
    stack.apply()
    stack.declare(world("new"))
    theirs = {"callBackUri": "https://hooks.example.com/theirs"}
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.merchant("PATCH", f"{others.merchant_name('1')}?updateMask=callBackUri", theirs)
        ended = carry_out()
    assert ended["subscription.b"] == ("done", None)
    outcome, error = ended["subscription.a"]
    assert outcome == "failed"
    assert "it was changed since this was planned (callBackUri): plan again" in error
    live = {item["targetAccount"]: item["callBackUri"] for item in _merchant(sandbox)}
    assert live["accounts/1"] == theirs["callBackUri"]


def _merchant(sandbox):
    return sandbox.state()["merchant"]["5678"]


def test_what_somebody_created_meanwhile_as_it_is_declared_is_not_created_twice(
    stack, sandbox, others, tmp_path
):
    uri = "https://hooks.example.com/1"
    stack.declare(HEAD + EVERYWHERE + subscriptions(a=HOOK % ("1", uri)))
    body = {
        "registeredEvent": "PRODUCT_STATUS_CHANGE",
        "targetAccount": "accounts/1",
        "callBackUri": uri,
    }
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.merchant("POST", "accounts/5678/notificationsubscriptions", body)
        assert carry_out() == {"subscription.a": ("done", None)}
    assert len(_merchant(sandbox)) == 1


def test_what_somebody_created_meanwhile_otherwise_is_not_overwritten(
    stack, sandbox, others, tmp_path
):
    stack.declare(HEAD + EVERYWHERE + queues(q="delay: 5s", r=""))
    with planned(tmp_path / "declared", sandbox.url) as carry_out:
        others.aws.queue("q", DelaySeconds="9")
        ended = carry_out()
    assert ended["queue.r"] == ("done", None)
    outcome, error = ended["queue.q"]
    assert outcome == "failed"
    assert "already there" in error
    assert others.read("q")["DelaySeconds"] == "9"
