"""Everything that can go wrong while Google credentials are got, over real files and sockets."""

import json
import os
import traceback

import pytest
from google_credential_cases import CASES, SECRET

from reconciler.core.model.errors import ReconcilerError, SettingsError
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.client import MerchantClient
from tests.clocks import Clock
from tests.loopback import waiting
from tests.strangers import listening


@pytest.fixture(scope="module")
def google():
    with listening() as stranger:
        yield stranger


@pytest.fixture
def surroundings(tmp_path, monkeypatch, google, private_key):
    """Make files and variables as a case has them, and return what stands for them in sentences."""
    for name in list(os.environ):
        if name.startswith(("GOOGLE_", "GCE_", "CLOUDSDK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    monkeypatch.setenv("PATH", "")  # no gcloud is asked for anything
    named = {"adc": str(tmp_path / "adc.json"), "folder": str(tmp_path), "url": google.url}
    named["host"] = google.url.removeprefix("http://")

    def filled(text):
        for name, value in named.items():
            text = text.replace(f"<{name}>", value)
        return text.replace("<key>", private_key.replace("\n", "\\n"))

    def make(case):
        google.answers = case.get("answers", {})
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", named["adc"])
        for name, content in case.items():
            if name == "adc":
                text = content if isinstance(content, bytes | str) else json.dumps(content)
                text = filled(text.replace("<key>", "<key>")) if isinstance(text, str) else text
                data = text if isinstance(text, bytes) else text.encode()
                (tmp_path / "adc.json").write_bytes(data)
            elif name.isupper():
                monkeypatch.setenv(name, filled(content))
            elif name.startswith("token"):
                (tmp_path / name).write_text(content)
        return filled

    return make


def asked(error, credentials="adc"):
    """Ask for a token, and return what is told instead."""
    entry = {"service": "merchant", "accountId": "5678", "credentials": credentials}
    account = MerchantAccount.model_validate(entry)
    client = MerchantClient("shop", account, secrets=Secrets(), clock=Clock())
    try:
        with pytest.raises(error) as caught:
            client.login()
    finally:
        client.close()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize(("case", "error", "sentence"), CASES.values(), ids=CASES.keys())
def test_what_goes_wrong_is_one_sentence(surroundings, google, case, error, sentence):
    filled = surroundings(case)
    told = asked(error)
    said = filled(sentence)
    if error is SettingsError:
        assert str(told) == f"accounts.shop: {said}"
    else:
        assert (told.account, told.operation, told.message) == ("shop", "token", said)


def test_a_metadata_server_that_is_silent_is_told_soon(surroundings, monkeypatch):
    import socket

    surroundings({"GOOGLE_APPLICATION_CREDENTIALS": ""})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{silent.getsockname()[1]}")
        assert "no metadata server" in str(asked(SettingsError))
        assert waiting(silent) == 1


def test_a_token_comes_by_sts_and_impersonation_and_no_project_is_asked_for(
    surroundings, google, recwarn, caplog
):
    surroundings(CASES["impersonation-refused"][0] | {"token": SECRET})
    google.answers = {
        "subject_token=": (200, json.dumps({"access_token": "sts-1", "expires_in": 60})),
        "generateAccessToken": (
            200,
            json.dumps({"accessToken": "ya29.x", "expireTime": "2999-01-01T00:00:00Z"}),
        ),
    }
    google.asked.clear()
    account = MerchantAccount.model_validate({"service": "merchant", "accountId": "5678"})
    secrets = Secrets()
    client = MerchantClient("shop", account, secrets=secrets, clock=Clock())
    client.login()
    client.close()
    assert [asked.partition(" ")[0].rpartition("/")[2] for asked in google.asked] == [
        "sts",
        "x@p.iam.gserviceaccount.com:generateAccessToken",
    ]
    assert not recwarn.list
    assert not caplog.records
    assert all(it not in secrets.scrub(f"{SECRET} sts-1 ya29.x") for it in (SECRET, "sts-1"))


def test_the_token_service_that_is_busy_is_asked_again(surroundings, google):
    surroundings(CASES["refresh-refused"][0])
    google.answers = {"": (503, '{"error": "unavailable"}')}
    google.asked.clear()
    told = asked(ReconcilerError)
    assert "HTTP 503, unavailable" in str(told)
    assert len(google.asked) == 5
