"""How far a run looks for SP-API subscriptions, of which the service lists one type a call."""

import json

import pytest

from reconciler.services.spapi.catalogue import TYPES
from tests.standing import brought
from tests.worlds import AWS, HEAD, SP_API, destinations, queues, subscriptions

ALL = HEAD.replace("discover: declared", "discover: all")
TOP = AWS + SP_API + queues(q="grants: [{to: amazon-notifications}]")
PLACES = destinations(sp="account: app, queue: q")
OFFERS = "destination: sp, notificationType: ANY_OFFER_CHANGED, sellers: all"
FEEDS = "destination: sp, notificationType: FEED_PROCESSING_FINISHED, sellers: all"
REPORTS = "destination: sp, notificationType: REPORT_PROCESSING_FINISHED, sellers: all"
BOTH = PLACES + subscriptions(offers=OFFERS, feeds=FEEDS)
ONE = PLACES + subscriptions(offers=OFFERS)
QUEUE_TYPES = {name for name, known in TYPES.items() if known.workflow == "SQS"}
LEFT = [f"subscription.app/{seller}/FEED_PROCESSING_FINISHED/2020-09-04" for seller in ("de", "fr")]
AS_FAR = "as far as was looked: app: subscriptions of 17 types were not asked for"
FINDS = "--since SNAPSHOT or --discover all finds what a changed declaration left there"


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on declarations against the sandbox."""

    def run(command, text, *options, head=HEAD, top=TOP):
        return cli(command, world(top + text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def snapshot(on, sandbox, tmp_path):
    """Bring a world about and return a snapshot of it, as the default branch's workflow does."""
    file = tmp_path / "live.json"

    def make(text, *options, **more):
        assert on("apply", text, "--yes", **more).code == 0
        assert on("snapshot", text, "--out", file, *options, **more).code == 0
        return file.read_bytes()

    def take(text=BOTH, *options, **more):
        key = (text, options, *sorted(more.items()))
        file.write_bytes(brought(sandbox, key, lambda: make(text, *options, **more)))
        return file

    return take


@pytest.fixture
def asked(sandbox):
    """Return how a run ended and which types were asked for, of each seller once."""

    def types(run):
        sandbox.clear_calls()
        ended = run()
        calls = [it for it in sandbox.calls() if it["operation"] == "getSubscriptions"]
        found = {it["query"]["notificationTypes"] for it in calls}
        assert len(calls) == 2 * len(found)
        return ended, found

    return types


def plan_of(ended):
    return json.loads(ended.out)


def deletes(ended):
    return sorted(it["address"] for it in plan_of(ended)["actions"] if it["action"] == "delete")


def denied(**more):
    return {"service": "sp-api", "operation": "getSubscriptions", "kind": "denied", **more}


# what is asked for


@pytest.mark.parametrize("head", [ALL, HEAD], ids=["all", "declared"])
@pytest.mark.parametrize("command", ["snapshot", "drift", "export"])
def test_these_ask_for_all_that_there_may_be_unless_told_otherwise(on, asked, command, head):
    on("apply", BOTH, "--yes")
    assert asked(lambda: on(command, BOTH, head=head))[1] == QUEUE_TYPES
    declared = {"ANY_OFFER_CHANGED", "FEED_PROCESSING_FINISHED"}
    assert asked(lambda: on(command, BOTH, "--discover", "declared", head=head))[1] == declared


def test_a_plan_asks_as_the_policy_says_and_for_what_the_snapshot_has_seen(on, asked, snapshot):
    since = snapshot()
    assert asked(lambda: on("plan", ONE))[1] == {"ANY_OFFER_CHANGED"}
    seen = {"ANY_OFFER_CHANGED", "FEED_PROCESSING_FINISHED"}
    assert asked(lambda: on("plan", ONE, "--since", since))[1] == seen
    assert asked(lambda: on("plan", ONE, head=ALL))[1] == QUEUE_TYPES
    assert asked(lambda: on("plan", ONE, "--discover", "all"))[1] == QUEUE_TYPES


def test_nobody_is_asked_where_the_application_has_no_destination(on, asked):
    ended, types = asked(lambda: on("plan", ONE, head=ALL))
    assert (ended.code, types) == (0, set())


def test_a_snapshot_of_another_stack_or_none_at_all_is_no_beginning(on, snapshot):
    since = snapshot()
    ended = on("plan", ONE, "--since", since, head=HEAD.replace("stack: acme", "stack: beta"))
    assert (ended.code, "stack 'acme'" in ended.err) == (3, True)
    assert on("plan", ONE, "--since", since.with_name("none.json")).code == 1


# the last subscription of a type


