"""Answers are read strictly, and failures get the meaning of who must act."""

import json

import pytest

from reconciler.core.model.errors import Denied, Missing, Rejected, Transient, Unclear
from reconciler.services.spapi import answers
from reconciler.services.spapi.answers import GarbledSpApiAnswer
from reconciler.services.spapi.failures import (
    Conflict,
    Expired,
    NoRoute,
    NotPermitted,
    SpApiCall,
    UnknownType,
    failure,
)
from reconciler.transport.http import Response

SUBSCRIPTION = {"subscriptionId": "s", "payloadVersion": "1.0", "destinationId": "d"}
ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"


def body(payload):
    return json.dumps({"payload": payload}).encode()


def meaning(status, code="", message="", details="", *, operation="getDestinations", **headers):
    errors = [{"code": code, "message": message, "details": details}]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    site = SpApiCall("app", operation, None, lambda text: text.replace("hush", "***"))
    return failure(site, Response(status, named, json.dumps({"errors": errors}).encode()))


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        ("createDestination", "one event bus destination for each AWS account"),
        ("createDestination", "one destination of an application for each queue"),
        ("createSubscription", "one subscription of a seller for each notification type"),
    ],
)
def test_a_conflict_is_told_with_amazons_own_rule(operation, rule):
    assert rule in str(meaning(409, "Conflict", "exists", operation=operation))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"payload": null}',
        b'{"payload": {}}',
        b'{"payload": [1]}',
        body([{"name": "x", "resource": {}}]),
        body([{"name": "x", "destinationId": "1"}]),
        body([{"name": "x", "destinationId": "1", "resource": {"sqs": {}}}]),
        body([{"name": "x", "destinationId": "1", "resource": {"eventBridge": {}}}]),
        body(
            [
                {
                    "name": "x",
                    "destinationId": "1",
                    "resource": {"eventBridge": {"region": "?", "accountId": "1"}},
                }
            ]
        ),
    ],
)
def test_an_incomplete_list_of_destinations_is_no_empty_list(text):
    with pytest.raises(GarbledSpApiAnswer):
        answers.destinations(text)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {"subscriptions": None},
        {"subscriptions": [{**SUBSCRIPTION, "destinationId": None}]},
        {"subscriptions": [{**SUBSCRIPTION, "processingDirective": "x"}]},
        {"subscriptions": [{**SUBSCRIPTION, "processingDirective": {"eventFilter": ["x"]}}]},
        {
            "subscriptions": [
                {**SUBSCRIPTION, "processingDirective": {"eventFilter": {"marketplaceIds": "A"}}}
            ]
        },
    ],
)
def test_an_incomplete_page_of_subscriptions_is_no_empty_page(payload):
    with pytest.raises(GarbledSpApiAnswer):
        answers.subscriptions(body(payload))


def test_an_empty_page_is_empty():
    page = answers.subscriptions(body({"subscriptions": [], "nextToken": ""}))
    assert (page.records, page.next_token) == ((), "")


def test_quirk_64_nulls_and_new_keys_are_passed_over():
    resource = {"sqs": {"arn": ARN, "new": 1}, "eventBridge": None, "webhook": None}
    shape = {"name": "x", "destinationId": "1", "resource": resource, "more": {}}
    assert answers.destination(body(shape)).queue == ARN


def test_a_destination_of_a_newer_kind_is_neither_queue_nor_event_bus():
    shape = {"name": "x", "destinationId": "1", "resource": {"webhook": {"url": "y"}}}
    record = answers.destination(body(shape))
    assert (record.queue, record.event_bridge) == (None, None)


@pytest.mark.parametrize("directive", [None, {}, {"eventFilter": None}, {"eventFilter": {}}])
def test_quirk_77_no_directive_has_many_spellings(directive):
    record = answers.subscription(body({**SUBSCRIPTION, "processingDirective": directive}))
    assert (record.filter, record.expression) == (None, None)


def test_values_newer_than_this_program_are_read_as_they_are():
    directive = {"eventFilter": {"aggregationSettings": {"aggregationTimePeriod": "OneHour"}}}
    record = answers.subscription(body({**SUBSCRIPTION, "processingDirective": directive}))
    assert record.filter.aggregation_time_period == "OneHour"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (meaning(400, "InvalidInput"), Rejected),
        (
            meaning(400, "InvalidInput", details='"X" for path parameter notificationType'),
            UnknownType,
        ),
        (meaning(403, "Unauthorized"), NotPermitted),
        (meaning(401, "Unauthorized"), NotPermitted),
        (meaning(403, "Unauthorized", details="The token has expired."), Expired),
        (meaning(403, "x", "Missing Authentication Token"), NoRoute),
        (meaning(403, x_amzn_errortype="MissingAuthenticationTokenException"), NoRoute),
        (meaning(404, "NotFound"), Missing),
        (meaning(404), NoRoute),
        (meaning(409, "Conflict"), Conflict),
        (meaning(413), Rejected),
        (meaning(302), Rejected),
        (meaning(429, "QuotaExceeded"), Transient),
        (meaning(500, "InternalFailure"), Unclear),
        (meaning(503, "ServiceUnavailable"), Transient),
        (meaning(504), Unclear),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_statuses_and_codes_have_their_meaning(error, wanted):
    assert type(error) is wanted


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("The requested action is forbidden.", ""),
        ("Unauthorized", "Destination has subscriptions"),
    ],
)
def test_quirk_69_a_refused_deletion_is_a_destination_in_use(message, details):
    error = meaning(403, "Unauthorized", message, details, operation="deleteDestination")
    assert type(error) is Rejected
    assert "it is in use" in error.message


def test_quirk_69_other_refusals_of_a_deletion_are_not():
    error = meaning(403, "Unauthorized", "Access is denied.", operation="deleteDestination")
    assert isinstance(error, Denied)


def test_what_the_service_says_is_quoted_without_secrets():
    error = meaning(400, "InvalidInput", "Bad.", "token hush\n is bad", x_amzn_requestid="r-1")
    assert str(error) == ("app: getDestinations: InvalidInput: Bad: token *** is bad (request r-1)")


@pytest.mark.parametrize("text", [b"<html>hush", b"[]", b'{"errors": []}', b'{"errors": ["x"]}'])
def test_quirk_112_other_bodies_are_shown_by_status_and_first_bytes(text):
    site = SpApiCall("app", "getDestinations", None, lambda text: text.replace("hush", "***"))
    error = failure(site, Response(400, {}, text))
    assert type(error) is Rejected
    assert "HTTP 400: " in error.message
    assert "hush" not in error.message
