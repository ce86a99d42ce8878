"""No exception of a library reaches anybody, whatever is in files and answers: 200 are drawn."""

import json
import os
import shlex
import tempfile
from pathlib import Path

import pytest
from aws_credential_cases import SECRET as AWS_SECRET
from google_credential_cases import ACTS_AS, EXTERNAL, KEY, SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.model.errors import ReconcilerError
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.client import MerchantClient
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from tests.clocks import Clock
from tests.drawing import examples
from tests.strangers import listening

USER = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": ACTS_AS,
    "source_credentials": KEY,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SECRET),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper, max_size=3),
    max_leaves=6,
)


@st.composite
def bent(draw, whole):
    """Draw a JSON object with a field or two that are not as documented."""
    found = dict(draw(st.sampled_from(whole)))
    for name in draw(st.lists(st.sampled_from(sorted(found)), min_size=1, max_size=2)):
        if draw(st.booleans()):
            found.pop(name, None)
        else:
            found[name] = draw(JSON)
    return json.dumps(found).encode()


def loose(*whole):
    """Draw bytes that somebody may have instead of what is documented."""
    return st.one_of(
        bent(whole), bent(whole), JSON.map(lambda it: json.dumps(it).encode()), st.binary()
    )


ANSWERS = loose(
    {"access_token": SECRET, "expires_in": 60, "token_type": "Bearer"},
    {"accessToken": SECRET, "expireTime": "2999-01-01T00:00:00Z"},
    {"error": "invalid_grant", "error_description": SECRET},
    {"error": {"status": "PERMISSION_DENIED", "message": SECRET}},
)
STATUS = st.sampled_from([200, 200, 400, 401, 403, 404, 500])


@pytest.fixture(scope="module")
def stranger():
    with listening() as host:
        yield host


@pytest.fixture
def bare(monkeypatch, stranger):
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "GCE_", "CLOUDSDK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", stranger.url)
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", f"{folder}/adc")
        monkeypatch.setenv("AWS_CONFIG_FILE", f"{folder}/config")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{folder}/none")
        yield Path(folder)


def ends_as_documented(ask, hidden):
    """Ask for something; where it fails, it does as one sentence without a secret."""
    try:
        ask()
    except ReconcilerError as error:
        told = str(error)
        assert told
        assert "\n" not in told
        assert hidden not in told


def google_token():
    account = MerchantAccount.model_validate({"service": "merchant", "accountId": "5678"})
    client = MerchantClient("shop", account, secrets=Secrets(), clock=Clock())
    try:
        client.login()
    finally:
        client.close()


def aws_caller(profile):
    account = AwsAccount(
        service="aws", region="eu-west-1", account_id="123456789012", profile=profile
    )
    client = SqsClient("eu", account, Clock(), Secrets(), None)
    try:
        client.caller()
    finally:
        client.close()


quick = settings(
    max_examples=examples(50, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(file=loose(KEY, EXTERNAL, USER), token=st.binary(), status=STATUS, answer=ANSWERS)
def test_any_google_file_and_answer_ends_as_a_sentence(
    bare, stranger, private_key, file, token, status, answer
):
    key = json.dumps(private_key)[1:-1].encode()
    text = file.replace(b"<key>", key).replace(b"<url>", stranger.url.encode())
    (bare / "adc").write_bytes(text.replace(b"<folder>", str(bare).encode()))
    (bare / "token").write_bytes(token or b"subject")
    stranger.answers = {"": (status, answer)}
    # What a refusal says is told; no secret of ours but what we have sent may be in it.
    ours = status < 400 or SECRET.encode() in file + token
    ends_as_documented(google_token, SECRET if ours else "PRIVATE KEY")


@quick
@given(
    printed=loose(
        {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": AWS_SECRET, "Expiration": "soon"}
    ),
    code=st.sampled_from([0, 0, 0, 1, 255]),
    config=st.none() | st.binary() | st.text(st.characters(codec="utf-8")).map(str.encode),
    status=STATUS,
    answer=ANSWERS,
)
def test_any_aws_file_program_and_answer_ends_as_a_sentence(
    bare, stranger, printed, code, config, status, answer
):
    (bare / "printed").write_bytes(printed)
    command = shlex.quote(f"cat {bare}/printed; exit {code}")
    given_so = f"[profile acme]\ncredential_process = /bin/sh -c {command}\n".encode()
    (bare / "config").write_bytes(given_so + (config or b""))
    stranger.answers = {"": (status, answer)}
    ends_as_documented(lambda: aws_caller("acme"), AWS_SECRET)
