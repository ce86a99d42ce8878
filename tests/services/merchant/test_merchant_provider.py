import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from reconciler.core.model.errors import (
    Denied,
    Missing,
    Rejected,
    SettingsError,
    Transient,
    Unclear,
    Unreachable,
)
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Provider
from reconciler.services.merchant.kinds import MerchantSubscription

EVENT = "PRODUCT_STATUS_CHANGE"
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
LIST = "notificationsubscriptions.list"


def subscription(target="1234", uri="https://hooks.example.com/a", event=EVENT):
    interest = {"all_managed_accounts": True} if target == "all" else {"target_account": target}
    return MerchantSubscription(registered_event=event, call_back_uri=uri, owner="5678", **interest)


def error(status, code, message="No.", reason="", **metadata):
    details = [{"reason": reason, "metadata": metadata}]
    body = {"code": status, "status": code, "message": message, "details": details}
    return json.dumps({"error": body})


def listed(**fields):
    item = {"name": "n", "registeredEvent": EVENT, **fields}
    return json.dumps({"notificationSubscriptions": [item]})


@pytest.fixture
def subscribed(provider, desired):
    return provider.create(desired(subscription()))


def held(sandbox):
    return sandbox.state()["merchant"].get("5678", [])


def operations(sandbox):
    return [call["operation"] for call in sandbox.calls()]


def test_it_is_a_provider(provider):
    checked: Provider = provider
    assert checked.scopes()[0].kinds == (MerchantSubscription,)


def test_quirk_97_an_empty_answer_is_an_empty_list(provider, observe):
    assert observe(provider) == []


@pytest.mark.parametrize("target", ["1234", "5678", "all"])
def test_what_was_created_is_observed_as_it_was_returned(provider, desired, observe, target):
    wanted = desired(subscription(target))
    live = provider.create(wanted)
    assert live.spec == wanted.spec
    assert live.outputs["name"].startswith("accounts/5678/notificationsubscriptions/")
    assert observe(provider) == [live]


@pytest.mark.parametrize("count", [150, 250])
def test_quirk_96_all_pages_are_read(provider, desired, observe, sandbox, count):
    for number in range(count):
        provider.create(desired(subscription(str(1000 + number))))
    sandbox.clear_calls()
    found = {live.spec.target_account for live in observe(provider)}
    assert found == {str(1000 + number) for number in range(count)}
    assert operations(sandbox) == ["list"] * (1 if count <= 200 else 2)


def test_quirk_96_a_service_that_gives_smaller_pages_is_read_to_the_end(
    provider, desired, observe, sandbox
):
    sandbox.settings(merchantPageCap=2)
    for number in range(5):
        provider.create(desired(subscription(str(1000 + number))))
    assert len(observe(provider)) == 5


def test_a_page_that_comes_again_is_an_error(provider_at, replay, observe):
    for _ in range(2):
        replay.say(200, '{"nextPageToken": "again"}')
    with pytest.raises(Rejected, match="does not end"):
        observe(provider_at(replay.url))


def test_quirk_94_a_changed_uri_is_patched_alone(
    provider, desired, observe, sandbox, subscribed, moved
):
    wanted = desired(subscription(uri="https://hooks.example.com/b"))
    live = provider.update(wanted, subscribed, moved(subscribed, wanted))
    (call,) = [call for call in sandbox.calls() if call["operation"] == "patch"]
    assert call["query"]["updateMask"] == "callBackUri"
    assert call["body"] == {"callBackUri": "https://hooks.example.com/b"}
    assert live.outputs == subscribed.outputs
    assert observe(provider) == [live]
    assert live.spec == wanted.spec


def test_changing_what_is_gone_is_missing(provider, desired, subscribed, moved):
    provider.delete(subscribed)
    wanted = desired(subscription(uri="https://hooks.example.com/b"))
    with pytest.raises(Missing):
        provider.update(wanted, subscribed, moved(subscribed, wanted))


def test_quirk_98_deleting_what_is_gone_is_done(provider, sandbox, subscribed):
    provider.delete(subscribed)
    provider.delete(subscribed)
    assert held(sandbox) == []


def test_a_proxys_404_is_not_taken_for_gone(provider_at, replay, subscribed):
    replay.say(404, "<html>no such host</html>")
    with pytest.raises(Rejected, match="check `endpoint`"):
        provider_at(replay.url).delete(subscribed)


def test_a_list_that_is_not_there_is_not_an_empty_list(provider_at, replay, observe):
    replay.say(404, error(404, "NOT_FOUND"))
    with pytest.raises(Rejected, match="check accountId"):
        observe(provider_at(replay.url))


@pytest.mark.parametrize("fault", FAULTS)
def test_quirk_95_a_failing_create_ends_with_exactly_one(
    provider, desired, observe, sandbox, fault
):
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": fault}])
    live = provider.create(desired(subscription()))
    assert observe(provider) == [live]


@pytest.mark.parametrize("fault", ["cutAfter", "truncate"])
def test_quirk_95_a_create_that_was_carried_out_is_not_sent_again(
    provider, desired, sandbox, fault
):
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": fault}])
    provider.create(desired(subscription()))
    assert operations(sandbox) == ["create", "list"]


