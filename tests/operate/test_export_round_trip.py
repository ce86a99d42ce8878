"""Whatever is live: exported, and planned with that, nothing is left but our mark on queues."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from reconciler.cli.main import invoke
from tests.drawing import examples
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.test_generated_worlds import worlds
from tests.worlds import Stack

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
