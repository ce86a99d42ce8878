"""An event reaches the queues of those who subscribed to it, in the form of its service."""

import json

import pytest
from clients_of_the_sandbox import Xml, ask, destination, subscription

from reconciler.notifications import decode

MARKET = "A1PA6795UKMFR9"
ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
ADMITTED = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "437568002678"},
            "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        }
    }
)
FILTER = {"eventFilter": {"eventFilterType": "ANY_OFFER_CHANGED", "marketplaceIds": [MARKET]}}
ORDERS = {
    "eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["OrderStatusChange"]}
}


@pytest.fixture
def queue(aws):
    return aws.queue(Policy=ADMITTED)


def bodies(aws, queue):
    answer = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def offer(sandbox, **event):
    return sandbox.notify(
        "sp-api",
        **{"seller": "Atzr|one", "type": "ANY_OFFER_CHANGED", "marketplace": MARKET} | event,
    )


def outcomes(deliveries):
    return [delivery["outcome"] for delivery in deliveries]


def test_an_mws_event_is_the_documented_xml_in_the_queue(sandbox, aws, seller, queue):
    seller.call("RegisterDestination", **destination(queue))
    seller.call("CreateSubscription", **subscription(queue=queue))
    [delivery] = sandbox.notify(
        "mws", seller="A1EXAMPLE", marketplace=MARKET, type="AnyOfferChanged"
    )
    assert delivery == {"subscription": "AnyOfferChanged", "queue": queue, "outcome": "delivered"}
    [body] = bodies(aws, queue)
    found = Xml(body)
    assert found.names()[:2] == ["Notification", "NotificationMetaData"]
    assert (found.text("SellerId"), found.text("MarketplaceId")) == ("A1EXAMPLE", MARKET)
    assert decode(body).notification_type == "AnyOfferChanged"


def test_an_mws_event_is_for_its_seller_marketplace_and_type_and_enabled_subscriptions(
    sandbox, seller, queue
):
    seller.call("RegisterDestination", **destination(queue))
    seller.call("CreateSubscription", **subscription(queue=queue, enabled="false"))
    event = {"seller": "A1EXAMPLE", "marketplace": MARKET, "type": "AnyOfferChanged"}
    assert sandbox.notify("mws", **event) == []
    seller.call("UpdateSubscription", **subscription(queue=queue))
    assert outcomes(sandbox.notify("mws", **event)) == ["delivered"]
    others = {"seller": "A2OTHER", "marketplace": "ATVPDKIKX0DER", "type": "FeePromotion"}
    for name, other in others.items():
        assert sandbox.notify("mws", **{**event, name: other}) == []


@pytest.mark.parametrize(
    ("kind", "version", "metadata"),
    [
        ("ANY_OFFER_CHANGED", "1.0", "NotificationMetadata"),
        ("PRICING_HEALTH", "1.0", "notificationMetadata"),
    ],
)
def test_an_sp_api_event_is_json_in_the_case_of_its_type(
    sandbox, aws, application, queue, kind, version, metadata
):
    made = application.subscribe(application.destination(), kind, version).json()["payload"]
    [delivery] = offer(sandbox, type=kind, payload={"x": 1})
    assert delivery == {
        "subscription": made["subscriptionId"],
        "queue": ARN,
        "outcome": "delivered",
    }
    [body] = bodies(aws, queue)
    assert metadata in json.loads(body)
    found = decode(body)
    assert (found.notification_type, found.payload) == (kind, {"x": 1})
    assert found.metadata.subscription_id == made["subscriptionId"]


@pytest.mark.parametrize(
    ("kind", "directive", "passing", "other"),
    [
        ("ANY_OFFER_CHANGED", FILTER, {"marketplace": MARKET}, {"marketplace": "A13V1IB3VIYZZH"}),
        (
            "ORDER_CHANGE",
            ORDERS,
            {"orderChangeType": "OrderStatusChange"},
            {"orderChangeType": "DeliveryTipChange"},
        ),
    ],
)
def test_an_event_filter_lets_through_what_it_names(
    sandbox, application, queue, kind, directive, passing, other
):
    application.subscribe(application.destination(), kind, directive=directive)
    assert outcomes(offer(sandbox, type=kind, **passing)) == ["delivered"]
    assert offer(sandbox, type=kind, **other) == []
    assert offer(sandbox, type=kind, **passing, seller="Atzr|two") == []


