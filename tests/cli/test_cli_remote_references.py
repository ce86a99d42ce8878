"""What is declared by its ARN must be there, as far as that can be seen; if not, it is told."""

import json

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS_ID, EVERYWHERE, HEAD, destinations, queues, subscriptions, writes

US = f'  aws-us: {{service: aws, region: us-east-1, accountId: "{AWS_ID}"}}\n'
ALL = HEAD + EVERYWHERE
NONE = f"arn:aws:sqs:eu-west-1:{AWS_ID}:no-such-queue"
THERE = NONE.replace("no-such-queue", "theirs")


def by(account, arn):
    """Declare a destination for an ARN and a subscription that needs it."""
    more = {"app": "ANY_OFFER_CHANGED, sellers: [de]", "uk": "AnyOfferChanged"}[account]
    return destinations(x=f"account: {account}, queue: '{arn}'") + subscriptions(
        s=f"destination: x, notificationType: {more}"
    )


def dead(arn, **more):
    return queues(a=f"deadLetter: {{queue: '{arn}', maxReceives: 3}}", **more)


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, text, *options, head=ALL):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


def problems(ended):
    return {item["address"]: item["message"] for item in json.loads(ended.out)["problems"]}


ASTRAY = [
    (by("app", NONE), "destination.x", "queue"),
    (by("uk", NONE), "destination.x", "queue"),
    (dead(NONE), "queue.a", "deadLetter.queue"),
]


@pytest.mark.parametrize("command", ["plan", "drift"])
@pytest.mark.parametrize(("text", "address", "path"), ASTRAY)
def test_what_leads_to_a_queue_that_is_not_there_is_a_problem(on, command, text, address, path):
    ended = on(command, text, "--format", "json")
    found = problems(ended)
    assert ended.code == 1
    assert found[address].startswith(f"{path}: {NONE} does not exist: account 'aws-eu' was read")


@pytest.mark.parametrize(("text", "address", "path"), ASTRAY)
def test_it_is_not_brought_about(on, sandbox, text, address, path):
    assert on("apply", text, "--yes").code == 1
    assert writes(sandbox) == []


@pytest.fixture
def gone(on, aws, sandbox):
    """Bring about a world by ARN, then take its queue away."""

    def run(text):
        aws.queue("theirs")
        assert on("apply", text, "--yes").code == 0
        assert on("drift", text).code == 0
        aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName="theirs")["QueueUrl"])
        sandbox.clear_calls()

    return run


LIVE = [
    (by("app", THERE), "destination.x"),
    (by("uk", THERE), "destination.x"),
    (dead(THERE), "queue.a"),
]


@pytest.mark.parametrize(("text", "address"), LIVE)
def test_what_stands_and_leads_to_a_queue_that_went_is_no_longer_in_sync(
    on, gone, tmp_path, text, address
):
    gone(text)
    snapshot = tmp_path / "snapshot.json"
    assert on("snapshot", text, "--out", snapshot).code == 0
    for limits in ((), ("--live", snapshot)):
        ended = on("plan", text, "--format", "json", *limits)
        assert ended.code == 1
        assert f"{THERE} does not exist" in problems(ended)[address]
    assert on("drift", text).code == 1
    ended = on("status", text, "--check", "--format", "json")
    status = json.loads(ended.out)
    found = {it["address"]: it for it in (*status["queues"], *status["destinations"])}
    assert (ended.code, status["healthy"]) == (2, False)
    assert f"{THERE} does not exist" in found[address]["problems"][0]


@pytest.mark.parametrize("account", ["app", "uk"])
def test_nothing_proves_the_delivery_to_a_queue_that_is_not_there(on, gone, account):
    text = by(account, THERE)
    gone(text)
    ended = on("verify", text, "--static", "--format", "json")
    [proof] = json.loads(ended.out)["subscriptions"]
    assert (ended.code, proof["verdict"], proof["link"]) == (1, "unproven", "queue"), proof[
        "reason"
    ]
    assert f"{THERE} does not exist" in proof["reason"]


@pytest.mark.parametrize(("text", "address"), LIVE)
def test_an_undeclared_queue_that_is_there_is_fine(on, aws, text, address):
    aws.queue("theirs")
    assert on("apply", text, "--yes").code == 0
    assert on("drift", text).code == 0
    assert on("status", text, "--check").code == 0


