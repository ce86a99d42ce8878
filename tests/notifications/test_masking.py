"""Secrets that messages bring are masked wherever they stand in a payload."""

import base64
import json
from urllib.parse import quote

import pytest

from reconciler.notifications import DecodeError, decode, masked
from reconciler.notifications.masking import is_secret, speaks_of_secrets
from tests.notifications.messages import DISAPPROVED, in_sns, pushed

SECRET = "amzn1.oa2-cs.v1." + "0123456789abcdef" * 4
ROTATED = {
    "applicationOAuthClientNewSecret": {
        "clientId": "amzn1.application-oa2-client.x",
        "newClientSecret": SECRET,
        "newClientSecretExpiryTime": "2024-07-01T00:00:00Z",
        "oldClientSecretExpiryTime": "2024-01-08T00:00:00Z",
    }
}


def sp_api(payload):
    kind = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"
    return json.dumps({"notificationVersion": "1.0", "notificationType": kind, "payload": payload})


def shown(message):
    return masked(decode(message)).model_dump_json(by_alias=True)


WRAPPED = {
    "bare": str,
    "in SQS": lambda body: json.dumps({"Messages": [{"MessageId": "1", "Body": body}]}),
    "in SNS": in_sns,
    "in SNS in SQS": lambda body: json.dumps({"Messages": [{"Body": in_sns(body)}]}),
    "in a Lambda event": lambda body: json.dumps({"Records": [{"body": body}]}),
    "in EventBridge": lambda body: json.dumps({"detail-type": "x", "detail": json.loads(body)}),
    "in base64": lambda body: base64.b64encode(body.encode()).decode(),
    "in a push": pushed,
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_new_client_secret_is_masked_and_all_else_is_told(name):
    told = json.loads(shown(WRAPPED[name](sp_api(ROTATED))))
    inside = dict(ROTATED["applicationOAuthClientNewSecret"], newClientSecret="***")
    assert told["payload"] == {"applicationOAuthClientNewSecret": inside}


@pytest.mark.parametrize(
    "payload",
    [
        {"NewClientSecret": SECRET},
        {"new_client_secret": SECRET},
        {"deep": [{"er": {"clientSecret": SECRET}}]},
        {"secrets": [SECRET, SECRET]},
        {"clientSecret": {"value": SECRET}},
        {"secret": {"Value": [SECRET]}},
        {"refreshToken": SECRET},
        {"lwaClientSecretNew": SECRET},
        {"client_secret_value": SECRET},
        {"secret2": SECRET},
        {"rotated": "amzn1.oa2-cs.v1." + SECRET},
        {"grant": "use Atzr|" + SECRET},
        {"accessToken": SECRET, "tokenType": "bearer"},
        {"credentials": {"password": SECRET}},
        {"api-key": SECRET},
        {"privateKey": SECRET},
        {"SecretAccessKey": SECRET},
        {"note": json.dumps({"newClientSecret": SECRET})},
        {"note": json.dumps(json.dumps({"newClientSecret": SECRET}))},
        {"note": f"newClientSecret={SECRET}"},
        {"note": f"<NewClientSecret>{SECRET}</NewClientSecret>"},
    ],
    ids=str,
)
def test_every_field_that_its_name_calls_a_secret_is_masked(payload):
    assert SECRET not in shown(sp_api(payload))
    assert "***" in shown(sp_api(payload))


@pytest.mark.parametrize(
    "name",
    [
        "newClientSecretExpiryTime",
        "secretName",
        "tokenCount",
        "tokenType",
        "asin",
        "passwordLastChanged",
        "key",
    ],
)
def test_what_only_tells_about_a_secret_is_none(name):
    assert not is_secret(name)
    assert "2024-07-01" in shown(sp_api({name: "2024-07-01"}))


@pytest.mark.parametrize("value", [None, "", True, False])
def test_that_there_is_none_may_be_known(value):
    assert json.loads(shown(sp_api({"clientSecret": value})))["payload"] == {"clientSecret": value}


def test_an_xml_message_is_masked_likewise():
    head = "<NotificationMetaData><NotificationType>T</NotificationType></NotificationMetaData>"
    body = f'<A><NewClientSecret kind="x">{SECRET}</NewClientSecret><Secret>{SECRET}</Secret></A>'
    told = shown(
        f"<Notification>{head}<NotificationPayload>{body}</NotificationPayload></Notification>"
    )
    assert SECRET not in told
    assert told.count("***") == 2


def test_a_push_is_masked_likewise_and_stays_as_it_was_otherwise():
    push = masked(decode(json.dumps({**DISAPPROVED, "webhookSecret": SECRET})))
    assert push.payload.model_extra == {"webhookSecret": "***"}
    assert masked(decode(json.dumps(DISAPPROVED))) == decode(json.dumps(DISAPPROVED))


def test_the_library_itself_hands_on_what_was_sent():
    inside = decode(sp_api(ROTATED)).payload["applicationOAuthClientNewSecret"]
    assert inside["newClientSecret"] == SECRET


BROKEN = {
    "cut": lambda: sp_api(ROTATED)[:-40],
    "of two": lambda: json.dumps([json.loads(sp_api(ROTATED))] * 2),
    "odd base64": lambda: json.dumps({"message": {"data": f"newClientSecret={SECRET}"}}),
    "a key twice": lambda: f'{{"{SECRET}": 1, "{SECRET}": 2, "clientSecret": 1}}',
    "guide text": lambda: f"newClientSecret: [{SECRET}",
    "guide text without a colon": lambda: f"clientSecret {SECRET}",
    "the secret alone": lambda: SECRET + " " + SECRET,
    "an unknown object": lambda: json.dumps({SECRET: 1, "newClientSecret": 1}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_error_quotes_a_secret(name):
    text = BROKEN[name]()
    with pytest.raises(DecodeError) as caught:
        decode(text)
    assert SECRET[:12] not in str(caught.value)


@pytest.mark.parametrize(
    "write",
    [
        str,
        json.dumps,
        lambda text: json.dumps(json.dumps(text)),
        lambda text: quote(text, safe=""),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: json.dumps({"x": base64.b64encode(json.dumps(text).encode()).decode()}),
        lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    ],
)
def test_text_that_speaks_of_secrets_is_known_however_it_is_wrapped(write):
    assert speaks_of_secrets(write(f'{{"newClientSecret": "{SECRET}"}}'))


@pytest.mark.parametrize("text", ["", "This is a test message", "<html/>", "x" * 100, "\x7f\u202e"])
def test_other_text_does_not(text):
    assert not speaks_of_secrets(text)
