"""The listener on AWS Lambda. Numbers are those of the receiver's wire notes."""

import base64
import json
import threading

import pytest
from pushes import PATH, QUERY, SECRET, Stand, TryLater, push

from reconciler.listening import FunctionUrl


def event(body=None, *, path=PATH, query=QUERY, method="POST", encoded=False, **more):
    """Return an event of payload format 2.0, as recorded."""
    text = push().decode() if body is None else body
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "abc.lambda-url.eu-west-1.on.aws"},
        "requestContext": {
            "accountId": "anonymous",
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "body": base64.b64encode(text.encode()).decode() if encoded else text,
        "isBase64Encoded": encoded,
        **more,
    }


@pytest.fixture
def stand():
    return Stand()


@pytest.fixture
def handler(stand):
    handler = FunctionUrl(stand.listener)
    yield handler
    handler.close()


@pytest.mark.parametrize("encoded", [False, True])
def test_push_receiver_20_a_body_comes_as_text_or_as_base64(stand, handler, encoded):
    assert handler(event(encoded=encoded))["statusCode"] == 204
    assert stand.shelf.kept[0].text == push().decode()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"body": None}, 204),
        ({"body": "!", "isBase64Encoded": True}, 204),
        ({"body": "\ud800"}, 204),
        ({"headers": None}, 204),
        ({"rawQueryString": None}, 404),
        ({"rawPath": "/merchant%2F1234"}, 404),
        ({"rawPath": "//merchant/1234"}, 404),
    ],
)
def test_push_receiver_20_a_body_may_be_missing_or_damaged_and_a_path_is_not_decoded(
    stand, handler, change, status
):
    assert handler({**event(), **change})["statusCode"] == status


@pytest.mark.parametrize(
    "strange",
    [
        {},
        None,
        [],
        "text",
        {"httpMethod": "POST", "path": PATH, "headers": {}, "body": ""},
        {**event(), "requestContext": {}},
        {**event(), "body": 7},
        {**event(), "rawPath": "/\ud800"},
        {**event(), "rawPath": None},
    ],
)
def test_push_receiver_21_and_22_every_answer_has_a_status_and_a_wrong_format_a_reason(
    handler, strange
):
    answer = handler(strange)
    assert answer["statusCode"] == 500
    assert "payload format 2.0" in answer["body"]


def test_push_receiver_21_a_log_that_breaks_acknowledges_nothing(stand, handler):
    def broken(_):
        raise OSError("no space left")

    stand.listener._note_answer = broken
    assert handler(event()) == {"statusCode": 500, "headers": {}, "body": "OSError"}


def test_push_receiver_21_an_error_in_sending_is_no_acknowledgement(stand, handler):
    stand.shelf.fates = [RuntimeError("defect"), TryLater("no"), None]
    answers = [handler(event()) for _ in range(3)]
    assert [answer["statusCode"] for answer in answers] == [503, 503, 204]
    assert all(type(answer["statusCode"]) is int for answer in answers)
    assert SECRET not in json.dumps(answers)


def test_push_receiver_23_nothing_runs_on_after_the_answer(stand, handler):
    before = set(threading.enumerate())
    stand.shelf.fates = [0.05]
    handler(event())
    assert len(stand.shelf.kept) == 1
    assert set(threading.enumerate()) <= before
