import subprocess
import sys

import pytest
from pydantic import ValidationError

from reconciler.core.model.secret_ref import LiteralSecret
from reconciler.core.model.spec import live_address
from reconciler.core.service import Context
from reconciler.services.mws.kinds import (
    MwsDestination,
    MwsDestinationDeclaration,
    MwsSubscription,
    MwsSubscriptionDeclaration,
)
from reconciler.services.mws.queue_url import canonical_queue, queue_url
from reconciler.services.mws.service import SERVICE

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"


def complaint(model, entry):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(entry)
    (detail,) = caught.value.errors()
    return detail


def members(declaration, account):
    return list(declaration.members(Context("acme", "x", "uk", account)))


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/offers", ARN),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/offers", ARN),
        (
            "https://queue.amazonaws.com/123456789012/offers",
            "arn:aws:sqs:us-east-1:123456789012:offers",
        ),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/offers",
            "arn:aws-cn:sqs:cn-north-1:123456789012:offers",
        ),
        (
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/o.fifo",
            "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:o.fifo",
        ),
    ],
)
def test_quirk_12_urls_in_every_host_style_are_one_queue(url, arn):
    assert MwsDestination(queue=url) == MwsDestination(queue=arn)


@pytest.mark.parametrize(
    "text",
    ["offers", "http://127.0.0.1:5000/123456789012/offers", "https://sqs.example.com/1/offers"],
)
def test_what_is_no_queue_url_of_aws_stays_as_it_is(text):
    assert canonical_queue(text) == text


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_an_arn_becomes_a_url_that_means_the_same_arn(region):
    partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(region, "aws")
    arn = f"arn:{partition}:sqs:{region}:123456789012:offers"
    assert queue_url(arn).startswith(f"https://sqs.{region}.amazonaws.com")
    assert canonical_queue(queue_url(arn)) == arn


def test_the_host_follows_from_the_marketplace(account):
    assert account().base_url == "https://mws-eu.amazonservices.com"
    assert account(marketplaceId="A1VC38T7YXB528").base_url == "https://mws.amazonservices.jp"


def test_quirk_50_amazons_own_host_warns_with_the_date_and_the_way_out(account):
    (warning,) = account().warnings()
    assert "31 March 2024" in warning
    assert "reconciler migrate" in warning


def test_quirk_50_an_explicit_endpoint_gives_no_warning(account):
    assert list(account(endpoint="https://gateway.example.com").warnings()) == []


def test_quirk_50_amazons_host_given_explicitly_is_still_amazons(account):
    assert len(list(account(endpoint="https://MWS-EU.amazonservices.com").warnings())) == 1


def test_quirk_60_a_marketplace_with_the_host_of_another_region_is_refused(account):
    with pytest.raises(ValidationError, match=r"region NA.*belongs to EU"):
        account(endpoint="https://mws.amazonservices.com")


@pytest.mark.parametrize(
    ("marketplace", "host"),
    [
        ("A2EUQ1WTGCTBG2", "mws.amazonservices.com"),
        ("A1F83G8C2ARO7P", "mws.amazonservices.co.uk"),
        ("A9UNKNOWN", "mws.amazonservices.com"),
    ],
)
def test_another_host_of_the_same_region_is_accepted(account, marketplace, host):
    assert account(marketplaceId=marketplace, endpoint=f"https://{host}").retired


def test_an_unknown_marketplace_needs_an_endpoint(account):
    with pytest.raises(ValidationError, match="or set `endpoint`") as caught:
        account(marketplaceId="A9UNKNOWN")
    assert caught.value.errors()[0]["loc"] == ("marketplaceId",)
    assert account(marketplaceId="A9UNKNOWN", endpoint="https://gateway.example.com")


def test_a_bad_endpoint_is_complained_about_once(account):
    with pytest.raises(ValidationError) as caught:
        account(endpoint="http://gateway.example.com")
    assert [detail["loc"] for detail in caught.value.errors()] == [("endpoint",)]


def test_quirk_111_a_literal_secret_is_refused_as_such(account):
    with pytest.raises(ValidationError) as caught:
        account(credentials={"accessKeyId": "env:KEY_ID", "secretKey": "hunter2"})
    (detail,) = caught.value.errors()
    assert isinstance(detail["ctx"]["error"], LiteralSecret)
    assert "hunter2" not in detail["msg"]


def test_an_account_without_auth_token_is_complete(account):
    assert account().credentials.auth_token is None


def test_a_queue_url_in_yaml_is_refused(account):
    entry = {"queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"}
    assert "queue ARN" in complaint(MwsDestinationDeclaration, entry)["msg"]


@pytest.mark.parametrize("queue", ["offers", ARN])
def test_a_destination_is_declared_by_name_or_arn(account, queue):
    declaration = MwsDestinationDeclaration.model_validate({"queue": queue})
    assert members(declaration, account())[0].spec == MwsDestination(queue=queue)


