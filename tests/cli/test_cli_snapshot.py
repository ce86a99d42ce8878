"""snapshot --out and plan --live: planning from a file, without credentials or network."""

import json
import os
import re
import socket
import urllib.parse
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.world.snapshot import Snapshot
from reconciler.reports import as_json
from tests import worlds
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.standing import brought
from tests.worlds import (
    AWS,
    EVERYWHERE,
    MERCHANT,
    MWS,
    SP_API,
    destinations,
    queues,
    subscriptions,
    writes,
)

HEAD = worlds.HEAD.replace("discover: declared", "discover: all")
HOOK = (
    "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', "
    "callBackUri: 'https://hooks.example.com/%s'"
)
QUEUE = "grants: [{to: amazon-notifications}]"
PLACES = destinations(old="account: uk, queue: q", new="account: app, queue: q")
OFFERS = "destination: new, notificationType: ANY_OFFER_CHANGED, sellers: [de]"
BEFORE = (
    queues(q=QUEUE, gone="delay: 5s")
    + PLACES
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged", eu=OFFERS, shop=HOOK % "a"
    )
)
AFTER = (
    queues(q=f"{QUEUE}, delay: 7s", fresh="")
    + PLACES
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged, enabled: false",
        eu=f"{OFFERS}, filter: {{marketplaceIds: [A1PA6795UKMFR9]}}",
        shop=HOOK % "b",
    )
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "live.json"


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on a world against the sandbox."""

    def run(command, text, *options, head=HEAD + EVERYWHERE):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def taken(on, file, sandbox):
    """Bring a world about and take a snapshot, possibly with other declarations."""

    def run(text=BEFORE, declared=None, **more):
        assert brought(sandbox, HEAD + text, lambda: on("apply", text, "--yes").code) == 0
        ended = on("snapshot", text if declared is None else declared, "--out", file, **more)
        assert ended.code == 0, ended
        return file

    return run


@pytest.fixture
def live(on, file):
    """Plan against the snapshot."""

    def run(text, *options, form="json", **more):
        return on("plan", text, "--live", file, "--format", form, *options, **more)

    return run


def test_a_snapshot_of_one_shard_plans_that_shard_and_says_what_it_does_not_see(on, file):
    queue = "grants: [{to: amazon-notifications}]"
    assert on("apply", queues(old=queue, q=queue), "--yes").code == 0
    # By their names aws-eu and app are in the second half, uk and shop in the first.
    shard = ("--shard", "2/2")
    assert on("snapshot", queues(q=queue), "--out", file, *shard).code == 0
    ended = on("plan", queues(q=queue), "--live", file, *shard, "--format", "json")
    plan = json.loads(ended.out)
    assert (ended.code, plan["complete"]) == (0, True)
    assert [action["address"] for action in plan["actions"]] == ["queue.aws-eu/old"]
    unseen = [it["address"] for it in plan["warnings"] if "not seen" in it["message"]]
    assert unseen == ["uk"], "MWS destinations point at queues, Merchant subscriptions do not"


def test_drift_against_a_snapshot_is_the_drift_of_the_services(on, taken, file, sandbox):
    taken()
    wanted = on("drift", AFTER, "--format", "json")
    sandbox.clear_calls()
    ended = on("drift", AFTER, "--live", file, "--format", "json")
    assert (ended.code, ended.out) == (2, wanted.out)
    assert sandbox.calls() == []


@pytest.mark.parametrize("text", [BEFORE, AFTER])
@pytest.mark.parametrize("form", ["json", "text", "markdown"])
def test_a_plan_against_a_snapshot_is_the_plan_against_the_services(on, taken, live, text, form):
    taken()
    wanted = on("plan", text, "--format", form)
    ended = live(text, form=form)
    assert (ended.code, ended.out) == (0, wanted.out)
    assert (wanted.err, "fingerprint" in ended.out.lower()) == ("", text is AFTER or form != "text")


def test_it_can_be_agreed_to_and_applied(on, taken, live):
    taken()
    fingerprint = json.loads(live(AFTER).out)["fingerprint"]
    assert on("apply", AFTER, "--yes", "--expect", fingerprint).code == 0


def test_it_needs_neither_environment_nor_network(taken, live, sandbox, monkeypatch):
    taken()
    sandbox.clear_calls()

    def refuse(*_):
        raise AssertionError("no network")

    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    ended = live(AFTER)
    monkeypatch.undo()
    assert (ended.code, json.loads(ended.out)["complete"]) == (0, True)
    assert sandbox.calls() == []


def test_taking_one_changes_nothing_and_tells_how_much_it_holds(on, sandbox, file):
    on("apply", BEFORE, "--yes")
    sandbox.clear_calls()
    ended = on("snapshot", BEFORE, "--out", file)
    assert (ended.code, ended.out) == (0, "")
    assert f"7 live objects written to {file}" in ended.err
    assert writes(sandbox) == []


def test_without_out_it_goes_to_stdout(on, file, live):
    ended = on("snapshot", BEFORE)
    assert (ended.code, ended.err) == (0, "")
    file.write_text(ended.out, encoding="utf-8")
    assert live(BEFORE).code == 0


def test_its_age_is_told_on_stderr(taken, live):
    file = taken()
    told = live(AFTER).err
    assert re.search(
        r"^planning against the snapshot .*live\.json, taken \d{4}-\d\d-\d\dT[\d:]{8}Z, "
        r"less than a minute ago$",
        told,
        re.MULTILINE,
    )
    for days, hours, age in ((0, 1, "1 hour ago"), (0, 5, "5 hours ago"), (2, 5, "2 days ago")):
        snapshot = Snapshot.model_validate_json(file.read_text())
        when = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days, hours=hours)
        old = snapshot.model_copy(update={"taken_at": when}).sealed()
        file.write_text(as_json.render(old))
        assert f", {age}" in live(AFTER).err


# refusals


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"delay": 5', '"delay": 6'),
        ('"digest": "sha256:', '"digest": "sha256:0'),
        ('"takenAt": "2', '"takenAt": "1'),
        ('"owner": "acme"', '"owner": null'),
    ],
)
def test_a_tampered_file_is_refused(taken, live, was, becomes):
    file = taken()
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes, 1))
    ended = live(AFTER)
    assert (ended.code, json.loads(ended.out)["result"]) == (3, "refused")
    assert f"refused: {file}: the snapshot was changed after it was taken" in ended.err


@pytest.mark.parametrize("content", ["", "no json", "{}", "[]"])
def test_what_is_no_snapshot_is_refused(live, file, content):
    file.write_text(content)
    ended = live(AFTER)
    assert (ended.code, json.loads(ended.out)["result"]) == (3, "refused")
    assert "this is not a snapshot" in ended.err


def test_a_saved_plan_is_no_snapshot(on, live, file):
    on("plan", AFTER, "--out", file)
    assert live(AFTER).code == 3


def test_a_file_that_is_not_there_is_an_error(live):
    ended = live(AFTER)
    assert ended.code == 1
    assert "live.json cannot be read: No such file or directory" in ended.err


def test_a_snapshot_that_cannot_be_written_is_an_error(on, tmp_path):
    ended = on("snapshot", BEFORE, "--out", tmp_path / "no" / "live.json")
    assert ended.code == 1
    assert "live.json cannot be written: No such file or directory" in ended.err


def test_another_stack_is_refused(taken, live):
    taken()
    ended = live(AFTER, head=HEAD.replace("acme", "beta") + EVERYWHERE)
    assert ended.code == 3
    assert "'acme'" in ended.err
    assert "'beta'" in ended.err


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ('accountId: "123456789012"', 'accountId: "210987654321"', "accountId"),
        ("region: eu-west-1", "region: eu-west-2", "region"),
        ("sellerId: A2EXAMPLE1SELLER", "sellerId: A3EXAMPLE1SELLER", "sellerId"),
        ("marketplaceId: A1F83G8C2ARO7P", "marketplaceId: A1PA6795UKMFR9", "marketplaceId"),
        ('accountId: "5678"', 'accountId: "8765"', "accountId"),
        ("region: eu\n", "region: na\n", "region"),
    ],
)
def test_another_real_account_is_listed_and_unread(taken, live, was, becomes, field):
    taken()
    assert was in EVERYWHERE
    ended = live(AFTER, head=HEAD + EVERYWHERE.replace(was, becomes, 1))
    plan = json.loads(ended.out)
    assert (ended.code, plan["complete"]) == (1, False)
    [change] = plan["accountChanges"]
    assert (change["change"], [it["path"] for it in change["changes"]]) == ("changed", [field])
    [told] = [it for it in plan["problems"] if it["address"] == change["account"]]
    assert f"of another account (they differ in {field}): a plan" in told["message"]
    assert change["account"] not in {action["account"] for action in plan["actions"]}


def test_a_snapshot_of_the_sandbox_tells_nothing_of_the_services(taken, cli, world, file):
    taken()
    ended = cli("plan", world(AFTER, HEAD + EVERYWHERE), "--live", file, "--format", "json")
    plan = json.loads(ended.out)
    assert (ended.code, plan["actions"], plan["accountChanges"]) == (1, [], [])
    told = [it["message"] for it in plan["problems"] if it["address"] in EVERYWHERE]
    assert len(told) == 4
    assert all(re.search(r"another account \(they differ in .*\bendpoint\)", it) for it in told)


# what it does not tell


def test_an_account_declared_since_is_unknown_and_ends_with_1(taken, live):
    taken(queues(q=QUEUE), head=HEAD + AWS + MWS + SP_API)
    ended = live(queues(q=QUEUE) + subscriptions(shop=HOOK % "a"), head=HEAD + EVERYWHERE)
    plan = json.loads(ended.out)
    assert (ended.code, plan["actions"], plan["unknown"]) == (1, [], ["subscription.shop"])
    assert "the snapshot does not hold it" in plan["problems"][0]["message"]


def test_a_seller_declared_since_is_unknown_and_ends_with_1(taken, live):
    one = EVERYWHERE.replace('      fr: {refreshToken: "env:FR"}\n', "")
    taken(head=HEAD + one)
    both = AFTER.replace("sellers: [de]", "sellers: all")
    ended = live(both)
    plan = json.loads(ended.out)
    assert (ended.code, plan["complete"]) == (1, False)
    assert plan["unknown"] == ["subscription.eu[fr]"]
    assert "subscription.eu[fr]" not in {action["address"] for action in plan["actions"]}


def test_a_partial_snapshot_ends_with_1_and_keeps_why(on, live, sandbox, file):
    on("apply", BEFORE, "--yes")
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = on("snapshot", BEFORE, "--out", file)
    assert ended.code == 1
    assert "not read: shop: notificationsubscriptions.list: " in ended.err
    sandbox.clear_faults()
    planned = live(AFTER)
    plan = json.loads(planned.out)
    assert (planned.code, plan["complete"]) == (1, False)
    assert plan["problems"][0]["message"].startswith("shop: notificationsubscriptions.list: ")
    assert plan["unknown"] == ["subscription.shop"]
    assert "queue.q" in {action["address"] for action in plan["actions"]}


def test_a_queue_of_others_that_is_declared_since_is_compared_whole(taken, live, sandbox):
    aws = AwsAccount(sandbox.url)
    aws.queue("theirs", DelaySeconds="9")
    aws.close()
    taken(queues(q=""))
    plan = json.loads(live(queues(q="", theirs="delay: 5s")).out)
    [action] = plan["actions"]
    assert (action["action"], action["adopts"]) == ("update", True)
    assert {"path": "delay", "before": 9, "after": 5} in action["changes"]


# secrets

PLANTED = {
    "MWS_ID": "AKIASANDBOX",
    "MWS_KEY": "sandbox-secret",
    "LWA_ID": "amzn1.planted-client",
    "LWA_SECRET": "amzn1.oa2-cs.planted/secret+1",
    "DE": "Atzr|planted/de+2",
    "FR": "Atzr|planted-fr-3",
    "SHOP": "ya29.planted-merchant-4",
    "AWS_SECRET_ACCESS_KEY": "aws/planted+secret/5",
}


def test_it_holds_no_secret(cli, world, sandbox, file, monkeypatch):
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    here = f'endpoint: "{sandbox.url}"'
    aws = AWS.replace('"}', f'", {here}}}')
    mws = f"{MWS}    {here}\n"
    app = f'{SP_API}    {here}\n    tokenEndpoint: "{sandbox.url}/auth/o2/token"\n'
    token = '{accessToken: "env:SHOP"}'
    shop = MERCHANT.replace("}", f", {here}, credentials: {token}}}")
    path = world(BEFORE, HEAD + aws + mws + app + shop)
    assert cli("apply", path, "--yes").code == 0
    assert cli("--debug", "snapshot", path, "--out", file).code == 0
    text = file.read_text(encoding="utf-8")
    assert '"env:LWA_ID"' in text, "where the client id is found tells applications apart"
    for secret in PLANTED.values():
        for form in (secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]):
            assert form not in text
    assert cli("plan", path, "--live", file).code == 0
    other = world(BEFORE, HEAD + aws + mws + app.replace("env:LWA_ID", "env:OTHER") + shop)
    ended = cli("plan", other, "--live", file)
    assert ended.code == 1
    assert "credentials.clientId: env:LWA_ID → env:OTHER" in ended.out
    assert "they differ in clientId" in ended.out


def test_a_shard_is_planned_from_a_snapshot_of_that_shard_alone(cli, sandbox, world, file):
    path = world(queues(q=QUEUE) + subscriptions(shop=HOOK % "a"))
    for shard, address in (("1/2", "subscription.shop"), ("2/2", "queue.q")):
        sandbox.clear_calls()
        options = ("--shard", shard, "--sandbox", sandbox.url)
        taken = cli("snapshot", path, "--out", file, *options)
        assert taken.code == 0, taken.err
        services = {call["service"] for call in sandbox.calls()}
        assert ("merchant" in services) == (address == "subscription.shop")
        plan = cli("plan", path, "--live", file, "--format", "json", *options)
        assert plan.code == 0, plan.err
        assert [item["address"] for item in json.loads(plan.out)["actions"]] == [address]
