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
    "ASIN=B00EXAMPLE, ItemCondition=new, OfferCount=1, IsBuyBoxWinner=true, condition=new, "
    "fulfillmentChannel=Amazon, LandedPrice=12.50 USD, ProductCategoryId=toys, Rank=7, "
    "MarketplaceId=ATVPDKIKX0DER",
    json.dumps(SP_OFFERS): "2026-03-01T10:00:00.123Z sp-api ANY_OFFER_CHANGED A1EXAMPLE "
    "ASIN=B00EXAMPLE, ItemCondition=New, OfferChangeType=External, ListPrice=12.5 EUR, "
    "MarketplaceId=A1PA6795UKMFR9",
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


NEWS = {
    "ACCOUNT_STATUS_CHANGED": (
        {"accountStatusChangeNotification": {"currentAccountStatus": "AT_RISK"}},
        "currentAccountStatus=AT_RISK",
    ),
    "BRANDED_ITEM_CONTENT_CHANGE": (
        {"Asin": "B1", "AttributesChanged": ["item_name", "bullet_point"]},
        "Asin=B1, AttributesChanged=item_name/bullet_point",
    ),
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": (
        {
            "accountId": "A1EXAMPLE",
            "queryId": "5",
            "query": "query MyQuery{sales(startDate: 1) { units " + "x" * 60 + "}}",
            "processingStatus": "DONE",
            "dataDocumentId": "amzn1.tortuga.3.edbcd0d8",
        },
        "queryId=5, processingStatus=DONE, dataDocumentId=amzn1.tortuga.3.edbcd0d8",
    ),
    "DETAIL_PAGE_TRAFFIC_EVENT": (
        {
            "detailPageTrafficEvents": [
                {"startTime": "2023-02-07T15:00:00Z", "asin": "B1", "glanceViews": 42},
                {"startTime": "2023-02-07T15:00:00Z", "asin": "B2", "glanceViews": 69},
            ]
        },
        "asin=B1, glanceViews=42, and 1 more of detailPageTrafficEvents",
    ),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": (
        {
            "FNSKU": "X1",
            "FulfillmentInventoryByMarketplace": [
                {"MarketplaceId": "M", "FulfillmentInventory": {"Fulfillable": 0}}
            ],
        },
        "FNSKU=X1, Fulfillable=0, MarketplaceId=M",
    ),
    "FEED_PROCESSING_FINISHED": (
        {"feedId": "5", "processingStatus": "DONE", "resultFeedDocumentId": "amzn1.tortuga.4"},
        "feedId=5, processingStatus=DONE, resultFeedDocumentId=amzn1.tortuga.4",
    ),
    "LISTINGS_ITEM_ISSUES_CHANGE": (
        {
            "Sku": "S",
            "Severities": ["ERROR"],
            "EnforcementActions": ["SEARCH_SUPPRESSED", "LISTING_SUPPRESSED"],
        },
        "Sku=S, Severities=ERROR, EnforcementActions=SEARCH_SUPPRESSED/LISTING_SUPPRESSED",
    ),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": ({"Sku": "S", "Quantity": 99}, "Sku=S, Quantity=99"),
    "LISTINGS_ITEM_STATUS_CHANGE": (
        {"Sku": "S", "CreatedDate": "2021-02-03T18:50:26Z", "Status": ["BUYABLE", "DISCOVERABLE"]},
        "Sku=S, Status=BUYABLE/DISCOVERABLE",
    ),
    "ORDER_CHANGE": (
        {
            "OrderChangeNotification": {
                "AmazonOrderId": "1-2-3",
                "Summary": {"OrderStatus": "Unshipped", "NumberOfItemsUnshipped": 10},
            }
        },
        "AmazonOrderId=1-2-3, OrderStatus=Unshipped, NumberOfItemsUnshipped=10",
    ),
    "PRICING_HEALTH": (
        {
            "issueType": "BuyBoxDisqualification",
            "merchantOffer": {"landedPrice": {"amount": 8.5, "currencyCode": "USD"}},
        },
        "issueType=BuyBoxDisqualification, landedPrice=8.5 USD",
    ),
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": (
        {
            "trackingDetail": {
                "identifier": {"aftn": "AF"},
                "latestMilestone": {"status": {"code": "DELIVERED"}},
                "milestoneHistory": [{"status": {"code": "SHIPPED"}}],
            }
        },
        "aftn=AF, status.code=DELIVERED",
    ),
    "TRANSACTION_UPDATE": (
        {
            "SellingPartnerMetadata": {"SellingPartnerId": "A1EXAMPLE"},
            "RelatedIdentifiers": [
                {"RelatedIdentifierName": "OrderId", "RelatedIdentifierValue": "81"}
            ],
            "TransactionType": "Shipment",
            "TotalAmount": {"CurrencyAmount": 10, "CurrencyCode": "USD"},
        },
        "OrderId=81, TransactionType=Shipment, TotalAmount=10 USD",
    ),
    "A_TYPE_OF_TOMORROW": (
        {"parcel": {"weight": 3, "isLate": True, "legs": [{"leg": 1}, {"leg": 2}]}},
        "weight=3, isLate=true, leg=1",
    ),
}


@pytest.mark.parametrize("kind", NEWS)
def test_the_news_of_every_type_is_found_by_its_shape(kind):
    payload, news = NEWS[kind]
    line = summary(decode(json.dumps({"notificationType": kind, "payload": payload})))
    assert line.split(" ", 4)[4] == news


def test_who_it_is_for_is_told_once_whatever_the_field_is_called():
    for name in ("SellerId", "accountId", "merchantId", "SellingPartnerId", "partnerId"):
        message = {"notificationType": "NEW", "payload": {"in": {name: "A1EXAMPLE", "sku": "S"}}}
        assert summary(decode(json.dumps(message))) == "- sp-api NEW A1EXAMPLE sku=S"
