"""verify along EventBridge: each link broken in turn is named, and changes the verdict."""

import json

import pytest

from tests.listings import (
    ARN,
    ISSUES,
    STATUS,
    admitted,
    partner,
    put_by_hand,
    settled,
    world,
)

THE_WAY = [
    *("subscription", "workflow", "destination", "bus", "event source", "route", "rule"),
    *("target", "event pattern", "queue", "queue policy", "encryption", "test message"),
]


def test_a_whole_way_is_plausible_and_why_no_more_is_said(way):
    proof = way.proof()
    assert [link.link for link in proof.links] == THE_WAY
    assert {link.state for link in proof.links[:-1]} == {"holds"}
    assert (proof.verdict, proof.link) == ("plausible", "test message")
    assert "no test event can be injected" in proof.reason


BREAKS = {
    "source waits again": (
        lambda way: way.eventbridge.deactivate_event_source(Name=way.bus),
        *("event source", "waits to be activated"),
    ),
    "source deleted": (
        lambda way: partner(way.sandbox, "delete"),
        *("event source", "was deleted by the partner"),
    ),
    "source expired": (lambda way: way.lose_source(), "event source", "there is no event source"),
    "bus gone": (lambda way: way.clear_bus(), "bus", "bus.events is not live: run apply"),
    "rule gone": (lambda way: way.clear_rule(), "route", "route.listings is not live"),
    "rule off": (
        lambda way: put_by_hand(way.eventbridge, way.bus, State="DISABLED"),
        *("rule", "is switched off"),
    ),
    "other type": (lambda way: way.match(ISSUES), "event pattern", f"does not match {STATUS}"),
    "narrower": (
        lambda way: way.match(STATUS, detail={"SellerId": ["A1"]}),
        *("event pattern", "does not match"),
    ),
    "no target": (lambda way: way.clear_target(), "target", "has no target of ours"),
    "other queue": (lambda way: way.target(Arn=f"{ARN}dead"), "target", f"{ARN}dead, not to"),
    "whole event": (
        lambda way: way.target(InputPath=None),
        *("target", "does not send the bare notification, but the event around it"),
    ),
    "other path": (lambda way: way.target(InputPath="$.id"), "target", "but by $.id"),
    "queue gone": (
        lambda way: way.aws.sqs.delete_queue(QueueUrl=way.url("offers")),
        *("queue", "queue.offers is not live"),
    ),
    "not let in": (
        lambda way: way.write(Policy=""),
        *("queue policy", "does not let the rule acme--listings call sqs:SendMessage: run apply"),
    ),
    "locked": (
        lambda way: way.write(KmsMasterKeyId="alias/aws/sqs"),
        *("encryption", "alias/aws/sqs"),
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_each_link_that_breaks_is_named_and_makes_it_unproven(way, broken):
    hand, link, words = BREAKS[broken]
    hand(way)
    proof = way.proof()
    assert (proof.verdict, proof.link) == ("unproven", link)
    assert words in proof.reason


def test_a_bus_that_is_not_there_is_told_with_how_long_its_source_waits(way):
    way.clear_bus()
    links = {link.link: link for link in way.proof().links}
    assert links["event source"].state == "warning"
    assert "which it does until 20" in links["event source"].detail


def test_a_bus_that_may_not_be_looked_for_is_unknown_and_its_source_does_not_wait(way):
    denied = {"service": "aws", "operation": "ListEventBuses", "kind": "denied", "times": None}
    way.sandbox.faults([denied])
    links = {link.link: link.state for link in way.proof().links}
    assert (links["event source"], links["bus"]) == ("holds", "unknown")


def test_what_no_declared_route_takes_on_is_broken_there(way):
    proof = way.proof(world(f"queue: offers, types: [{ISSUES}]"))
    assert (proof.verdict, proof.link) == ("unproven", "route")
    assert f"{STATUS} arrives at bus.events, and no route is declared" in proof.reason


LET = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
SEND = {"Action": "sqs:SendMessage", "Resource": f"{ARN}offers"}


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*/acme--listings"}}, "plausible"),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, "plausible"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*/acme--issues"}}, "unproven"),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, "unproven"),
    ],
)
def test_eventbridge_24_a_policy_of_its_own_is_weighed_as_aws_does(way, conditions, verdict):
    assert len(admitted(way.sandbox)) == 1
    ours = {"Version": "2012-10-17", "Statement": [{**LET, **SEND, "Condition": conditions}]}
    raw = world(offers=f"policy: {json.dumps(ours)}")
    settled(way.stack, raw)
    proof = way.proof()
    broken = [link.link for link in proof.links if link.state == "broken"]
    assert (proof.verdict, broken) == (verdict, ["queue policy"] * (verdict == "unproven"))


def test_of_two_ways_the_broken_one_decides(way):
    both = world("", dead="") + (
        "routes:\n"
        f"  listings: {{from: events, queue: offers, types: [{STATUS}]}}\n"
        f"  second: {{from: events, queue: dead, types: [{STATUS}]}}\n"
    )
    settled(way.stack, both)
    assert way.proof().verdict == "plausible"
    way.write(Policy="")
    proof = way.proof()
    assert (proof.verdict, proof.link) == ("unproven", "queue policy")
    assert [link.link for link in proof.links].count("queue policy") == 2


def test_a_fifo_queue_that_tells_duplicates_by_content_is_right_for_a_route(way):
    fifo = "name: offers.fifo, fifo: true, contentBasedDeduplication: true"
    settled(way.stack, world(offers=fifo))
    assert (way.proof().verdict, way.proof().link) == ("plausible", "test message")


def test_where_patterns_may_not_be_tried_that_is_said(way):
    way.sandbox.settings(awsDenied=["events:TestEventPattern"])
    told = {link.link: link for link in way.proof().links}["event pattern"]
    assert (told.state, "allow events:TestEventPattern" in told.detail) == ("warning", True)
    way.match(STATUS, detail={"SellerId": ["A1"]})
    assert way.proof().link == "event pattern"
