"""One line a message: time, source, type, who, what changed."""

import json

import pytest

from reconciler.notifications import decode, summary
from tests.notifications.messages import (
    ACCOUNT_SERVICE,
    DISAPPROVED,
    MESSAGES,
    MWS_OFFERS,
    SP_FEED,
    SP_OFFERS,
    guide_text,
)

LINES = {
    MWS_OFFERS: "2017-05-11T12:00:00.000Z mws AnyOfferChanged A1EXAMPLE "
    "ASIN=B00EXAMPLE, ItemCondition=new, MarketplaceId=ATVPDKIKX0DER",
    json.dumps(SP_OFFERS): "2026-03-01T10:00:00.123Z sp-api ANY_OFFER_CHANGED A1EXAMPLE "
    "ASIN=B00EXAMPLE, ItemCondition=New, MarketplaceId=A1PA6795UKMFR9",
    json.dumps(SP_FEED): "2026-03-01T11:00:00.000Z sp-api FEED_PROCESSING_FINISHED A1EXAMPLE "
    "feedId=53347, feedType=POST_PRODUCT_DATA, processingStatus=DONE",
    json.dumps(DISAPPROVED): "2026-03-01T12:00:00.123456789Z merchant PRODUCT_STATUS_CHANGE "
    "accounts/1234 online~en~US~1234: approved → disapproved (US, SHOPPING_ADS)",
    guide_text(): "- merchant PRODUCT_STATUS_CHANGE accounts/1234 "
    "ONLINE~en~US~000000000000: deleted, was eligible (US, SHOPPING_ADS)",
    json.dumps(ACCOUNT_SERVICE): "- merchant ACCOUNT_SERVICE_CHANGE accounts/1234 "
    "accounts/1234/services/42",
    '{"notificationType": "NEW"}': "- sp-api NEW - -",
}


@pytest.mark.parametrize("data", LINES, ids=LINES.values())
def test_a_summary_tells_time_source_type_who_and_what(data):
    assert summary(decode(data)) == LINES[data]


def changed(*changes):
    return summary(decode(json.dumps({**DISAPPROVED, "changes": changes}))).partition(": ")[2]


def test_a_value_that_was_not_there_before_was_created():
    assert changed({"newValue": "pending", "regionCode": "DE"}) == "created as pending (DE)"


def test_a_change_without_values_or_place_is_still_told():
    assert changed({}) == "changed"


def test_more_changes_than_fit_are_counted():
    many = [{"oldValue": "a", "newValue": str(i)} for i in range(5)]
    assert changed(*many) == "a → 0; a → 1; a → 2; and 2 more"


def test_the_outermost_value_of_a_name_is_told():
    payload = {"x": {"y": {"asin": "inner"}, "Asin": "outer"}}
    line = summary(decode(json.dumps({"notificationType": "NEW", "payload": payload})))
    assert line == "- sp-api NEW - Asin=outer"


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_has_a_line_of_one_common_form(kind):
    time, source, event, who, what = summary(decode(MESSAGES[kind])).split(" ", 4)
    assert time == "-" or time.startswith("20")
    assert kind.startswith(source)
    assert event.replace("_", "").isalpha()
    assert who in ("A1EXAMPLE", "accounts/1234")
    assert what != "-"


def test_a_value_can_neither_break_the_line_nor_move_the_cursor_nor_fill_the_screen():
    evil = "\x1b[2J\r\n\u202e\u2028" + "x" * 500
    push = {name: evil for name in DISAPPROVED if name != "changes"}
    push["changes"] = [dict.fromkeys(DISAPPROVED["changes"][0], evil)] * 9
    payload = dict.fromkeys(("sellerId", "asin", "feedId", "feedType", "reportId"), evil)
    notice = {"notificationType": evil, "eventTime": evil, "payload": payload}
    for message in (push, notice):
        line = summary(decode(json.dumps(message)))
        assert line.isprintable()
        assert len(line) < 1500
