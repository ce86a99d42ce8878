"""Secrets go to loopback and the services' own hosts, unless another is allowed from outside.

What a foreign host would be sent is looked for at a real proxy, through which all of it would go.
"""

import json
import os
import re

import pytest

from reconciler.core.model.errors import PlanRefused
from reconciler.credentials.secrets import Secrets
from reconciler.wiring import Providers, declarations
from tests.loopback import answering
from tests.worlds import AWS, HEAD

SECRETS = {
    "CID": "client-id-of-this-test",
    "CSEC": "client-secret-of-this-test",
    "RT": "refresh-token-of-this-test",
    "MWS_ID": "AKIAMWSOFTHISTEST",
    "MWS_KEY": "mws-secret-key-of-this-test",
    "AWS_ACCESS_KEY_ID": "AKIAOFTHISTEST",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-key-of-this-test",
}
APP = """
  app:
    service: sp-api
    region: eu
    ENDS
    credentials: {clientId: CLIENT, clientSecret: "env:CSEC"}
    sellers: {de: {refreshToken: "env:RT"}}
"""
HERE = 'endpoint: "http://127.0.0.1:1"\n    tokenEndpoint: "http://127.0.0.1:1/token"'
FOREIGN = {
    "aws": (
        (
            '  a: {service: aws, region: eu-west-1, accountId: "123456789012", '
            'endpoint: "https://sqs.amazonaws.com.evil.example"}\n'
        ),
        "accounts.a.endpoint",
    ),
    "aws-region": (
        '  a: {service: aws, region: eusc-de-east-1, accountId: "123456789012"}\n',
        "accounts.a.region",
    ),
    "mws": (
        (
            "  a: {service: mws, sellerId: A1, marketplaceId: A1F83G8C2ARO7P, endpoint: "
            '"https://mws.amazonservices.evil.example", '
            'credentials: {accessKeyId: "env:MWS_ID", secretKey: "env:MWS_KEY"}}\n'
        ),
        "accounts.a.endpoint",
    ),
    "sp-api": (
        APP.replace("ENDS", 'endpoint: "https://sellingpartnerapi-eu.amazon.com.evil.example"'),
        "accounts.app.endpoint",
    ),
    "tokens": (
        APP.replace("ENDS", 'tokenEndpoint: "https://api.amazon.com.evil.example/auth/o2/token"'),
        "accounts.app.tokenEndpoint",
    ),
    "merchant": (
        (
            '  a: {service: merchant, accountId: "5678", '
            'endpoint: "https://merchantapi.googleapis.com.evil.example"}\n'
        ),
        "accounts.a.endpoint",
    ),
}
TALKING = (
    ["plan"],
    ["apply", "--yes"],
    ["destroy", "--yes"],
    ["drift"],
    ["snapshot"],
    ["export"],
    ["doctor"],
    ["status"],
    ["verify"],
    ["receive", "queue"],
)


@pytest.fixture
def proxy(monkeypatch):
    """Take down what all of this process would send beyond this machine, and refuse it."""
    asked = []

    def refuse(request):
        asked.append(request.path)
        return 403, ""

    with answering(refuse) as url:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1,localhost")
        yield asked


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RECONCILER_ALLOWED_HOSTS", raising=False)


@pytest.fixture
def declared(tmp_path):
    """Declare one account in a file of its own, and return the directory."""

    def write(account):
        folder = tmp_path / "declared"
        folder.mkdir(exist_ok=True)
        text = HEAD + "accounts:\n" + account.replace("CLIENT", '"env:CID"')
        (folder / "world.yaml").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_host_is_refused_with_file_line_and_host(cli, declared, proxy, what):
    account, path = FOREIGN[what]
    folder = declared(account)
    ended = cli("plan", folder)
    assert ended.code == 3
    assert ended.out == ""
    assert f"{folder}/world.yaml:" in ended.err
    assert f"{path}: secrets and requests would go to " in ended.err
    assert not any(value in ended.err for value in SECRETS.values())
    assert proxy == []


@pytest.mark.parametrize("command", TALKING, ids=lambda it: it[0])
def test_every_command_that_talks_to_services_refuses_before_it_reads_a_secret(
    cli, declared, proxy, command, monkeypatch, tmp_path
):
    # A secret that would be looked up could not be had, and said so.
    for name in SECRETS:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    ended = cli(*command, declared(FOREIGN["tokens"][0]))
    assert (ended.code, proxy) == (3, [])
    assert "api.amazon.com.evil.example" in ended.err
    assert "not set" not in ended.err


def test_all_of_them_are_told_at_once_and_in_json_too(cli, declared):
    accounts = FOREIGN["aws"][0] + FOREIGN["tokens"][0]
    ended = cli("plan", declared(accounts), "--format", "json")
    told = json.loads(ended.out)
    assert (ended.code, told["result"]) == (3, "refused")
    assert len(told["errors"]) == 2


