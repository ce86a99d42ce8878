"""What each service sends becomes one typed form."""

import base64
import json
from datetime import UTC, datetime
from itertools import permutations

import pytest
from pydantic import ValidationError

from reconciler.notifications import (
    MerchantNotification,
    MwsNotification,
    SpApiNotification,
    StatusPlace,
    decode,
    latest_changes,
)
from reconciler.sandbox.mws_wire import test_message as mws_test_message
from reconciler.sandbox.spapi_wire import message as sp_api_message
from tests.notifications.messages import (
    ACCOUNT_SERVICE,
    CHANGES_SPELT,
    DELETED,
    DISAPPROVED,
    MWS_OFFERS,
    SP_FEED,
    SP_OFFERS,
    b64,
    guide_text,
    pushed,
)


def document(data):
    return json.loads(decode(data).model_dump_json())


def test_an_mws_message_gives_type_time_id_and_who():
    found = document(MWS_OFFERS)
    assert {name: found[name] for name in ("source", "notificationType", "time", "id")} == {
        "source": "mws",
        "notificationType": "AnyOfferChanged",
        "time": "2017-05-11T12:00:00.000Z",
        "id": "f1a3b5c7-0000-4000-8000-000000000001",
    }
    assert found["metadata"] == {
        "payloadVersion": "1.0",
        "sellerId": "A1EXAMPLE",
        "marketplaceId": "ATVPDKIKX0DER",
    }


def test_an_mws_payload_keeps_its_names_attributes_and_order():
    [(name, payload)] = decode(MWS_OFFERS).payload.items()
    assert name == "AnyOfferChangedNotification"
    assert payload["OfferChangeTrigger"]["ASIN"] == "B00EXAMPLE"
    [offer] = payload["Offers"]["Offer"]
    assert offer["ShippingTime"] == {
        "@minimumHours": "0",
        "@maximumHours": "24",
        "@availabilityType": "NOW",
    }
    assert offer["ShipsFrom"] is None
    [count] = payload["Summary"]["NumberOfOffers"]["OfferCount"]
    assert count == {"@condition": "new", "@fulfillmentChannel": "Amazon", "#text": "1"}


def test_what_mws_documents_as_a_list_is_one_with_one_member_and_with_several():
    summary = decode(MWS_OFFERS).payload["AnyOfferChangedNotification"]["Summary"]
    [lowest] = summary["LowestPrices"]["LowestPrice"]
    assert lowest["LandedPrice"] == {"Amount": "12.50", "CurrencyCode": "USD"}
    assert [rank["Rank"] for rank in summary["SalesRankings"]["SalesRank"]] == ["7", "2"]


def test_an_undocumented_mws_element_that_repeats_is_a_list():
    body = MWS_OFFERS.replace("<ShipsFrom/>", "<New>1</New><New>2</New>")
    [offer] = decode(body).payload["AnyOfferChangedNotification"]["Offers"]["Offer"]
    assert offer["New"] == ["1", "2"]


def test_an_mws_namespace_and_declaration_change_nothing():
    body = '<?xml version="1.0" encoding="UTF-16"?>' + MWS_OFFERS.replace(
        "<Notification>", '<Notification xmlns="http://mws.amazonservices.com/schema">'
    )
    assert decode(body) == decode(MWS_OFFERS)


@pytest.mark.parametrize("kind", ["Test", "TestNotification"])
def test_the_mws_test_message_decodes_under_both_of_its_types(kind):
    body = mws_test_message("A1EXAMPLE").replace(">Test<", f">{kind}<")
    found = decode(body)
    assert isinstance(found, MwsNotification)
    assert (found.notification_type, found.metadata.seller_id) == (kind, "A1EXAMPLE")
    assert found.payload == {"TestNotification": None}


@pytest.mark.parametrize("message", [SP_OFFERS, SP_FEED], ids=["Pascal", "camel"])
def test_quirk_86_the_envelope_may_be_in_pascal_or_camel_case(message):
    names = {name[0].upper() + name[1:]: name for name in message}
    told = message[names["NotificationMetadata"]]
    found = decode(json.dumps(message))
    assert isinstance(found, SpApiNotification)
    assert found.notification_type == message[names["NotificationType"]]
    assert found.time == message[names["EventTime"]]
    assert found.id in told.values()
    assert found.payload == message[names["Payload"]]
    assert found.metadata.subscription_id == "5a1b-subscription"
    assert found.metadata.application_id == "amzn1.sellerapps.app.example"


