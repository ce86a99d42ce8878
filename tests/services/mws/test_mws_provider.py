from typing import ClassVar
from urllib.parse import parse_qs

import pytest

from reconciler.core.model.errors import Denied, Rejected, SettingsError, Transient, Unclear
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Provider
from reconciler.credentials.secrets import Secrets
from reconciler.services.mws.answers import Subscribed
from reconciler.services.mws.client import MwsClient
from reconciler.services.mws.kinds import MwsDestination, MwsSubscription
from reconciler.services.mws.provider import MwsProvider
from reconciler.services.mws.queue_url import queue_url

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
URL = queue_url(ARN)
SHOP = "A2EXAMPLE1SELLER/A1F83G8C2ARO7P"
FAULTS = [
    "cutBefore",
    "cutAfter",
    "truncate",
    "garbage",
    "html",
    "error500",
    "error503",
    "throttle",
]


def subscription(**changes):
    fields = {"destination": URL, "notification_type": "AnyOfferChanged", **changes}
    return MwsSubscription(**fields)


def error_document(code, message="Something"):
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        "</Error><RequestID>id-7</RequestID></ErrorResponse>"
    )


@pytest.fixture
def registered(provider, desired):
    return provider.create(desired(MwsDestination(queue=URL)))


@pytest.fixture
def subscribed(provider, desired, registered):
    return provider.create(desired(subscription()))


def test_it_is_a_provider(provider):
    checked: Provider = provider
    assert checked.scopes()[0].kinds == (MwsDestination, MwsSubscription)


def test_nothing_is_seen_where_nothing_is(provider, observe):
    assert observe(provider) == []


def test_what_was_created_is_observed_as_it_was_returned(provider, observe, registered, subscribed):
    assert observe(provider) == [registered, subscribed]


def test_a_declared_arn_is_registered_by_its_url(provider, desired, sandbox):
    live = provider.create(desired(MwsDestination(queue=ARN)))
    assert live.outputs == {"url": URL}
    assert sandbox.state()["mws"][SHOP]["destinations"] == [URL]


def test_a_queue_url_of_another_host_is_used_unchanged(provider, desired, observe):
    url = "http://127.0.0.1:5000/123456789012/offers"
    live = provider.create(desired(MwsDestination(queue=url)))
    assert live.spec.queue == live.outputs["url"] == url
    assert observe(provider) == [live]


def test_quirk_12_an_old_spelling_of_the_url_is_deleted_under_that_spelling(
    provider, desired, observe, sandbox
):
    old = "https://eu-west-1.queue.amazonaws.com/123456789012/offers"
    provider.create(desired(MwsDestination(queue=old)))
    (live,) = observe(provider)
    assert live.spec.queue == ARN
    provider.delete(live)
    assert sandbox.state()["mws"] == {}


def test_a_subscription_is_switched_off_and_on(provider, desired, observe, subscribed):
    for enabled in (False, True):
        wanted = desired(subscription(enabled=enabled))
        assert provider.update(wanted, subscribed, []).spec.enabled is enabled
        assert observe(provider)[1].spec.enabled is enabled


def test_a_destination_cannot_be_changed(provider, desired, registered):
    with pytest.raises(Rejected, match="cannot be changed"):
        provider.update(desired(MwsDestination(queue=URL)), registered, [])


def test_deleting_takes_both_away(provider, observe, registered, subscribed):
    provider.delete(subscribed)
    provider.delete(registered)
    assert observe(provider) == []


def test_deleting_what_is_gone_is_done(provider, sandbox, registered, subscribed):
    for live in (subscribed, subscribed, registered, registered):
        provider.delete(live)
    assert sandbox.state()["mws"] == {}


def test_deleting_a_destination_in_use_is_rejected(provider, registered, subscribed):
    with pytest.raises(Rejected, match="has subscriptions"):
        provider.delete(registered)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["RegisterDestination", "CreateSubscription"])