@pytest.mark.parametrize("what", FOREIGN)
def test_validate_warns_of_it_and_the_sandbox_needs_no_leave(cli, declared, sandbox, what):
    account, path = FOREIGN[what]
    folder = declared(account)
    ended = cli("validate", folder, "--format", "json")
    warnings = [item["message"] for item in json.loads(ended.out)["warnings"]]
    assert ended.code == 0
    assert any(item.startswith(f"{path}: secrets and requests would go to ") for item in warnings)
    assert cli("plan", folder, "--sandbox", sandbox.url).code == 0


def test_the_sandbox_is_sent_nothing_but_throw_away_credentials(cli, declared, sandbox, proxy):
    accounts = "".join(FOREIGN[what][0] for what in ("mws", "tokens")).replace("  a:", "  m:")
    folder = declared(AWS.replace("accounts:\n", "") + accounts)
    assert cli("plan", folder, "--sandbox", sandbox.url).code == 0
    told = json.dumps(sandbox.calls())
    assert sandbox.calls()
    assert not any(value in told for value in SECRETS.values())
    assert proxy == []


@pytest.mark.parametrize("how", ["option", "variable"])
def test_another_host_is_allowed_outside_the_declarations(cli, declared, proxy, monkeypatch, how):
    folder = declared(FOREIGN["aws"][0])
    host = "sqs.amazonaws.com.evil.example"
    if how == "variable":
        monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", f"gateway.example.com, {host}")
        ended = cli("plan", folder)
    else:
        ended = cli("plan", folder, "--allow-host", "g.example.com", "--allow-host", host)
    assert ended.code == 1
    assert {place.rpartition(":")[0] for place in proxy} == {host}


def test_a_host_is_not_allowed_by_the_domain_above_it(cli, declared, proxy):
    ended = cli("plan", declared(FOREIGN["aws"][0]), "--allow-host", "evil.example")
    assert (ended.code, proxy) == (3, [])


def test_a_variable_that_holds_no_host_is_told(cli, declared, monkeypatch):
    monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", "https://gateway.example.com")
    ended = cli("plan", declared(FOREIGN["aws"][0]))
    assert ended.code == 1
    assert "RECONCILER_ALLOWED_HOSTS: 'https://gateway.example.com': expected a host" in ended.err


def test_a_key_file_that_has_its_tokens_elsewhere_is_refused(cli, declared, proxy, tmp_path):
    key = {"type": "service_account", "token_uri": "https://oauth2.googleapis.com.evil.example/t"}
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    credentials = f"{{serviceAccountFile: {tmp_path}/key.json}}"
    account = f'  a: {{service: merchant, accountId: "5", credentials: {credentials}}}\n'
    ended = cli("plan", declared(account))
    assert (ended.code, proxy) == (3, [])
    assert "serviceAccountFile: secrets and requests would go to oauth2.goog" in ended.err


KEYS = "aws_access_key_id = AKIAOFTHISTEST\naws_secret_access_key = of-this-test\n"
EVIL = "endpoint_url = https://sqs.evil.example\n"
ROLE = "role_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Environment\n"
CONFIGURED = {
    "a variable": ({"AWS_ENDPOINT_URL": "https://sqs.evil.example"}, ""),
    "a variable for one service": ({"AWS_ENDPOINT_URL_STS": "https://sqs.evil.example"}, ""),
    "a profile": ({}, KEYS + EVIL),
    "services of a profile": ({}, f"{KEYS}services = s\n[services s]\nsts =\n  {EVIL}"),
    "a profile's role": ({}, ROLE + EVIL),
}


