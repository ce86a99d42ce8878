"""A message is found in whatever it is wrapped."""

import json

import pytest

from reconciler.notifications import MAX_LAYERS, DecodeError, decode, decode_all
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


def several(count, name):
    items = [json.loads(in_sqs(MWS_OFFERS)), SP_OFFERS, json.loads(pushed(json.dumps(DISAPPROVED)))]
    items = [items[number % 3] for number in range(count)]
    return json.dumps({name: items} if name else items)


@pytest.mark.parametrize("number", [2, 1000])
@pytest.mark.parametrize("name", ["Messages", "Records", None])
def test_several_messages_become_a_list_in_their_order(number, name):
    with pytest.raises(DecodeError, match=f"^{number} messages in one: `reconciler decode` makes"):
        decode(several(number, name))
    found = decode_all(several(number, name))
    each = [decode(item) for item in (MWS_OFFERS, json.dumps(SP_OFFERS), json.dumps(DISAPPROVED))]
    assert found == ([each[n % 3] for n in range(number)], [], True)


@pytest.mark.parametrize("between", ["", "\n", "\r\n\n"])
def test_json_documents_one_after_the_other_become_a_list(between):
    bodies = [json.dumps(SP_OFFERS), in_sqs(MWS_OFFERS), json.dumps(SP_OFFERS, indent=2)]
    found = decode_all(between.join(bodies))
    assert found.notifications == [decode(body) for body in bodies]
    assert found.several


def test_lists_inside_lists_become_one_list():
    batch = json.dumps({"Records": [json.loads(in_sqs(several(2, None)))] * 2})
    assert [one.source for one in decode_all(batch).notifications] == ["mws", "sp-api"] * 2


@pytest.mark.parametrize(
    "data", [MWS_OFFERS, f"[{json.dumps(SP_OFFERS)}]", in_received(MWS_OFFERS)]
)
def test_one_message_is_no_list(data):
    assert decode_all(data) == ([decode(data)], [], False)


def test_what_is_no_notification_among_several_is_told_by_its_number():
    found = decode_all(json.dumps([SP_OFFERS, {"x": 1}, SP_OFFERS, "test"]))
    assert len(found.notifications) == 2
    assert found.faults == [
        "message 2 of 4: an object of 'x', no notification known here",
        "message 4 of 4: text ('test'), no notification known here",
    ]


def test_of_many_that_are_none_the_first_are_told_and_the_others_counted():
    faults = decode_all(json.dumps([SP_OFFERS, *[{}] * 50])).faults
    assert len(faults) == 11
    assert faults[-1] == "and 40 more messages hold no notification"


def test_where_none_is_a_notification_the_first_is_told():
    with pytest.raises(DecodeError, match=r"^message 1 of 2: an object of nothing"):
        decode_all("[{}, {}]")


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


def test_eventbridge_33_the_type_of_an_event_wins_over_a_misspelt_one_inside():
    body = json.dumps({"NotificationType": "ANY_OFFER_CHANGE", "Payload": {"Sku": "x"}})
    assert decode(in_selling_partner_event(body)).notification_type == "ANY_OFFER_CHANGED"
