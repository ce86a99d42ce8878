"""Fleets: sellers in a CSV file beside the declarations, through every command that reads them."""

import json

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD

APP = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers: {from: fleet/sellers.csv, refreshToken: "aws-secretsmanager:acme/{seller}"}
"""
WORLD = """
queues:
  q: {account: aws-eu, grants: [{to: amazon-notifications}]}
destinations:
  d: {account: app, queue: q}
subscriptions:
  offers: {destination: d, notificationType: ANY_OFFER_CHANGED, sellers: {where: {tier: gold}}}
"""


@pytest.fixture
def fleet(world, tmp_path):
    """Declare a fleet of three sellers, two of them gold."""
    folder = world(WORLD, HEAD + AWS + APP)
    (tmp_path / "declared/fleet").mkdir()
    table = "seller,tier\nacme-de,gold\nacme-fr,silver\nacme-it,gold\n"
    (tmp_path / "declared/fleet/sellers.csv").write_text(table, encoding="utf-8")
    return folder


def test_a_fleet_is_planned_applied_and_in_sync(cli, sandbox, fleet):
    at = ("--sandbox", sandbox.url)
    assert cli("apply", fleet, "--yes", *at).code == 0
    ended = cli("plan", fleet, "--format", "json", *at)
    assert json.loads(ended.out)["summary"]["unchanged"] == 4
    assert cli("drift", fleet, *at).code == 0


def test_a_row_more_is_a_subscription_more(cli, sandbox, fleet, tmp_path):
    at = ("--sandbox", sandbox.url)
    assert cli("apply", fleet, "--yes", *at).code == 0
    with (tmp_path / "declared/fleet/sellers.csv").open("a", encoding="utf-8") as table:
        table.write("acme-es,gold\n")
    ended = cli("plan", fleet, "--format", "json", *at)
    [action] = json.loads(ended.out)["actions"]
    assert (action["action"], action["address"]) == ("create", "subscription.offers[acme-es]")


def test_what_is_wrong_in_a_table_is_told_with_file_and_line(cli, fleet, tmp_path):
    table = tmp_path / "declared/fleet/sellers.csv"
    table.write_text("seller,tier\nacme-de,gold\nacme-de,gold\n", encoding="utf-8")
    ended = cli("validate", fleet, "--format", "json")
    [error] = json.loads(ended.out)["errors"]
    assert (error["file"], error["line"]) == (str(table), 3)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../sellers.csv", "lies outside the directory of the declarations"),
        ("away.csv", "lies outside the directory of the declarations"),
        ("world.yaml", "is a CSV file, whose name ends in .csv"),
        ("none.csv", "none.csv does not exist"),
        ("folder.csv", "cannot be read: Is a directory"),
    ],
)
def test_nothing_else_is_read_for_a_table(cli, fleet, tmp_path, name, words):
    declared = tmp_path / "declared"
    (tmp_path / "sellers.csv").write_text("seller\nsecret-seller\n", encoding="utf-8")
    (declared / "away.csv").symlink_to(tmp_path / "sellers.csv")
    (declared / "folder.csv").mkdir()
    text = (declared / "world.yaml").read_text(encoding="utf-8")
    (declared / "world.yaml").write_text(text.replace("fleet/sellers.csv", name), encoding="utf-8")
    ended = cli("validate", fleet)
    assert ended.code == 1
    assert words in ended.out + ended.err
    assert "secret-seller" not in ended.out + ended.err


def test_an_export_takes_the_table_along(cli, sandbox, fleet, tmp_path):
    at = ("--sandbox", sandbox.url)
    assert cli("apply", fleet, "--yes", *at).code == 0
    out = tmp_path / "out"
    AwsAccount(sandbox.url).sqs.create_queue(QueueName="by-hand")
    assert cli("export", fleet, "--out", str(out), *at).code == 0
    assert (out / "fleet/sellers.csv").is_file()
    assert cli("validate", str(out)).code == 0


def test_what_a_time_limit_leaves_is_told_and_done_by_the_next_run(cli, sandbox, fleet):
    at = ("--sandbox", sandbox.url)
    ended = cli("apply", fleet, "--yes", "--time-limit", "0", "--format", "json", *at)
    result = json.loads(ended.out)
    assert ended.code == 1
    assert {it["outcome"] for it in result["actions"]} == {"skipped"}
    assert "the time limit of 0s was reached; apply again" in result["actions"][0]["error"]
    told = cli("apply", fleet, "--yes", "--time-limit", "0", *at).out.splitlines()[-1]
    assert told == "Not finished: 4 skipped. Run it again: it goes on from there."
    assert cli("apply", fleet, "--yes", "--time-limit", "50m", *at).code == 0


def test_a_reading_that_takes_more_than_the_time_limit_is_cut_and_nothing_is_done(
    cli, sandbox, fleet
):
    at = ("--sandbox", sandbox.url)
    full = {"service": "sp-api", "operation": "getDestinations", "kind": "throttle"}
    sandbox.faults([full | {"times": None, "retryAfter": 60}])
    ended = cli("apply", fleet, "--yes", "--time-limit", "1s", "--format", "json", *at)
    told = (
        "error: the time limit of 1s was reached while live state was still being read: nothing "
        "was changed; apply again, with more time"
    )
    result = json.loads(ended.out)
    assert (ended.code, result["result"], result["error"]) == (1, "failed", told)
    assert not [it for it in sandbox.calls() if it["operation"] == "CreateQueue"]
    sandbox.clear_faults()
    assert cli("apply", fleet, "--yes", *at).code == 0


def test_a_wave_with_a_failure_is_the_last_of_its_run(cli, sandbox, world, tmp_path):
    head = HEAD.replace("prune: true", 'prune: true, waves: ["acme-de", "100%"]')
    folder = world(WORLD, head + AWS + APP)
    (tmp_path / "declared/fleet").mkdir()
    rows = "seller,tier\nacme-de,gold\nacme-it,gold\n"
    (tmp_path / "declared/fleet/sellers.csv").write_text(rows, encoding="utf-8")
    at = ("--sandbox", sandbox.url)
    sandbox.faults([{"service": "sp-api", "operation": "createSubscription", "kind": "denied"}])
    ended = cli("apply", folder, "--yes", "--format", "json", *at)
    outcomes = {it["address"]: it for it in json.loads(ended.out)["actions"]}
    assert ended.code == 1
    assert outcomes["subscription.offers[acme-de]"]["outcome"] == "failed"
    later = outcomes["subscription.offers[acme-it]"]
    assert (later["outcome"], "wave acme-de ended with failures" in later["error"]) == (
        "skipped",
        True,
    )
    assert cli("apply", folder, "--yes", *at).code == 0
