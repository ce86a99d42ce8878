"""No credential reaches stdout, stderr, a saved plan or a report, however talkative the run."""

import json
import logging
import urllib.parse

import boto3
import pytest

from reconciler.cli.main import invoke
from reconciler.cli.state import State
from reconciler.sandbox import Sandbox
from tests.worlds import HEAD, destinations, queues, section, subscriptions

PLANTED = {
    "AWS_SECRET_ACCESS_KEY": "aws/planted+secret/1",
    "MWS_ID": "AKIAPLANTEDID2",
    "MWS_KEY": "mws/planted+key=3",
    "MWS_TOKEN": "amzn.mws.planted-token-4",
    "LWA_ID": "amzn1.planted-client-5",
    "LWA_SECRET": "amzn1.oa2-cs.planted/secret+6",
    "FR": "Atzr|planted-fr-7",
}
FILED = {"de": "Atzr|planted/de+8", "merchant": "ya29.planted-merchant-9"}
SECRETS = [*PLANTED.values(), *FILED.values()]

ACCOUNTS = """
accounts:
  aws-eu: {{service: aws, region: eu-west-1, accountId: "123456789012", endpoint: "{url}"}}
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    endpoint: "{url}"
    credentials: {{accessKeyId: "env:MWS_ID", secretKey: "env:MWS_KEY", authToken: "env:MWS_TOKEN"}}
  app:
    service: sp-api
    region: eu
    endpoint: "{url}"
    tokenEndpoint: "{url}/auth/o2/token"
    credentials: {{clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}}
    sellers: {{de: {{refreshToken: "file:{folder}/de"}}, fr: {{refreshToken: "env:FR"}}}}
  shop:
    service: merchant
    accountId: "5678"
    endpoint: "{url}"
    credentials: {{accessToken: "file:{folder}/merchant"}}
"""
WORLD = (
    queues(q="grants: [{to: amazon-notifications}]")
    + destinations(
        old="account: uk, queue: q",
        new="account: app, queue: q",
        bus="account: app, eventBridge: {account: aws-eu}",
    )
    + section("routes", {"r": "from: bus, queue: q, types: [LISTINGS_ITEM_STATUS_CHANGE]"})
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all",
        listed="destination: bus, notificationType: LISTINGS_ITEM_STATUS_CHANGE, sellers: all",
        shop="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', "
        "callBackUri: 'https://hooks.example.com/'",
    )
)


@pytest.fixture(scope="module")
def _served():
    with Sandbox(mwsKeys={PLANTED["MWS_ID"]: PLANTED["MWS_KEY"]}) as running:
        yield running


@pytest.fixture
def talk(_served, tmp_path, monkeypatch, capsys):
    """Run command lines as talkatively as can be, and keep everything that they say."""
    _served.reset()
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    for name, value in FILED.items():
        (tmp_path / name).write_text(value + "\n")
    folder = tmp_path / "declared"
    folder.mkdir()
    text = HEAD + ACCOUNTS.format(url=_served.url, folder=tmp_path) + WORLD
    (folder / "world.yaml").write_text(text)
    said = []

    def run(before, command, *options):
        code = invoke([*before, command, str(folder), *map(str, options)])
        captured = capsys.readouterr()
        said.extend([captured.out, captured.err])
        return code

    run.sandbox, run.said, run.folder = _served, said, tmp_path
    return run


def check(texts):
    whole = "\n".join(texts)
    assert whole
    for secret in SECRETS:
        forms = {
            secret,
            urllib.parse.quote(secret),
            urllib.parse.quote(secret, safe=""),
            json.dumps(secret)[1:-1],
        }
        for form in forms:
            assert form not in whole, f"{secret} leaked"
    assert "planted" not in whole


VOICES = [["--log-level", "debug"], ["--debug"]]


@pytest.mark.parametrize("voice", VOICES, ids=" ".join)
def test_a_run_that_goes_well_says_no_secret(talk, voice):
    saved = talk.folder / "plan.json"
    assert talk(voice, "validate") == 0
    assert talk(voice, "plan", "--out", saved) == 0
    assert talk(voice, "plan", "--format", "markdown") == 0
    assert talk(voice, "plan", "--format", "json") == 0
    assert talk(voice, "apply", "--yes", "--plan", saved) == 0
    assert talk(voice, "drift", "--format", "json") == 0
    assert talk(voice, "drift") == 0
    for command in (["status"], ["doctor"], ["verify", "--static"]):
        talk(voice, *command)
    check([*talk.said, saved.read_text()])


@pytest.mark.parametrize("voice", VOICES, ids=" ".join)
@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_run_in_which_every_service_refuses_says_no_secret(talk, voice, command, form):
    kinds = [("aws", "denied"), ("mws", "denied"), ("sp-api", "denied"), ("merchant", "denied")]
    talk.sandbox.faults([{"service": s, "kind": kind, "times": None} for s, kind in kinds])
    options = ["--yes"] if command == "apply" else []
    assert talk(voice, command, "--format", form, *options) == 1
    check(talk.said)


@pytest.mark.parametrize("voice", VOICES, ids=" ".join)
def test_credentials_that_are_refused_are_not_repeated(talk, voice):
    talk.sandbox.settings(revoked=[*SECRETS], mwsKeys={PLANTED["MWS_ID"]: "another"})
    assert talk(voice, "plan") == 1
    assert talk(voice, "plan", "--format", "markdown") == 1
    check(talk.said)
    assert "SignatureDoesNotMatch" in "\n".join(talk.said), "the refusal itself is told"


@pytest.mark.parametrize("voice", VOICES, ids=" ".join)
def test_writes_that_fail_say_no_secret(talk, voice):
    operations = [("aws", "CreateQueue"), ("merchant", "create")]
    orders = [{"service": s, "operation": o, "kind": "denied"} for s, o in operations]
    talk.sandbox.faults(orders)
    assert talk(voice, "apply", "--yes", "--format", "json") == 1
    check(talk.said)


def test_the_leak_check_itself_can_fail():
    with pytest.raises(AssertionError, match="leaked"):
        check([f"body={urllib.parse.quote(PLANTED['MWS_KEY'], safe='')}"])


def test_what_goes_to_stderr_is_masked_whoever_says_it(capsys):
    state = State()
    secret = state.secrets.remember("planted" + "-10")
    state.log_to_stderr("debug")
    try:
        state.say(f"said: {secret}")
        logging.getLogger("reconciler.anything").debug("logged: %s", secret)
        try:
            int(f"raised: {secret}")
        except ValueError:
            logging.getLogger("reconciler.anything").exception("caught")
    finally:
        state.close()
    err = capsys.readouterr().err
    assert all(word in err for word in ("said: ***", "logged: ***", "raised: ***"))
    assert secret not in err


def test_a_secret_that_stands_in_a_live_object_is_masked_and_its_snapshot_is_sound(talk):
    secret = PLANTED["AWS_SECRET_ACCESS_KEY"]
    queue = {"name": "found", "tags": {"note": f"key {secret}", secret: "x"}}
    sqs = boto3.client(
        "sqs",
        endpoint_url=talk.sandbox.url,
        region_name="eu-west-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="any",
    )
    sqs.create_queue(QueueName=queue["name"], tags={**queue["tags"], "reconciler:stack": "acme"})
    sqs.close()
    file = talk.folder / "live.json"
    assert talk([], "snapshot", "--out", file) == 0
    assert talk([], "plan", "--live", file) == 0
    assert talk([], "plan", "--format", "json") == 0
    assert "delete queue.aws-eu/found" in "".join(talk.said)
    check([*talk.said, file.read_text()])