def test_a_create_that_never_gets_an_answer_is_given_up(provider, desired, sandbox):
    sandbox.faults(
        [{"service": "merchant", "operation": "create", "kind": "cutBefore", "times": None}]
    )
    with pytest.raises(Unclear, match="did not answer completely"):
        provider.create(desired(subscription()))
    assert operations(sandbox) == ["create", "list"] * 3


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["list", "patch", "delete"])
def test_a_passing_failure_of_anything_else_is_outlasted(
    provider, desired, observe, sandbox, subscribed, moved, operation, fault
):
    sandbox.faults([{"service": "merchant", "operation": operation, "kind": fault, "times": 2}])
    assert observe(provider) == [subscribed]
    wanted = desired(subscription(uri="https://hooks.example.com/b"))
    provider.update(wanted, subscribed, moved(subscribed, wanted))
    assert held(sandbox)[0]["callBackUri"] == "https://hooks.example.com/b"
    provider.delete(subscribed)
    assert held(sandbox) == []
    assert sandbox.faults() == []


@pytest.mark.parametrize("fault", ["garbage", "truncate", "cutBefore"])
def test_an_unreadable_list_is_never_an_empty_one(provider, observe, sandbox, subscribed, fault):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": fault, "times": None}])
    with pytest.raises(Unclear):
        observe(provider)


def test_an_unreadable_second_page_is_not_the_end(provider, desired, observe, sandbox):
    sandbox.settings(merchantPageCap=1)
    for target in ("1", "2"):
        provider.create(desired(subscription(target)))
    fault = {"service": "merchant", "operation": "list", "kind": "garbage", "times": None}
    sandbox.faults([{**fault, "skip": 1}])
    with pytest.raises(Unclear):
        observe(provider)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "not JSON",
        '{"notificationSubscriptions": {}}',
        '{"notificationSubscriptions": [{}]}',
        '{"notificationSubscriptions": [{"name": "n", "allManagedAccounts": true}]}',
        '{"notificationSubscriptions": [{"registeredEvent": "E", "allManagedAccounts": true}]}',
        '{"notificationSubscriptions": [{"name": "n", "registeredEvent": "E"}]}',
        listed(targetAccount="shops/1"),
        listed(targetAccount="accounts/1", callBackUri=5),
        '{"nextPageToken": 5}',
    ],
)
def test_a_list_of_another_kind_is_never_an_empty_one(provider_at, replay, observe, body):
    for _ in range(5):
        replay.say(200, body)
    with pytest.raises(Unclear, match="incomplete or of another kind"):
        observe(provider_at(replay.url))


def test_an_event_made_after_us_is_observed_too(provider_at, replay, observe):
    replay.say(200, listed(registeredEvent="NEW_EVENT", allManagedAccounts=True))
    (live,) = observe(provider_at(replay.url))
    assert live.spec.registered_event == "NEW_EVENT"
    assert live.spec.call_back_uri.reveal() == ""


def test_an_equal_one_that_is_there_already_is_adopted(provider, desired, sandbox, subscribed):
    assert provider.create(desired(subscription())) == subscribed
    assert len(held(sandbox)) == 1


def test_a_different_one_that_is_there_already_is_not_changed(
    provider, desired, sandbox, subscribed
):
    with pytest.raises(Rejected, match="already exists"):
        provider.create(desired(subscription(uri="https://hooks.example.com/b")))
    assert held(sandbox)[0]["callBackUri"] == "https://hooks.example.com/a"


def test_a_create_rejected_for_another_reason_is_not_looked_into(provider_at, replay, desired):
    replay.say(418, error(418, "TEAPOT"))
    with pytest.raises(Rejected):
        provider_at(replay.url).create(desired(subscription()))
    assert len(replay.asked) == 1


def test_bytes_that_are_no_text_are_never_an_empty_list(provider_at, replay, observe):
    for _ in range(5):
        replay.answers.append((200, b'{"a": "\xff"}'))
    with pytest.raises(Unclear, match="no text"):
        observe(provider_at(replay.url))


def test_a_spec_of_another_service_is_a_defect_of_ours(provider, desired):
    class Other(Spec):
        kind: ClassVar[str] = "topic"

    with pytest.raises(TypeError, match="no topic"):
        provider.create(desired(Other()))


def test_quirk_92_all_managed_accounts_beside_a_partial_one_are_rejected(
    provider, desired, subscribed
):
    with pytest.raises(Rejected, match="cannot be used together") as caught:
        provider.create(desired(subscription("all")))
    assert caught.value.code == "FAILED_PRECONDITION"


def test_quirk_91_an_unregistered_project_is_told_the_call_and_not_asked_twice(
    provider, observe, sandbox
):
    sandbox.settings(merchantUnregistered=["5678"])
    with pytest.raises(Denied) as caught:
        observe(provider)
    call = f"POST {sandbox.url}/accounts/v1/accounts/5678/developerRegistration:registerGcp"
    assert call in str(caught.value)
    assert caught.value.operation == LIST
    assert operations(sandbox) == ["list"]


def test_quirk_102_the_minute_quota_is_waited_for(provider, observe, sandbox, clock):
    fault = {"service": "merchant", "operation": "list", "kind": "throttle", "retryAfter": 9}
    sandbox.faults([fault])
    assert observe(provider) == []
    assert clock.slept == [9]


@pytest.mark.parametrize(
    "body",
    [
        error(429, "RESOURCE_EXHAUSTED", reason="quota/daily_limit_exceeded"),
        error(429, "RESOURCE_EXHAUSTED", REASON="quota/daily_limit_exceeded"),
        error(429, "RESOURCE_EXHAUSTED", "Sorry, quota/daily_limit_exceeded"),
    ],
)
def test_quirk_102_the_days_quota_is_not_waited_for(provider_at, replay, observe, clock, body):
    replay.say(429, body)
    with pytest.raises(Rejected, match="12:00 UTC"):
        observe(provider_at(replay.url))
    assert clock.slept == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (400, error(400, "INVALID_ARGUMENT", "Bad field."), Rejected, "Bad field"),
        (401, error(401, "UNAUTHENTICATED"), Denied, "check the credentials"),
        (403, error(403, "PERMISSION_DENIED"), Denied, "user of Merchant account 5678"),
        (403, error(403, "X", reason="SERVICE_DISABLED"), Denied, "enable the Merchant API"),
        (403, "<html>Go away</html>", Denied, "HTTP 403: <html>Go away"),
        (302, "", Unreachable, "redirects to elsewhere.example.com .HTTP 302."),
        (418, '{"error": "teapot"}', Rejected, "HTTP 418: .*teapot"),
    ],
)
def test_a_failure_that_waiting_cannot_mend_says_who_must_act(
    provider_at, replay, observe, status, body, kind, told
):
    replay.say(status, body, Location="https://elsewhere.example.com/")
    with pytest.raises(kind, match=told):
        observe(provider_at(replay.url))


@pytest.mark.parametrize(("status", "kind"), [(409, Unclear), (500, Transient), (503, Transient)])
def test_a_failure_that_may_pass_is_tried_five_times(provider_at, replay, observe, status, kind):
    for _ in range(5):
        replay.say(status, error(status, "ABORTED" if status == 409 else "INTERNAL"))
    with pytest.raises(kind):
        observe(provider_at(replay.url))
    assert replay.answers == []


def test_quirk_112_a_page_of_html_is_reported_with_status_and_first_bytes(
    provider_at, replay, observe
):
    for _ in range(5):
        replay.say(502, "<html>\n  <p>Bad \xff gateway</p></html>")
    with pytest.raises(Transient, match="HTTP 502: <html> <p>Bad"):
        observe(provider_at(replay.url))


def test_a_host_that_does_not_listen_is_not_reached(provider_at, observe):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Transient, match=f"127.0.0.1:{port} is not reachable"):
            observe(provider_at(f"http://127.0.0.1:{port}"))


def test_an_access_token_is_sent_and_kept_out_of_errors(provider_at, replay, observe):
    for _ in range(2):
        replay.say(400, error(400, "INVALID_ARGUMENT", "Token ya29.secret is odd"))
    credentials = {"accessToken": "env:TOKEN"}
    provider = provider_at(replay.url, {"TOKEN": "ya29.secret"}, credentials=credentials)
    with pytest.raises(Rejected, match=r"Token \*\*\* is odd"):
        observe(provider)
    assert replay.tokens() == ["Bearer ya29.secret"]


def test_a_refused_access_token_is_denied_at_once(provider_at, sandbox, observe):
    sandbox.settings(revoked=["ya29.secret"])
    credentials = {"accessToken": "env:TOKEN"}
    provider = provider_at(sandbox.url, {"TOKEN": "ya29.secret"}, credentials=credentials)
    with pytest.raises(Denied, match="check the credentials"):
        observe(provider)
    assert operations(sandbox) == ["list"]


def test_a_missing_variable_is_named(provider_at, sandbox, observe):
    provider = provider_at(sandbox.url, credentials={"accessToken": "env:TOKEN"})
    with pytest.raises(SettingsError, match="TOKEN is not set"):
        observe(provider)


def test_quirk_99_with_an_endpoint_set_no_other_host_is_looked_up(
    provider_at, sandbox, desired, observe, monkeypatch, moved
):
    hosts = []
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: hosts.append(host) or look_up(host, *rest, **more),
    )
    provider = provider_at(sandbox.url)
    live = provider.create(desired(subscription()))
    wanted = desired(subscription(uri="https://hooks.example.com/b"))
    provider.update(wanted, live, moved(live, wanted))
    observe(provider)
    provider.delete(live)
    assert set(hosts) == {"127.0.0.1"}


def test_quirk_100_many_workers_share_a_provider(provider, desired, observe):
    wanted = [desired(subscription(str(1000 + number))) for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(provider.create, wanted))
    assert sorted(live.outputs["name"] for live in made) == sorted(
        live.outputs["name"] for live in observe(provider)
    )
