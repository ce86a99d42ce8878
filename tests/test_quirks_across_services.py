"""Numbered quirks of the services that show only with everything put together.

The numbers are those of the list of quirks that the project works through; the others are named by
the tests of the part that they concern.
"""

import json

import pytest
import urllib3

from reconciler import run
from reconciler.core.model.errors import DeclarationError
from reconciler.core.model.objects import Live
from reconciler.core.planning.plan import prepare
from reconciler.core.world.observation import Observation
from reconciler.reports import as_text
from reconciler.reports.lines import Screen
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.attributes import queue_from, to_set
from reconciler.services.sqs.queue import Queue
from reconciler.wiring import declarations
from tests.outsiders import Outsiders
from tests.worlds import (
    AWS,
    AWS_ID,
    EVERYWHERE,
    HEAD,
    MWS,
    SP_API,
    Stack,
    destinations,
    queues,
    subscriptions,
)

WIDE = Screen(width=1000, verbose=True)

ARN = f"arn:aws:sqs:eu-west-1:{AWS_ID}:"
ANY = "ANY_OFFER_CHANGED"


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def sandbox(running):
    running.reset()
    yield running
    defects = [call["defect"] for call in running.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture(scope="module")
def others(running):
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        people = Outsiders(running, pool)
        yield people
        people.close()


@pytest.fixture
def stack(sandbox, tmp_path):
    return Stack(tmp_path / "declared", sandbox.url)


def order(sandbox, *operations):
    """Return the calls of these operations in order of arrival, each with what it names."""
    return [
        " ".join(filter(None, [call["operation"], _named(call)]))
        for call in sandbox.calls()
        if call["operation"] in operations
    ]


def _named(call):
    body = call["body"] or {}
    return body.get("QueueName") or (body.get("QueueUrl") or "").rpartition("/")[2]


def test_quirk_8_a_deleted_queue_that_can_still_be_read_is_no_failed_deletion(stack, sandbox):
    # AWS takes up to a minute, in which the queue may be listed and read [wire notes].
    stack.declare(HEAD + AWS + queues(q="", r=""))
    stack.apply()
    stack.declare(HEAD + AWS + queues(r=""))
    sandbox.settings(lagReads={"queueDeleted": 6})
    assert stack.apply().unfinished() == []
    while stack.plan().lines():
        assert stack.apply().unfinished() == [], "deleting it again is no failure either"
    assert stack.plan().problems() == []


def test_quirk_11_another_kind_of_queue_is_replaced_and_its_kind_never_set(tmp_path):
    # AWS ties the kind to the name, so that no live queue can be of the other kind; should one be
    # reported all the same, its kind is not set, which AWS refuses [wire notes].
    stack = Stack(tmp_path, "http://127.0.0.1:9")
    stack.declare(HEAD + AWS + queues(q="name: q.fifo, fifo: true"))
    account = AwsAccount(service="aws", region="eu-west-1", account_id=AWS_ID)
    plain = queue_from(account, "q.fifo", {"SqsManagedSseEnabled": "true"}, {})
    outputs = {"arn": f"{ARN}q.fifo", "url": "http://127.0.0.1:9/q.fifo"}
    live = Live("aws-eu", plain, outputs, owner="acme", waiting=0)
    declared = declarations(tmp_path, sandbox="http://127.0.0.1:9")

    [action] = prepare(declared, Observation(live=(live,))).plan.actions
    assert action.action == "replace"
    assert ("fifo", False, True) in [(c.path, c.before, c.after) for c in action.changes]
    [desired] = declared.desired
    assert "FifoQueue" not in to_set(desired.spec, Queue.model_fields)


def test_quirk_15_a_dead_letter_queue_is_created_before_its_source_and_deleted_after_it(
    stack, sandbox
):
    # The keys are such that neither the order of the file nor that of the names does it.
    world = queues(
        a="deadLetter: {queue: m, maxReceives: 3}",
        m="",
        z="deadLetter: {queue: m, maxReceives: 3}",
        other="",
    )
    stack.declare(HEAD + AWS + world)
    assert stack.apply().unfinished() == []
    made = order(sandbox, "CreateQueue")
    assert made.index("CreateQueue m") < min(
        made.index("CreateQueue a"), made.index("CreateQueue z")
    )

    stack.declare(HEAD + AWS + queues(other=""))
    sandbox.clear_calls()
    assert stack.apply().unfinished() == []
    gone = order(sandbox, "DeleteQueue")
    assert gone[-1] == "DeleteQueue m"
    assert sorted(gone[:2]) == ["DeleteQueue a", "DeleteQueue z"]


def test_quirk_21_a_reuse_period_needs_a_key_to_be_declared(tmp_path):
    stack = Stack(tmp_path, None)
    stack.declare(HEAD + AWS + queues(q="encryption: {dataKeyReuse: 5m}"))
    with pytest.raises(DeclarationError, match="kmsKey"):
        declarations(tmp_path)


def test_quirk_21_a_reuse_period_without_a_key_is_not_echoed_and_no_change(stack, sandbox, others):
    # AWS accepts it and gives it back only beside a key [wire notes, no recording].
    stack.declare(HEAD + AWS + queues(q=""))
    stack.apply()
    others.set(KmsDataKeyReusePeriodSeconds="86400")
    assert stack.plan().lines() == []
    stack.declare(HEAD + AWS + queues(q="encryption: {kmsKey: alias/a, dataKeyReuse: 10m}"))
    assert stack.apply().unfinished() == []
    assert others.read()["KmsDataKeyReusePeriodSeconds"] == "600"
    assert stack.plan().lines() == []


def test_quirk_25_a_key_that_does_not_exist_is_set_and_not_said_to_be_verified(stack, sandbox):
    # AWS does not check the key when it is set [recorded]; errors come with the first message.
    stack.declare(HEAD + AWS + queues(q="encryption: {kmsKey: alias/nowhere}"))
    text = as_text.render(stack.plan().plan, WIDE)
    assert "verif" not in text
    assert "kmsKey: alias/nowhere" in text
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []
    assert not [call for call in sandbox.calls() if "Key" in call["operation"]]


OWN = f"{{to: '{AWS_ID}', actions: all}}"
THEIRS = "{to: '444455556666', actions: all}"


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        (OWN, "gives the queue's own account all rights"),
        (THEIRS, "lets arn:aws:iam::444455556666:root do anything"),
        ("{to: amazon-notifications}", ""),
        (f"{{to: '{AWS_ID}', actions: [SendMessage]}}", ""),
    ],
)
def test_quirk_44_all_rights_for_the_readers_own_account_or_a_stranger_are_noted(
    stack, grant, words
):
    # The guide this grew out of has its reader tick "All actions" for the reader's own number,
    # where Amazon's sender needed two.
    stack.declare(HEAD + AWS + queues(q=f"grants: [{grant}]"))
    [action] = stack.plan().plan.actions
    assert [words in note for note in action.notes] == ([True] if words else [])


