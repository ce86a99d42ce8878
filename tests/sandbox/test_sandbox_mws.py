import time

import pytest
from clients_of_the_sandbox import (
    MARKET,
    QUEUE,
    MwsSeller,
    Xml,
    destination,
    sigv2,
    subscription,
)

NAMESPACE = "{http://mws.amazonservices.com/schema/Subscriptions/2013-07-01}"
INVALID = (400, "InvalidInputFatalException")


def test_the_published_vector_has_the_published_signature():
    from reconciler.sandbox.mws_wire import sign

    parameters = {
        "AWSAccessKeyId": "AKIAEXAMPLE",
        "Action": "RegisterDestination",
        "Destination.AttributeList.member.1.Key": "sqsQueueUrl",
        "Destination.AttributeList.member.1.Value": (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/offers~a b"
        ),
        "Destination.DeliveryChannel": "SQS",
        "MarketplaceId": MARKET,
        "SellerId": "A1EXAMPLE",
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": "2020-01-02T03:04:05Z",
        "Version": "2013-07-01",
    }
    published = "2yZ+KF8axtlCG17ONfqnVDVE89aZ677bWta+HQ2Eyc0="
    assert sigv2(parameters, "mws-eu.amazonservices.com", "secretEXAMPLE") == published
    host = "MWS-EU.amazonservices.com:443"
    assert sign({**parameters, "Signature": "x"}, host, "secretEXAMPLE", "HmacSHA256") == published


def test_what_is_registered_and_subscribed_is_listed(seller):
    seller.call("RegisterDestination", **destination())
    seller.call("CreateSubscription", **subscription())
    listed = seller.call("ListRegisteredDestinations")
    assert list(listed.texts("Value")) == [QUEUE]
    found = seller.call("ListSubscriptions")
    assert found.text("NotificationType") == "AnyOfferChanged"
    assert found.text("IsEnabled") == "true"
    assert found.text("Value") == QUEUE


def test_value_stands_before_key(seller):
    seller.call("RegisterDestination", **destination())
    names = seller.call("ListRegisteredDestinations").names()
    assert names.index("Value") < names.index("Key")


def test_an_empty_list_is_an_empty_element(seller):
    assert b"<SubscriptionList/>" in seller.send("ListSubscriptions").data
    assert b"<DestinationList/>" in seller.send("ListRegisteredDestinations").data


def test_only_the_service_status_has_an_xml_declaration(seller):
    assert seller.send("GetServiceStatus", market=None).data.startswith(b"<?xml")
    assert not seller.send("ListSubscriptions").data.startswith(b"<?xml")
    assert seller.call("GetServiceStatus", market=None).text("Status") == "GREEN"


def test_answers_carry_the_sections_namespace_and_the_request_id_twice(seller):
    answer = seller.send("ListSubscriptions")
    document = Xml(answer.data)
    assert document.root.tag == f"{NAMESPACE}ListSubscriptionsResponse"
    assert document.text("RequestId") == answer.headers["x-mws-request-id"]
    assert answer.headers["Content-Type"] == "text/xml"
    assert {"x-mws-timestamp", "x-mws-response-context"} <= {k.lower() for k in answer.headers}


def test_errors_spell_the_request_id_in_capitals(seller):
    answer = seller.send("CreateSubscription", **subscription())
    document = Xml(answer.data)
    assert document.root.tag == f"{NAMESPACE}ErrorResponse"
    assert document.text("RequestID") == answer.headers["x-mws-request-id"]
    assert document.text("Type") == "Sender"


def test_only_is_enabled_can_be_updated(seller):
    seller.call("RegisterDestination", **destination())
    seller.call("CreateSubscription", **subscription())
    seller.call("UpdateSubscription", **subscription(enabled="false"))
    found = seller.call("GetSubscription", NotificationType="AnyOfferChanged", **destination())
    assert found.text("IsEnabled") == "false"
    other = subscription(queue=f"{QUEUE}-other")
    assert seller.refused("UpdateSubscription", **other) == INVALID


@pytest.mark.parametrize("action", ["GetSubscription", "DeleteSubscription"])
def test_an_unknown_subscription_is_invalid_input(seller, action):
    seller.call("RegisterDestination", **destination())
    wish = {"NotificationType": "AnyOfferChanged", **destination()}
    assert seller.refused(action, **wish) == INVALID


def test_a_subscription_needs_a_registered_destination(seller):
    assert seller.refused("CreateSubscription", **subscription()) == INVALID


def test_nothing_can_be_made_twice(seller):
    seller.call("RegisterDestination", **destination())
    assert seller.refused("RegisterDestination", **destination()) == INVALID
    seller.call("CreateSubscription", **subscription())
    assert seller.refused("CreateSubscription", **subscription()) == INVALID


def test_an_unknown_type_is_refused(seller):
    seller.call("RegisterDestination", **destination())
    assert seller.refused("CreateSubscription", **subscription(kind="sqsQueueUrl")) == INVALID