def test_quirk_86_both_cases_give_the_same_fields():
    def lower(name):
        return name[0].lower() + name[1:]

    camel = {lower(name): value for name, value in SP_OFFERS.items()}
    told = SP_OFFERS["NotificationMetadata"].items()
    camel["notificationMetadata"] = {lower(name): value for name, value in told}
    assert decode(json.dumps(camel)) == decode(json.dumps(SP_OFFERS))


def test_quirk_86_a_type_that_differs_from_the_subscribed_one_is_accepted_as_sent():
    message = {"NotificationType": "LISTINGS_ITEM_STATUS_CHANGED", "Payload": {"Sku": "x"}}
    found = decode(json.dumps(message))
    assert found.notification_type == "LISTINGS_ITEM_STATUS_CHANGED"
    assert (found.time, found.id, found.payload) == (None, None, {"Sku": "x"})


def test_the_time_of_an_sp_api_message_without_event_time_is_when_it_was_published():
    message = {name: value for name, value in SP_OFFERS.items() if name != "EventTime"}
    assert decode(json.dumps(message)).time == "2026-03-01T10:00:02.000Z"


def test_the_sp_api_test_message_decodes():
    body = json.dumps(sp_api_message("ANY_OFFER_CHANGED", "1.0", "app", "s-1", {}))
    found = decode(body)
    assert (found.source, found.notification_type) == ("sp-api", "ANY_OFFER_CHANGED")
    assert (found.metadata.application_id, found.payload) == ("app", {})


def test_numbers_of_an_sp_api_payload_stay_numbers():
    amounts = {"a": 12.5, "b": 19.99, "c": 3, "d": 10**60, "e": -0.001, "f": True, "g": None}
    message = {"NotificationType": "NEW", "Payload": amounts}
    assert document(json.dumps(message))["payload"] == amounts


def test_a_merchant_push_gives_the_fields_of_the_contract():
    assert document(pushed(json.dumps(DISAPPROVED), messageId="42")) == {
        "source": "merchant",
        "notificationType": "PRODUCT_STATUS_CHANGE",
        "time": "2026-03-01T12:00:00.123456789Z",
        "id": "42",
        "payload": DISAPPROVED,
    }


@pytest.mark.parametrize(
    ("name", "clock"), [("messageId", "publishTime"), ("message_id", "publish_time")]
)
def test_a_push_without_event_time_has_the_time_it_was_published(name, clock):
    found = decode(pushed(guide_text(), **{name: "7", clock: "2026-03-01T13:00:00Z"}))
    assert (found.id, found.time) == ("7", "2026-03-01T13:00:00Z")


@pytest.mark.parametrize("changes", CHANGES_SPELT)
@pytest.mark.parametrize("quote", ["", '"'])
def test_quirk_103_the_text_form_reads_alike_in_every_spelling(changes, quote):
    found = document(pushed(guide_text(changes, quote)))
    assert found["payload"] == DELETED
    assert found["notificationType"] == "PRODUCT_STATUS_CHANGE"


@pytest.mark.parametrize("ending", ["\n", "\r\n", " ", ",\n"])
def test_quirk_103_the_text_form_needs_neither_lines_nor_commas(ending):
    text = ending.join(line.strip() for line in guide_text().strip().splitlines())
    assert document(text)["payload"] == DELETED
    assert document("{" + text + "}")["payload"] == DELETED