def test_the_last_subscription_of_a_type_goes_with_its_declaration(on):
    on("apply", BOTH, "--yes", head=ALL)
    assert deletes(on("plan", ONE, "--format", "json", head=ALL)) == LEFT
    on("apply", ONE, "--yes", head=ALL)
    assert "In sync: nothing to do." in on("plan", ONE, head=ALL).out


def test_where_declared_types_alone_are_asked_for_it_goes_by_the_snapshot(on, snapshot):
    applied = on("apply", ONE, "--since", snapshot(), "--yes", "--format", "json")
    assert [it["outcome"] for it in json.loads(applied.out)["actions"]] == ["done", "done"]


def test_a_subscription_whose_type_was_changed_is_found_as_the_plan_says(on, snapshot):
    since = snapshot(ONE)
    changed = ONE.replace("ANY_OFFER_CHANGED", "FEE_PROMOTION")
    assert FINDS in on("plan", changed).told
    assert deletes(on("plan", changed, "--format", "json")) == []
    for how in (("--since", since), ("--discover", "all")):
        found = deletes(on("plan", changed, *how, "--format", "json"))
        assert found == [f"subscription.app/{it}/ANY_OFFER_CHANGED/1.0" for it in ("de", "fr")], how


def test_a_saved_delete_that_is_not_looked_for_any_more_is_not_called_needless(
    on, snapshot, tmp_path
):
    saved = tmp_path / "plan.json"
    on("plan", ONE, "--since", snapshot(), "--out", saved)
    ended = on("apply", ONE, "--plan", saved, "--yes", "--format", "json")
    told = json.loads(ended.out)["actions"]
    assert [item["outcome"] for item in told] == ["skipped", "skipped"]
    assert all("not found as far as was looked: app" in item["error"] for item in told)


def test_a_type_that_this_version_does_not_know_goes_by_the_snapshot_too(on, sandbox, snapshot):
    sandbox.settings(notificationTypes={"BRAND_NEW": ["7"]})
    new = "destination: sp, notificationType: BRAND_NEW, payloadVersion: '7', sellers: [de]"
    since = snapshot(PLACES + subscriptions(offers=OFFERS, new=new), head=ALL)
    ended = on("plan", ONE, "--since", since, "--format", "json", head=ALL)
    assert deletes(ended) == ["subscription.app/de/BRAND_NEW/7"]
    again = on("snapshot", ONE, "--since", since, head=ALL)
    assert "BRAND_NEW" in again.out


def test_a_pull_requests_plan_from_the_snapshot_is_the_plan_of_the_merge(on, snapshot):
    since = snapshot()
    pull = plan_of(on("plan", ONE, "--live", since, "--format", "json"))
    merge = plan_of(on("plan", ONE, "--since", since, "--format", "json"))
    assert (pull["actions"], pull["fingerprint"]) == (merge["actions"], merge["fingerprint"])
    assert len(pull["actions"]) == 2
    assert (pull["notLooked"], merge["notLooked"][0]["address"]) == ([], "app")


# in sync as far as was looked


def test_in_sync_is_not_said_over_what_was_not_looked_for(on):
    on("apply", ONE, "--yes")
    for command, options, text in [
        ("plan", (), f"In sync {AS_FAR} (discover: declared); {FINDS}"),
        ("apply", ("--yes",), f"In sync {AS_FAR}"),
        ("drift", ("--discover", "declared"), f"No drift {AS_FAR}"),
    ]:
        ended = on(command, ONE, *options)
        assert (ended.code, text in ended.told) == (0, True), ended.out
        assert "Warnings" not in ended.out + ended.err
    markdown = on("plan", ONE, "--format", "markdown").out
    assert "✅ **In sync as far as was looked:** `app`: subscriptions of 17 types" in markdown
    drift = on("drift", ONE, "--discover", "declared", "--format", "markdown").out
    assert "✅ **Live is as declared as far as was looked:** `app`" in drift


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_plan_that_changes_something_says_in_one_line_what_was_not_looked_for(on, form):
    assert "Not looked for" not in on("plan", ONE, "--format", form).out, "nothing is there yet"
    on("apply", ONE, "--yes")
    told = on("plan", BOTH, "--format", form).out
    assert told.count("Not looked for: ") == 1
    assert plan_of(on("plan", ONE, "--format", "json"))["warnings"] == []


def test_an_apply_that_looked_at_less_than_drift_does_is_not_kept_as_in_sync(on, tmp_path):
    saved, kept = tmp_path / "plan.json", tmp_path / "result.json"
    narrow = ("--discover", "declared")
    on("apply", ONE, "--yes", head=ALL)
    assert on("plan", BOTH, *narrow, "--out", saved, head=ALL).code == 0
    how = ("--plan", saved, *narrow, "--yes", "--out", kept)
    ended = on("apply", BOTH, *how, head=ALL)
    assert "Applied: 2 done. Not looked for: app: subscriptions of 16 types" in ended.told
    assert json.loads(kept.read_text())["inSync"] is False
    again = on("apply", BOTH, *how, head=ALL)
    assert "Nothing left to do as far as was looked: 2 skipped. Not looked for: app" in again.told
    assert json.loads(kept.read_text())["inSync"] is False
    on("apply", BOTH, "--yes", "--out", kept, head=ALL)
    assert json.loads(kept.read_text())["inSync"] is True


