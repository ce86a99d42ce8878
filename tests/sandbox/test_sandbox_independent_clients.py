"""Client libraries that others wrote drive the stand-ins through a life of everything.

They were written against Amazon and Google, so what they send the stand-ins must take, and what
they read the stand-ins must say. None is told of the sandbox but by where its packets go.
"""

import json
import warnings

import googleapiclient.discovery
import googleapiclient.errors
import httplib2
import pytest
from clients_of_the_sandbox import MARKET, QUEUE

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"


# SP-API: python-amazon-sp-api, which knows only Amazon's hosts and so is led here by its transport.


@pytest.fixture
def notifications(sandbox):
    pytest.importorskip("sp_api", reason="optional: pip install python-amazon-sp-api")
    import httpx
    from sp_api.api import Notifications
    from sp_api.auth import access_token_client
    from sp_api.base import Marketplaces
    from sp_api.base._transport_httpx import HttpxTransport

    access_token_client.cache.clear()
    access_token_client.grantless_cache.clear()
    here = httpx.URL(sandbox.url)
    asked = set()

    class Redirect(httpx.BaseTransport):
        def __init__(self):
            self._inner = httpx.HTTPTransport()

        def handle_request(self, request):
            asked.add(request.url.host)
            request.url = request.url.copy_with(scheme="http", host=here.host, port=here.port)
            return self._inner.handle_request(request)

        def close(self):
            self._inner.close()

    client = Notifications(
        marketplace=Marketplaces.DE,
        refresh_token="Atzr|one",
        credentials={"lwa_app_id": "app-one", "lwa_client_secret": "secret"},
    )
    transports = [client._transport, client._auth._transport]
    for transport in transports:
        transport.close()
        transport._client = httpx.Client(transport=Redirect())
    assert all(isinstance(transport, HttpxTransport) for transport in transports)
    yield client
    for transport in transports:
        transport.close()
    assert asked <= {"api.amazon.com", "sellingpartnerapi-eu.amazon.com"}


def test_the_sp_api_library_lives_through_destinations(notifications):
    made = notifications.create_destination("acme-offers", arn=ARN).payload
    assert made["resource"]["sqs"] == {"arn": ARN}
    key = made["destinationId"]
    assert [item["destinationId"] for item in notifications.get_destinations().payload] == [key]
    assert notifications.get_destination(key).payload["name"] == "acme-offers"
    notifications.delete_destination(key)
    assert not notifications.get_destinations().payload, "it reads an empty list as {}"


def test_the_sp_api_library_makes_an_event_bus(notifications):
    made = notifications.create_destination("bus", account_id="123456789012", region="eu-west-1")
    bus = made.payload["resource"]["eventBridge"]
    assert (bus["region"], bus["accountId"]) == ("eu-west-1", "123456789012")
    assert bus["name"].startswith("aws.partner/sellingpartnerapi.amazon.com/123456789012/")


def test_the_sp_api_library_lives_through_subscriptions(sandbox, notifications):
    key = notifications.create_destination("acme-offers", arn=ARN).payload["destinationId"]
    directive = {
        "eventFilter": {"eventFilterType": "ANY_OFFER_CHANGED", "marketplaceIds": [MARKET]}
    }
    made = notifications.create_subscription(
        "ANY_OFFER_CHANGED", key, payload_version="1.0", processingDirective=directive
    ).payload
    assert (made["destinationId"], made["processingDirective"]) == (key, directive)
    found = notifications.get_subscription("ANY_OFFER_CHANGED", payloadVersion="1.0").payload
    assert found["subscriptionId"] == made["subscriptionId"]
    # It deletes by id with the seller's token, which Amazon documents as grantless and which some
    # types take only so (quirk 71); a stand-in that takes either is asked here.
    sandbox.settings(deleteByIdToken="either")
    notifications.delete_notification_subscription("ANY_OFFER_CHANGED", made["subscriptionId"])
    notifications.delete_destination(key)


def test_the_sp_api_library_reads_refusals(notifications):
    from sp_api.base import SellingApiForbiddenException, SellingApiNotFoundException
    from sp_api.base.exceptions import SellingApiBadRequestException, SellingApiException

    key = notifications.create_destination("acme-offers", arn=ARN).payload["destinationId"]
    with pytest.raises(SellingApiException) as conflict:
        notifications.create_destination("again", arn=ARN)
    assert conflict.value.code == 409
    with pytest.raises(SellingApiNotFoundException):
        notifications.get_subscription("ANY_OFFER_CHANGED", payloadVersion="1.0")
    with pytest.raises(SellingApiBadRequestException):
        notifications.create_subscription("ORDER_CHANGE", key)
    notifications.create_subscription("ANY_OFFER_CHANGED", key)
    with pytest.raises(SellingApiForbiddenException):
        notifications.delete_destination(key)


# MWS: the package `mws`, version 0.8, which has no Subscriptions section of its own but signs,
# sends and reads any.


