import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.core.model.errors import Denied, SettingsError, Transient
from tests.loopback import replaying

EXPIRED = json.dumps(
    {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid credentials."}}
)
UNREGISTERED = json.dumps(
    {
        "error": {
            "code": 401,
            "status": "UNAUTHENTICATED",
            "message": "GCP project with id p is not registered with the merchant account.",
        }
    }
)


def token(value):
    return json.dumps({"access_token": value, "expires_in": 3600, "token_type": "Bearer"})


@pytest.fixture(scope="session")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def key_file(tmp_path, replay, private_key):
    path = tmp_path / "key.json"
    key = {
        "type": "service_account",
        "client_email": "robot@project.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": private_key,
        "token_uri": f"{replay.url}/token",
    }
    path.write_text(json.dumps(key), encoding="utf-8")
    return str(path)


@pytest.fixture
def provider(provider_at, replay, key_file):
    return provider_at(replay.url, credentials={"serviceAccountFile": key_file})


def test_a_key_file_gives_a_token_for_many_calls(provider, replay, observe):
    replay.say(200, token("ya29.one"), **{"Content-Type": "application/json"})
    replay.say(200, "{}")
    replay.say(200, "{}")
    observe(provider)
    observe(provider)
    assert replay.tokens() == [
        None,
        "Bearer ya29.one",
        "Bearer ya29.one",
    ]


def test_an_expired_token_is_renewed_once(provider, replay, observe):
    replay.say(200, token("ya29.one"))
    replay.say(401, EXPIRED)
    replay.say(200, token("ya29.two"))
    replay.say(200, "{}")
    assert observe(provider) == []
    assert replay.tokens() == [
        None,
        "Bearer ya29.one",
        None,
        "Bearer ya29.two",
    ]


def test_a_renewed_token_that_is_refused_too_is_denied(provider, replay, observe):
    replay.say(200, token("ya29.one"))
    replay.say(401, EXPIRED)
    replay.say(200, token("ya29.two"))
    replay.say(401, EXPIRED)
    with pytest.raises(Denied, match="check the credentials"):
        observe(provider)


def test_quirk_91_an_unregistered_project_renews_no_token(provider, replay, observe):
    replay.say(200, token("ya29.one"))
    replay.say(401, UNREGISTERED)
    with pytest.raises(Denied, match="registerGcp"):
        observe(provider)
    assert replay.tokens() == [None, "Bearer ya29.one"]


def test_quirk_111_a_fetched_token_is_kept_out_of_errors(provider, replay, observe):
    replay.say(200, token("ya29.one"))
    replay.say(400, json.dumps({"error": {"status": "X", "message": "odd: ya29.one"}}))
    with pytest.raises(Exception, match=r"odd: \*\*\*"):
        observe(provider)


def test_a_key_that_google_refuses_is_denied(provider, replay, observe):
    replay.say(400, '{"error": "invalid_grant", "error_description": "Account not found"}')
    with pytest.raises(Denied, match="gives no token"):
        observe(provider)


def test_a_token_service_that_is_cut_off_is_transient(provider, key_file, observe):
    with replaying() as gone:
        key = json.loads(Path(key_file).read_text("utf-8"))
    Path(key_file).write_text(json.dumps({**key, "token_uri": f"{gone.url}/token"}), "utf-8")
    with pytest.raises(Transient, match="not reachable: connection refused"):
        observe(provider)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("hunter2", "is not the key file"),
        ('{"private_key": "hunter2"}', "is not the key file"),
        ('["hunter2"]', "is not the key file"),
    ],
)
def test_a_key_file_that_is_none_is_named_and_not_quoted(
    provider_at, replay, observe, tmp_path, content, told
):
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    provider = provider_at(replay.url, credentials={"serviceAccountFile": str(path)})
    with pytest.raises(SettingsError, match=told) as caught:
        observe(provider)
    assert "hunter2" not in str(caught.value)


def test_default_credentials_are_those_of_the_environment(
    provider_at, replay, observe, key_file, monkeypatch
):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file)
    replay.say(200, token("ya29.one"))
    replay.say(200, "{}")
    observe(provider_at(replay.url, credentials="adc"))
    assert replay.tokens() == [None, "Bearer ya29.one"]


def test_without_default_credentials_it_is_said_how_to_get_some(
    provider_at, replay, observe, tmp_path, monkeypatch
):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SettingsError, match="gcloud auth application-default login"):
        observe(provider_at(replay.url, credentials="adc"))