def test_a_failing_create_ends_with_exactly_one(
    provider, desired, observe, sandbox, operation, fault
):
    sandbox.faults([{"service": "mws", "operation": operation, "kind": fault}])
    first = provider.create(desired(MwsDestination(queue=URL)))
    second = provider.create(desired(subscription(enabled=False)))
    assert observe(provider) == [first, second]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "operation",
    [
        "ListRegisteredDestinations",
        "ListSubscriptions",
        "UpdateSubscription",
        "DeleteSubscription",
        "DeregisterDestination",
    ],
)
def test_a_passing_failure_of_anything_else_is_outlasted(
    provider, desired, observe, sandbox, registered, subscribed, operation, fault
):
    sandbox.faults([{"service": "mws", "operation": operation, "kind": fault, "times": 2}])
    assert len(observe(provider)) == 2
    provider.update(desired(subscription(enabled=False)), subscribed, [])
    assert sandbox.state()["mws"][SHOP]["subscriptions"][0]["isEnabled"] is False
    provider.delete(subscribed)
    provider.delete(registered)
    assert sandbox.state()["mws"] == {}
    assert sandbox.faults() == []


@pytest.mark.parametrize("operation", ["ListRegisteredDestinations", "ListSubscriptions"])
@pytest.mark.parametrize("fault", ["garbage", "truncate", "cutBefore"])
def test_an_unreadable_list_is_never_an_empty_one(provider, observe, sandbox, operation, fault):
    sandbox.faults([{"service": "mws", "operation": operation, "kind": fault, "times": None}])
    with pytest.raises(Unclear):
        observe(provider)


def test_a_lost_answer_to_a_create_is_looked_into_before_anything_is_sent_again(
    provider, desired, sandbox
):
    sandbox.faults([{"service": "mws", "operation": "RegisterDestination", "kind": "cutAfter"}])
    provider.create(desired(MwsDestination(queue=URL)))
    calls = [call["operation"] for call in sandbox.calls()]
    assert calls == ["RegisterDestination", "ListRegisteredDestinations"]


def test_an_equal_one_that_is_there_already_is_adopted(provider, desired, registered, subscribed):
    assert provider.create(desired(MwsDestination(queue=URL))) == registered
    assert provider.create(desired(subscription())) == subscribed


def test_a_different_one_that_is_there_already_is_not_changed(
    provider, desired, sandbox, registered, subscribed
):
    with pytest.raises(Rejected, match="already exists"):
        provider.create(desired(subscription(enabled=False)))
    assert sandbox.state()["mws"][SHOP]["subscriptions"][0]["isEnabled"] is True


def test_a_type_that_mws_does_not_have_is_rejected(provider, desired, registered):
    with pytest.raises(Rejected, match="does not exist") as caught:
        provider.create(desired(subscription(notification_type="SomethingNew")))
    assert caught.value.code == "InvalidInputFatalException"
    assert caught.value.operation == "CreateSubscription"
    assert caught.value.request_id


def test_a_create_rejected_for_another_reason_is_not_looked_into(provider_at, replay, desired):
    replay.say(400, error_document("InvalidParameterValue"))
    with pytest.raises(Rejected):
        provider_at(replay.url).create(desired(MwsDestination(queue=URL)))
    assert len(replay.asked) == 1


def test_a_create_that_never_gets_an_answer_is_given_up(provider, desired, sandbox):
    fault = {"service": "mws", "operation": "RegisterDestination", "kind": "cutBefore"}
    sandbox.faults([{**fault, "times": None}])
    with pytest.raises(Unclear, match="did not answer completely"):
        provider.create(desired(MwsDestination(queue=URL)))
    looks = ["RegisterDestination", "ListRegisteredDestinations"] * 3
    assert [call["operation"] for call in sandbox.calls()] == looks


def test_an_answer_to_another_operation_is_not_believed(provider_at, replay, observe):
    for _ in range(5):
        replay.say(200, "<ListSubscriptionsResponse/>")
    with pytest.raises(Unclear, match="of another kind"):
        observe(provider_at(replay.url))


def test_an_error_document_without_an_error_is_not_believed(provider_at, replay, observe):
    for _ in range(5):
        replay.say(500, "<ErrorResponse/>")
    with pytest.raises(Unclear, match="HTTP 500"):
        observe(provider_at(replay.url))


