"""`targetAccounts: linked`: a subscription for each account that Google lists as linked to ours."""

import json
from dataclasses import replace

import pytest

from reconciler import run
from reconciler.core.model.errors import Denied, Rejected, WrongUsage
from reconciler.core.planning.consent import Agreement
from reconciler.core.verdicts.topology import declared_topology
from reconciler.credentials.secrets import Secrets
from reconciler.hosting import open_listener
from reconciler.listening.places import Output
from reconciler.operate import verify as verifying
from reconciler.operate.doctor import doctor
from reconciler.operate.status import status
from reconciler.reports.application import applied
from tests.worlds import Stack, writes

HEAD = """
stack: acme
owns: {callBackUris: ["https://hooks.example.com/"]}
policy: {prune: true, maxDeletes: 100%}
accounts:
  shop: {service: merchant, accountId: "5678"}
subscriptions:
"""
LINKED = """
  status:
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccounts: linked
    callBackUri: https://hooks.example.com/{targetAccount}
"""
OWN = """
  own:
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccount: "1234"
    callBackUri: https://hooks.example.com/own
"""
SUBACCOUNT = {"type": "ACCOUNT_AGGREGATION"}
MANAGED = {"type": "ACCOUNT_MANAGEMENT"}
LISTING = {"service": "merchant", "operation": "listAccounts", "times": 99}
ASKED = {"type": "ACCOUNT_MANAGEMENT", "handshakeState": "PENDING"}


@pytest.fixture
def stack(tmp_path, sandbox):
    found = Stack(tmp_path / "declared", sandbox.url)
    found.declare(HEAD + LINKED)
    return found


@pytest.fixture
def link(sandbox):
    """Say which accounts are linked to ours."""

    def links(*numbers, **more):
        linked = dict.fromkeys(map(str, numbers), SUBACCOUNT)
        sandbox.settings(merchantLinks={"5678": {**linked, **more}, "99": {"77": SUBACCOUNT}})

    return links


def targets(sandbox):
    held = sandbox.state()["merchant"].get("5678", [])
    return sorted(item["targetAccount"].removeprefix("accounts/") for item in held)


def test_sub_accounts_and_approved_links_are_found_on_all_pages(provider, sandbox):
    links = {"1": SUBACCOUNT, "20": MANAGED, "3": ASKED, "5678": SUBACCOUNT, "4": SUBACCOUNT}
    sandbox.settings(merchantPageCap=1, merchantLinks={"5678": links, "8": {"9": MANAGED}})
    assert provider.linked() == ("1", "4", "20")


def test_a_list_that_is_not_there_is_no_empty_list(provider_at, replay):
    replay.say(404, json.dumps({"error": {"code": 404, "status": "NOT_FOUND", "message": "No."}}))
    with pytest.raises(Rejected, match="check accountId"):
        provider_at(replay.url).linked()


def test_a_list_of_which_a_page_is_refused_is_none(provider_at, replay):
    page = {"accounts": [{"name": "accounts/1"}], "nextPageToken": "t"}
    replay.say(200, json.dumps(page))
    replay.say(403, json.dumps({"error": {"code": 403, "status": "PERMISSION_DENIED"}}))
    with pytest.raises(Denied):
        provider_at(replay.url).linked()


def test_each_linked_account_has_its_subscription_and_a_new_one_follows(stack, link, sandbox):
    link(1, 2)
    assert stack.apply().lines() == [
        "create subscription.status[1]",
        "create subscription.status[2]",
    ]
    assert stack.plan().lines() == []
    link(1, 2, 3)
    assert stack.apply().lines() == ["create subscription.status[3]"]
    assert targets(sandbox) == ["1", "2", "3"]


def test_an_account_that_is_linked_no_more_loses_its_subscription(stack, link, sandbox):
    link(1, 2)
    stack.apply()
    link(2)
    assert stack.apply().lines() == ["delete subscription.shop/PRODUCT_STATUS_CHANGE/1"]
    assert targets(sandbox) == ["2"]


def test_a_saved_plan_says_of_whom_it_does_nothing_since_they_are_linked_no_more(stack, link):
    link(1, 2)
    saved = stack.plan().plan
    link(2)
    with stack.session() as session:
        agreed = replace(session, agreement=Agreement(saved))
        planned = run.plan(agreed)
        ended = applied(agreed, planned, run.apply(agreed, planned)).actions
    assert [(item.address, item.outcome, item.error) for item in ended] == [
        ("subscription.status[2]", "done", None),
        ("subscription.status[1]", "skipped", "not linked any more, as the service tells it"),
    ]