def sp_api_world(**subscription):
    return (
        HEAD
        + AWS
        + SP_API
        + queues(q="grants: [{to: amazon-notifications}]")
        + destinations(to="account: app, queue: q")
        + subscriptions(**subscription)
    )


def filtered(*markets, sellers="[de]"):
    narrowed = f", filter: {{marketplaceIds: [{', '.join(markets)}]}}" if markets else ""
    return f"destination: to, notificationType: {ANY}, sellers: {sellers}{narrowed}"


def refuse(sandbox, operation, times):
    # A refusal that no repetition heals, as the SP-API words it: 403 Unauthorized.
    order = {"service": "sp-api", "operation": operation, "kind": "denied", "times": times}
    sandbox.faults([order])


def test_quirk_68_a_replacement_that_is_refused_puts_the_former_subscription_back(
    stack, sandbox, others
):
    stack.declare(sp_api_world(s=filtered("A1PA6795UKMFR9")))
    stack.apply()
    [before] = others.application()["subscriptions"]
    stack.declare(sp_api_world(s=filtered("A13V1IB3VIYZZH")))
    refuse(sandbox, "createSubscription", 1)
    [failed] = stack.apply().unfinished()
    assert failed.outcome == "failed"
    assert "the former one was put back" in failed.error
    [after] = others.application()["subscriptions"]
    assert after["processingDirective"] == before["processingDirective"]
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


@pytest.mark.parametrize("kind", ["error500", "error503", "cutBefore", "garbage"])
def test_quirk_68_a_loss_is_stated_where_no_creation_is_answered(stack, sandbox, others, kind):
    stack.declare(sp_api_world(s=filtered("A1PA6795UKMFR9")))
    stack.apply()
    stack.declare(sp_api_world(s=filtered("A13V1IB3VIYZZH")))
    order = {"service": "sp-api", "operation": "createSubscription", "kind": kind, "times": None}
    sandbox.faults([order])
    [failed] = stack.apply().unfinished()
    sandbox.clear_faults()
    there = others.application()["subscriptions"]
    assert ("nothing is there now" in failed.error) is not bool(there)
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


def test_quirk_68_a_loss_is_stated_where_the_former_subscription_cannot_be_put_back(
    stack, sandbox, others
):
    stack.declare(sp_api_world(s=filtered("A1PA6795UKMFR9")))
    stack.apply()
    stack.declare(sp_api_world(s=filtered("A13V1IB3VIYZZH")))
    refuse(sandbox, "createSubscription", 2)
    [failed] = stack.apply().unfinished()
    assert "nothing is there now" in failed.error
    assert others.application()["subscriptions"] == []
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


