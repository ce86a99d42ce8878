"""Shards: plans whole from the first day, applied side by side in one round."""

import json
import re
import zlib
from pathlib import Path

import pytest

from tests.worlds import AWS_ID, HEAD, SP_API, destinations, queues, section, subscriptions
from tests.worlds import MWS as MWS_UK

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/github-actions.md").read_text(encoding="utf-8")
DOCUMENTED = re.findall(r"^\$ reconciler (apply --shard .*)$", DOCS, re.MULTILINE)
"""What the docs tell a fleet to run at once."""
SHARDS = ("1/3", "2/3", "3/3")


def of_shard(number, stem):
    """Return an account's name that lies in a shard of three."""
    return next(
        name
        for name in (f"{stem}-{tail}" for tail in "abcdefghijklmnop")
        if zlib.crc32(name.encode()) % 3 == number - 1
    )


EU, US, APP = of_shard(1, "eu"), of_shard(2, "us"), of_shard(3, "app")
MWS = of_shard(2, "mws")
FLEET = (
    HEAD.replace("discover: declared", "discover: all")
    + f"""
accounts:
  {EU}: {{service: aws, region: eu-west-1, accountId: "{AWS_ID}"}}
  {US}: {{service: aws, region: us-east-1, accountId: "{AWS_ID}"}}
"""
    + MWS_UK.replace("  uk:", f"  {MWS}:")
    + SP_API.replace("  app:", f"  {APP}:")
)
OPEN = "grants: [{to: amazon-notifications}]"


def fleet(offers, events=None, place=EU):
    """Declare two queues, each in a shard, and in the third what needs them."""
    text = queues(
        **{
            offers: f"account: {place}, {OPEN}",
            **({events: f"account: {US}, {OPEN}"} if events else {}),
        }
    )
    text += destinations(
        o=f"account: {APP}, queue: {offers}",
        **({"e": f"account: {APP}, queue: {events}"} if events else {}),
    )
    more = (
        {"e": "destination: e, notificationType: FEED_PROCESSING_FINISHED, sellers: [fr]"}
        if events
        else {}
    )
    return text + subscriptions(
        o="destination: o, notificationType: ANY_OFFER_CHANGED, sellers: [de]", **more
    )


