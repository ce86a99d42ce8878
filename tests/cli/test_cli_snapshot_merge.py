"""snapshot --merge: what several shards saw, as one."""

import json
from datetime import datetime

import pytest

from tests.standing import brought
from tests.worlds import AWS, HEAD, MERCHANT, queues, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: '%s'"
TEXT = queues(q="") + subscriptions(s=HOOK % "https://hooks.example.com/1")
ALL = HEAD + AWS + MERCHANT


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, *options, text=TEXT, head=ALL):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def parts(on, sandbox, tmp_path):
    """Take a snapshot of each of two shards; the second an hour after the first."""
    assert brought(sandbox, ALL + TEXT, lambda: on("apply", "--yes").code) == 0
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file, shard in zip(files, ("1/2", "2/2"), strict=True):
        assert on("snapshot", "--shard", shard, "--out", file).code == 0
    return files


def test_merged_they_plan_like_a_snapshot_of_everything(on, cli, parts, tmp_path):
    whole, merged = tmp_path / "whole.json", tmp_path / "merged.json"
    assert on("snapshot", "--out", whole).code == 0
    ended = cli("snapshot", "--merge", *parts, "--out", merged)
    assert (ended.code, ended.out) == (0, "")
    one, other = (json.loads(file.read_text()) for file in (whole, merged))
    for name in ("stack", "accounts", "scopes", "live", "routing", "formatVersion"):
        assert one[name] == other[name], name
    plans = [on("plan", "--live", file, "--format", "json") for file in (whole, merged)]
    assert [plan.code for plan in plans] == [0, 0]
    assert plans[0].out == plans[1].out
    assert json.loads(plans[1].out)["actions"] == []


def test_what_none_of_them_saw_is_told_and_ends_with_1(on, cli, parts, sandbox, tmp_path):
    ended = cli("snapshot", "--merge", parts[1], "--out", tmp_path / "merged.json")
    told = "not read: shop: none of these snapshots is about it"
    assert (ended.code, ended.err.splitlines()[0]) == (1, told)
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    assert on("snapshot", "--shard", "1/2", "--out", parts[0]).code == 1
    ended = cli("snapshot", "--merge", *parts, "--out", tmp_path / "merged.json")
    assert ended.code == 1
    assert ended.err.startswith("not read: shop: notificationsubscriptions.list: ")


def test_what_was_declared_since_is_told_of_where_declarations_are_given(on, cli, parts, world):
    text = TEXT.replace("{registeredEvent", "{account: shop, registeredEvent")
    later = world(text, ALL + MERCHANT.replace("shop", "later"))
    ended = cli("snapshot", later, "--merge", *parts, "--out", parts[0])
    assert ended.code == 1
    assert ended.err.startswith("not read: later: the snapshot does not hold it, ")


@pytest.mark.parametrize("spelling", ["each", "with a path"])
def test_the_files_may_be_named_in_any_usual_way(on, cli, parts, spelling):
    one, two = parts
    usual = cli("snapshot", "--merge", one, two).out
    assert usual
    if spelling == "each":
        assert cli("snapshot", "--merge", one, "--merge", two).out == usual
    else:
        assert on("snapshot", "--merge", one, two).out == usual


def test_it_is_as_old_as_the_oldest_of_them(cli, parts, tmp_path):
    from reconciler.core.world.snapshot import Snapshot

    one, two = parts
    old = Snapshot.model_validate_json(one.read_text())
    old = old.model_copy(update={"taken_at": datetime.fromisoformat("2026-01-02T03:04:05Z")})
    one.write_text(old.sealed().model_dump_json())
    for files in ((one, two), (two, one)):
        merged = json.loads(cli("snapshot", "--merge", *files).out)
        assert merged["takenAt"] == "2026-01-02T03:04:05Z"


def _damaged(content):
    return content.replace('"owner": "acme"', '"owner": "acne"')


def _cut(content):
    return content[: len(content) // 2]


@pytest.mark.parametrize("change", [_damaged, _cut])
def test_a_damaged_one_is_refused_by_its_name(cli, parts, tmp_path, change):
    for part in parts:
        kept = part.read_text()
        if change(kept) == kept:
            continue
        part.write_text(change(kept))
        ended = cli("snapshot", "--merge", *parts, "--out", tmp_path / "merged.json")
        assert ended.code == 3
        assert str(part) in ended.err
        assert not (tmp_path / "merged.json").exists()
        part.write_text(kept)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("stack: acme", "stack: other", "of stack 'other', another of 'acme'"),
        ("region: eu-west-1", "region: us-east-1", "'aws-eu' is another account"),
        ('"5678"', '"999"', "'shop' is another account"),
    ],
)
def test_what_does_not_belong_together_is_refused(on, cli, parts, tmp_path, was, becomes, told):
    other = tmp_path / "other.json"
    assert on("snapshot", "--out", other, head=ALL.replace(was, becomes)).code == 0
    ended = cli("snapshot", "--merge", *parts, other)
    assert (ended.code, ended.out) == (3, "")
    assert told in ended.err


def test_an_account_that_one_could_not_read_is_taken_from_the_other(on, cli, sandbox, tmp_path):
    assert on("apply", "--yes").code == 0
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    assert on("snapshot", "--out", good).code == 0
    sandbox.faults([{"service": "aws", "operation": "*", "kind": "error503", "times": None}])
    assert on("snapshot", "--out", bad).code == 1
    merged = json.loads(cli("snapshot", "--merge", good, bad).out)
    assert [scope["reason"] for scope in merged["scopes"]] == [None, None, None]


@pytest.mark.parametrize("more", [("--shard", "1/2"), ("declared", "again")])
def test_what_means_nothing_beside_it_is_wrong_usage(cli, parts, tmp_path, more):
    for name in ("declared", "again"):
        (tmp_path / name).mkdir(exist_ok=True)
    given = [tmp_path / it if it in ("declared", "again") else it for it in more]
    assert cli("snapshot", "--merge", *parts, *given).code == 64


def test_several_paths_without_it_are_wrong_usage(cli, tmp_path):
    assert cli("snapshot", tmp_path, tmp_path).code == 64
