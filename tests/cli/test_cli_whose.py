"""What is another stack's stays so, however little of the world a run reads."""

import json

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.standing import brought
from tests.worlds import AWS, EVERYWHERE, HEAD, destinations, queues, section, subscriptions, writes

ALL = HEAD.replace("discover: declared", "discover: all")
QUEUE = "grants: [{to: amazon-notifications}]"
THEIRS = (
    queues(offers=QUEUE)
    + destinations(old="account: uk, queue: offers", new="account: app, queue: offers")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: [de]",
    )
)
MINE = queues(offers=QUEUE)


def of(stack):
    return ALL.replace("stack: acme", f"stack: {stack}") + EVERYWHERE


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, text, *options, stack="acme"):
        return cli(command, world(text, of(stack)), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


@pytest.fixture
def theirs(on, sandbox):
    """Bring about a world of another stack."""

    def run(stack="other"):
        key = of(stack) + THEIRS
        about = brought(sandbox, key, lambda: on("apply", THEIRS, "--yes", stack=stack))
        assert about.code == 0

    return run


LIMITS = [("--account", "uk"), ("--account", "app"), ("--shard", "1/2"), ("--shard", "2/2")]


@pytest.mark.parametrize("limit", LIMITS)
def test_what_rests_on_another_stacks_queue_stays_in_a_run_limited_to_its_account(
    on, theirs, sandbox, limit
):
    theirs()
    on("apply", MINE, "--yes", *limit)
    on("destroy", MINE, "--yes", *limit)
    assert writes(sandbox) == []


@pytest.mark.parametrize("operation", ["ListQueues", "GetQueueAttributes", "*"])
@pytest.mark.parametrize("kind", ["error503", "denied"])
@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_rests_on_a_queue_that_cannot_be_read_stays(
    on, theirs, sandbox, command, kind, operation
):
    theirs()
    sandbox.faults([{"service": "aws", "operation": operation, "kind": kind, "times": None}])
    ended = on(command, MINE, "--yes")
    assert ended.code == 1
    assert writes(sandbox) == []


@pytest.mark.parametrize("limit", [*LIMITS, ()])
def test_a_longer_stacks_destinations_are_not_ours_although_their_names_begin_like_ours(
    on, theirs, sandbox, limit
):
    theirs("acme-eu")
    on("apply", queues(z=""), "--yes", *limit)
    assert [call for call in writes(sandbox) if not call.startswith("CreateQueue")] == []


def test_nor_where_their_queue_cannot_be_read(on, theirs, sandbox):
    theirs("acme-eu")
    sandbox.faults([{"service": "aws", "operation": "*", "kind": "error503", "times": None}])
    on("apply", queues(z=""), "--yes")
    assert writes(sandbox) == []


def test_accounts_by_themselves_see_the_same_objects_as_ours_as_all_of_them_together(on):
    assert on("apply", THEIRS, "--yes").code == 0

    def deletes(*limit):
        plan = json.loads(on("plan", queues(z=""), "--format", "json", *limit).out)
        return {it["address"] for it in plan["actions"] if it["action"] == "delete"}

    together = deletes()
    assert len(together) == 5
    alone = [deletes("--account", name) for name in ("aws-eu", "uk", "app", "shop")]
    assert [len(found) for found in alone] == [1, 2, 2, 0]
    assert set().union(*alone) == together
    assert on("drift", queues(z=""), "--account", "uk").code == 2


def test_a_queue_that_anybodys_queue_uses_for_dead_letters_stays_unless_that_is_allowed(
    on, sandbox, aws
):
    assert on("apply", queues(keep="", old=""), "--yes").code == 0
    arn = aws.read(aws.sqs.get_queue_url(QueueName="old")["QueueUrl"])["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    aws.queue("theirs", RedrivePolicy=redrive)
    sandbox.clear_calls()
    for command, text in (("apply", queues(keep="")), ("destroy", queues(keep=""))):
        ended = on(command, text, "--yes", "--format", "json")
        refused = json.loads(ended.out)["guards"]
        assert (ended.code, [guard["guard"] for guard in refused]) == (3, ["referenced"])
        assert "theirs" in refused[0]["message"]
    assert writes(sandbox) == []
    assert on("apply", queues(keep=""), "--yes", "--allow-referenced").code == 0


def test_where_nobody_says_what_points_at_a_queue_it_stays(on, sandbox):
    assert on("apply", queues(keep="", old=""), "--yes").code == 0
    denied = {"service": "aws", "operation": "ListDeadLetterSourceQueues", "kind": "denied"}
    sandbox.faults([{**denied, "times": None}])
    sandbox.clear_calls()
    ended = on("apply", queues(keep=""), "--yes")
    assert ended.code == 1
    assert "ListDeadLetterSourceQueues" in ended.err
    assert writes(sandbox) == []


SHOP = "registeredEvent: %s, targetAccount: '%s', callBackUri: 'https://hooks.example.com/z'"
KEYS = "credentials: {accessKeyId: 'env:I', secretKey: 'env:S'}"
PLACE = "service: mws, sellerId: A2EXAMPLE1SELLER, marketplaceId: A1F83G8C2ARO7P"
TWICE = {
    "merchant": (
        section("accounts", dict.fromkeys(("one", "two"), "service: merchant, accountId: '5678'")),
        subscriptions(
            a="account: one, protect: true, " + SHOP % ("ACCOUNT_SERVICE_CHANGE", "5678"),
            b="account: two, " + SHOP % ("PRODUCT_STATUS_CHANGE", "12"),
        ),
    ),
    "mws": (
        AWS + f"  one: {{{PLACE}, {KEYS}}}\n  two: {{{PLACE}, {KEYS}}}\n",
        queues(q=QUEUE)
        + destinations(d="account: one, queue: q, protect: true")
        + subscriptions(s="destination: d, notificationType: AnyOfferChanged"),
    ),
}


@pytest.mark.parametrize("service", TWICE)
def test_what_is_declared_under_one_name_of_an_account_is_declared_under_the_other(
    cli, world, sandbox, service
):
    accounts, text = TWICE[service]
    path = world(text, ALL + accounts)
    assert cli("apply", path, "--yes", "--sandbox", sandbox.url).code == 0
    sandbox.clear_calls()
    again = cli("apply", path, "--yes", "--sandbox", sandbox.url)
    assert (again.code, writes(sandbox)) == (0, [])
    planned = json.loads(cli("plan", path, "--sandbox", sandbox.url, "--format", "json").out)
    assert (planned["actions"], planned["unmanaged"]) == ([], [])
    refused = cli("destroy", path, "--yes", "--sandbox", sandbox.url, "--format", "json")
    assert [it["guard"] for it in json.loads(refused.out)["guards"]] == ["protect"]


def test_what_is_declared_for_one_name_of_a_seller_is_declared_for_the_other(
    cli, world, sandbox, monkeypatch
):
    for name in ("CI", "CS", "RT"):
        monkeypatch.setenv(name, f"throw-away-{name}")
    app = (
        f"  app: {{service: sp-api, region: eu, endpoint: '{sandbox.url}',\n"
        f"    tokenEndpoint: '{sandbox.url}/auth/o2/token',\n"
        "    credentials: {clientId: 'env:CI', clientSecret: 'env:CS'},\n"
        "    sellers: {s1: {refreshToken: 'env:RT'}, s2: {refreshToken: 'env:RT'}}}\n"
    )
    text = destinations(
        d="account: app, queue: 'arn:aws:sqs:eu-west-1:123456789012:q'"
    ) + subscriptions(s="destination: d, notificationType: ANY_OFFER_CHANGED, sellers: [s1]")
    path = world(text, ALL + "accounts:\n" + app)
    first = cli("apply", path, "--yes")
    assert first.code == 0, first
    sandbox.clear_calls()
    assert (cli("apply", path, "--yes").code, writes(sandbox)) == (0, [])
