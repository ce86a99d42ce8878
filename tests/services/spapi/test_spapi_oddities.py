"""What the real service was seen to do and the sandbox does not: canned answers on a socket."""

import json
from urllib.parse import urlsplit

import pytest
from spapi_world import ARN, World

from reconciler.core.model.errors import Denied, Rejected
from reconciler.core.model.objects import Live
from reconciler.services.spapi.specs import SpApiDestination, SpApiSubscription
from reconciler.transport.http import Http
from tests.loopback import answering

PATH = "/notifications/v1"
LIST = f"GET {PATH}/subscriptions"
SINGLE = f"GET {PATH}/subscriptions/ANY_OFFER_CHANGED"
DESTINATIONS = f"GET {PATH}/destinations"
CREATE = f"POST {PATH}/destinations"
TOKEN = "POST /auth/o2/token"
SUBSCRIPTION = {"subscriptionId": "s", "payloadVersion": "1.0", "destinationId": "d"}


def found(payload):
    return 200, {"payload": payload}


def failed(status, code, details=""):
    return status, {"errors": [{"code": code, "message": "No.", "details": details}]}


def destination(**resource):
    return {"name": "x", "destinationId": "d", "resource": resource or {"sqs": {"arn": ARN}}}


class Script:
    """Answers by "METHOD path" in the order given; the last one stays."""

    def __init__(self):
        self.headers = {}
        self.answers = {TOKEN: [(200, {"access_token": "Atc|x", "expires_in": 3600})]}

    def on(self, what, *answers):
        self.answers[what] = list(answers)

    def next(self, what):
        answers = self.answers.get(what, [(404, "nothing here")])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def world(script):
    def answer(asked):
        status, content = script.next(f"{asked.verb} {urlsplit(asked.path).path}")
        return status, content if isinstance(content, str) else json.dumps(content), script.headers

    http = Http()
    with answering(answer) as url:
        yield World(url, http)
    http.close()


@pytest.fixture
def declared(world):
    return SpApiSubscription(
        seller="de", notification_type="ANY_OFFER_CHANGED", payload_version="1.0", destination="d"
    )


def test_quirk_62_a_list_that_lags_behind_a_conflict_is_read_again(world, script):
    script.on(CREATE, failed(409, "Conflict"))
    script.on(DESTINATIONS, found([]), found([]), found([destination()]))
    assert world.destination().outputs == {"id": "d"}
    assert sum(world.clock.slept) > 0


def test_quirk_63_what_an_internal_error_did_all_the_same_is_adopted(world, script):
    script.on(CREATE, failed(500, "InternalFailure"))
    script.on(DESTINATIONS, found([destination()]))
    assert world.destination().outputs == {"id": "d"}


def test_a_destination_of_a_newer_kind_is_left_alone_and_said(world, script):
    script.on(DESTINATIONS, found([destination(webhook={"url": "y"}), destination()]))
    assert [live.spec.queue for live in world.destinations()] == [ARN]
    assert "destination x is of a kind not known here" in world.warnings[0]


def test_pages_that_lead_in_a_circle_are_not_followed_for_ever(world, script, declared):
    script.on(LIST, found({"subscriptions": [SUBSCRIPTION], "nextToken": "again"}))
    with pytest.raises(Rejected, match="the list does not end"):
        world.subscriptions(declared)


def test_quirk_74_a_missing_path_worded_by_a_proxy_is_fallen_back_from(world, script, declared):
    script.on(SINGLE, found(SUBSCRIPTION))
    assert [live.spec for live in world.subscriptions(declared)] == [declared]
    [asked] = world.asked
    assert "getSubscriptions" in asked.remarks[0]


def test_a_list_that_says_not_found_is_confirmed_version_by_version(world, script, declared):
    script.on(LIST, failed(404, "NotFound"))
    script.on(SINGLE, failed(404, "NotFound"))
    assert world.subscriptions(declared) == []
    assert [asked.remarks for asked in world.asked] == [()]


def test_a_proxys_not_found_is_not_read_as_absent(world, script, declared):
    with pytest.raises(Rejected, match="check `endpoint`"):
        world.subscriptions(declared)


def test_a_proxys_not_found_is_not_read_as_deleted(world):
    gone = Live("app", SpApiDestination(queue=ARN, name="x"), {"id": "d"})
    with pytest.raises(Rejected, match="check `endpoint`"):
        world.provider.delete(gone)


def test_a_documented_type_that_the_service_denies_is_not_read_as_absent(world, script, declared):
    details = 'Invalid value "ANY_OFFER_CHANGED" for path parameter notificationType'
    script.on(LIST, failed(400, "InvalidInput", details))
    with pytest.raises(Rejected, match="Invalid value"):
        world.subscriptions(declared)


def test_an_expression_subscription_is_told_from_the_plain_one(world, script, declared):
    other = {**SUBSCRIPTION, "processingDirective": {"filterExpression": "a == 1"}}
    script.on(LIST, found({"subscriptions": [other, SUBSCRIPTION]}))
    script.on(f"POST {PATH}/subscriptions/ANY_OFFER_CHANGED", failed(409, "StateConflict"))
    assert world.create(declared).spec == declared


def test_a_refusal_of_login_in_other_words_is_quoted_without_secrets(world, script):
    script.on(TOKEN, (400, "<html>hush-client"))
    with pytest.raises(Denied, match=r"HTTP 400: <html>\*\*\*"):
        world.destinations()


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": ""}, {"access_token": "x"}, {"access_token": 1}]
)
def test_an_incomplete_token_is_none(world, script, answer):
    script.on(TOKEN, (200, answer), (200, {"access_token": "x", "expires_in": 60}))
    script.on(DESTINATIONS, found([]))
    assert world.destinations() == []


@pytest.mark.parametrize(("rate", "waits"), [("10.0", 0.3), ("", 3), ("fast", 3), ("0", 3)])
def test_quirk_84_the_rate_that_the_service_announces_is_kept_to(world, script, rate, waits):
    script.headers["x-amzn-RateLimit-Limit"] = rate
    script.on(DESTINATIONS, found([]))
    for _ in range(8):
        world.destinations()
    assert sum(world.clock.slept) == pytest.approx(waits)
