"""Ways to log in at AWS that take requests of their own: through our HTTP, and known as secrets."""

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.session import _Descriptions
from tests import wires
from tests.network_table import Column, Hasty, network

SQS = "sqs.eu-west-1.amazonaws.com"
STS = "sts.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/reconciler"
TOKEN = "the-session-token-of-the-role"
CREDENTIALS = (
    "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>the-secret-of-the-role"
    f"</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>"
    "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
)


def answer_to(operation):
    return (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{CREDENTIALS}</{operation}Result></{operation}Response>"
    )


@pytest.fixture
def web_identity(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("the-token-of-the-job")
    monkeypatch.setitem(wires.ANSWERS, STS, answer_to("AssumeRoleWithWebIdentity"))
    return {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}


@pytest.fixture
def role_of_a_profile(monkeypatch, tmp_path):
    (tmp_path / "config").write_text(
        f"[profile role]\nrole_arn = {ROLE}\nsource_profile = base\nregion = eu-west-1\n"
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = a-secret-of-base\n"
    )
    monkeypatch.setitem(wires.ANSWERS, STS, answer_to("AssumeRole"))
    return {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "role"}


@pytest.fixture
def declared_role(role_of_a_profile):
    return {**role_of_a_profile, "AWS_PROFILE": "base"}


@pytest.mark.parametrize("way", ["web_identity", "role_of_a_profile", "declared_role"])
def test_a_login_goes_through_the_proxy_and_what_it_brings_is_kept_out_of_texts(
    way, request, monkeypatch, tmp_path
):
    environ = request.getfixturevalue(way)
    secrets = Secrets()
    with network(tmp_path) as table:
        column = Column(environ={**environ, "HTTPS_PROXY": "{proxy}"}, asked=True)
        with pytest.MonkeyPatch.context() as patch:
            table._prepare(patch, column)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                patch.delenv(name)
            account = AwsAccount(
                service="aws",
                region="eu-west-1",
                account_id="123456789012",
                role_arn=ROLE if way == "declared_role" else None,
            )
            client = SqsClient("eu", account, Hasty(), secrets, None)
            assert client.queue_urls() == {}
            assert client.tags(f"https://{SQS}/123456789012/offers") == {}
            client.close()
        (login, *_), *signed = table.hosts["good"].seen
        assert (login, [host for host, *_ in signed]) == (STS, [SQS, SQS])
        for _, _, headers, _ in signed:
            assert "Credential=ASIAROLE/" in headers
            assert f"X-Amz-Security-Token: {TOKEN}" in headers
        assert len(table.proxy.seen) == 2
    assert secrets.scrub(f"token {TOKEN}, secret the-secret-of-the-role") == "token ***, secret ***"


def test_whatever_service_botocore_describes_is_found():
    known = _Descriptions().list_available_services("service-2")
    assert set(Loader().list_available_services("service-2")) <= set(known)
    with pytest.raises(UnknownServiceError):
        _Descriptions().load_service_model("nonesuch", "service-2")
