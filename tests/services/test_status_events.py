"""status of buses and routes: what keeps events from arriving is told of what it is about."""

import pytest

from tests.listings import ACCOUNT, ARN, ISSUES, REGION, RULE, STATUS, put_by_hand, settled, world

BUS, ROUTE = "bus.events", "route.listings"
WITH_REST = world(f"queue: offers, types: [{STATUS}], deadLetter: dead")


def counted(way, metric, value, **dimensions):
    """Let CloudWatch have counted something of the rule in the last hour."""
    way.sandbox.aws(
        "metrics",
        account=ACCOUNT,
        region=REGION,
        namespace="AWS/Events",
        metric=metric,
        dimensions={"EventBusName": way.bus, "RuleName": RULE, **dimensions},
        points=[[way.a_while_ago(), value]],
    )


def test_a_whole_way_is_healthy(way):
    found, notes = way.health()
    assert [item.problems for item in found.values()] == [()] * len(found)
    assert (found[ROUTE].leads_to, found[ROUTE].alive) == ("queue.offers", True)
    assert found[ROUTE].health.failed == 0
    assert notes == ()


def test_eventbridge_5_a_source_without_a_bus_is_told_with_its_end_and_how_soon_that_is(way):
    way.clear_bus()
    found, [note] = way.health()
    assert found[BUS].problems == ("declared, but not there: apply creates it",)
    assert f"the event source {way.bus}, which has no bus yet, waits until 20" in note
    assert "hours from now" not in note
    way.source_waits(hours=30)
    _, [note] = way.health()
    assert " UTC, 29 hours from now, and what is sent until then is dropped" in note


def test_a_source_that_waits_again_is_told_with_its_end(way):
    way.source_waits(hours=30)
    bus = way.health()[0][BUS]
    [problem] = bus.problems
    assert bus.alive is False
    assert problem.startswith("its event source waits until 20")
    assert ", 29 hours from now, " in problem


ILL = {
    "source deleted": (lambda way: way.lose_its_source(), BUS, "was deleted by the partner"),
    "no rule": (lambda way: way.clear_rule(), BUS, "goes nowhere: no route takes it on"),
    "rule off": (
        lambda way: put_by_hand(way.eventbridge, way.bus, State="DISABLED"),
        *(ROUTE, "its rule is switched off: apply switches it on"),
    ),
    "no target": (lambda way: way.clear_target(), ROUTE, "its rule has no target of ours"),
    "not let in": (
        lambda way: way.write(Policy=""),
        *(ROUTE, "nothing is delivered: queue.offers does not let the rule acme--listings"),
    ),
    "failed": (
        lambda way: counted(way, "FailedInvocations", 3),
        *(ROUTE, "3 messages could not be delivered in the last 24 hours"),
    ),
}


@pytest.mark.parametrize("ill", ILL)
def test_what_keeps_events_from_arriving_is_told_of_what_it_is_about(way, ill):
    hand, address, words = ILL[ill]
    hand(way)
    problems = way.health()[0][address].problems
    assert [problem for problem in problems if words in problem]


def test_what_could_not_be_delivered_and_lies_there_or_is_lost_is_told_of_the_route(way):
    settled(way.stack, WITH_REST)
    counted(way, "InvocationsFailedToBeSentToDlq", 2)
    way.aws.sqs.send_message(QueueUrl=way.url("dead"), MessageBody="x")
    way.write("dead", Policy="")
    found = way.health()[0][ROUTE]
    assert found.dead_letters == 1
    shut = "queue.dead does not let the rule acme--listings call sqs:SendMessage"
    assert set(found.problems) == {
        "1 message in its dead-letter queue",
        "2 messages of these are lost: its dead-letter queue took none",
        f"what fails is lost: {shut}: run apply, which lets in what routes lead there",
    }


@pytest.mark.parametrize("also", [{}, {"Zone": "1"}])
def test_eventbridge_38_and_cloudwatch_32_figures_of_a_rule_are_asked_by_bus_and_rule(way, also):
    counted(way, "FailedInvocations", 1, **also)
    assert way.health()[0][ROUTE].health.failed == (0 if also else 1)
    queries = [
        query["MetricStat"]["Metric"]["Dimensions"]
        for call in way.sandbox.calls()
        if call["operation"] == "GetMetricData"
        for query in call["body"]["MetricDataQueries"]
    ]
    assert queries == [
        [{"Name": "EventBusName", "Value": way.bus}, {"Name": "RuleName", "Value": RULE}]
    ]


def test_a_type_that_no_route_takes_and_one_that_nobody_subscribes_are_told(way):
    settled(way.stack, world(f"queue: offers, types: [{ISSUES}]"))
    found, notes = way.health()
    arrives = f"{STATUS} arrives at bus.events, and nothing declared takes it on from there"
    assert found["subscription.s[de]"].problems == (arrives,)
    assert notes == (
        f"route.listings: nothing declared subscribes {ISSUES}, so that none of it arrives here",
    )


def test_where_figures_may_not_be_asked_for_that_is_said_and_nothing_else_is_lost(way):
    way.sandbox.settings(awsDenied=["cloudwatch:GetMetricData"])
    found, [note] = way.health()
    assert found[ROUTE].problems == ()
    assert found[ROUTE].health is None
    assert found[ROUTE].unknown == ("what it failed to deliver in the last 24 hours",)
    assert "allow cloudwatch:GetMetricData" in note


def test_a_bus_that_only_its_destination_names_is_unknown_where_that_could_not_be_read(way):
    hidden = {"service": "sp-api", "operation": "getDestinations", "kind": "denied", "times": None}
    way.sandbox.faults([hidden])
    bus = way.health()[0][BUS]
    assert (bus.state, bus.problems) == ("unknown", ())


def test_the_target_of_a_route_in_another_queue_is_shown(way):
    way.target(Arn=f"{ARN}dead")
    assert way.health()[0][ROUTE].leads_to == "queue.offers"
