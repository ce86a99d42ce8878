"""`graph` against the sandbox: what leads where, before and after an apply, and from a snapshot."""

from xml.etree import ElementTree as ET

DECLARED = """
queues:
  offers: {deadLetter: {queue: lost, maxReceives: 5}}
  lost: {}
subscriptions:
  status:
    account: shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccount: "5678"
    callBackUri: "https://hooks.example.com/{targetAccount}?token=hush-hush-hush"
"""


def test_declarations_are_drawn_without_any_service(cli, world):
    ended = cli("graph", world(DECLARED), "--declared")
    assert ended.code == 0
    assert ended.out.startswith("flowchart LR\n")
    assert '-->|"dead letter"|' in ended.out
    assert "(+)" not in ended.out


def test_a_call_back_is_shown_without_its_token(cli, world):
    ended = cli("graph", world(DECLARED), "--declared", "--format", "dot")
    assert "hush" not in ended.out
    assert "https://hooks.example.com/5678?token=***" in ended.out


def test_what_apply_would_do_is_marked_and_is_gone_when_it_was_done(cli, world, sandbox):
    folder = world(DECLARED)
    before = cli("graph", folder, "--sandbox", sandbox.url)
    assert (before.code, before.out.count("(+) create")) == (0, 3)
    assert cli("apply", folder, "--yes", "--sandbox", sandbox.url).code == 0
    after = cli("graph", folder, "--sandbox", sandbox.url)
    assert "(+)" not in after.out
    assert after.out == cli("graph", folder, "--sandbox", sandbox.url).out


def test_a_snapshot_is_drawn_without_network(cli, world, sandbox, tmp_path):
    folder, file = world(DECLARED), tmp_path / "snapshot.json"
    cli("apply", folder, "--yes", "--sandbox", sandbox.url)
    cli("snapshot", folder, "--sandbox", sandbox.url, "--out", file)
    changed = world(DECLARED.replace("lost, maxReceives: 5", "lost, maxReceives: 6"))
    picture = tmp_path / "wiring.svg"
    ended = cli(
        "graph",
        changed,
        "--live",
        file,
        "--sandbox",
        sandbox.url,
        "--drift",
        "--format",
        "svg",
        "--out",
        picture,
    )
    assert (ended.code, ended.out) == (0, "")
    ET.parse(picture)
    assert "(~) changed" in picture.read_text()


def test_an_account_that_cannot_be_read_is_unknown_and_exit_is_1(cli, world, sandbox):
    folder = world(DECLARED)
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = cli("graph", folder, "--sandbox", sandbox.url)
    assert ended.code == 1
    assert (ended.out.count("(?) unknown"), ended.out.count("(+) create")) == (1, 2)
    assert ended.err.startswith("shop: notificationsubscriptions.list: ")


def test_declared_and_live_exclude_each_other(cli, world):
    ended = cli("graph", world(DECLARED), "--declared", "--live", "snapshot.json")
    assert (ended.code, ended.out) == (64, "")
