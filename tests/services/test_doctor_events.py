"""doctor, where buses and routes are declared: each right that is missing is named."""

import json

import pytest

from reconciler.operate.doctor import doctor
from reconciler.services.sqs import permissions
from tests.listings import events, world
from tests.worlds import Stack

NEEDED = sorted(
    {
        *permissions.READING_EVENTS,
        *permissions.WRITING_BUSES,
        *permissions.WRITING_ROUTES,
        *permissions.DELETING_EVENTS,
        *("events:ListEventBuses", *permissions.TESTING_PATTERNS),
    }
)


def examined(stack):
    with stack.session() as session:
        return doctor(session)


def test_a_listings_way_is_examined_and_nothing_of_it_is_changed(way):
    before = way.sandbox.state()
    way.sandbox.settings(awsDenied=["iam:SimulatePrincipalPolicy"])
    found = examined(way.stack)
    [less_sure] = found.problems
    assert (found.healthy, less_sure.optional) == (True, True)
    assert less_sure.problem.startswith("IAM could not be asked what these credentials may")
    assert way.sandbox.state() == before


def test_a_way_that_is_only_declared_is_examined_without_making_any_of_it(sandbox, tmp_path):
    stack = Stack(tmp_path / "declared", sandbox.url)
    stack.declare(world())
    sandbox.settings(awsDenied=["iam:SimulatePrincipalPolicy"])
    assert examined(stack).healthy
    assert sandbox.state()["aws"] == {}


@pytest.mark.parametrize("hidden", [[], ["iam:SimulatePrincipalPolicy"]])
def test_each_right_that_is_missing_is_named_with_the_statement_that_gives_it(way, hidden):
    way.sandbox.settings(awsDenied=[*hidden, *NEEDED])
    told = {
        item.problem.partition(" is not allowed")[0]: item
        for item in examined(way.stack).problems
        if "IAM could not" not in item.problem
    }
    assert sorted(told) == NEEDED
    assert [name for name, item in told.items() if item.optional] == ["events:TestEventPattern"]
    for action, item in told.items():
        statement = json.loads(item.remedy[item.remedy.index("{") :])
        assert statement["Action"] == action
        assert all(
            place == "*" or place.startswith("arn:aws:events:eu-west-1:")
            for place in statement["Resource"]
        )
    assert events(way.sandbox)[1] == "ACTIVE"


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"Policy": ""}, "offers does not let the rule acme--listings call sqs:SendMessage"),
        ({"KmsMasterKeyId": "alias/aws/sqs"}, "offers is encrypted with alias/aws/sqs"),
    ],
)
def test_a_queue_that_does_not_let_its_route_in_is_told(way, attributes, words):
    way.write(**attributes)
    [found] = examined(way.stack).problems
    assert (found.check, found.optional) == ("route.listings", False)
    assert words in found.problem
    assert found.remedy


def test_where_no_bus_is_declared_nothing_of_events_is_examined(way):
    way.stack.declare(world("", bus="", sub=""))
    way.sandbox.clear_calls()
    way.sandbox.settings(awsDenied=NEEDED)
    assert examined(way.stack).healthy