def test_a_fifo_queue_is_no_destination(desired):
    fifo = desired(MwsDestination(queue=f"{ARN}.fifo"))
    (finding,) = SERVICE.invariants([fifo, desired(MwsDestination(queue=ARN))])
    assert finding.address == fifo.address
    assert "FIFO" in finding.message


def test_a_destination_is_known_by_its_queue():
    spec = MwsDestination(queue=ARN, queue_url=queue_url(ARN))
    assert spec.handle("uk", {}) == ARN
    assert spec.fields() == {"queue": ARN}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("ANY_OFFER_CHANGED", "AnyOfferChanged"), ("FEE_PROMOTION", "FeePromotion")],
)
def test_a_type_in_sp_api_spelling_is_refused_with_the_mws_spelling(written, meant):
    entry = {"destination": "offers", "notificationType": written}
    assert f"did you mean '{meant}'?" in complaint(MwsSubscriptionDeclaration, entry)["msg"]


@pytest.mark.parametrize("written", ["", "anyOfferChanged", "Any-Offer", "FOO", "Ärger"])
def test_a_type_in_no_known_spelling_is_refused(written):
    entry = {"destination": "offers", "notificationType": written}
    assert complaint(MwsSubscriptionDeclaration, entry)["loc"] == ("notificationType",)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("AnyOfferChange", ", did you mean 'AnyOfferChanged'? (it has AnyOfferChanged, "),
        ("SomethingNew", "'SomethingNew' (it has AnyOfferChanged, "),
        ("FeedProcessingFinishedNotification", ", did you mean 'FeedProcessingFinished'?"),
    ],
)
def test_mws_gets_no_new_types_any_more_so_that_an_unknown_one_is_an_error(written, hint):
    entry = {"destination": "offers", "notificationType": written}
    found = complaint(MwsSubscriptionDeclaration, entry)
    assert found["loc"] == ("notificationType",)
    assert f"MWS has no notification type '{written}'" in found["msg"]
    assert hint in found["msg"]


def test_a_known_type_passes_without_a_note(account):
    entry = {"destination": "offers", "notificationType": "FBAOutboundShipmentStatus"}
    (member,) = members(MwsSubscriptionDeclaration.model_validate(entry), account())
    assert list(member.spec.notes(None)) == []


def test_a_subscription_is_enabled_unless_declared_otherwise(account):
    entry = {"destination": "offers", "notificationType": "FeePromotion"}
    (member,) = members(MwsSubscriptionDeclaration.model_validate(entry), account())
    assert member.spec.enabled is True
    assert member.spec.declared_fields() == entry


def test_enabled_is_true_or_false_and_nothing_like_it():
    entry = {"destination": "offers", "notificationType": "FeePromotion", "enabled": "yes"}
    assert complaint(MwsSubscriptionDeclaration, entry)["loc"] == ("enabled",)


def test_a_subscription_needs_a_destination():
    assert complaint(MwsSubscriptionDeclaration, {"notificationType": "FeePromotion"})["loc"] == (
        "destination",
    )


def test_quirk_56_a_subscription_with_another_queue_is_another_subscription():
    one, other = (
        MwsSubscription(destination=queue, notification_type="FeePromotion") for queue in (ARN, "b")
    )
    assert one.identity_values() == {"notificationType": "FeePromotion", "queue": ARN}
    assert live_address(one, "uk") == f"subscription.uk/FeePromotion/{ARN}"
    assert live_address(other, "uk") != live_address(one, "uk")


def test_switching_a_subscription_off_leaves_it_the_same_subscription():
    on = MwsSubscription(destination=ARN, notification_type="FeePromotion")
    off = MwsSubscription(destination=ARN, notification_type="FeePromotion", enabled=False)
    assert live_address(on, "uk") == live_address(off, "uk")
    assert on.fields() != off.fields()


def test_each_action_draws_on_the_bucket_of_its_operation():
    destination = MwsDestination(queue=ARN)
    subscription = MwsSubscription(destination=ARN, notification_type="FeePromotion")
    assert destination.cost.bucket(destination, "create") == "RegisterDestination"
    assert destination.cost.bucket(destination, "delete") == "DeregisterDestination"
    assert subscription.cost.bucket(subscription, "create") == "CreateSubscription"
    assert subscription.cost.bucket(subscription, "update") == "UpdateSubscription"
    assert subscription.cost.bucket(subscription, "delete") == "DeleteSubscription"


def test_reading_the_kinds_loads_no_client_library():
    code = (
        "import sys, reconciler.services.mws.kinds, reconciler.services.merchant.kinds;"
        "sys.exit(bool({'urllib3', 'googleapiclient', 'google.auth', 'boto3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