# The package is of 2020, and asks for the time as Python 3.12 and later advise against.
of_2020 = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture
def mws(sandbox, http, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package is of 2020
        library = pytest.importorskip("mws.mws", reason="optional: pip install mws")
    host = "https://mws-eu.amazonservices.com"

    def request(method, url, data, headers):
        import requests

        # It sends the parameters in the query of a POST; the wire notes and the stand-in know those
        # of the body only, and whether Amazon took both was not established. The signed text is
        # the same.
        assert url.startswith(host)
        path, _, query = url.removeprefix(host).partition("?")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Host": host.split("//")[1]}
        with requests.Session() as session:
            return session.request(
                method, f"{sandbox.url}{path}", data=query, headers={**headers, **form}
            )

    monkeypatch.setattr(library, "request", request)

    class Subscriptions(library.MWS):
        URI = "/Subscriptions/2013-07-01"
        VERSION = "2013-07-01"

        def ask(self, action, **parameters):
            sent = {name.replace("__", "."): value for name, value in parameters.items()}
            named = {"Action": action, "MarketplaceId": MARKET, **sent}
            return self.make_request(named, method="POST").parsed

    return Subscriptions("AKIASANDBOX", "sandbox-secret", "A1EXAMPLE", domain=host)


def group(prefix=""):
    return {
        f"{prefix}Destination__DeliveryChannel": "SQS",
        f"{prefix}Destination__AttributeList__member__1__Key": "sqsQueueUrl",
        f"{prefix}Destination__AttributeList__member__1__Value": QUEUE,
    }


def wish(enabled):
    return {
        "Subscription__NotificationType": "AnyOfferChanged",
        "Subscription__IsEnabled": enabled,
        **group("Subscription__"),
    }


@of_2020
def test_the_mws_package_lives_through_destination_and_subscription(mws):
    mws.ask("RegisterDestination", **group())
    [listed] = _members(mws.ask("ListRegisteredDestinations").DestinationList)
    assert _queue(listed) == QUEUE
    mws.ask("CreateSubscription", **wish("true"))
    mws.ask("UpdateSubscription", **wish("false"))
    named = {"NotificationType": "AnyOfferChanged", **group()}
    found = mws.ask("GetSubscription", **named).Subscription
    assert (str(found.IsEnabled), _queue(found.Destination)) == ("false", QUEUE)
    [listed] = _members(mws.ask("ListSubscriptions").SubscriptionList)
    assert str(listed.NotificationType) == "AnyOfferChanged"
    mws.ask("DeleteSubscription", **named)
    mws.ask("DeregisterDestination", **group())
    assert _members(mws.ask("ListSubscriptions").SubscriptionList) == []


@of_2020
def test_the_mws_package_reads_the_service_status(mws):
    # Its own method asks by GET, which the notes do not know; whether Amazon took it was not
    # established.
    answer = mws.make_request({"Action": "GetServiceStatus"}, method="POST")
    assert str(answer.parsed.Status) == "GREEN"


@of_2020
def test_the_mws_package_reads_refusals(mws):
    import mws as package

    with pytest.raises(package.MWSError, match="InvalidInputFatalException") as refused:
        mws.ask("CreateSubscription", **wish("true"))
    assert refused.value.response.status_code == 400
    mws.secret_key = "another"
    with pytest.raises(package.MWSError, match="SignatureDoesNotMatch"):
        mws.ask("ListSubscriptions")


def test_quirk_55_the_mws_package_signs_the_published_vector_alike(mws):
    from urllib.parse import quote

    mws.secret_key = "secretEXAMPLE"
    parameters = {
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
    text = "&".join(f"{name}={quote(parameters[name], safe='-_.~')}" for name in sorted(parameters))
    assert mws.calc_signature("POST", text) == b"2yZ+KF8axtlCG17ONfqnVDVE89aZ677bWta+HQ2Eyc0="


def _members(found):
    """The package reads a list of one as that one, and an empty element as text."""
    member = found.get("member") if hasattr(found, "get") else None
    if member is None:
        return []
    return member if isinstance(member, list) else [member]


def _queue(destination):
    return str(destination.AttributeList.member.Value)


# Merchant: Google's own client and plain HTTP see one and the same service.


@pytest.fixture
def google(sandbox):
    transport = httplib2.Http(timeout=20)
    service = googleapiclient.discovery.build(
        "merchantapi",
        "notifications_v1",
        http=transport,
        static_discovery=True,
        client_options={"api_endpoint": sandbox.url},
    )
    yield service.accounts().notificationsubscriptions()
    transport.close()


def test_googles_client_and_plain_http_speak_of_the_same_subscriptions(sandbox, http, google):
    parent = "accounts/5678"
    body = {
        "registeredEvent": "PRODUCT_STATUS_CHANGE",
        "callBackUri": "https://hooks.example.com/a",
        "targetAccount": "accounts/1234",
    }
    made = google.create(parent=parent, body=body).execute()
    base = f"{sandbox.url}/notifications/v1/"

    listed = http.request("GET", f"{base}{parent}/notificationsubscriptions").json()
    assert listed == {"notificationSubscriptions": [made]}

    patched = http.request(
        "PATCH",
        f"{base}{made['name']}?updateMask=callBackUri",
        body=json.dumps({"callBackUri": "https://hooks.example.com/b"}),
        headers={"Content-Type": "application/json"},
    ).json()
    assert patched == {**made, "callBackUri": "https://hooks.example.com/b"}
    assert google.get(name=made["name"]).execute() == patched

    assert http.request("DELETE", f"{base}{made['name']}").json() == {}
    with pytest.raises(googleapiclient.errors.HttpError) as gone:
        google.delete(name=made["name"]).execute()
    assert gone.value.status_code == 404
