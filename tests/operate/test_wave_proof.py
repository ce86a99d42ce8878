"""`policy.verify`: a wave begins only when what the ones before it brought about delivers."""

import threading
from dataclasses import replace

import pytest

from reconciler import run
from reconciler.core.planning.consent import Agreement
from reconciler.operate.verify import undelivered
from reconciler.run.halting import TimeLimit
from reconciler.run.session import unproven
from tests.worlds import AWS, MWS, SELLER, SP_API, Stack

HEAD = f"""
stack: acme
policy:
  prune: true
  maxDeletes: 100%
  discover: declared
  waves: [{SELLER}, de, "100%"]
  verify: true
"""
WORLD = """
queues: {q: {grants: [{to: amazon-notifications}]}}
destinations:
  old: {account: uk, queue: q}
  new: {account: app, queue: q}
subscriptions:
  first: {destination: old, notificationType: AnyOfferChanged}
  rest: {destination: new, notificationType: PRICING_HEALTH, sellers: all}
"""
FIRST = {"queue.q", "destination.new", "destination.old", "subscription.first"}
SEND = {"service": "mws", "operation": "SendTestNotificationToDestination", "times": 99}


@pytest.fixture
def stack(world, tmp_path):
    found = Stack(tmp_path / "waves", world.sandbox.url)
    found.declare(HEAD + AWS + MWS + SP_API + WORLD)
    return found


@pytest.fixture
def mute(world):
    """Have no test message sent."""
    world.sandbox.faults([{**SEND, "kind": "denied"}])


def ends(stack, *, limit=None, stop=None, **terms):
    """Apply; return outcome and reason of each action by address."""
    with stack.session(**terms) as session:
        planned = run.plan(session)
        applied = run.apply(session, planned, limit=limit, stop=stop)
    return {it.address: (it.outcome, it.error) for it in applied.outcomes}


def asked(world):
    calls = world.sandbox.calls()
    return [it["operation"] for it in calls].count("SendTestNotificationToDestination")


def test_what_delivers_lets_the_next_wave_begin(stack, world):
    assert {outcome for outcome, _ in ends(stack).values()} == {"done"}
    assert asked(world) == 1


def test_what_does_not_deliver_stops_all_later_waves_and_the_next_run_resumes(stack, world):
    world.sandbox.faults([{**SEND, "kind": "denied", "times": 2}])
    ended = ends(stack)
    assert {address for address, (outcome, _) in ended.items() if outcome == "done"} == FIRST
    for member in ("de", "fr"):
        outcome, reason = ended[f"subscription.rest[{member}]"]
        assert outcome == "skipped"
        assert reason.startswith(f"wave {SELLER} does not deliver: subscription.first (")
        assert reason.endswith("; apply again")
    again = ends(stack)
    assert {outcome for outcome, _ in again.values()} == {"skipped"}
    assert {outcome for outcome, _ in ends(stack).values()} == {"done"}


def test_one_cause_is_told_once_for_all_that_it_keeps_from_delivering(stack):
    text = stack.files()[0].read_text().replace(f"[{SELLER}, de, ", '["??", ')
    stack.declare(text.replace("grants: [{to: amazon-notifications}]", "delay: 0"))
    outcome, reason = ends(stack)["subscription.first"]
    assert outcome == "skipped"
    whose = "wave ?? does not deliver: subscription.rest[de], subscription.rest[fr] (the queue q "
    assert reason.startswith(whose)


def test_where_nothing_is_left_for_later_waves_nothing_is_verified(stack, world):
    stack.apply()
    before = asked(world)
    stack.declare(stack.files()[0].read_text().replace("q: {grants", "q: {delay: 5, grants"))
    assert ends(stack) == {"queue.q": ("done", None)}
    assert asked(world) == before


def test_deletes_of_a_wave_that_does_not_deliver_wait_too(stack, world):
    stack.apply()
    text = stack.files()[0].read_text()
    stack.declare(
        text.replace("AnyOfferChanged", "FeedProcessingFinished").replace("all}", "[de]}")
    )
    world.sandbox.faults([{**SEND, "kind": "denied"}])
    ended = ends(stack)
    assert ended["subscription.first"] == ("done", None)
    gone = {address: outcome for address, (outcome, _) in ended.items() if "/" in address}
    assert set(gone.values()) == {"skipped"}
    assert len(gone) == 2