def test_so_is_one_that_is_declared_by_its_name_too(on):
    text = queues(theirs="grants: [{to: amazon-notifications}]") + by("app", THERE)
    assert on("apply", text, "--yes").code == 0
    assert on("drift", text).code == 0


ELSEWHERE = [
    f"arn:aws:sqs:us-east-1:{AWS_ID}:no-such-queue",
    "arn:aws:sqs:eu-west-1:444455556666:no-such-queue",
]


@pytest.mark.parametrize("arn", ELSEWHERE)
def test_of_an_account_that_is_not_declared_nothing_is_known(on, arn):
    text = by("app", arn)
    assert on("apply", text, "--yes").code == 0
    assert on("drift", text).code == 0
    ended = on("status", text, "--check")
    assert ended.code == 1
    assert f"not known: whether the queue {arn} is there" in " ".join(ended.out.split())
    assert on("status", text, "--check", "--allow-unknown").code == 0
    assert f"note: destination.x: queue: {arn} is not declared here" in ended.err
    ended = on("verify", text, "--static", "--format", "json")
    [proof] = json.loads(ended.out)["subscriptions"]
    assert (ended.code, proof["verdict"]) == (0, "plausible")
    assert "is not declared here" in proof["reason"]


def test_the_same_account_in_another_region_counts_where_that_is_declared(on):
    ended = on("plan", by("app", ELSEWHERE[0]), "--format", "json", head=ALL + US)
    assert ended.code == 1
    assert "account 'aws-us' was read" in problems(ended)["destination.x"]


@pytest.mark.parametrize("account", ["app", "uk"])
def test_what_could_not_be_read_is_not_examined_and_nothing_is_done_about_it(on, sandbox, account):
    sandbox.faults([{"service": "aws", "operation": "*", "kind": "error503", "times": None}])
    ended = on("plan", by(account, NONE), "--format", "json")
    plan = json.loads(ended.out)
    assert (ended.code, plan["complete"], plan["actions"]) == (1, False, [])
    assert "destination.x" in plan["unknown"]
    [warning] = [it["message"] for it in plan["warnings"] if it["address"] == "destination.x"]
    assert warning == f"queue: {NONE} was not examined, since account 'aws-eu' was not read"


@pytest.mark.parametrize("limit", [("--account", "app"), ("--shard", "1/2"), ("--shard", "2/2")])
def test_limits_do_not_hide_it_from_the_run_that_it_is_part_of(on, limit):
    ended = on("plan", by("app", NONE), "--format", "json", *limit)
    other = on("plan", by("app", NONE), "--format", "json", "--account", "uk")
    assert (ended.code, other.code) in {(1, 0), (0, 0)}
    assert bool(problems(ended)) == (ended.code == 1)


def test_a_queue_that_is_called_alike_is_offered_by_its_address(on):
    text = queues(offers="grants: [{to: amazon-notifications}]") + by("app", f"{NONE[:-13]}ofers")
    ended = on("plan", text, "--format", "json")
    assert problems(ended)["destination.x"].endswith(
        "did you mean queue.offers?; declare it, or mend the reference"
    )


def test_a_fifo_queue_of_the_name_is_another_queue(on, aws):
    aws.queue("theirs.fifo", FifoQueue="true")
    assert on("plan", by("app", THERE)).code == 1


def test_a_source_that_may_use_a_dead_letter_queue_and_is_not_there_is_a_warning(on):
    ended = on("plan", queues(a=f"redriveAllow: ['{NONE}']"), "--format", "json")
    assert ended.code == 0
    told = [item["message"] for item in json.loads(ended.out)["warnings"]]
    assert [it for it in told if it.startswith(f"redriveAllow: {NONE} does not exist")]


def test_a_queue_that_is_referred_to_by_its_arn_is_not_pruned_without_a_word(on):
    text = by("app", f"{NONE[:-13]}old")
    both = queues(old="grants: [{to: amazon-notifications}]", b="") + text
    assert on("apply", both, "--yes").code == 0
    ended = on("plan", queues(b="") + text, "--format", "json")
    plan = json.loads(ended.out)
    assert [it["guard"] for it in plan["guards"] if it["refused"]] == ["referenced"]
    ended = on("plan", queues(b="") + text, "--allow-referenced", "--format", "json")
    [warning] = [
        it["message"]
        for it in json.loads(ended.out)["warnings"]
        if it["address"] == "destination.x"
    ]
    assert "queue: this plan deletes" in warning
