"""Whatever is live: exported, and planned with that, nothing is left but our mark on queues."""

import json

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from reconciler.cli.main import invoke
from reconciler.operate.export import export
from tests import listings
from tests.drawing import examples
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.test_generated_worlds import worlds
from tests.worlds import AWS, AWS_ID, HEAD, SP_API, Stack

OBJECTS = ("queues", "destinations", "routes", "subscriptions")


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


def forget_marks(url, names):
    """Take our mark off the queues with these names, as if they had been made by hand."""
    aws = AwsAccount(url)
    for name in names:
        queue = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        aws.sqs.untag_queue(QueueUrl=queue, TagKeys=["reconciler:stack"])
    aws.close()


@given(world=worlds(), data=st.data())
@settings(
    max_examples=examples(4, 60),
    phases=[Phase.reuse, Phase.generate],  # shrinking a world takes minutes, reading one does not
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_a_plan_on_what_was_exported_holds_nothing_but_adoption(running, tmp_path, world, data):
    running.reset()
    folder = tmp_path / "declared"
    file = folder / "exported.yaml"
    file.unlink(missing_ok=True)
    stack = Stack(folder, running.url)
    stack.declare(json.dumps(world))
    assert stack.apply().unfinished() == []
    named = [queue.get("name", key) for key, queue in world["queues"].items()]
    by_hand = data.draw(st.sets(st.sampled_from(named)), label="made by hand")
    forget_marks(running.url, by_hand)
    kept = data.draw(
        st.sampled_from([(), ("defaults",), ("defaults", "queues")]), label="still declared"
    )
    head = {name: part for name, part in world.items() if name not in (*OBJECTS, "defaults")}
    stack.declare(json.dumps({**head, **{name: world[name] for name in kept}}))
    assert invoke(["export", str(folder), "--sandbox", running.url, "--out", str(folder)]) == 0
    note(file.read_text() if file.exists() else "nothing exported")
    planned = stack.plan()
    assert (planned.problems(), planned.plan.complete) == ([], True)
    assert planned.plan.unmanaged == ()
    adopted = {action.identity["name"] for action in planned.plan.actions}
    assert adopted == by_hand
    assert all(line.endswith(" tags.reconciler:stack") for line in planned.lines())


def exported(stack, text):
    """Export what is live beside these declarations; return notes, and what a plan on both says."""
    stack.declare(text)
    with stack.session() as session:
        made = export(session)
    stack.declare(made.text, "exported.yaml")
    planned = stack.plan()
    assert (planned.problems(), planned.plan.complete) == ([], True)
    return yaml.safe_load(made.text), made.notes, planned


BARE = HEAD + AWS + SP_API
FIFO = "name: offers.fifo, fifo: true, contentBasedDeduplication: true"


@pytest.mark.parametrize(
    "world",
    [
        listings.world(
            f"queue: offers, types: [{listings.STATUS}, {listings.ISSUES}], deadLetter: dead"
        ),
        listings.world(offers=FIFO),
        listings.world(offers="grants: [{to: amazon-notifications}]"),
        listings.world("").replace("destinations:", "routes: {}\ndestinations:"),
    ],
)
def test_event_buses_and_routes_of_our_stack_go_there_and_back(running, tmp_path, world):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    listings.settled(stack, world)
    found, notes, planned = exported(stack, BARE)
    assert (notes, planned.lines(), planned.plan.unmanaged) == ((), [], ())
    assert found["destinations"]["events"] == {
        "account": "app",
        "eventBridge": {"account": "aws-eu"},
    }
    assert found.get("routes", {}).keys() == ({"listings"} if "listings:" in world else set())
    if "listings" in found.get("routes", {}):
        assert found["routes"]["listings"]["from"] == "events"


def test_a_way_made_by_hand_is_exported_and_what_no_declaration_can_say_is_said(running, tmp_path):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    listings.settled(stack, listings.world())
    with listings.eventbridge_of(running) as by_hand:
        name = listings.events(running)[0]
        arn = by_hand.describe_event_bus(Name=name)["Arn"]
        rule = by_hand.describe_rule(Name=listings.RULE, EventBusName=name)["Arn"]
        for resource, keys in ((arn, ["stack", "destination"]), (rule, ["stack"])):
            by_hand.untag_resource(
                ResourceARN=resource, TagKeys=[f"reconciler:{key}" for key in keys]
            )
        by_hand.put_rule(Name="theirs", EventBusName=name, EventPattern='{"source": ["x"]}')
    forget_marks(running.url, ["offers", "dead"])
    found, [note], planned = exported(stack, BARE)
    assert note == (
        "route.aws-eu/theirs is not exported: it has no target of ours, and a route sends to one "
        "queue"
    )
    assert found["routes"]["listings"]["types"] == [listings.STATUS]
    assert planned.lines() == [
        "update queue.dead tags.reconciler:stack",
        "update queue.offers tags.reconciler:stack",
        "update route.listings tags.reconciler:stack",
    ]
    assert [item.identity for item in planned.plan.unmanaged] == [{"name": "theirs"}]


def test_how_often_a_bus_was_made_anew_goes_there_and_back(running, tmp_path):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    third = "eventBridge: {account: aws-eu, generation: 3}"
    listings.settled(stack, listings.world("", bus=third, sub=""))
    found, notes, planned = exported(stack, BARE)
    assert (notes, planned.lines()) == ((), [])
    assert found["destinations"]["events"]["eventBridge"] == {"account": "aws-eu", "generation": 3}


def test_a_bus_whose_destination_is_declared_otherwise_is_told(running, tmp_path):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    listings.settled(stack, listings.world("", sub=""))
    place = f"eventBridge: {{region: eu-west-1, accountId: '{AWS_ID}'}}"
    _, [note], _ = exported(stack, listings.world("", bus=place, sub=""))
    assert "is not exported: it comes with the declaration of what has it made" in note