def test_quirk_70_subscriptions_of_all_sellers_go_before_their_destination(stack, sandbox):
    both = filtered(sellers="all")
    stack.declare(
        sp_api_world(s=both, t=both.replace(ANY, "FEE_PROMOTION")).replace(
            "discover: declared", "discover: all"
        )
    )
    assert stack.apply().unfinished() == []
    stack.declare(HEAD.replace("discover: declared", "discover: all") + AWS + SP_API + queues(q=""))
    sandbox.clear_calls()
    assert stack.apply().unfinished() == []
    gone = order(sandbox, "deleteSubscriptionById", "deleteDestination")
    assert gone == ["deleteSubscriptionById"] * 4 + ["deleteDestination"]


def test_a_seller_who_is_declared_no_more_loses_his_subscription_without_asking_for_all_types(
    stack, sandbox
):
    stack.declare(sp_api_world(s=filtered(sellers="all")))
    assert stack.apply().unfinished() == []
    stack.declare(sp_api_world(s=filtered(sellers="[de]")))
    ended = stack.plan()
    assert ended.lines() == [f"delete subscription.app/fr/{ANY}/1.0"]
    [left_out] = ended.plan.not_looked
    assert (left_out.address, "(discover: declared)" in left_out.message) == ("app", True)
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


def test_a_destination_goes_together_with_subscriptions_of_types_nobody_declares(stack, sandbox):
    other = filtered().replace(ANY, "FEE_PROMOTION")
    stack.declare(sp_api_world(s=filtered(), t=other))
    assert stack.apply().unfinished() == []
    stack.declare(HEAD + AWS + SP_API + queues(q=""))
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


def test_a_destination_behind_a_seller_nobody_declares_stays_and_says_why(stack, sandbox):
    stack.declare(sp_api_world(s=filtered(sellers="all")))
    assert stack.apply().unfinished() == []
    one = SP_API.replace('      fr: {refreshToken: "env:FR"}\n', "")
    stack.declare(HEAD + AWS + one + queues(q=""))
    [failed] = stack.apply().unfinished()
    assert failed.action == "delete"
    assert "notification types that are no longer declared" in failed.error


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ("grants: [{to: amazon-notifications, actions: [SendMessage]}]", "sqs:GetQueueAttributes"),
        ("grants: [{to: '444455556666', actions: all}]", "sqs:SendMessage"),
        (
            "grants: [{to: amazon-notifications}], encryption: {kmsKey: alias/aws/sqs}",
            "alias/aws/sqs",
        ),
        ("grants: [{to: amazon-notifications}], encryption: {kmsKey: alias/own}", ""),
    ],
)
def test_quirk_80_a_queue_that_would_get_nothing_is_warned_of_before_subscribing(
    stack, queue, words
):
    # Neither createDestination nor createSubscription checks it: what is missing shows as silence.
    world = sp_api_world(s=filtered()).replace("grants: [{to: amazon-notifications}]", queue)
    stack.declare(world)
    plan = stack.plan().plan
    assert "create subscription.s[de]" in [f"{a.action} {a.address}" for a in plan.actions]
    warnings = [item.message for item in plan.warnings if "queue.q" in item.message]
    assert [words in text for text in warnings] == ([True] if words else [])


def test_quirk_81_one_queue_has_a_destination_with_an_id_of_its_own_in_each_region(stack, sandbox):
    def application(name, region):
        return SP_API.replace("app:", f"{name}:").replace("region: eu", f"region: {region}")

    stack.declare(
        HEAD
        + AWS
        + application("app-eu", "eu")
        + application("app-na", "na")
        + queues(q="grants: [{to: amazon-notifications}]")
        + destinations(eu="account: app-eu, queue: q", na="account: app-na, queue: q")
        + subscriptions(
            eu=f"destination: eu, notificationType: {ANY}, sellers: all",
            na=f"destination: na, notificationType: {ANY}, sellers: all",
        )
    )
    assert stack.apply().unfinished() == []
    held = sandbox.state()["sp-api"]
    ids = {
        name: [item["destinationId"] for item in held[f"sandbox-client-{name}"]["destinations"]]
        for name in ("app-eu", "app-na")
    }
    assert [len(found) for found in ids.values()] == [1, 1]
    assert ids["app-eu"] != ids["app-na"]
    for name, [key] in ids.items():
        used = {item["destinationId"] for item in held[f"sandbox-client-{name}"]["subscriptions"]}
        assert used == {key}
    assert stack.plan().lines() == []


