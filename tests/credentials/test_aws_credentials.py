"""Everything that can go wrong while AWS credentials are got, over real files and sockets."""

import json
import os
import traceback

import pytest
from aws_credential_cases import CASES, KEYS, ROLE, SECRET
from botocore.credentials import SSOProvider

from reconciler.core.model.errors import SettingsError
from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from tests.clocks import Clock
from tests.loopback import waiting
from tests.strangers import listening


@pytest.fixture(scope="module")
def sts():
    with listening() as stranger:
        yield stranger


@pytest.fixture
def surroundings(tmp_path, monkeypatch, sts):
    """Make files and variables as a case has them, and return the account that uses them."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    paths = {name: str(tmp_path / name) for name in ("config", "credentials", "token")}
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "sso").mkdir()
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / "sso"))
    monkeypatch.setenv("AWS_CONFIG_FILE", paths["config"])
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", paths["credentials"])
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", sts.url)

    def make(case):
        for name, content in case.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, content.format(**paths))
            elif name in ("config", "credentials"):
                text = content if isinstance(content, bytes) else content.encode()
                (tmp_path / name).write_bytes(text)
        if process := _process(case, tmp_path):
            (tmp_path / "config").write_text(f"[profile acme]\ncredential_process = {process}\n")
        if "sso" in case:
            from hashlib import sha1

            name = sha1(b"acme").hexdigest()
            (tmp_path / "sso" / f"{name}.json").write_text(json.dumps(case["sso"]))
        sts.answers = {"": case["says"]} if "says" in case else {}
        return AwsAccount(
            service="aws",
            region="eu-west-1",
            account_id="123456789012",
            profile=case.get("declared"),
            role_arn=case.get("roleArn"),
        ), paths

    return make


def _process(case, folder):
    if "process" in case:
        return case["process"]
    script = case.get("script")
    if "prints" in case:
        whole = {"Version": 1, "AccessKeyId": "AKIAHUSH", "SecretAccessKey": SECRET}
        prints = case["prints"] if "SecretAccessKey" in case["prints"] else whole | case["prints"]
        script = f"echo '{json.dumps(prints)}'"
    if script is None:
        return None
    (folder / "get-creds").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "get-creds").chmod(0o755)
    return folder / "get-creds"


def asked(account, error):
    """Ask AWS whose the credentials are, and return what is told instead."""
    client = SqsClient("eu", account, Clock(), Secrets(), None)
    try:
        with pytest.raises(error) as caught:
            client.caller()
    finally:
        client.close()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize(("case", "error", "sentence"), CASES.values(), ids=CASES.keys())
def test_what_goes_wrong_is_one_sentence(surroundings, case, error, sentence):
    account, paths = surroundings(case)
    told = asked(account, error)
    said = sentence.replace("{config}", paths["config"])
    said = said.replace("{credentials}", paths["credentials"])
    if error is SettingsError:
        assert str(told) == f"accounts.eu: {said}"
    else:
        assert (told.account, told.message) == ("eu", said)


def test_a_machine_without_metadata_is_told_soon(surroundings, monkeypatch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}"
        )
        account, _ = surroundings({})
        assert "no role of this machine" in str(asked(account, SettingsError))
        # Botocore waits for a second, with a token and without; three clients that each ask, and
        # again, would be too much.
        assert waiting(silent) == 2


def test_a_role_of_a_profile_is_assumed_with_another_ones_keys(surroundings, sts):
    account, _ = surroundings(
        {
            "declared": "a",
            "config": f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\n{KEYS}",
        }
    )
    sts.answers = {
        "Action=AssumeRole": (
            200,
            (
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
                f"<SecretAccessKey>{SECRET}2</SecretAccessKey>"
                f"<SessionToken>{SECRET}3</SessionToken>"
                "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
                "</AssumeRoleResponse>"
            ),
        ),
        "Action=GetCallerIdentity": (
            200,
            (
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:x</Arn>"
                "<Account>123456789012</Account></GetCallerIdentityResult>"
                "</GetCallerIdentityResponse>"
            ),
        ),
    }
    secrets = Secrets()
    client = SqsClient("eu", account, Clock(), secrets, None)
    try:
        assert client.caller().arn == "arn:x"
    finally:
        client.close()
    for held in (SECRET, f"{SECRET}2", f"{SECRET}3"):
        assert held not in secrets.scrub(f"it is {held}")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (
            "AccessDeniedException",
            (
                "check its name, the region and that these credentials may call "
                "secretsmanager:GetSecretValue"
            ),
        ),
        ("DecryptionFailure", "allow kms:Decrypt on its key to these credentials"),
        ("InvalidRequestException", "see whether it is marked for deletion"),
    ],
)
def test_what_secrets_manager_refuses_is_told_with_its_code_and_what_to_do(
    monkeypatch, code, remedy
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with listening() as aws:
        aws.answers = {"": (400, json.dumps({"__type": code, "message": "hush"}))}
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws.url)
        with pytest.raises(SettingsError) as caught:
            Secrets({}).resolve("aws-secretsmanager:acme/mws")
    assert str(caught.value) == (f"aws-secretsmanager:acme/mws cannot be read ({code}); {remedy}")