def test_a_target_is_verified_alone(stack, world, mute):
    ended = ends(stack, targets=("subscription.rest[fr]", "destination.new", "queue.q"))
    assert {outcome for outcome, _ in ended.values()} == {"done"}
    assert asked(world) == 0


def test_destroy_proves_nothing(stack, world):
    stack.apply()
    before = asked(world)
    ended = ends(stack, destroying=True, allow_referenced=True)
    assert {outcome for outcome, _ in ended.values()} == {"done"}
    assert asked(world) == before


def test_what_was_agreed_to_is_verified_like_the_rest(stack, world, mute):
    with stack.session() as session:
        plan = run.plan(session).plan
    with stack.session() as session:
        agreed = replace(session, agreement=Agreement(fingerprint=plan.fingerprint))
        with agreed:
            applied = run.apply(agreed, run.plan(agreed))
    ended = {it.address: it.outcome for it in applied.outcomes}
    assert ended["subscription.rest[de]"] == "skipped"


def test_at_the_time_limit_nothing_is_verified(stack, world):
    limit = TimeLimit(60.0, lambda: 0.0 if asked(world) == 0 and not made(world) else 61.0)
    ended = ends(stack, limit=limit)
    reasons = {reason for outcome, reason in ended.values() if outcome == "skipped"}
    assert reasons == {"not begun: the time limit of 1m was reached; apply again"}
    assert asked(world) == 0


def made(world):
    calls = world.sandbox.calls()
    return any(it["operation"] == "CreateSubscription" for it in calls)


def test_an_interrupt_while_a_wave_is_verified_ends_the_run_there(stack):
    stop = threading.Event()
    with stack.session() as session:
        planned = run.plan(session)

        def interrupted(*_):
            raise KeyboardInterrupt

        applied = run.carry_out(planned.prepared, session.connected(), stop=stop, prove=interrupted)
    assert applied.interrupted
    ended = {it.address: (it.outcome, it.error) for it in applied.outcomes}
    assert ended["subscription.first"] == ("done", None)
    assert ended["subscription.rest[de]"] == ("skipped", "interrupted before it was begun")


def defective(*_):
    raise RuntimeError("no such thing")


@pytest.mark.parametrize(
    ("prove", "words"),
    [(defective, "was not verified: "), (unproven, "(this session cannot verify)")],
)
def test_where_nobody_can_tell_whether_a_wave_delivers_the_next_does_not_begin(stack, prove, words):
    with stack.session() as opened:
        session = replace(opened, prove=prove)
        applied = run.apply(session, run.plan(session))
    ended = {it.address: (it.outcome, it.error) for it in applied.outcomes}
    assert (ended["subscription.first"], applied.cut_short) == (("done", None), False)
    outcome, reason = ended["subscription.rest[de]"]
    assert (outcome, words in reason) == ("skipped", True), reason


def test_a_wave_that_cannot_be_looked_at_does_not_deliver_for_sure(stack, world):
    world.sandbox.faults(
        [
            {
                "service": "mws",
                "operation": "ListSubscriptions",
                "kind": "denied",
                "skip": 1,
                "times": 9,
            }
        ]
    )
    ended = ends(stack)
    assert ended["subscription.rest[de]"][0] == "skipped"


BUS = """
queues: {q: {}}
destinations: {events: {account: app, eventBridge: {account: aws-eu}}}
routes: {listings: {from: events, queue: q, types: [LISTINGS_ITEM_STATUS_CHANGE]}}
subscriptions:
  status: {destination: events, notificationType: LISTINGS_ITEM_STATUS_CHANGE, sellers: all}
"""


def test_event_buses_and_routes_come_first_and_a_wave_over_them_is_proven(stack):
    """They are read as a part of their account, which is no seller."""
    stack.declare(HEAD.replace(f"[{SELLER}, de, ", "[de, ") + AWS + SP_API + BUS)
    looked = []

    def prove(session, question, progress):
        looked.append(undelivered(session, question, progress))
        return looked[-1]

    with stack.session() as opened:
        session = replace(opened, prove=prove)
        planned = run.plan(session)
        run.apply(session, planned)
    first, second = planned.prepared.waves
    assert {address for address, _ in second.steps} == {"subscription.status[fr]"}
    assert {"bus.events", "route.listings"} < {address for address, _ in first.steps}
    assert looked == [()]
