"""The links that only a service gone wrong could break: they are found all the same."""

from dataclasses import replace

import pytest

from reconciler.core.model.delivery import Link
from reconciler.core.model.finding import Finding
from reconciler.core.verdicts.chain import chains
from reconciler.core.verdicts.proof import judge, verification
from reconciler.services.mws.kinds import MwsDestination
from reconciler.services.spapi.specs import EventBridge, SpApiDestination, SpApiSubscription
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.queue import Queue
from tests.toys import declare, seen, standing, world

NOTIFIER = "437568002678"
ARN = "arn:aws:sqs:eu-west-1:123456789012:q"
AWS = AwsAccount(service="aws", region="eu-west-1", account_id="123456789012")
BUS = EventBridge(region="eu-west-1", account_id="123456789012")


def states(links):
    return {link.name: link.state for link in links}


def offers(name="ANY_OFFER_CHANGED"):
    return SpApiSubscription(
        destination="d", notification_type=name, seller="de", payload_version="1.0"
    )


@pytest.mark.parametrize(
    ("name", "place", "state"),
    [
        ("ANY_OFFER_CHANGED", {"queue": ARN}, "holds"),
        ("ANY_OFFER_CHANGED", {"event_bridge": BUS}, "broken"),
        ("LISTINGS_ITEM_STATUS_CHANGE", {"queue": ARN}, "broken"),
        ("LISTINGS_ITEM_STATUS_CHANGE", {"event_bridge": BUS}, "holds"),
    ],
)
def test_quirk_78_a_type_is_delivered_to_its_own_workflow_only(name, place, state):
    spec = offers(name)
    found = states(spec.delivery.links(spec, spec, SpApiDestination(name="d", **place), None))
    assert found == {"workflow": state}


def test_of_a_type_that_is_not_known_nothing_is_said():
    spec = offers("BRAND_NEW")
    assert list(spec.delivery.links(spec, spec, SpApiDestination(name="d", queue=ARN), None)) == []


@pytest.mark.parametrize("arn", [ARN.replace("arn:aws:", "arn:aws-cn:"), f"{ARN}.fifo"])
def test_quirk_79_a_queue_that_the_sp_api_cannot_send_to_is_broken(arn):
    spec = SpApiDestination(name="d", queue=arn)
    assert states(spec.delivery.links(spec, spec, None, NOTIFIER)) == {"region": "broken"}


@pytest.mark.parametrize(
    "kind", [MwsDestination, lambda queue: SpApiDestination(name="d", queue=queue)]
)
def test_a_destination_in_another_region_is_told_where_the_declared_one_is_missing(kind):
    declared, elsewhere = kind(queue=ARN), kind(queue=ARN.replace("eu-west-1", "us-east-1"))
    assert "sqs:us-east-1:" in declared.delivery.mistaken_for(declared, elsewhere)
    assert "in another region or account" in declared.delivery.mistaken_for(declared, elsewhere)
    assert declared.delivery.mistaken_for(declared, kind(queue=f"{ARN}-other")) is None
    assert declared.delivery.mistaken_for(declared, offers()) is None


def test_a_fifo_queue_is_broken():
    queue = Queue.of(AWS, {"name": "q.fifo", "fifo": True})
    assert states(queue.delivery.links(queue, queue, None, None)) == {"queue type": "broken"}


def test_a_queue_nobody_sends_to_through_amazon_needs_no_admission():
    queue = Queue.of(AWS, {"name": "q"})
    assert states(queue.delivery.links(queue, queue, None, None)) == {}


UNREAD = Link("u", "unknown", "denied")
HOLDS, DOUBT, BREAK = Link("a", "holds"), Link("b", "doubtful", "why"), Link("c", "broken", "no")


@pytest.mark.parametrize(
    ("links", "verdict", "deciding"),
    [
        ([HOLDS, DOUBT, BREAK], "unproven", "c"),
        ([HOLDS, DOUBT, HOLDS], "plausible", "b"),
        ([Link("w", "warning", "soon"), HOLDS], "proven", "a"),
        ([BREAK, Link("d", "broken")], "unproven", "c"),
        ([DOUBT, UNREAD, HOLDS], "unproven", "u"),
        ([UNREAD, BREAK], "unproven", "c"),
    ],
)
def test_the_first_broken_link_decides_then_the_first_doubtful_one(links, verdict, deciding):
    proof = judge("subscription.s", "app", links)
    assert (proof.verdict, proof.link) == (verdict, deciding)
    assert proof.broken == (BREAK in links)


@pytest.mark.parametrize(
    ("links", "problems", "good"),
    [
        ([HOLDS], [], True),
        ([DOUBT], [], True),
        ([BREAK], [], False),
        ([HOLDS], [Finding(address="app", message="not read")], False),
    ],
)
def test_only_what_is_unproven_or_unread_is_not_good(links, problems, good):
    found = verification("acme", [judge("subscription.s", "app", links)], problems)
    assert (found.good, found.complete) == (good, not problems)


DESTINATION = declare("d", "app", SpApiDestination(name="d", queue=ARN))
SUBSCRIPTION = declare("s", "app", offers(), refs={"destination": DESTINATION})
THEIRS = standing(declare("q", "aws-eu", Queue.of(AWS, {"name": "q"})), id="q", owner=None)
THEIRS = replace(THEIRS, outputs={**THEIRS.outputs, "arn": ARN})


def chain_over(*live):
    """Return the links of a subscription over a destination that names a queue by its ARN."""
    declared = world(DESTINATION, SUBSCRIPTION, accounts={"aws-eu": AWS})
    (chain,) = chains(declared, seen(*live))
    return [(link.name, link.state) for link in chain.links]


def subscribed():
    spec = SUBSCRIPTION.spec.model_copy(update={"destination": "d-1"})
    return standing(SUBSCRIPTION, spec=spec, id="s-1")


def test_a_queue_named_by_its_arn_that_is_there_is_no_break_and_one_that_is_not_is():
    there = [subscribed(), standing(DESTINATION, id="d-1")]
    assert "broken" not in dict(chain_over(*there, THEIRS)).values()
    assert ("queue", "broken") in chain_over(*there)


def test_a_break_is_told_of_the_queue_that_is_not_there_and_else_of_what_leads_to_it():
    assert chain_over(THEIRS) == [("subscription", "broken")]
    assert chain_over() == [("queue", "broken")]