@pytest.mark.parametrize("fault", ["denied", "error500"])
def test_where_the_list_is_not_read_nothing_is_touched(stack, link, sandbox, fault):
    link(1)
    stack.apply()
    link()
    sandbox.faults([{**LISTING, "kind": fault}])
    run_ = stack.apply()
    assert not run_.plan.complete
    assert run_.lines() == []
    assert run_.plan.unknown == ("subscription.status",)
    assert targets(sandbox) == ["1"]


def test_nobody_linked_is_said(stack, link):
    link()
    plan = stack.plan().plan
    assert plan.complete
    [warning] = plan.warnings
    assert warning.address == "subscription.status"
    assert "no account is linked" in warning.message


def test_an_account_that_another_declaration_names_is_left_to_it(stack, link, sandbox):
    stack.declare(HEAD + LINKED + OWN)
    link(1, 1234)
    assert stack.apply().lines() == ["create subscription.own", "create subscription.status[1]"]
    assert stack.plan().lines() == []


def test_a_snapshot_tells_who_was_linked(stack, link, sandbox):
    link(1, 2)
    stack.apply()
    link(1, 3)
    taken = stack.snapshot()
    plan = stack.plan_from(taken)
    assert plan.lines() == [
        "create subscription.status[3]",
        "delete subscription.shop/PRODUCT_STATUS_CHANGE/2",
    ]
    assert plan.plan.complete


def test_a_snapshot_that_did_not_look_tells_nothing_of_who_is_linked(stack, link):
    link(1)
    stack.apply()
    stack.declare(HEAD + OWN)
    taken = stack.snapshot()
    stack.declare(HEAD + LINKED)
    plan = stack.plan_from(taken).plan
    assert not plan.complete
    assert plan.actions == ()
    assert plan.unknown == ("subscription.status",)
    [problem] = plan.problems
    assert "does not tell which accounts are linked" in problem.message


def test_a_target_may_be_a_linked_account_and_must_be_one(stack, link):
    link(1, 2)
    assert stack.plan(targets=("subscription.status[2]",)).lines() == [
        "create subscription.status[2]"
    ]
    assert len(stack.plan(targets=("subscription.status",)).lines()) == 2
    with pytest.raises(WrongUsage, match="nothing declared has this address"):
        stack.plan(targets=("subscription.status[9]",))


def test_a_target_beside_what_is_not_listed_is_told_nothing_of_that(stack, sandbox):
    stack.declare(HEAD + LINKED + OWN)
    sandbox.faults([{**LISTING, "kind": "denied"}])
    assert stack.plan().plan.unknown == ("subscription.own", "subscription.status")
    assert stack.plan(targets=("subscription.own",)).plan.unknown == ("subscription.own",)


def test_every_look_at_the_stack_knows_the_linked_accounts(stack, link):
    link(1, 2)
    stack.apply()
    names = {"subscription.status[1]", "subscription.status[2]"}
    with stack.session() as session:
        assert {item.address for item in status(session).subscriptions} == names
        manner = verifying.VerifyManner(static=True)
        assert {it.address for it in verifying.verify(session, manner).subscriptions} == names


def test_doctor_looks_whether_the_list_can_be_had(stack, sandbox):
    sandbox.faults([{**LISTING, "kind": "denied"}])
    with stack.session() as session:
        [problem] = doctor(session).problems
    assert "accounts.list" in problem.problem


def test_reading_and_planning_change_nothing(stack, link, sandbox):
    link(1)
    stack.plan()
    assert writes(sandbox) == []


def test_what_listen_serves_is_for_all_linked_accounts(stack, link, sandbox):
    link(1, 2)
    with stack.session() as session:
        taken = open_listener(session, Secrets({}), undeclared=Output(lambda _: True))
        with taken as listener:
            assert listener.paths == ["/1", "/2"]


def test_a_picture_shows_that_members_are_not_known(stack, link):
    with stack.session() as session:
        [node] = declared_topology(session.declarations).nodes
    assert (node.key, node.state) == ("subscription.status", "declared")
    assert node.detail == "one for each that the service lists"