FIRST = fleet("offers", "events")
RENAMED = fleet("offers-new", "events-new")
MOVED = fleet("offers", place=US)
LISTED = (
    queues(offers=f"account: {EU}")
    + destinations(o=f"account: {APP}, eventBridge: {{account: {EU}}}")
    + section("routes", {"o": "from: o, queue: offers, types: [LISTINGS_ITEM_STATUS_CHANGE]"})
    + subscriptions(
        o="destination: o, notificationType: LISTINGS_ITEM_STATUS_CHANGE, sellers: [de]"
    )
)
"""Each of two shards makes what the other one needs: destination, bus and route, subscription."""


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, text, *options):
        return cli(command, world(text, FLEET), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def together(start, sandbox, world):
    """Apply all shards at once, each in a process of its own; return exit code and result."""

    def run(text, *options, wait="60s", expect=()):
        folder = world(text, FLEET)
        given = ["--sandbox", sandbox.url, "--format", "json", "--wait", wait, *options]
        running = []
        for number, line in enumerate(DOCUMENTED):
            expected = ["--expect", expect[number]] if expect else []
            running.append(start(*line.split(), folder, *given, *expected))
        ended = [(one, *one.communicate(timeout=120)) for one in running]
        return [(one.returncode, json.loads(out), err) for one, out, err in ended]

    return run


def plans(on, text, *options):
    return [
        json.loads(on("plan", text, "--format", "json", "--shard", shard, *options).out)
        for shard in SHARDS
    ]


def sorted_actions(*found):
    return sorted(
        (item for plan in found for item in plan["actions"]), key=lambda it: it["address"]
    )


@pytest.mark.parametrize("now", [FIRST, RENAMED, MOVED, queues(q=f"account: {US}")])
@pytest.mark.parametrize("before", ["", FIRST])
def test_the_plans_of_all_shards_are_the_whole_plan_and_have_nothing_in_common(on, before, now):
    if before:
        assert on("apply", before, "--yes").code == 0
    whole = on("plan", now, "--format", "json")
    parts = plans(on, now)
    assert whole.code == 0
    assert [(part["complete"], part["problems"]) for part in parts] == [(True, [])] * 3
    assert sorted_actions(*parts) == sorted_actions(json.loads(whole.out))
    for name in ("create", "update", "delete", "unchanged", "unmanaged"):
        total = sum(part["summary"][name] for part in parts)
        assert total == json.loads(whole.out)["summary"][name]


def test_the_plan_of_every_shard_from_nothing_is_complete_and_ends_with_0(on):
    assert [on("plan", FIRST, "--shard", shard).code for shard in SHARDS] == [0, 0, 0]


def test_a_run_limited_to_an_account_waits_for_nobody(on):
    assert on("plan", FIRST, "--account", APP).code == 1


def test_the_fingerprint_of_a_shard_is_the_same_when_another_one_was_first(on):
    before = plans(on, FIRST)
    assert on("apply", FIRST, "--yes", "--shard", "1/3").code == 0
    assert plans(on, FIRST)[2]["fingerprint"] == before[2]["fingerprint"]


@pytest.mark.parametrize("now", [RENAMED, MOVED, fleet("offers")])
def test_shards_applied_side_by_side_converge_in_one_round(together, on, now):
    for text in (FIRST, now):
        for code, result, err in together(text):
            assert (code, result["result"]) == (0, "done"), (result, err)
        assert json.loads(on("plan", text, "--format", "json").out)["actions"] == []
        assert on("drift", text).code == 0


def test_shards_that_need_each_other_on_a_listings_way_converge_in_one_round(together, on):
    for code, result, err in together(LISTED):
        assert (code, result["result"], "not read" in err) == (0, "done", False), (result, err)
    assert on("drift", LISTED).code == 0


def test_what_takes_over_in_another_shard_is_known_by_a_destination_made_meanwhile(together, on):
    """The move from MWS to the SP-API: one shard deletes what another one's creation succeeds."""
    old = FIRST.replace(
        "destinations:\n", f"destinations:\n  m: {{account: {MWS}, queue: offers}}\n"
    )
    line = "  m: {destination: m, notificationType: AnyOfferChanged}\n"
    assert (
        on("apply", old.replace("subscriptions:\n", f"subscriptions:\n{line}"), "--yes").code == 0
    )
    for code, result, err in together(RENAMED):
        assert (code, result["result"]) == (0, "done"), (result, err)
    assert on("drift", RENAMED).code == 0


def test_the_docs_tell_a_fleet_to_run_each_shard_once():
    assert [line.split() for line in DOCUMENTED] == [
        ["apply", "--shard", shard, "--yes"] for shard in SHARDS
    ]


def test_what_was_planned_shard_by_shard_is_applied_side_by_side_as_it_was_agreed_to(together, on):
    """As the workflow does it: a job plans, another one applies exactly that."""
    for text in (FIRST, RENAMED):
        agreed = [plan["fingerprint"] for plan in plans(on, text)]
        for code, result, err in together(text, expect=agreed):
            assert (code, result["result"]) == (0, "done"), (result, err)
    assert on("drift", RENAMED).code == 0


def test_where_one_shard_fails_the_others_skip_what_needs_it_and_say_so(together, sandbox, on):
    sandbox.faults(
        [{"service": "aws", "operation": "CreateQueue", "kind": "denied", "times": None}]
    )
    one, two, three = together(FIRST, wait="3s")
    assert (one[0], two[0], three[0]) == (1, 1, 1)
    results = {item["address"]: item for item in three[1]["actions"]}
    assert {item["outcome"] for item in results.values()} == {"skipped"}
    assert (
        "queue.offers is not there as declared, which another shard sees to"
        in (results["destination.o"]["error"])
    )
    assert "waiting for other shards, up to 3s in all: queue.events, queue.offers" in three[2]
    sandbox.clear_faults()
    assert [code for code, *_ in together(FIRST)] == [0, 0, 0]
    assert on("drift", FIRST).code == 0


def test_a_queue_stays_where_what_points_at_it_in_another_shard_stays(together, sandbox, on):
    assert on("apply", FIRST, "--yes").code == 0
    sandbox.faults(
        [{"service": "sp-api", "operation": "createDestination", "kind": "denied", "times": None}]
    )
    one, two, _three = together(RENAMED, wait="3s")
    for code, result, _ in (one, two):
        assert code == 1
        [delete] = [item for item in result["actions"] if item["action"] == "delete"]
        assert delete["outcome"] == "skipped"
    sandbox.clear_faults()
    assert [code for code, *_ in together(RENAMED)] == [0, 0, 0]
    assert on("drift", RENAMED).code == 0


@pytest.mark.parametrize(
    ("variable", "value", "shard"),
    [("JOB_COMPLETION_INDEX", "0", "1/3"), ("CI_NODE_INDEX", "3", "3/3")],
)
def test_a_job_may_know_its_own_shard(on, monkeypatch, variable, value, shard):
    expected = on("plan", FIRST, "--format", "json", "--shard", shard).out
    monkeypatch.setenv(variable, value)
    assert on("plan", FIRST, "--format", "json", "--shard", "auto/3").out == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [("JOB_COMPLETION_INDEX", "3"), ("CI_NODE_INDEX", "0"), ("CI_NODE_INDEX", "x"), ("OTHER", "1")],
)
def test_a_job_that_is_none_of_them_is_wrong_usage(on, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    ended = on("plan", FIRST, "--shard", "auto/3")
    assert ended.code == 64
    if value in ("3", "0"):
        first = int(variable == "CI_NODE_INDEX")
        told = f"{variable} is {value}, but with auto/3 it is from {first} to {first + 2}"
        assert told in " ".join(ended.err.split())