def test_an_answer_with_the_wrong_status_is_not_believed(provider_at, replay, observe):
    replay.say(
        404,
        "<ListRegisteredDestinationsResponse><ListRegisteredDestinationsResult><DestinationList/>"
        "</ListRegisteredDestinationsResult></ListRegisteredDestinationsResponse>",
    )
    with pytest.raises(Rejected, match="HTTP 404"):
        observe(provider_at(replay.url))


def test_a_single_subscription_can_be_read(
    account, secrets, http, clock, sandbox, registered, subscribed
):
    entry = account(endpoint=sandbox.url)
    client = MwsClient("uk", entry, secrets=secrets, http=http, clock=clock)
    found = client.get_subscription("AnyOfferChanged", URL)
    assert found == Subscribed("AnyOfferChanged", URL, enabled=True)


def test_a_proxy_that_wants_a_login_is_denied_access(provider_at, replay, observe):
    replay.say(407, "<html>log in</html>")
    with pytest.raises(Denied, match="HTTP 407"):
        observe(provider_at(replay.url))


def test_it_lets_go_of_nothing_that_is_shared(provider, observe):
    provider.close()
    assert observe(provider) == []


def test_a_spec_of_another_service_is_a_defect_of_ours(provider, desired):
    class Other(Spec):
        kind: ClassVar[str] = "topic"

    with pytest.raises(TypeError, match="MWS has no topic"):
        provider.create(desired(Other()))


def test_a_test_notification_to_a_queue_that_is_not_there_is_rejected(provider, registered):
    with pytest.raises(Rejected, match="DependencyFatalException"):
        provider.send_test_notification(ARN)


def test_the_service_tells_its_status_five_minutes_apart_after_the_first_two(provider, clock):
    assert [provider.service_status() for _ in range(3)] == ["GREEN"] * 3
    assert sum(clock.slept) == pytest.approx(300)


def test_each_operation_has_a_bucket_of_25_that_fills_twice_a_second(provider, clock, desired):
    live = provider.create(desired(MwsDestination(queue=URL)))
    for _ in range(25):
        provider.delete(live)
    assert clock.slept == []
    provider.delete(live)
    assert clock.slept == [0.5]


def test_quirk_54_a_throttled_request_is_sent_again_later(provider, observe, sandbox, clock):
    fault = {
        "service": "mws",
        "operation": "ListSubscriptions",
        "kind": "throttle",
        "retryAfter": 7,
    }
    sandbox.faults([fault])
    assert observe(provider) == []
    assert 7 in clock.slept


def test_quirk_54_a_request_throttled_for_good_says_so(provider_at, replay, observe):
    for _ in range(5):
        replay.say(503, error_document("RequestThrottled"))
    with pytest.raises(Transient) as caught:
        observe(provider_at(replay.url))
    assert caught.value.code == "RequestThrottled"
    # What follows a semicolon is what to do about it.
    assert caught.value.message.endswith(" (too many requests)")
    assert replay.answers == []


def test_quirk_54_a_used_up_quota_stops_at_once(provider_at, replay, observe):
    replay.say(503, error_document("QuotaExceeded"))
    with pytest.raises(Rejected, match="hourly quota"):
        observe(provider_at(replay.url))
    assert len(replay.asked) == 1


def test_quirk_54_a_proxys_page_with_503_passes(provider, observe, sandbox):
    sandbox.faults([{"service": "mws", "operation": "ListSubscriptions", "kind": "html"}])
    assert observe(provider) == []


@pytest.mark.parametrize("status", [200, 404, 500])
def test_quirk_112_a_page_of_html_is_reported_with_status_and_first_bytes(
    provider_at, replay, observe, status
):
    for _ in range(5):
        replay.say(status, "<html>\n  <p>Out of <b>order</p></html>")
    with pytest.raises((Rejected, Unclear), match=f"HTTP {status}: <html> <p>Out of"):
        observe(provider_at(replay.url))


