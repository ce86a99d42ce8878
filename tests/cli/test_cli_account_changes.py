"""Where accounts lead, and how they get in, is planned, agreed to and saved like the rest."""

import json

import pytest

from tests.standing import brought
from tests.worlds import EVERYWHERE, HEAD, MERCHANT, MWS, queues

TEXT = queues(a="account: aws-eu")
CHANGED = [
    (
        "    region: eu\n",
        "    region: eu\n    tokenEndpoint: https://api.amazon.co.uk/auth/o2/token\n",
        ("app", "tokenEndpoint", "https://api.amazon.com/auth/o2/token"),
        "https://api.amazon.co.uk/auth/o2/token",
    ),
    (
        "env:LWA_SECRET",
        "env:OTHER_SECRET",
        ("app", "credentials.clientSecret", "env:LWA_SECRET"),
        0,
    ),
    ("env:DE", "file:token", ("app", "sellers.de.refreshToken", "env:DE"), 0),
    ("env:MWS_KEY", "env:OTHER", ("uk", "credentials.secretKey", "env:MWS_KEY"), 0),
    (
        "region: eu-west-1,",
        "region: eu-west-1, profile: x,",
        ("aws-eu", "profile", None),
        0,
    ),
]
"""What stands in the declarations, what comes in its place, and the change that is listed."""


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, *options, head=EVERYWHERE):
        return cli(command, world(TEXT, HEAD + head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def taken(on, sandbox, tmp_path):
    file = tmp_path / "live.json"

    def make():
        assert on("apply", "--yes").code == 0
        assert on("snapshot", "--out", file).code == 0
        return file.read_bytes()

    file.write_bytes(brought(sandbox, TEXT, make))
    return file


@pytest.mark.parametrize(("was", "becomes", "told", "after"), CHANGED)
def test_another_way_in_is_listed_and_belongs_to_the_fingerprint(
    on, taken, was, becomes, told, after
):
    assert was in EVERYWHERE
    account, path, before = told
    former = json.loads(on("plan", "--live", taken, "--format", "json").out)
    assert former["accountChanges"] == []
    head = EVERYWHERE.replace(was, becomes, 1)
    plan = json.loads(on("plan", "--live", taken, "--format", "json", head=head).out)
    [change] = plan["accountChanges"]
    [field] = change["changes"]
    assert (change["account"], change["change"]) == (account, "changed")
    assert (field["path"], field["before"]) == (path, before)
    assert field["after"] == after or field["after"] in becomes
    assert plan["fingerprint"] != former["fingerprint"]
    assert plan["routing"][account][path] == field["after"]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_it_is_told_before_everything_that_would_be_done(on, taken, form):
    head = EVERYWHERE.replace("env:DE", "env:OTHER")
    world = ("--live", taken, "--format", form)
    assert "Accounts" not in on("plan", *world).out
    out = on("plan", *world, head=head.replace('"5678"', '"8765"')).out
    assert "sellers.de.refreshToken: env:DE → env:OTHER" in out
    assert "In sync" not in out
    assert out.index("Accounts") < out.index("Problems")


def test_accounts_that_come_and_go_are_listed_too(on, taken):
    without = EVERYWHERE.replace(MWS, "")
    plan = json.loads(on("plan", "--live", taken, "--format", "json", head=without).out)
    assert [(it["account"], it["change"]) for it in plan["accountChanges"]] == [("uk", "removed")]
    more = EVERYWHERE + MERCHANT.replace("shop:", "shop-2:").replace("5678", "9")
    plan = json.loads(on("plan", "--live", taken, "--format", "json", head=more).out)
    assert [(it["account"], it["change"]) for it in plan["accountChanges"]] == [("shop-2", "added")]


@pytest.mark.parametrize(("was", "becomes", "told", "after"), CHANGED)
def test_a_saved_plan_of_other_ways_in_is_refused_before_anybody_is_asked(
    on, tmp_path, sandbox, was, becomes, told, after
):
    file = tmp_path / "plan.json"
    assert on("plan", "--out", file).code == 0
    asked = len(sandbox.calls())
    ended = on("apply", "--yes", "--plan", file, head=EVERYWHERE.replace(was, becomes, 1))
    account, path, _ = told
    assert ended.code == 3
    assert f"the saved plan's account {account!r} is not the declared one" in ended.err
    assert path in ended.err
    assert len(sandbox.calls()) == asked


def test_where_a_saved_plan_leads_cannot_be_changed_in_the_file(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", "--out", file)
    plan = json.loads(file.read_text())
    plan["routing"]["app"]["tokenEndpoint"] = "https://api.amazon.co.uk/auth/o2/token"
    file.write_text(json.dumps(plan))
    head = EVERYWHERE.replace(*CHANGED[0][:2])
    ended = on("apply", "--yes", "--plan", file, head=head)
    assert ended.code == 3
    assert "is not what was planned" in ended.err
