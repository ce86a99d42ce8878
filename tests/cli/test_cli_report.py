"""`report` against the sandbox: one page of live state or of a snapshot."""

import json
import re

DECLARED = """
queues:
  offers: {}
subscriptions:
  status:
    account: shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccount: "5678"
    callBackUri: "https://hooks.example.com/{targetAccount}?token=hush-hush-hush"
"""


def test_a_page_of_what_is_live_measures_health_and_shows_no_token(cli, world, sandbox):
    folder = world(DECLARED)
    cli("apply", folder, "--yes", "--sandbox", sandbox.url)
    ended = cli("report", folder, "--sandbox", sandbox.url)
    assert "Healthy in what is known: 1 object may not be." in ended.out
    assert '<td class="warn">whether its pushes are acknowledged</td>' in ended.out
    sandbox.settings(merchantHealth={"*": {"acknowledgedMessagesCount": 7}})
    ended = cli("report", folder, "--sandbox", sandbox.url)
    assert ended.code == 0
    assert "All healthy." in ended.out
    assert "In sync." in ended.out
    assert "hush" not in ended.out


def test_a_page_of_a_snapshot_says_that_health_was_not_measured(cli, world, sandbox, tmp_path):
    folder, file, page = world(DECLARED), tmp_path / "snapshot.json", tmp_path / "page.html"
    cli("snapshot", folder, "--sandbox", sandbox.url, "--out", file)
    ended = cli("report", folder, "--live", file, "--sandbox", sandbox.url, "--out", page)
    assert (ended.code, ended.out) == (0, "")
    assert "Not measured: a snapshot" in page.read_text()
    assert "Against a snapshot taken" in page.read_text()


def test_what_was_not_read_is_unknown_and_exit_is_1(cli, world, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = cli("report", world(DECLARED), "--sandbox", sandbox.url, "--drift")
    assert ended.code == 1
    [found] = re.findall(r'id="data">(.*?)</script>', ended.out)
    states = {node["key"]: node["state"] for node in json.loads(found)["nodes"]}
    assert states["subscription.status"] == "unknown"
    assert states["queue.offers"] == "create"
    assert ended.err.startswith("shop: notificationsubscriptions.list: ")


def test_a_page_that_cannot_be_written_is_an_error(cli, world, sandbox, tmp_path):
    away = tmp_path / "no" / "page.html"
    ended = cli("report", world(DECLARED), "--sandbox", sandbox.url, "--out", away)
    assert (ended.code, ended.out) == (1, "")
    assert "page.html cannot be written" in ended.err