@pytest.mark.parametrize(
    ("code", "status", "kind", "hint"),
    [
        ("AccessDenied", 401, Denied, "authorised this developer"),
        ("InvalidAccessKeyId", 403, Denied, "accessKeyId"),
        ("SignatureDoesNotMatch", 403, Denied, "clock"),
        ("SomethingElse", 403, Denied, "SomethingElse"),
        ("InvalidParameterValue", 400, Rejected, "InvalidParameterValue"),
        ("InvalidAddress", 404, Rejected, "endpoint"),
        ("DependencyUnauthorizedException", 400, Rejected, "437568002678"),
        ("InternalErrorFatalException", 400, Rejected, "InternalErrorFatalException"),
    ],
)
def test_a_failure_that_waiting_cannot_mend_says_who_must_act(
    provider_at, replay, observe, code, status, kind, hint
):
    replay.say(status, error_document(code))
    with pytest.raises(kind, match=hint) as caught:
        observe(provider_at(replay.url))
    assert (caught.value.code, caught.value.request_id) == (code, "id-7")


@pytest.mark.parametrize("code", ["InputStreamDisconnected", "DependencyRetriableException"])
def test_a_failure_that_is_known_to_pass_is_tried_again(provider_at, replay, desired, code):
    replay.say(400, error_document(code))
    replay.say(
        200,
        "<RegisterDestinationResponse><RegisterDestinationResult/></RegisterDestinationResponse>",
    )
    provider_at(replay.url).create(desired(MwsDestination(queue=URL)))
    assert len(replay.asked) == 2


def test_the_request_id_of_the_header_is_used_where_the_body_has_none(provider_at, replay, observe):
    headers = {"x-mws-request-id": "id-8"}
    replay.say(400, "<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>", **headers)
    with pytest.raises(Rejected, match=r"\(request id-8\)"):
        observe(provider_at(replay.url))


def test_quirk_111_an_error_that_quotes_the_request_keeps_its_secrets(provider_at, replay, observe):
    told = "Not so: AKIASANDBOX amzn.mws.4ea38b7b Signature=abc%2Bdef&amp;x=1\nsandbox-secret"
    replay.say(400, error_document("InvalidParameterValue", told))
    keys = {"accessKeyId": "env:KEY_ID", "secretKey": "env:KEY", "authToken": "env:TOKEN"}
    with pytest.raises(Rejected) as caught:
        observe(provider_at(replay.url, credentials=keys))
    assert "Not so: *** *** Signature=***&x=1" in str(caught.value)
    assert "sandbox-secret" not in str(caught.value)


def test_the_auth_token_is_sent_where_there_is_one(provider_at, replay, observe):
    keys = {"accessKeyId": "env:KEY_ID", "secretKey": "env:KEY", "authToken": "env:TOKEN"}
    for credentials in (keys, {**keys, "authToken": None}):
        replay.say(400, error_document("InvalidParameterValue"))
        with pytest.raises(Rejected):
            observe(provider_at(replay.url, credentials=credentials))
    sent = [parse_qs(it.body.decode()).get("MWSAuthToken") for it in replay.asked]
    assert sent == [["amzn.mws.4ea38b7b"], None]


def test_a_wrong_secret_key_is_denied(provider_at, sandbox, observe):
    sandbox.settings(mwsKeys={"AKIASANDBOX": "another"})
    with pytest.raises(Denied, match="check secretKey and this machine's clock"):
        observe(provider_at(sandbox.url))


def test_a_missing_variable_is_named(account, sandbox, http, clock, observe):
    entry = account(endpoint=sandbox.url)
    provider = MwsProvider("uk", entry, secrets=Secrets({}), http=http, clock=clock)
    with pytest.raises(SettingsError, match="KEY_ID is not set"):
        observe(provider)


def test_an_endpoint_below_a_path_is_called_there(provider_at, replay, observe):
    replay.say(403, error_document("AccessDenied"))
    with pytest.raises(Denied):
        observe(provider_at(f"{replay.url}/gateway/"))
    assert [it.path for it in replay.asked] == ["/gateway/Subscriptions/2013-07-01"]


def test_quirk_50_a_failure_at_amazons_own_host_says_that_it_is_retired(
    provider_at, observe, monkeypatch
):
    # A proxy that nobody answers for keeps the call on this machine.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(
        Transient,
        match="host and port; Amazon retired MWS on 31 March 2024",
    ):
        observe(provider_at())


def test_quirk_50_a_failure_elsewhere_says_nothing_of_the_sort(provider_at, replay, observe):
    replay.say(403, error_document("AccessDenied"))
    with pytest.raises(Denied) as caught:
        observe(provider_at(replay.url))
    assert "retired" not in str(caught.value)
