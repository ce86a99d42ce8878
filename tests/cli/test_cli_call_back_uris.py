"""Tokens in call back URIs: used by the services, shown nowhere, written out by export alone."""

import base64
import hashlib
import json
import urllib.request

import pytest

from reconciler.core.text.veil import VEIL, veil
from tests.loopback import answering
from tests.worlds import HEAD, ONLY_MERCHANT, subscriptions, writes

EVENT = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', "
TOKENS = [
    base64.urlsafe_b64encode(hashlib.shake_256(bytes([number])).digest(260)).decode()[:346]
    for number in range(3)
]
QUERY = "https://hooks.example.com/x?t=%s"
PATH = "https://hooks.example.com/%s/x"
FORMS = {
    "plan": ["text", "json", "markdown"],
    "drift": ["text", "json", "markdown"],
    "status": ["text", "json"],
    "verify": ["text", "json"],
    "snapshot": ["json"],
}


def hook(uri, secret=None):
    more = f", secret: '{secret}'" if secret else ""
    return subscriptions(shop=f"{EVENT}callBackUri: '{uri}'{more}")


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on a world against the sandbox, and keep all that is said."""
    said = []

    def run(command, text, *options, live=True, debug=True):
        where = ("--sandbox", sandbox.url) if live else ()
        before = ("--debug",) if debug else ()
        ended = cli(*before, command, world(text, HEAD + ONLY_MERCHANT), *where, *options)
        said.append(ended.out + ended.err)
        return ended

    run.said = said
    return run


@pytest.fixture
def live(sandbox):
    """Return the call back URIs that the service has."""

    def ask():
        address = f"{sandbox.url}/notifications/v1/accounts/5678/notificationsubscriptions"
        request = urllib.request.Request(address, headers={"Authorization": "Bearer x"})
        with urllib.request.urlopen(request) as answer:
            found = json.loads(answer.read())
        return [item["callBackUri"] for item in found.get("notificationSubscriptions", [])]

    return ask


def shown(texts, tokens=TOKENS):
    whole = "".join("".join(texts).split())
    return [
        token[at : at + 12] for token in tokens for at in range(335) if token[at : at + 12] in whole
    ]


@pytest.mark.parametrize("template", [QUERY, PATH, "https://hooks.example.com/a-%s?u=%s"])
def test_a_secret_is_sent_to_the_service_and_shown_nowhere(
    on, live, monkeypatch, tmp_path, template
):
    monkeypatch.setenv("HOOK", TOKENS[0])
    text = hook(template.replace("%s", "{secret}"), "env:HOOK")
    saved, journal, file = (tmp_path / name for name in ("plan", "journal", "snapshot"))
    created = json.loads(on("plan", text, "--format", "json", "--out", saved).out)
    [uri] = [it for it in created["actions"][0]["changes"] if it["path"] == "callBackUri"]
    assert uri["after"] == template.replace("%s", veil(TOKENS[0]))
    assert on("apply", text, "--yes", "--plan", saved, "--journal", journal).code == 0
    assert live() == [template.replace("%s", TOKENS[0])]
    assert on("plan", text, "--detailed-exitcode").code == 0
    assert on("snapshot", text, "--out", file).code == 0
    for command, forms in FORMS.items():
        for form in forms:
            on(command, text, *([] if command == "snapshot" else ["--format", form]))
    kept = [path.read_text() for path in (saved, journal, file)]
    assert shown([*on.said, *kept]) == []


@pytest.mark.parametrize("template", [QUERY, PATH])
def test_another_secret_is_a_change_that_shows_by_its_digest(
    on, live, monkeypatch, tmp_path, template
):
    text = hook(template % "{secret}", "env:HOOK")
    monkeypatch.setenv("HOOK", TOKENS[0])
    on("apply", text, "--yes")
    monkeypatch.setenv("HOOK", TOKENS[1])
    found = json.loads(on("plan", text, "--format", "json", "--out", tmp_path / "plan").out)
    [action] = found["actions"]
    assert action["action"] == "update"
    assert action["changes"] == [
        {
            "path": "callBackUri",
            "before": template % veil(TOKENS[0]),
            "after": template % veil(TOKENS[1]),
        }
    ]
    assert veil(TOKENS[0]) in on("drift", text).out
    told = on("verify", text, "--static").out
    assert "callBackUri" in told or "call back URI" in told
    monkeypatch.setenv("HOOK", TOKENS[2])
    refused = on("apply", text, "--yes", "--plan", tmp_path / "plan")
    assert refused.code == 3, "a third secret is not what was agreed to"
    monkeypatch.setenv("HOOK", TOKENS[1])
    assert on("apply", text, "--yes", "--plan", tmp_path / "plan").code == 0
    assert live() == [template % TOKENS[1]]
    assert shown(on.said) == []


def test_a_token_in_yaml_is_shown_nowhere_either(on, monkeypatch, tmp_path):
    before, after = hook(QUERY % TOKENS[0]), hook(QUERY % TOKENS[1])
    assert on("apply", before, "--yes").code == 0
    file = tmp_path / "live.json"
    on("snapshot", before, "--out", file)
    for where in ((), ("--live", file)):
        same = on("plan", before, *where, "--detailed-exitcode")
        assert same.code == 0
        other = on("plan", after, *where, "--detailed-exitcode")
        assert other.code == 2
        told = other.told.replace('"', "")
        assert f"{QUERY % veil(TOKENS[0])} → {QUERY % veil(TOKENS[1])}" in told
    on("validate", hook(QUERY % TOKENS[0] + "#fragment"))
    on("validate", hook((QUERY % TOKENS[0]).replace("https", "http")))
    on("validate", hook(f"https://user:{TOKENS[0]}@hooks.example.com/"))
    on("validate", hook(f"hooks.example.com/?t={TOKENS[0]}"))
    assert shown([*on.said, file.read_text()]) == []


@pytest.mark.parametrize("template", [QUERY, PATH])
def test_a_plan_against_a_snapshot_says_that_the_secret_was_not_examined(
    on, monkeypatch, tmp_path, template
):
    text, file = hook(template % "{secret}", "env:HOOK"), tmp_path / "live.json"
    monkeypatch.setenv("HOOK", TOKENS[0])
    on("apply", text, "--yes")
    on("snapshot", text, "--out", file)
    monkeypatch.delenv("HOOK")
    for command in ("plan", "drift"):
        found = json.loads(on(command, text, "--live", file, "--format", "json").out)
        assert found.get("actions", []) == found.get("resources", []) == []
        [warning] = found["warnings"]
        assert warning["address"] == "shop"
        assert "callBackUri of 1 subscription holds a secret" in warning["message"]
        assert "was not examined" in warning["message"]
    moved = hook(template.replace("hooks", "others") % "{secret}", "env:HOOK")
    found = json.loads(on("plan", moved, "--live", file, "--format", "json").out)
    [change] = found["actions"][0]["changes"]
    assert change["before"] == template % veil(TOKENS[0])
    assert change["after"] == template.replace("hooks", "others") % "{secret}"
    assert shown([*on.said, file.read_text()]) == []


def test_a_secret_that_cannot_be_had_leaves_its_account_unread(cli, sandbox, world, monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    head = HEAD + ONLY_MERCHANT.replace(
        "}", f', endpoint: "{sandbox.url}", credentials: anonymous}}'
    )
    folder = world(hook(PATH % "{secret}", "env:HOOK"), head)
    ended = cli("plan", folder, "--format", "json")
    assert ended.code == 1
    found = json.loads(ended.out)
    assert (found["complete"], found["actions"]) == (False, [])
    assert "the environment variable HOOK is not set" in json.dumps(found["problems"])
    assert writes(sandbox) == []
    assert cli("validate", folder).code == 0, "offline, no secret is looked for"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("callBackUri: 'https://h.example.com/{secret}'", "add secret: env:NAME"),
        ("callBackUri: 'https://h.example.com/', secret: env:X", "expected {secret} where the"),
        ("callBackUri: 'https://{secret}.example.com/', secret: env:X", "in the path or the query"),
        ("callBackUri: 'https://h.example.com/{secret}', secret: TOKEN", "a reference to a secret"),
        ("callBackUri: 'https://h.example.com/{secret}', secret: {a: TOKEN}", "a reference to a"),
        ("callBackUri: 'https://h.example.com/?t=***0123abcd'", "this one is from a report"),
    ],
)
def test_what_is_wrong_with_a_secret_is_told_without_repeating_it(on, fields, words):
    text = subscriptions(shop=EVENT + fields.replace("TOKEN", TOKENS[0]))
    for form in ("text", "json", "github"):
        ended = on("validate", text, "--format", form, live=False, debug=False)
        assert ended.code == 1
        assert words in ended.out
        assert json.loads(ended.out)["errors"][1:] == [] if form == "json" else True
    assert shown(on.said) == []


def test_the_owned_prefix_works_with_a_secret_below_it(on, monkeypatch):
    monkeypatch.setenv("HOOK", TOKENS[0])
    on("apply", hook(PATH % "{secret}", "env:HOOK"), "--yes")
    found = json.loads(on("plan", "", "--format", "json").out)
    assert [item["action"] for item in found["actions"]] == ["delete"]
    [gone] = [it for it in found["actions"][0]["changes"] if it["path"] == "callBackUri"]
    assert VEIL.search(gone["before"]) or TOKENS[0] in gone["before"]


def test_export_alone_writes_uris_out_and_says_so(on, live, tmp_path):
    on("apply", hook(QUERY % TOKENS[0]), "--yes")
    ended = on("export", "", debug=False)
    assert QUERY % TOKENS[0] in ended.out
    assert "call back URIs are written out in full" in ended.err
    assert shown([ended.err]) == []
    plain = on("export", hook(QUERY % TOKENS[0]))
    assert "written out in full" not in plain.err


@pytest.mark.parametrize("secret", [True, False])
def test_what_the_service_says_of_a_uri_shows_no_token(
    cli, world, monkeypatch, tmp_path, secret, talkative
):
    monkeypatch.setenv("HOOK", TOKENS[0])
    head = HEAD + ONLY_MERCHANT.replace("}", f', endpoint: "{talkative}", credentials: anonymous}}')
    text = (
        hook(PATH % "{secret}" + "?u={secret}", "env:HOOK") if secret else hook(QUERY % TOKENS[0])
    )
    ended = cli("--debug", "apply", world(text, head), "--yes", "--journal", tmp_path / "journal")
    assert ended.code == 1
    assert "INVALID" in ended.err + ended.out
    assert shown([ended.out, ended.err, (tmp_path / "journal").read_text()]) == []


@pytest.fixture
def talkative():
    """Serve a Merchant API that has nothing and refuses what it is asked to create, quoting it."""

    def answer(asked):
        if asked.verb == "GET":
            return 200, "{}"
        body = asked.body.decode()
        uri = json.loads(body)["callBackUri"]
        said = f"INVALID {uri} {uri[20:90]} {uri.partition('=')[2][:40]} {body}"
        return 400, json.dumps({"error": {"status": "ODD", "message": said, "code": 400}})

    with answering(answer) as url:
        yield url


def test_doctor_looks_whether_the_secret_can_be_had(cli, sandbox, world, monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    endpoint = f', endpoint: "{sandbox.url}", credentials: anonymous}}'
    folder = world(hook(PATH % "{secret}", "env:HOOK"), HEAD + ONLY_MERCHANT.replace("}", endpoint))
    told = cli("doctor", folder).out
    assert "the environment variable HOOK is not set" in told
    assert "correct `secret` of subscription.shop" in told
    monkeypatch.setenv("HOOK", TOKENS[0])
    assert "HOOK" not in cli("doctor", folder).out


def test_init_passes_the_variable_on(cli, world, tmp_path):
    folder = tmp_path / "repository"
    declared = folder / "subscriptions"
    declared.mkdir(parents=True)
    text = HEAD + ONLY_MERCHANT + hook(PATH % "{secret}", "env:ACME_HOOK")
    (declared / "all.yaml").write_text(text)
    cli("init", folder, "--repository", "acme/notifications")
    assert (
        "ACME_HOOK: ${{ secrets.ACME_HOOK }}"
        in (folder / ".github/workflows/apply.yml").read_text()
    )


def test_the_schema_knows_the_field(cli):
    shapes = json.loads(cli("schema").out)["$defs"]
    known = [
        shape["properties"].get("secret") for shape in shapes.values() if "properties" in shape
    ]
    assert any(known)


def test_a_sandbox_elsewhere_gets_no_real_secret(monkeypatch):
    from reconciler.credentials.secrets import Secrets

    secrets = Secrets({"HOOK": TOKENS[0]})
    assert secrets.rehearse("env:HOOK", here=True) == TOKENS[0]
    assert secrets.rehearse("env:HOOK", here=False).startswith("sandbox-")
    assert secrets.rehearse("env:NONE", here=True).startswith("sandbox-")
    assert secrets.rehearse("aws-secretsmanager:x", here=True).startswith("sandbox-")
