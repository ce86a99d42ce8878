"""What a pull request shows, planned from a snapshot, is what its merge does, planned live."""

import json

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from reconciler.core.manifest.settings import Limit
from tests.drawing import examples
from tests.test_generated_worlds import ACCOUNTS, worlds
from tests.worlds import Stack

FREE = {"max_deletes": Limit(count=1000), "unprotect": ("*",)}

TYPES = ("ANY_OFFER_CHANGED", "FEED_PROCESSING_FINISHED", "PRICING_HEALTH")


def offers(*types):
    """Declare a queue that all sellers' notifications of some types go to."""
    to = {"destination": "sp", "sellers": "all"}
    return {
        "stack": "acme",
        "policy": {"prune": True, "maxDeletes": "100%", "discover": "declared"},
        "accounts": ACCOUNTS,
        "queues": {"q": {"grants": [{"to": "amazon-notifications"}]}},
        "destinations": {"sp": {"account": "app", "queue": "q"}},
        "subscriptions": {name: {**to, "notificationType": name} for name in types},
    }


@st.composite
def edits(draw, world):
    """Draw what a pull request may do: leave subscriptions out and what only they needed, or all.

    Or it declares another world altogether.
    """
    if draw(st.booleans()):
        return draw(worlds())
    gone = draw(st.sets(st.sampled_from(sorted(world["subscriptions"]) or [""])))
    kept = {key: it for key, it in world["subscriptions"].items() if key not in gone}
    places = world["destinations"]
    if draw(st.booleans()):
        needed = {it.get("destination") for it in kept.values()}
        needed |= {it["from"] for it in world["routes"].values()}
        places = {key: it for key, it in places.items() if key in needed}
    return {**world, "destinations": places, "subscriptions": kept}


@st.composite
def histories(draw):
    before = draw(worlds())
    policy = {**before["policy"], "discover": draw(st.sampled_from(["all", "declared"]))}
    return {**before, "policy": policy}, {**draw(edits(before)), "policy": policy}


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@given(history=histories())
@example((offers(*TYPES), offers(TYPES[0])))  # the last subscriptions of two types go
@example((offers(*TYPES), {**offers(), "destinations": {}}))  # and the destination
@settings(
    max_examples=examples(3, 60),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_the_plan_from_the_snapshot_is_the_plan_of_the_merge(running, tmp_path, history):
    running.reset()
    before, after = history
    stack = Stack(tmp_path / "declared", running.url)
    stack.declare(json.dumps(before))
    assert stack.apply(**FREE).unfinished() == []
    snapshot = stack.snapshot()
    note(json.dumps(after, indent=1))
    stack.declare(json.dumps(after))
    pull, merge = stack.plan_from(snapshot).plan, stack.plan(since=snapshot).plan
    assert [it.model_dump() for it in pull.actions] == [it.model_dump() for it in merge.actions]
    assert pull.fingerprint == merge.fingerprint
    assert (pull.unknown, pull.problems) == (merge.unknown, merge.problems)
    assert pull.not_looked == (), "the snapshot asked for all"


@given(history=histories(), stranger=st.sampled_from(["queue", "seller"]))
@settings(
    max_examples=examples(2, 30),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_where_they_differ_the_difference_is_named(running, tmp_path, history, stranger):
    """What the snapshot does not hold is unknown to the pull request, and says so."""
    running.reset()
    before, after = history
    stack = Stack(tmp_path / "declared", running.url)
    stack.declare(json.dumps(before))
    assert stack.apply(**FREE).unfinished() == []
    snapshot = stack.snapshot()
    stack.declare(json.dumps(_with_a_stranger(after, stranger)))
    pull, merge = stack.plan_from(snapshot).plan, stack.plan(since=snapshot).plan
    if pull.fingerprint != merge.fingerprint:
        told = {item.address for item in (*pull.problems, *pull.not_looked)}
        assert not pull.complete
        assert told & {"elsewhere", "app/new"}


def _with_a_stranger(world, kind):
    """Declare something in an account, or of a seller, that nobody declared before."""
    accounts = dict(world["accounts"])
    if kind == "queue":
        account = {**accounts["aws-eu"], "region": "us-east-1"}
        queues = {key: {"account": "aws-eu", **queue} for key, queue in world["queues"].items()}
        queues["stranger"] = {"account": "elsewhere"}
        return {**world, "accounts": {**accounts, "elsewhere": account}, "queues": queues}
    sellers = {**accounts["app"]["sellers"], "new": {"refreshToken": "env:NEW"}}
    return {**world, "accounts": {**accounts, "app": {**accounts["app"], "sellers": sellers}}}
