"""What is another stack's stays so, however little of the world a run reads."""

import json

import pytest

from tests.worlds import EVERYWHERE, HEAD, destinations, queues, subscriptions, writes

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
def theirs(on, sandbox):
    """Bring about a world of another stack."""

    def run(stack="other"):
        assert on("apply", THEIRS, "--yes", stack=stack).code == 0
        sandbox.clear_calls()

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