def test_what_the_policy_does_not_admit_or_is_no_queue_is_lost(sandbox, aws, application):
    application.subscribe(application.destination())
    assert outcomes(offer(sandbox)) == ["missing"]
    queue = aws.queue()
    assert outcomes(offer(sandbox)) == ["forbidden"]
    aws.write(queue, Policy=ADMITTED)
    assert outcomes(offer(sandbox)) == ["delivered"]
    statements = [json.loads(ADMITTED)["Statement"]]
    denial = [*statements, {**statements[0], "Effect": "Deny"}]
    aws.write(queue, Policy=json.dumps({"Statement": denial}))
    assert outcomes(offer(sandbox)) == ["forbidden"]
    bus = application.event_bridge().json()["payload"]["destinationId"]
    application.subscribe(bus, "PRODUCT_TYPE_DEFINITIONS_CHANGE")
    assert outcomes(offer(sandbox, type="PRODUCT_TYPE_DEFINITIONS_CHANGE")) == ["dropped"]


BY_TLS = {"Bool": {"aws:SecureTransport": "true"}}
IN_THE_CLEAR = {"Bool": {"aws:SecureTransport": "false"}}
INSIDE = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


def admission(effect="Allow", **fields):
    parts = {**json.loads(ADMITTED)["Statement"], "Effect": effect, **fields}
    return {name: value for name, value in parts.items() if value is not None}


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ([admission(), admission("Deny", Condition=IN_THE_CLEAR)], "delivered"),
        ([admission(), admission("Deny", Condition=BY_TLS)], "forbidden"),
        ([admission(), admission("Deny", Condition=INSIDE)], "delivered"),
        ([admission(Condition=BY_TLS)], "delivered"),
        ([admission(Condition=IN_THE_CLEAR)], "forbidden"),
        ([admission(Condition=INSIDE)], "forbidden"),
        ([admission(Condition={**BY_TLS, **INSIDE})], "forbidden"),
        ([admission(Resource=ARN)], "delivered"),
        ([admission(Resource="arn:aws:sqs:*:offer?")], "delivered"),
        ([admission(Resource=f"{ARN}x")], "forbidden"),
        ([admission(Resource=None, NotResource=f"{ARN}x")], "delivered"),
        ([admission(Action=None, NotAction="sqs:DeleteQueue")], "delivered"),
        ([admission(Action=None, NotAction="sqs:Send*")], "forbidden"),
        ([admission(Action="SQS:send*")], "delivered"),
    ],
)
def test_a_policy_is_weighed_by_queue_action_and_the_conditions_that_can_be_judged(
    sandbox, aws, application, statements, outcome
):
    application.subscribe(application.destination())
    aws.queue(Policy=json.dumps({"Statement": statements}))
    assert outcomes(offer(sandbox)) == [outcome]


def test_the_controls_take_events_of_every_service(sandbox, http, application, queue):
    application.subscribe(application.destination())
    event = {"service": "sp-api", "seller": "Atzr|one", "type": "ANY_OFFER_CHANGED"}
    answer = ask(http, sandbox.url, "POST", "/_sandbox/events", event)
    assert (answer.status, outcomes(answer.json())) == (200, ["delivered"])
    named = {"service": "merchant", "account": "7"}
    assert ask(http, sandbox.url, "POST", "/_sandbox/events", named).json() == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"service": "ebay"}, "There are events of mws, sp-api, merchant, not of 'ebay'"),
        ({"service": "mws", "colour": "red"}, "An event of mws has no 'colour'"),
        ({"service": "mws", "seller": "A1", "marketplace": "M"}, "An event of mws needs type"),
        ({"service": "mws", "seller": 1}, "seller must be text"),
        ({"service": "sp-api", "seller": "a", "type": "X", "payload": []}, "payload must be"),
        ({"service": "sp-api", "seller": "a", "type": "NO"}, "There is no notification type 'NO'"),
    ],
)
def test_a_senseless_amazon_event_is_refused_in_a_sentence(sandbox, http, order, words):
    answer = ask(http, sandbox.url, "POST", "/_sandbox/events", order)
    assert answer.status == 400
    assert words in answer.json()["error"]
