"""What takes over from what, by the kinds of the real services, from files to sockets and back."""

import pytest

from reconciler.migration.mapping import SUCCESSORS
from reconciler.services.mws.kinds import NOTIFICATION_TYPES
from reconciler.services.spapi.catalogue import TYPES
from tests.worlds import AWS, HEAD, MWS, SP_API, Stack, destinations, queues, subscriptions

SELLER = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers:
      de: {refreshToken: "env:DE"}
"""
AWS_US = """
  aws-us: {service: aws, region: us-east-1, accountId: "123456789012"}
"""
OPEN = "grants: [{to: amazon-notifications}]"


def test_the_notifications_that_are_one_are_those_that_migrate_moves():
    named = {name: successor.name for name, successor in SUCCESSORS.items()}
    assert named == NOTIFICATION_TYPES
    assert set(named.values()) <= set(TYPES)


@pytest.fixture
def stack(tmp_path, sandbox):
    made = Stack(tmp_path / "declared", sandbox.url)
    yield made
    sandbox.clear_faults()


def outcomes(applied):
    return {item.address: item.outcome for item in applied.outcomes}


MWS_SIDE = queues(offers=OPEN) + destinations(old="account: uk, queue: offers")
MWS_SIDE += subscriptions(uk="destination: old, notificationType: AnyOfferChanged")
NEW_SIDE = queues(offers=OPEN) + destinations(new="account: app, queue: offers")
NEW_SIDE += subscriptions(eu="destination: new, notificationType: ANY_OFFER_CHANGED")
HELD = {
    "subscription.uk/AnyOfferChanged/arn:aws:sqs:eu-west-1:123456789012:offers": "skipped",
    "destination.uk/arn:aws:sqs:eu-west-1:123456789012:offers": "skipped",
}


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "sp-api", "operation": "createSubscription"},
        {"service": "lwa", "operation": "refresh_token"},
    ],
)
def test_the_mws_side_stays_until_the_sp_api_takes_over(stack, sandbox, fault):
    head = HEAD + AWS + MWS + SELLER
    stack.declare(head + MWS_SIDE)
    assert stack.apply().unfinished() == []
    stack.declare(head + NEW_SIDE)
    sandbox.faults([{**fault, "kind": "denied", "times": None}])
    assert HELD.items() <= outcomes(stack.apply()).items()
    (mws,) = sandbox.state()["mws"].values()
    assert len(mws["subscriptions"]) == 1
    sandbox.clear_faults()
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []
    assert sandbox.state()["mws"] == {}


def test_one_withdrawn_consent_holds_up_that_seller_alone(stack, sandbox):
    head = HEAD + AWS + MWS + SP_API
    world = queues(offers=OPEN) + destinations(new="account: app, queue: offers")
    both = "destination: new, notificationType: PRICING_HEALTH, sellers: all"
    stack.declare(head + world + subscriptions(a=both))
    assert stack.apply().unfinished() == []
    expression = f"{both}, filterExpression: a == 'x'"
    stack.declare(head + world + subscriptions(b=expression))
    sandbox.faults(
        [{"service": "sp-api", "operation": "createSubscription", "kind": "denied", "times": 1}]
    )
    ended = outcomes(stack.apply())
    deleted = [ended[f"subscription.app/{it}/PRICING_HEALTH/1.0"] for it in ("de", "fr")]
    assert sorted(deleted) == ["done", "skipped"]


def test_a_queue_stays_until_the_one_in_another_region_is_there(stack, sandbox):
    head = HEAD + AWS + AWS_US
    stack.declare(head + queues(plain="account: aws-eu"))
    assert stack.apply().unfinished() == []
    stack.declare(head + queues(plain="account: aws-us"))
    sandbox.faults(
        [{"service": "aws", "operation": "CreateQueue", "kind": "denied", "times": None}]
    )
    assert outcomes(stack.apply())["queue.aws-eu/plain"] == "skipped"
    sandbox.clear_faults()
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []
