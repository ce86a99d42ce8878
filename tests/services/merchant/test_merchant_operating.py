"""Health metrics and access rights, which the client library does not know."""

import json

import pytest

from reconciler.core.model.abilities import Metrics
from reconciler.core.model.errors import Denied
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import live_address
from reconciler.core.provider import one_by_one
from reconciler.services.merchant.kinds import MerchantSubscription


def subscription(number):
    spec = MerchantSubscription(
        registered_event="PRODUCT_STATUS_CHANGE",
        target_account=str(number),
        call_back_uri="https://hooks.example.com/a",
        owner="5678",
    )
    return Live("shop", spec, {"name": f"accounts/5678/notificationsubscriptions/{number}"})


def refusal(status, code):
    return json.dumps({"error": {"code": status, "status": code, "message": "Not here."}})


def test_quirk_101_numbers_are_text_and_zeros_are_missing(provider_at, replay):
    replay.say(200, '{"name": "x", "acknowledgedMessagesCount": "12"}')
    item = subscription(1)
    found = provider_at(replay.url).measure([item], one_by_one)
    expected = Metrics(oldest_seconds=0, acknowledged=12, undelivered=0)
    assert found.metrics == {live_address(item.spec, "shop"): expected}
    assert found.lacking is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, refusal(404, "NOT_FOUND")),
        (501, refusal(501, "UNIMPLEMENTED")),
        (404, "<html>Not Found</html>"),
    ],
)
def test_quirk_101_a_service_without_metrics_is_asked_once(provider_at, replay, status, body):
    replay.say(status, body)
    items = [subscription(number) for number in (1, 2, 3)]
    found = provider_at(replay.url).measure(items, one_by_one)
    assert found.metrics == {}
    assert found.lacking.startswith("shop: the Merchant API gives no health metrics")
    assert len(replay.asked) == 1


def test_metrics_that_are_refused_are_an_error_not_a_lack(provider_at, replay):
    replay.say(403, refusal(403, "PERMISSION_DENIED"))
    with pytest.raises(Denied):
        provider_at(replay.url).measure([subscription(1)], one_by_one)


def rights(provider):
    [found] = [it for it in provider.examinations([]) if it.subject == "access rights"]
    return [ailment.problem for ailment in found.look()]


@pytest.mark.parametrize("right", ["ADMIN", "STANDARD", "API_DEVELOPER"])
def test_each_right_that_can_write_is_enough(provider_at, replay, right):
    replay.say(200, json.dumps({"accessRights": ["READ_ONLY", right]}))
    assert rights(provider_at(replay.url)) == []


def test_a_user_without_rights_is_told_so(provider_at, replay):
    replay.say(200, "{}")
    [problem] = rights(provider_at(replay.url))
    assert problem.endswith("they have no right at all")


def test_rights_that_the_service_does_not_tell_are_no_complaint(provider_at, replay):
    replay.say(404, refusal(404, "NOT_FOUND"))
    assert rights(provider_at(replay.url)) == []
