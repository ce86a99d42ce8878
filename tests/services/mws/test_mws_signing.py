from urllib.parse import quote

from reconciler.services.mws.client import form, signature, string_to_sign

URL = "https://mws-eu.amazonservices.com/Subscriptions/2013-07-01"
PARAMETERS = {
    "AWSAccessKeyId": "AKIAEXAMPLE",
    "Action": "RegisterDestination",
    "Destination.AttributeList.member.1.Key": "sqsQueueUrl",
    "Destination.AttributeList.member.1.Value": (
        "https://sqs.eu-west-1.amazonaws.com/123456789012/offers~a b"
    ),
    "Destination.DeliveryChannel": "SQS",
    "MarketplaceId": "A1PA6795UKMFR9",
    "SellerId": "A1EXAMPLE",
    "SignatureMethod": "HmacSHA256",
    "SignatureVersion": "2",
    "Timestamp": "2020-01-02T03:04:05Z",
    "Version": "2013-07-01",
}
SIGNATURE = "2yZ+KF8axtlCG17ONfqnVDVE89aZ677bWta+HQ2Eyc0="


def test_quirk_55_the_published_vector_gives_the_published_signature():
    assert signature("secretEXAMPLE", URL, PARAMETERS) == SIGNATURE


def test_quirk_55_the_order_in_which_parameters_are_given_does_not_matter():
    shuffled = dict(reversed(PARAMETERS.items()))
    assert signature("secretEXAMPLE", URL, shuffled) == SIGNATURE


def test_quirk_55_names_are_sorted_by_bytes_so_capitals_come_first():
    assert form({"b": "2", "Ab": "1", "AB": "0", "a": "3"}) == "AB=0&Ab=1&a=3&b=2"


def test_quirk_55_only_unreserved_characters_stay_unescaped():
    assert form({"q": "a b~c-d_e.f/g+h*ü"}) == "q=a%20b~c-d_e.f%2Fg%2Bh%2A%C3%BC"


def test_the_signed_host_is_in_lower_case_and_has_no_port():
    lines = string_to_sign("https://Gateway.Example.COM:8443/x", {"a": "1"}).split("\n")
    assert lines == ["POST", "gateway.example.com", "/x", "a=1"]


def test_the_signature_is_sent_escaped():
    assert form({"Signature": SIGNATURE}) == f"Signature={quote(SIGNATURE, safe='')}"
