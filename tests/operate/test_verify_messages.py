"""Exactly the test message counts as one, and only what can be nothing else is deleted."""

import json

import pytest

from reconciler.core.model.abilities import Message, TestSign
from reconciler.core.model.objects import Live
from reconciler.operate.verify_messages import Route, read_test, try_route
from reconciler.services.mws.kinds import MwsSubscription

ASKED = 1_000_000.0
MWS = TestSign(frozenset({"Test", "TestNotification"}), seller="A1", certain=True)
SP_API = TestSign(frozenset({"ANY_OFFER_CHANGED"}), subscriptions=frozenset({"live-1", ""}))


def mws(kind="Test", seller="A1"):
    return (
        f"<Notification><NotificationMetaData><NotificationType>{kind}</NotificationType>"
        f"<SellerId>{seller}</SellerId></NotificationMetaData>"
        "<NotificationPayload><TestNotification/></NotificationPayload></Notification>"
    )


def sp_api(kind="ANY_OFFER_CHANGED", subscription="test-1", payload=None):
    return json.dumps(
        {
            "NotificationVersion": "1.0",
            "NotificationType": kind,
            "PayloadVersion": "1.0",
            "EventTime": "2024-03-21T02:43:47Z",
            "NotificationMetadata": {"NotificationId": "n", "SubscriptionId": subscription},
            "Payload": payload or {},
        }
    )


def message(body, sent=ASKED + 1):
    return Message("m", body, sent, 1, "receipt")


@pytest.mark.parametrize(
    ("sign", "body"), [(MWS, mws()), (MWS, mws("TestNotification")), (SP_API, sp_api())]
)
def test_a_test_message_is_known_by_its_type_and_whose_it_is(sign, body):
    assert read_test(message(body), sign, ASKED) is not None
    assert read_test(message(body, ASKED - 59), sign, ASKED) is not None, "clocks differ"


@pytest.mark.parametrize(
    ("sign", "body", "sent"),
    [
        (MWS, mws("AnyOfferChanged"), ASKED),
        (MWS, mws(seller="A2"), ASKED),
        (MWS, mws(), ASKED - 61),
        (MWS, sp_api("Test"), ASKED),
        (SP_API, sp_api("FEE_PROMOTION"), ASKED),
        (SP_API, sp_api(subscription="live-1"), ASKED),
        (SP_API, "no notification", ASKED),
    ],
)
def test_every_other_message_is_none(sign, body, sent):
    assert read_test(message(body, sent), sign, ASKED) is None


class Sender:
    def __init__(self, sign):
        self.sign = sign

    def send_test(self, destination, subscription, known):
        return self.sign


class Queue:
    """A queue that holds one message."""

    max_receives = None

    def __init__(self, body):
        self.message = message(body)
        self.deeds = []

    def mailbox(self, spec):
        return self

    def search(self, wanted, within):
        return self.message if wanted(self.message) else None

    def release(self, messages):
        self.deeds.append("released")

    def discard(self, messages):
        self.deeds.append("deleted")


SPEC = MwsSubscription(destination="arn:aws:sqs:eu-west-1:123456789012:q", notification_type="X")
ROUTE = Route(*(Live("a", SPEC),) * 3, frozenset())


def tried(sign, body):
    queue = Queue(body)
    link = try_route(ROUTE, Sender(sign).send_test, queue.mailbox, within=1, now=lambda: ASKED)
    return link, queue.deeds


@pytest.mark.parametrize(("sign", "body"), [(MWS, mws()), (SP_API, sp_api())])
def test_what_can_only_be_a_test_is_deleted(sign, body):
    link, deeds = tried(sign, body)
    assert (link.state, deeds) == ("holds", ["deleted"])


def test_what_may_be_a_real_notification_proves_and_stays():
    link, deeds = tried(SP_API, sp_api(payload={"AnyOfferChangedNotification": {"ASIN": "B0"}}))
    assert (link.state, deeds) == ("holds", ["released"])
    assert "left there, since it looks like a real one" in link.detail


def test_another_message_proves_nothing_and_is_not_touched():
    link, deeds = tried(MWS, mws(seller="A2"))
    assert (link.state, deeds) == ("broken", [])
