"""policy.allow from files: the line a refused plan offers lets it through, until it ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, MERCHANT, queues, writes

HEAD = """
stack: acme
policy:
  prune: true
  maxDeletes: {deletes}
  maxUpdates: {updates}
  allow: [{allow}]
"""
KEPT = queues(kept="")


def tomorrow():
    """Return a day that does not end while a test runs."""
    return datetime.now(UTC).date() + timedelta(days=1)


def head(*lines, deletes="100%", updates="100%"):
    allow = ", ".join(line.removeprefix("- ") for line in lines)
    return HEAD.format(deletes=deletes, updates=updates, allow=allow) + AWS + MERCHANT


@pytest.fixture
def on(cli, world, sandbox):
    """Run a command on a world against the sandbox."""

    def run(command, text, *options, **more):
        return cli(command, world(text, head=head(**more)), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


def url_of(aws, name):
    return aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]


def full(aws, name):
    aws.sqs.send_message(QueueUrl=url_of(aws, name), MessageBody="{}")


def unmarked(aws, name):
    aws.sqs.untag_queue(QueueUrl=url_of(aws, name), TagKeys=["reconciler:stack"])
    aws.write(url_of(aws, name), VisibilityTimeout="77")


def used_for_dead_letters(aws, name):
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{name}"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    aws.sqs.create_queue(QueueName="strange", Attributes={"RedrivePolicy": redrive})


CASES = {
    "maxDeletes": ({"a": "", "kept": ""}, KEPT, {"deletes": 0}, None),
    "maxUpdates": ({"kept": "delay: 5s"}, KEPT, {"updates": 0}, None),
    "protect": ({"a": "protect: true", "kept": ""}, KEPT, {}, None),
    "adopt": ({"kept": ""}, KEPT, {}, lambda aws: unmarked(aws, "kept")),
    "nonEmpty": ({"a": "", "kept": ""}, KEPT, {}, lambda aws: full(aws, "a")),
    "referenced": ({"a": "", "kept": ""}, KEPT, {}, lambda aws: used_for_dead_letters(aws, "a")),
}


@pytest.mark.parametrize("guard", CASES)
def test_what_a_refused_plan_offers_lets_it_through_and_nothing_less_does(
    on, cli, world, sandbox, aws, guard
):
    before, after, limits, trip = CASES[guard]
    assert on("apply", queues(**before), "--yes").code == 0
    if trip is not None:
        trip(aws)
    sandbox.clear_calls()
    found = json.loads(on("plan", after, "--format", "json", **limits).out)
    [refused] = [item for item in found["guards"] if item["refused"]]
    assert refused["guard"] == guard
    [line] = refused["allow"]
    assert line in refused["message"]
    assert on("apply", after, "--yes", **limits).code == 3
    assert writes(sandbox) == []
    declared = world(after, head=head(line, **limits))
    assert cli("validate", declared).code == 0
    ended = cli("apply", declared, "--yes", "--sandbox", sandbox.url)
    assert (ended.code, len(writes(sandbox)) > 0) == (0, True), ended.err + ended.out


def test_what_ended_lets_nothing_through_and_validate_warns_of_it(cli, world, on, sandbox):
    assert on("apply", queues(a="protect: true", kept=""), "--yes").code == 0
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    line = f"{{guard: protect, address: queue.aws-eu/a, until: {yesterday}}}"
    declared = world(KEPT, head=head(line))
    assert cli("apply", declared, "--yes", "--sandbox", sandbox.url).code == 3
    ended = cli("validate", declared, "--format", "json")
    assert ended.code == 0
    [warning] = json.loads(ended.out)["warnings"]
    assert warning["line"] == 7
    assert f"this ended on {yesterday} (UTC)" in warning["message"]


def test_to_destroy_passes_what_is_let_through_too(cli, world, on, sandbox):
    assert on("apply", queues(a="protect: true"), "--yes").code == 0
    assert on("destroy", queues(a="protect: true"), "--yes").code == 3
    line = f"{{guard: protect, address: queue.a, until: {tomorrow()}}}"
    declared = world(queues(a="protect: true"), head=head(line))
    assert cli("destroy", declared, "--yes", "--sandbox", sandbox.url).code == 0


@pytest.mark.parametrize("option", ["--adopt", "--unprotect"])
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_override_of_nothing_is_wrong_usage_and_changes_nothing(on, sandbox, command, option):
    assert on("apply", queues(a="protect: true", kept=""), "--yes").code == 0
    sandbox.clear_calls()
    ended = on(command, KEPT, option, "queue.aws-eu/b", *(["--yes"] if command == "apply" else []))
    assert (ended.code, ended.out) == (64, "")
    assert f"error: {option} queue.aws-eu/b: nothing has this address" in ended.err
    assert writes(sandbox) == []


def test_what_is_let_through_of_nothing_is_a_warning_since_it_may_be_gone(on, cli, world, sandbox):
    line = f"{{guard: nonEmpty, address: queue.aws-eu/gone, until: {tomorrow()}}}"
    declared = world(KEPT, head=head(line))
    assert cli("apply", declared, "--yes", "--sandbox", sandbox.url).code == 0
    ended = cli("plan", declared, "--sandbox", sandbox.url)
    assert ended.code == 0
    assert "policy.allow: queue.aws-eu/gone: nothing has this address" in ended.out