def test_quirk_103_json_in_snake_case_gives_the_same_object():
    def snake(value):
        if isinstance(value, list):
            return [snake(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            "".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(item)
            for name, item in value.items()
        }

    assert decode(json.dumps(snake(DISAPPROVED))) == decode(json.dumps(DISAPPROVED))


def test_quirk_103_one_change_that_is_no_list_is_one_change():
    alone = {**DISAPPROVED, "changes": DISAPPROVED["changes"][0]}
    assert decode(json.dumps(alone)) == decode(json.dumps(DISAPPROVED))


def test_quirk_103_blocks_of_the_text_form_that_repeat_are_several_changes():
    second = 'changes { old_value: "pending" new_value: "approved" region_code: "DE" }'
    found = decode(guide_text() + second)
    assert [change.region_code for change in found.payload.changes] == ["US", "DE"]


def test_texts_of_the_text_form_may_be_escaped_as_in_protobuf():
    text = r'account: "a\"\\\n\t\x41\101\303\244" resource: "ä"'
    found = decode(text)
    assert (found.payload.account, found.payload.resource) == ('a"\\\n\tAAä', "ä")


def test_quirk_104_the_guide_s_sample_is_a_deletion_in_account_1234_managed_by_5678():
    found = decode(pushed(guide_text()))
    assert isinstance(found, MerchantNotification)
    payload = found.payload
    assert (payload.account, payload.managing_account) == ("accounts/1234", "accounts/5678")
    assert (payload.resource_type, payload.attribute) == ("PRODUCT", "STATUS")
    [change] = payload.changes
    assert (change.old_value, change.new_value) == ("eligible", None)
    assert (change.region_code, change.reporting_context) == ("US", "SHOPPING_ADS")
    assert payload.resource_id == "ONLINE~en~US~000000000000"


@pytest.mark.parametrize("empty", ["oldValue", "newValue"])
def test_an_empty_value_is_an_absent_one(empty):
    [change] = DISAPPROVED["changes"]
    absent = {name: value for name, value in change.items() if name != empty}
    found = [
        decode(json.dumps({**DISAPPROVED, "changes": [item]}))
        for item in (absent, {**change, empty: ""}, {**change, empty: None})
    ]
    assert found[0] == found[1] == found[2]


def test_an_account_service_change_is_kept_as_sent():
    found = document(pushed(json.dumps(ACCOUNT_SERVICE)))
    assert found["notificationType"] == "ACCOUNT_SERVICE_CHANGE"
    assert found["payload"].items() >= ACCOUNT_SERVICE.items()


def test_a_resource_of_a_kind_yet_unknown_is_decoded_without_a_guess_at_its_event():
    found = decode(json.dumps({**DISAPPROVED, "resourceType": "PROMOTION"}))
    assert found.notification_type == "NOTIFICATION_EVENT_TYPE_UNSPECIFIED"
    assert found.payload.resource_type == "PROMOTION"


def _variants(text):
    standard = b64(text)
    return {
        "standard": standard,
        "url-safe": base64.urlsafe_b64encode(text.encode()).decode(),
        "unpadded": standard.rstrip("="),
        "in lines": base64.encodebytes(text.encode()).decode(),
    }


@pytest.mark.parametrize("variant", ["standard", "url-safe", "unpadded", "in lines"])
@pytest.mark.parametrize("length", range(3))
def test_base64_is_read_bare_and_pushed_in_every_alphabet_and_padding(variant, length):
    text = json.dumps({**DISAPPROVED, "resourceId": "ÿ>?~" + "x" * length}, ensure_ascii=False)
    data = _variants(text)[variant]
    assert variant != "url-safe" or "-" in data or "_" in data
    assert decode(data) == decode(text)
    assert decode(json.dumps({"message": {"data": data}})) == decode(text)


def test_bytes_with_and_without_byte_order_mark_and_text_are_the_same():
    expected = decode(MWS_OFFERS)
    assert decode(MWS_OFFERS.encode()) == expected
    assert decode(b"\xef\xbb\xbf" + MWS_OFFERS.encode()) == expected
    assert decode("\ufeff" + MWS_OFFERS) == expected


def test_a_notification_cannot_be_changed():
    found = decode(MWS_OFFERS)
    with pytest.raises(ValidationError):
        found.id = "other"


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("2026-03-01T12:00:00.123456789Z", datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)),
        ("2026-03-01T14:00:00+02:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_time_is_a_moment_where_it_can_be_read(time, moment):
    assert decode(json.dumps({**DISAPPROVED, "eventTime": time})).moment == moment


def _push(hour, value, region="US"):
    change = {"newValue": value, "regionCode": region, "reportingContext": "SHOPPING_ADS"}
    time = f"2026-03-01T{hour:02}:00:00Z" if hour is not None else None
    return decode(json.dumps({**DISAPPROVED, "eventTime": time, "changes": [change]}))


def test_quirk_107_what_holds_follows_the_greatest_time_in_any_order_and_number():
    pushes = [_push(9, "pending"), _push(11, "disapproved"), _push(10, "approved")]
    for order in permutations([*pushes, pushes[1]]):
        [change] = latest_changes(order).values()
        assert change.new_value == "disapproved"


def test_quirk_107_each_region_has_its_own_latest_value_and_no_time_is_the_oldest():
    pushes = [_push(None, "unknown"), _push(9, "approved"), _push(8, "pending", "DE")]
    pushes.append(_push(None, "unknown"))
    found = {
        place.region_code: change.new_value for place, change in latest_changes(pushes).items()
    }
    assert found == {"US": "approved", "DE": "pending"}
    assert StatusPlace(
        "accounts/1234", DISAPPROVED["resource"], "DE", "SHOPPING_ADS"
    ) in latest_changes(pushes)
