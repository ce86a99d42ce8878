"""A message is found in whatever it is wrapped."""

import json

import pytest

from reconciler.notifications import MAX_LAYERS, DecodeError, decode
from tests.notifications.messages import (
    DISAPPROVED,
    MESSAGES,
    MWS_OFFERS,
    SP_OFFERS,
    WRAPPERS,
    b64,
    in_event_bridge,
    in_received,
    in_selling_partner_event,
    in_sns,
    in_sqs,
    pushed,
)


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("wrap", WRAPPERS, ids=lambda wrap: wrap.__name__)
def test_a_wrapper_changes_nothing_about_its_message(kind, wrap):
    assert decode(wrap(MESSAGES[kind])) == decode(MESSAGES[kind])


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("inner", WRAPPERS, ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("outer", WRAPPERS, ids=lambda wrap: wrap.__name__)
def test_nor_do_two_around_one_another(kind, inner, outer):
    assert decode(outer(inner(MESSAGES[kind]))) == decode(MESSAGES[kind])


@pytest.mark.parametrize("kind", MESSAGES)
def test_an_event_in_a_topic_in_a_queue_as_the_command_line_received_it(kind):
    body = MESSAGES[kind]
    assert decode(in_received(in_sns(in_event_bridge(body)))) == decode(body)
    assert decode(in_sns(in_sqs(in_event_bridge(body)))) == decode(body)


def test_an_event_of_the_selling_partner_api_tells_what_its_detail_leaves_out():
    found = decode(in_selling_partner_event(json.dumps({"Payload": {"Sku": "x"}})))
    assert (found.source, found.notification_type) == ("sp-api", "ANY_OFFER_CHANGED")
    assert (found.id, found.time) == ("event-1", "2026-03-01T12:40:00Z")
    assert found.payload == {"Sku": "x"}


def test_an_event_whose_detail_is_the_bare_payload_keeps_it_whole():
    assert decode(in_selling_partner_event(json.dumps({"Sku": "x"}))).payload == {"Sku": "x"}


def test_an_event_does_not_overrule_what_its_message_tells():
    body = json.dumps(SP_OFFERS)
    assert decode(in_selling_partner_event(body)) == decode(body)


def test_an_event_of_anybody_else_is_no_notification():
    with pytest.raises(DecodeError, match=r"an object of 'state'"):
        decode(in_event_bridge(json.dumps({"state": "running"}), source="aws.ec2"))


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_topic_s_own_business_is_told_apart(kind):
    with pytest.raises(DecodeError, match=f"{kind}, not a notification: visit its SubscribeURL"):
        decode(json.dumps({"Type": kind, "Message": "You have chosen", "SubscribeURL": "https://"}))


@pytest.mark.parametrize("number", [0, 2, 1000])
@pytest.mark.parametrize("name", ["Messages", "Records", None])
def test_one_document_holds_one_message(number, name):
    items = [json.loads(in_sqs(MWS_OFFERS))] * number
    with pytest.raises(DecodeError, match=f"^{number} messages in one: decode them one by one$"):
        decode(json.dumps({name: items} if name else items))


def test_a_list_of_one_message_is_that_message():
    assert decode(f"[{json.dumps(SP_OFFERS)}]") == decode(json.dumps(SP_OFFERS))


def test_as_many_wrappers_as_allowed_are_opened_and_one_more_is_refused():
    body = json.dumps(SP_OFFERS)
    for _ in range(MAX_LAYERS):
        body = in_sqs(body)
    assert decode(body) == decode(json.dumps(SP_OFFERS))
    body = in_sqs(body)
    with pytest.raises(DecodeError, match=f"wrapped more than {MAX_LAYERS} times"):
        decode(body)


def test_base64_may_not_hold_base64_for_ever():
    body = json.dumps(DISAPPROVED)
    for _ in range(MAX_LAYERS + 1):
        body = b64(body)
    with pytest.raises(DecodeError, match="wrapped more than"):
        decode(body)


def test_fields_of_a_push_beside_its_message_change_nothing():
    push = json.loads(pushed(json.dumps(DISAPPROVED)))
    more = {**push, "subscription": "projects/p/subscriptions/s", "deliveryAttempt": 3}
    assert decode(json.dumps(more)) == decode(json.dumps(push))