def test_types_that_the_application_may_not_ask_for_are_told_in_that_line(on, sandbox):
    alone = {"top": TOP.replace('      fr: {refreshToken: "env:FR"}\n', ""), "head": ALL}
    on("apply", ONE, "--yes", **alone)
    sandbox.faults([denied()])
    ended = on("plan", ONE, **alone)
    assert "Warnings" not in ended.out
    assert "In sync as far as was looked: app: subscriptions of 1 type are not shown" in ended.told
    assert "the application may not ask for them (403), since it lacks their roles" in ended.told


def fingerprint(ended):
    """Return what a plan in text shows, or that it shows none since there is nothing to do."""
    return [line for line in ended.out.splitlines() if line.startswith("Fingerprint")]


def test_what_a_seller_or_an_account_left_behind_is_told_from_the_snapshot(on, snapshot):
    since = snapshot(ONE)
    one = TOP.replace('      fr: {refreshToken: "env:FR"}\n', "")
    ended = on("plan", ONE, "--since", since, head=ALL, top=one)
    assert "In sync as far as was looked: app/fr: 1 subscription that the snapshot" in ended.told
    recalled = on("plan", ONE, "--live", since, head=ALL, top=one)
    assert "app/fr: 1 subscription that the snapshot saw cannot be looked for" in recalled.told
    assert fingerprint(recalled) == fingerprint(ended)
    alone = TOP.replace(SP_API, "")
    ended = on("plan", "", "--since", since, head=ALL, top=alone)
    assert "In sync as far as was looked: app: 1 destination that the snapshot saw" in ended.told


# before a destination goes


def test_before_a_destination_goes_all_types_of_its_application_are_asked_for(on, asked):
    on("apply", BOTH, "--yes")
    ended, types = asked(lambda: on("plan", "", "--format", "json"))
    assert types == QUEUE_TYPES
    assert [address for address in deletes(ended) if address in LEFT] == LEFT
    assert plan_of(ended)["notLooked"] == []
    again = on("apply", "", "--yes", "--format", "json")
    assert {it["outcome"] for it in json.loads(again.out)["actions"]} == {"done"}


def test_a_stack_is_destroyed_with_what_nobody_declares_any_more(on):
    on("apply", BOTH, "--yes")
    ended = on("destroy", ONE, "--yes", "--format", "json")
    gone = {it["address"] for it in json.loads(ended.out)["actions"]}
    assert (ended.code, set(LEFT) <= gone) == (0, True)


# a pull request that adds a type


def test_a_new_type_is_planned_from_the_snapshot_that_the_workflows_take(on, snapshot):
    file = snapshot(ONE)
    ended = on("plan", PLACES + subscriptions(offers=OFFERS, reports=REPORTS), "--live", file)
    assert (ended.code, "+ create subscription.reports[de]" in ended.out) == (0, True)


def test_a_type_that_a_snapshot_did_not_ask_for_leaves_its_neighbours_known(on, snapshot):
    file = snapshot(BOTH, "--discover", "declared")
    text = PLACES + subscriptions(offers=OFFERS, reports=REPORTS)
    ended = on("plan", text, "--live", file, "--format", "json")
    plan = plan_of(ended)
    assert plan["unknown"] == ["subscription.reports[de]", "subscription.reports[fr]"]
    assert deletes(ended) == LEFT
    assert (ended.code, plan["summary"]["unchanged"]) == (1, 4)
    assert "take one that asks for all" in plan["problems"][0]["message"]


def test_a_type_that_the_application_may_not_ask_for_is_unknown_and_no_other_is(
    on, sandbox, snapshot
):
    alone = {"top": TOP.replace('      fr: {refreshToken: "env:FR"}\n', "")}
    text = PLACES + subscriptions(offers=OFFERS, reports=REPORTS)
    file = snapshot(ONE, **alone)
    sandbox.faults([denied(skip=1, times=None)])  # the second type, in the order of the alphabet
    assert on("snapshot", text, "--discover", "declared", "--out", file, **alone).code == 1
    for options in ((), ("--live", file)):
        sandbox.clear_faults()
        sandbox.faults([denied(skip=1, times=None)])
        ended = on("plan", text, "--format", "json", *options, **alone)
        plan = plan_of(ended)
        assert (ended.code, plan["unknown"]) == (1, ["subscription.reports[de]"])
        assert plan["summary"]["unchanged"] == 3
        assert "has the role for this notification type" in plan["problems"][0]["message"]
