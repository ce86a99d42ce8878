"""`reconciler status`: the contract's JSON, exit codes, options."""

import json

import boto3
import pytest

from tests.standing import brought
from tests.worlds import EVERYWHERE, HEAD

QUEUES = """
queues:
  offers: {deadLetter: {queue: dead, maxReceives: 5}}
  dead: {}
subscriptions:
  shop: {account: shop, registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: "5678",
         callBackUri: "https://hooks.example.com/a"}
"""


@pytest.fixture
def declared(world, cli, sandbox):
    path = world(QUEUES)
    about = brought(sandbox, QUEUES, lambda: cli("apply", path, "--yes", "--sandbox", sandbox.url))
    assert about.code == 0
    return path


@pytest.fixture
def send(sandbox):
    client = boto3.session.Session("123456789012", "any", region_name="eu-west-1").client(
        "sqs", endpoint_url=sandbox.url
    )

    def put(queue, number=1):
        for _ in range(number):
            client.send_message(QueueUrl=f"{sandbox.url}/123456789012/{queue}", MessageBody="x")

    yield put
    client.close()


def test_the_json_is_that_of_the_contract(cli, declared, sandbox, send):
    send("offers", 2)
    send("dead")
    ended = cli("status", declared, "--format", "json", "--sandbox", sandbox.url)
    assert ended.code == 0
    found = json.loads(ended.out)
    dead, offers = found["queues"]
    assert dead["address"] == "queue.dead"
    fields = ("address", "visible", "inFlight", "delayed", "deadLetters")
    assert [offers[name] for name in fields] == ["queue.offers", 2, 0, 0, 1]
    assert offers["oldestSeconds"] in range(60)  # a busy machine takes its time
    assert found["destinations"] == []
    [shop] = found["subscriptions"]
    assert (shop["address"], shop["state"], shop["health"]) == (
        "subscription.shop",
        "enabled",
        None,
    )


METRICS = {"*": {"acknowledgedMessagesCount": 7}}


def test_figures_that_nobody_gives_are_an_outcome_of_their_own(cli, declared, sandbox):
    url = ("--sandbox", sandbox.url)
    ended = cli("status", declared, *url)
    note = "note: shop: the Merchant API gives no health metrics of 1 subscription\n"
    assert (ended.code, ended.err) == (0, note)
    assert ended.out.endswith("Healthy in what is known: 1 object may not be.\n")
    assert "? subscription.shop  enabled\n      not known: whether its pushes" in ended.out
    ended = cli("status", declared, "--check", "--format", "json", *url)
    found = json.loads(ended.out)
    assert (ended.code, found["verdict"], found["healthy"]) == (1, "unknown", False)
    [shop] = found["subscriptions"]
    assert (shop["problems"], shop["unknown"]) == ([], ["whether its pushes are acknowledged"])
    assert cli("status", declared, "--check", "--allow-unknown", *url).code == 0
    sandbox.settings(merchantHealth=METRICS)
    ended = cli("status", declared, "--check", *url)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("All healthy.\n")


def test_what_could_not_be_read_is_not_let_pass(cli, declared, sandbox):
    sandbox.settings(awsDenied=["sqs:ListQueues"])
    checked = ("--check", "--allow-unknown", "--sandbox", sandbox.url)
    assert cli("status", declared, *checked).code == 1
    ended = cli("status", declared, *checked[1:])
    assert (ended.code, "--allow-unknown goes with --check" in ended.err) == (64, True)


def test_check_turns_what_needs_attention_into_exit_code_2(cli, declared, sandbox, send):
    url = ("--sandbox", sandbox.url)
    sandbox.settings(merchantHealth=METRICS)
    assert cli("status", declared, "--check", *url).code == 0
    send("dead", 2)
    ended = cli("status", declared, "--check", *url)
    assert ended.code == 2
    assert "✗ queue.offers" in ended.out
    assert "2 messages in its dead-letter queue" in ended.out
    assert cli("status", declared, *url).code == 0
    assert cli("status", declared, "--check", "--max-dead-letters", "2", *url).code == 0


def test_every_limit_is_an_option(cli, declared, sandbox, send):
    sandbox.settings(messageAgeSeconds=600, merchantHealth={"*": {"undeliveredMessagesCount": 5}})
    send("offers", 3)
    strict = ("--max-waiting", "2", "--max-age", "5m", "--max-undelivered", "4")
    ended = cli("status", declared, "--check", *strict, "--sandbox", sandbox.url)
    assert ended.code == 2
    for told in (
        "3 messages waiting, more than 2",
        "longer than 5m",
        "5 messages not acknowledged",
    ):
        assert told in ended.out
    lenient = ("--max-waiting", "3", "--max-age", "1h", "--max-undelivered", "5")
    assert cli("status", declared, "--check", *lenient, "--sandbox", sandbox.url).code == 0


def test_a_read_that_fails_is_one_sentence_and_exit_code_1(cli, declared, sandbox):
    sandbox.settings(awsDenied=["sqs:ListQueues"])
    ended = cli("status", declared, "--check", "--sandbox", sandbox.url)
    assert ended.code == 1
    [line] = [line for line in ended.err.splitlines() if line.startswith("not read:")]
    assert line.startswith("not read: aws-eu: ListQueues: permission is missing")
    assert "? subscription.shop" in ended.out


def test_account_limits_what_is_shown(cli, declared, sandbox):
    ended = cli("status", declared, "--account", "shop", "--sandbox", sandbox.url)
    assert ended.code == 0
    assert "subscription.shop" in ended.out
    assert "queue." not in ended.out


def test_queues_of_accounts_left_out_still_tell_whether_destinations_live(cli, world, sandbox):
    text = "queues: {q: {grants: [{to: amazon-notifications}]}}\n"
    path = world(text + "destinations: {d: {account: uk, queue: q}}\n", HEAD + EVERYWHERE)
    assert cli("apply", path, "--yes", "--sandbox", sandbox.url).code == 0
    options = ("--account", "uk", "--format", "json", "--sandbox", sandbox.url)
    found = json.loads(cli("status", path, *options).out)
    assert found["queues"] == []
    assert [item["alive"] for item in found["destinations"]] == [True]


@pytest.mark.parametrize(
    "wrong", [("--max-age", "soon"), ("--max-waiting", "-1"), ("--format", "markdown")]
)
def test_options_that_make_no_sense_are_wrong_usage(cli, declared, sandbox, wrong):
    assert cli("status", declared, *wrong, "--sandbox", sandbox.url).code == 64


def test_an_account_that_is_not_declared_is_wrong_usage(cli, declared, sandbox):
    ended = cli("status", declared, "--account", "nobody", "--sandbox", sandbox.url)
    assert ended.code == 64
    assert "--account nobody: not declared" in ended.err


def test_the_wrong_aws_account_refuses(cli, world, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    head = (
        "stack: acme\npolicy: {prune: true}\n"
        "accounts:\n  aws-eu: {service: aws, region: eu-west-1, "
        f'accountId: "999999999999", endpoint: "{sandbox.url}"}}\n'
    )
    ended = cli("status", world("queues: {q: {}}\n", head))
    assert ended.code == 3
    assert "belong to AWS account 123456789012" in ended.err