def test_a_destination_in_use_is_not_forgotten(seller):
    seller.call("RegisterDestination", **destination())
    seller.call("CreateSubscription", **subscription())
    assert seller.refused("DeregisterDestination", **destination()) == INVALID
    seller.call("DeleteSubscription", NotificationType="AnyOfferChanged", **destination())
    seller.call("DeregisterDestination", **destination())
    assert seller.refused("DeregisterDestination", **destination()) == INVALID


@pytest.mark.parametrize("queue", [f"{QUEUE}.fifo", "offers", "https://example.org/1/offers"])
def test_only_the_url_of_a_standard_queue_is_a_destination(seller, queue):
    assert seller.refused("RegisterDestination", **destination(queue)) == INVALID


def test_state_is_per_seller_and_marketplace(sandbox, http, seller):
    seller.call("RegisterDestination", **destination())
    assert not list(seller.call("ListRegisteredDestinations", market="A13V1IB3VIYZZH").texts("Key"))
    other = MwsSeller(sandbox.url, http, seller="A2OTHER")
    assert not list(other.call("ListRegisteredDestinations").texts("Key"))
    assert list(sandbox.state()["mws"]) == [f"A1EXAMPLE/{MARKET}"]


def test_the_test_notification_arrives_in_the_queue(sandbox, aws, seller):
    sandbox.settings(checkQueuePolicy=False)
    queue = aws.queue()
    seller.call("RegisterDestination", **destination(queue))
    seller.call("SendTestNotificationToDestination", **destination(queue))
    [message] = aws.sqs.receive_message(QueueUrl=queue)["Messages"]
    document = Xml(message["Body"])
    assert document.root.tag == "Notification"
    assert document.text("NotificationType") == "Test"
    assert document.text("SellerId") == "A1EXAMPLE"


def test_the_test_notification_needs_the_queue_and_its_permission(aws, seller):
    seller.call("RegisterDestination", **destination())
    call = "SendTestNotificationToDestination"
    assert seller.refused(call, **destination()) == (400, "DependencyFatalException")
    queue = aws.queue()
    seller.call("RegisterDestination", **destination(queue))
    assert seller.refused(call, **destination(queue)) == (400, "DependencyUnauthorizedException")
    aws.sqs.add_permission(
        QueueUrl=queue, Label="amazon", AWSAccountIds=["437568002678"], Actions=["SendMessage"]
    )
    seller.call(call, **destination(queue))


def test_a_wrong_secret_or_key_is_403(sandbox, http):
    wrong = MwsSeller(sandbox.url, http, secret="wrong")
    assert wrong.refused("ListSubscriptions") == (403, "SignatureDoesNotMatch")
    unknown = MwsSeller(sandbox.url, http, key="AKIAUNKNOWN")
    assert unknown.refused("ListSubscriptions") == (403, "InvalidAccessKeyId")
    sandbox.settings(mwsKeys={"AKIAUNKNOWN": "sandbox-secret"})
    unknown.call("ListSubscriptions")


def test_a_stale_timestamp_is_refused(seller):
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1000))
    assert seller.refused("ListSubscriptions", Timestamp=past) == (403, "SignatureDoesNotMatch")
    recent = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 600))
    seller.call("ListSubscriptions", Timestamp=recent)


@pytest.mark.parametrize("name", ["SellerId", "MarketplaceId", "AWSAccessKeyId", "Timestamp"])
def test_a_missing_parameter_is_named(seller, name):
    answer = seller.send("ListSubscriptions", leave_out=(name,))
    document = Xml(answer.data)
    assert (answer.status, document.text("Code")) == (400, "InvalidParameterValue")
    assert name in document.text("Message")


def test_another_version_is_another_address(seller):
    assert seller.refused("ListSubscriptions", Version="2009-01-01") == (404, "InvalidAddress")


def test_an_unknown_action_is_refused(seller):
    assert seller.refused("Reboot") == (400, "InvalidParameterValue")


def test_a_revoked_seller_is_denied(sandbox, seller):
    sandbox.settings(revoked=["A1EXAMPLE"])
    assert seller.refused("ListSubscriptions") == (401, "AccessDenied")


def test_each_missing_parameter_of_an_operation_is_named(seller):
    calls = {
        "RegisterDestination": destination(),
        "CreateSubscription": subscription(),
        "GetSubscription": {"NotificationType": "AnyOfferChanged", **destination()},
    }
    seller.call("RegisterDestination", **destination())
    seller.call("CreateSubscription", **subscription())
    for action, parameters in calls.items():
        for name in parameters:
            less = {key: value for key, value in parameters.items() if key != name}
            document = Xml(seller.send(action, **less).data)
            assert document.text("Code") == "InvalidParameterValue"
            assert name.replace("__", ".") in document.text("Message")
