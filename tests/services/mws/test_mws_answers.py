import pytest

from reconciler.services.mws import answers
from reconciler.services.mws.answers import GarbledMwsAnswer, MwsErrorDocument, Subscribed

NAMESPACE = "http://mws.amazonservices.com/schema/Subscriptions/2013-07-01"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"
DESTINATION = f"""
<DeliveryChannel>SQS</DeliveryChannel>
<AttributeList><member>
  <Value>
     {URL}
  </Value><Key> sqsQueueUrl </Key>
</member></AttributeList>
"""


def result(operation, inside):
    text = (
        f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{inside}</{operation}Result>'
        f"<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></{operation}Response>"
    )
    return answers.result(answers.parse(text.encode()), operation)


@pytest.mark.parametrize("spelling", ["RequestID", "RequestId"])
@pytest.mark.parametrize(
    "namespace", ["", NAMESPACE, "https://mws.amazonservices.com/", "http://x/doc/2009-01-01/"]
)
def test_quirk_51_error_documents_of_any_namespace_and_spelling_say_the_same(spelling, namespace):
    text = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
        f"<Message>No</Message><Detail/></Error><{spelling}>id-1</{spelling}></ErrorResponse>"
    )
    root = answers.parse(text.encode())
    assert answers.failure(root) == MwsErrorDocument("AccessDenied", "No")
    assert answers.request_id(root) == "id-1"


def test_quirk_52_attributes_are_read_by_name_and_stripped():
    found = result(
        "ListRegisteredDestinations",
        f"<DestinationList><member>{DESTINATION}</member></DestinationList>",
    )
    assert answers.registered_queues(found) == (URL,)


def test_a_subscription_is_read_with_all_its_fields():
    inside = (
        "<Subscription><NotificationType> AnyOfferChanged </NotificationType>"
        f"<IsEnabled>false</IsEnabled><Destination>{DESTINATION}</Destination></Subscription>"
    )
    found = answers.subscription(result("GetSubscription", inside))
    assert found == Subscribed("AnyOfferChanged", URL, enabled=False)


def test_quirk_53_an_empty_list_is_empty():
    assert answers.subscriptions(result("ListSubscriptions", "<SubscriptionList/>")) == ()


def test_a_missing_list_is_not_an_empty_one():
    with pytest.raises(GarbledMwsAnswer):
        answers.subscriptions(result("ListSubscriptions", ""))


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>\n'])
def test_quirk_53_the_xml_declaration_may_be_missing(declaration):
    root = answers.parse(f"{declaration}<A><Status>GREEN</Status></A>".encode())
    assert answers.status(root) == "GREEN"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a SYSTEM "http://x/"><a/>',
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<a><b></a>",
        "",
        "plain",
    ],
)
def test_quirk_61_a_document_type_entities_and_broken_xml_are_rejected(text):
    with pytest.raises(GarbledMwsAnswer):
        answers.parse(text.encode())


@pytest.mark.parametrize(
    "member",
    [
        "<member/>",
        "<member><AttributeList/></member>",
        "<other/>",
        "<member><AttributeList><member><Key>sqsQueueUrl</Key></member></AttributeList></member>",
    ],
)
def test_a_destination_without_a_queue_url_is_garbled(member):
    found = result("ListRegisteredDestinations", f"<DestinationList>{member}</DestinationList>")
    with pytest.raises(GarbledMwsAnswer):
        answers.registered_queues(found)


def test_a_subscription_that_is_neither_on_nor_off_is_garbled():
    inside = (
        "<Subscription><NotificationType>X</NotificationType><IsEnabled>maybe</IsEnabled>"
        f"<Destination>{DESTINATION}</Destination></Subscription>"
    )
    with pytest.raises(GarbledMwsAnswer):
        answers.subscription(result("GetSubscription", inside))


def test_the_answer_to_another_operation_is_garbled():
    root = answers.parse(
        b"<DeleteSubscriptionResponse><DeleteSubscriptionResult/></DeleteSubscriptionResponse>"
    )
    with pytest.raises(GarbledMwsAnswer):
        answers.result(root, "ListSubscriptions")