EVERYTHING = (
    HEAD
    + EVERYWHERE
    + queues(
        q="deadLetter: {queue: dlq, maxReceives: 3}, grants: [{to: amazon-notifications}]", dlq=""
    )
    + destinations(old="account: uk, queue: q", new="account: app, queue: q")
    + subscriptions(
        old="destination: old, notificationType: AnyOfferChanged",
        new=filtered(sellers="all").replace("destination: to", "destination: new"),
        shop=(
            "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: ['1', '2'], "
            "callBackUri: 'https://hooks.example.com/{targetAccount}'"
        ),
    )
)
CREATES = (
    "CreateQueue",
    "RegisterDestination",
    "CreateSubscription",
    "createDestination",
    "createSubscription",
    "create",
)


@pytest.mark.parametrize("steps", range(9))
def test_quirk_110_an_interrupted_apply_is_continued_by_the_next_without_doing_anything_twice(
    stack, sandbox, tmp_path, steps
):
    stack.declare(EVERYTHING)
    files = sorted(tmp_path.rglob("*"))
    outcomes = interrupted_apply(tmp_path / "declared", sandbox.url, after=steps)
    assert {item.outcome for item in outcomes} <= {"done", "skipped"}
    rest = stack.apply()
    assert rest.unfinished() == []
    made = [call for call in sandbox.calls() if call["operation"] in CREATES]
    assert len(made) == 9, "two queues, two destinations, five subscriptions"
    assert sorted(tmp_path.rglob("*")) == files, "no state is kept beside the services"
    again = stack.plan()
    assert (again.lines(), again.problems()) == ([], [])


@pytest.mark.parametrize("allowed", [False, True])
def test_a_queue_that_something_points_at_since_the_plan_stays_unless_that_is_allowed(
    stack, sandbox, others, tmp_path, allowed
):
    stack.declare(HEAD + AWS + queues(old="", keep=""))
    assert stack.apply().unfinished() == []
    stack.declare(HEAD + AWS + queues(keep=""))
    with stack.session(allow_referenced=allowed) as session:
        planned = run.plan(session)
        letters = json.dumps({"deadLetterTargetArn": f"{ARN}old", "maxReceiveCount": "3"})
        others.aws.queue("late", RedrivePolicy=letters)
        [outcome] = run.apply(session, planned).outcomes
    if allowed:
        assert outcome.outcome == "done"
    else:
        assert outcome.outcome == "failed"
        assert outcome.error.startswith("queue.aws-eu/late points at it since this was planned")


def interrupted_apply(folder, url, *, after):
    """Apply, and be told to stop (Ctrl-C) once so many steps have ended."""

    def progress(_doing, done, _total):
        if done == after and not told:
            told.append(done)
            raise KeyboardInterrupt

    told = []
    with Stack(folder, url).session() as session:
        return run.apply(session, run.plan(session), progress=progress).outcomes


def test_a_renamed_queue_that_cannot_be_created_costs_no_notifications(stack, sandbox):
    def named(queue):
        return (
            HEAD
            + AWS
            + MWS
            + queues(**{queue: "grants: [{to: amazon-notifications}]"})
            + destinations(uk=f"account: uk, queue: {queue}")
            + subscriptions(uk="destination: uk, notificationType: AnyOfferChanged")
        )

    stack.declare(named("acc-offers"))
    assert stack.apply().unfinished() == []
    before = sandbox.state()["mws"]
    stack.declare(named("acc-offers2"))
    sandbox.faults(
        [{"service": "aws", "operation": "CreateQueue", "kind": "denied", "times": None}]
    )
    ended = stack.apply()
    assert [(item.action, item.outcome) for item in ended.outcomes] == [
        ("create", "failed"),
        ("create", "skipped"),
        ("create", "skipped"),
        *[("delete", "skipped")] * 3,
    ]
    [reason] = [
        item.error for item in ended.outcomes if item.address.startswith("subscription.uk/")
    ]
    assert reason == (
        "held back: create subscription.uk did not succeed, and it may be what takes its place; "
        "apply again"
    )
    assert sandbox.state()["mws"] == before
    sandbox.clear_faults()
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


def test_a_reference_by_arn_to_a_declared_queue_waits_for_that_queue(stack, sandbox):
    # An ARN that stands in YAML is the same queue as its name; AWS refuses a redrive policy whose
    # target does not exist yet.
    stack.declare(HEAD + AWS + queues(a=f"deadLetter: {{queue: '{ARN}z', maxReceives: 3}}", z=""))
    [first, second] = stack.plan().plan.actions
    assert (first.address, second.depends_on) == ("queue.z", ("queue.z",))
    assert stack.apply().unfinished() == []