@pytest.mark.parametrize("how", CONFIGURED)
@pytest.mark.parametrize("allowed", [False, True])
def test_a_host_that_aws_s_own_configuration_leads_to_has_to_be_allowed_too(
    cli, declared, proxy, monkeypatch, tmp_path, how, allowed
):
    variables, config = CONFIGURED[how]
    (tmp_path / "config").write_text(f"[profile acme]\n{config}", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    account = '  a: {service: aws, region: eu-west-1, accountId: "123456789012"PROFILE}\n'
    folder = declared(account.replace("PROFILE", "" if variables else ", profile: acme"))
    ended = cli("plan", folder, *(["--allow-host", "sqs.evil.example"] if allowed else []))
    if allowed:
        assert ended.code == 1
        assert "sqs.evil.example:443" in proxy
    else:
        assert (ended.code, proxy) == (3, [])
        assert "a: secrets and requests would go to sqs.evil.example" in ended.err


@pytest.mark.parametrize("prefix", ["AWS_", "ACTIONS_", "GITHUB_", "RUNNER_", "aws_", "Github_"])
def test_variables_of_the_job_itself_are_invalid(cli, declared, prefix):
    account = APP.replace("ENDS", HERE).replace("CLIENT", f'"env:{prefix}TOKEN"')
    ended = cli("plan", declared(account))
    assert ended.code == 1
    assert f"variables that begin with {prefix.upper()} are the job's own" in ended.err


@pytest.mark.parametrize("name", ["AWSOME", "MY_AWS_KEY", "ACTION_X", "GIT_HUB"])
def test_a_name_that_only_resembles_them_is_no_job_s(cli, declared, name):
    account = APP.replace("ENDS", HERE).replace("CLIENT", f'"env:{name}"')
    assert cli("validate", declared(account)).code == 0


def _fifo(folder):
    os.mkfifo(folder / "it")
    return folder / "it", "is no regular file"


def _link_to_proc(folder):
    (folder / "it").symlink_to("/proc/self/environ")
    return folder / "it", "lies below /proc, /sys or /dev"


def _link_to_link(folder):
    (folder / "other").symlink_to("/proc/self")
    return folder / "other" / "environ", "lies below /proc, /sys or /dev"


def _large(folder):
    (folder / "it").write_bytes(b"x" * (64 * 1024 + 1))
    return folder / "it", "is larger than 64 KiB"


def _folder(folder):
    return folder, "is no regular file"


FILES = {
    "fifo": _fifo,
    "link to /proc": _link_to_proc,
    "link to a directory in /proc": _link_to_link,
    "65 KiB": _large,
    "directory": _folder,
    "/proc": lambda _: ("/proc/self/environ", "lies below /proc, /sys or /dev"),
    "/dev": lambda _: ("/dev/zero", "lies below /proc, /sys or /dev"),
    "/sys": lambda _: ("/sys/kernel/notes", "lies below /proc, /sys or /dev"),
}


@pytest.mark.parametrize("what", FILES)
def test_only_small_regular_files_are_read_as_secrets(cli, declared, tmp_path, what):
    path, why = FILES[what](tmp_path)
    account = APP.replace("ENDS", HERE).replace("CLIENT", f'"file:{path}"')
    ended = cli("plan", declared(account), "--account", "app")
    assert ended.code == 1
    assert why in ended.told + ended.err


def test_a_file_of_64_kib_is_read(cli, declared, tmp_path):
    (tmp_path / "it").write_bytes(b"x" * (64 * 1024))
    account = APP.replace("ENDS", HERE).replace("CLIENT", f'"file:{tmp_path}/it"')
    ended = cli("plan", declared(account), "--account", "app")
    assert "64 KiB" not in ended.err + ended.out
    assert "127.0.0.1:1" in ended.err + ended.out


@pytest.mark.parametrize("what", FOREIGN)
def test_nor_do_providers_that_are_made_without_a_command(declared, proxy, what):
    account, path = FOREIGN[what]
    found = declarations(declared(account)).accounts
    with pytest.raises(PlanRefused, match=f"{re.escape(path)}: .* is not allowed"):
        Providers(found, secrets=Secrets()).__enter__()
    assert proxy == []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:secretsmanager:evil.example/:123456789012:secret:x",
        "arn:aws:secretsmanager:eu-west-1.evil.example:123456789012:secret:x",
        "arn:aws-iso:secretsmanager:us-iso-east-1:123456789012:secret:x",
        "arn:aws:secretsmanager:us-iso-east-1:123456789012:secret:x",
        "arn:evil:secretsmanager:eu-west-1:123456789012:secret:x",
        "arn:aws:secretsmanager:eu-west-1:secret:x",
        "arn:aws:sqs:eu-west-1:123456789012:secret:x",
    ],
)
def test_an_arn_of_a_secret_leads_to_a_region_of_aws(cli, declared, arn):
    account = APP.replace("ENDS", HERE).replace("CLIENT", f'"aws-secretsmanager:{arn}"')
    ended = cli("validate", declared(account))
    assert ended.code == 1
    assert "expected an ARN such as arn:aws:secretsmanager:eu-west-1:" in ended.out


def test_a_plan_against_a_snapshot_warns_of_a_foreign_host_and_asks_nobody(
    cli, world, sandbox, tmp_path
):
    snapshot = str(tmp_path / "snapshot.json")
    own = world("", HEAD + AWS + APP.replace("ENDS", "").replace("CLIENT", '"env:CID"'))
    assert cli("snapshot", own, "--out", snapshot, "--sandbox", sandbox.url).code == 0
    end = 'tokenEndpoint: "https://api.amazon.com.evil.example/token"'
    foreign = world("", HEAD + AWS + APP.replace("ENDS", end).replace("CLIENT", '"env:CID"'))
    ended = cli("plan", foreign, "--live", snapshot, "--format", "json")
    told = json.loads(ended.out)
    # The snapshot is of the sandbox, so the accounts themselves are others now.
    assert (ended.code, told["complete"]) == (1, False)
    assert [it["change"] for it in told["accountChanges"] if it["account"] == "app"] == ["changed"]
    assert any("api.amazon.com.evil.example" in it["message"] for it in told["warnings"])
