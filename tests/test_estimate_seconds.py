"""The seconds that a plan tells are those that pass, with all threads on one clock."""

import pytest

from reconciler import run
from reconciler.core.model.errors import OutOfTime
from reconciler.core.model.pacing import SECONDS_A_CALL
from reconciler.run import TimeLimit
from tests.virtual_time import passing
from tests.worlds import AWS, HEAD, ONLY_MERCHANT, Stack, queues

APP = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers: {de: {refreshToken: "env:DE"}, fr: {refreshToken: "env:FR"}}
queues: {q: {grants: [{to: amazon-notifications}]}}
destinations: {to: {account: app, queue: q}}
"""
ANNOUNCED = {"sp-api": {"rate": 1, "burst": 1000}}
"""What answers say of the limit; the sandbox would count by the time of this machine."""
TYPES = (
    "ANY_OFFER_CHANGED",
    "FEED_PROCESSING_FINISHED",
    "REPORT_PROCESSING_FINISHED",
    "PRICING_HEALTH",
    "FBA_OUTBOUND_SHIPMENT_STATUS",
    "FEE_PROMOTION",
    "FULFILLMENT_ORDER_STATUS",
)


def sellers(types):
    lines = (f"  {it}: {{destination: to, sellers: all, notificationType: {it}}}" for it in types)
    return "\n".join(["subscriptions:", *(line.replace("  ", "  t-", 1) for line in lines), ""])


def shops(hook, number=55):
    numbers = ", ".join(f'"{it}"' for it in range(1, number + 1))
    return f"""
subscriptions:
  hook:
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccounts: [{numbers}]
    callBackUri: https://hooks.example.com/{hook}
"""


def in_waves(text):
    return text.replace("discover: declared", 'discover: declared, waves: ["1*", "50%", "100%"]')


@pytest.fixture
def taken(shared_sandbox, tmp_path):
    """Apply worlds one after the other; give what the last was told to take, and what it took."""
    shared_sandbox.reset()
    shared_sandbox.settings(rateLimits=ANNOUNCED)
    stack = Stack(tmp_path / "declared", shared_sandbox.url)

    def run_all(*texts):
        for text in texts:
            stack.declare(text)
            with passing() as clock:
                stack.clock = lambda clock=clock: clock
                with stack.session() as session:
                    planned = run.plan(session)
                    before = clock.now()
                    assert run.apply(session, planned).done
                    took = clock.now() - before
        return planned.plan.estimate.seconds, took

    return run_all


def test_where_looking_draws_on_the_limit_too_and_waves_share_it(taken):
    head = in_waves(HEAD) + ONLY_MERCHANT
    told, took = taken(head + shops("a"), head + shops("b"))
    assert took > 1
    assert told == pytest.approx(took, rel=0.1)


def test_where_each_seller_has_a_limit_of_its_own(taken):
    told, took = taken(HEAD + AWS + APP + sellers(TYPES))
    assert took > 2
    assert told == pytest.approx(took, rel=0.1)


def test_where_messages_are_counted_before_queues_go(taken):
    many = queues(**{f"q{number}": "tags: {a: b}" for number in range(8)})
    told, took = taken(HEAD + AWS + many, HEAD + AWS + queues(q0="tags: {a: b}"))
    assert took > 3
    assert told == pytest.approx(took, rel=0.1)


READ = {
    "SQS": (HEAD + AWS + queues(**{f"q{number}": "tags: {a: b}" for number in range(110)}), 0.3),
    "SP-API, within its limits": (HEAD.replace("declared", "all") + AWS + APP + sellers(TYPES), 12),
    "Merchant, page by page": (HEAD + ONLY_MERCHANT + shops("a"), 1),
}


@pytest.mark.parametrize("service", READ)
def test_what_reading_is_told_to_take_it_takes(shared_sandbox, tmp_path, service):
    text, least = READ[service]
    shared_sandbox.reset()
    shared_sandbox.settings(rateLimits=ANNOUNCED, merchantPageCap=5)
    stack = Stack(tmp_path / "declared", shared_sandbox.url)
    stack.declare(text)
    assert not stack.apply().unfinished()
    with passing() as clock:
        stack.clock = lambda: clock
        with stack.session() as session:
            told = run.plan(session).plan.estimate.reading_seconds
    assert clock.now() > least
    # Which of two is asked first is up to the threads: a call more or less.
    assert told == pytest.approx(clock.now(), rel=0.1, abs=SECONDS_A_CALL)


def limited(stack, seconds):
    """Plan, and apply within a time limit; return both and the seconds that applying took."""
    with passing() as clock:
        stack.clock = lambda: clock
        with stack.session() as session:
            planned = run.plan(session)
            before = clock.now()
            applied = run.apply(session, planned, limit=TimeLimit(seconds, clock.now))
            return planned, applied, clock.now() - before


def test_at_a_time_limit_no_more_is_waited_for_than_the_limits_let_through_soon(
    shared_sandbox, tmp_path
):
    """Of 14 deletes at one a second four may be under way when the time is over."""
    shared_sandbox.reset()
    shared_sandbox.settings(rateLimits=ANNOUNCED)
    stack = Stack(tmp_path / "declared", shared_sandbox.url)
    stack.declare(HEAD.replace("declared", "all") + AWS + APP + sellers(TYPES))
    assert not stack.apply().unfinished()
    stack.declare(HEAD.replace("declared", "all") + AWS + APP + "subscriptions: {}\n")
    planned, applied, took = limited(stack, 2.0)
    assert planned.plan.estimate.seconds > 8
    assert 2 < took < 7
    assert any(it.outcome == "skipped" for it in applied.outcomes)
    assert not stack.apply().unfinished()


@pytest.mark.parametrize("refusals", [0, None])
def test_reading_before_an_apply_ends_soon_after_the_time_limit(shared_sandbox, tmp_path, refusals):
    """It waits by the limit on calls, or for ever (None) for a service that refuses too many."""
    shared_sandbox.reset()
    shared_sandbox.settings(rateLimits=ANNOUNCED)
    stack = Stack(tmp_path / "declared", shared_sandbox.url)
    stack.declare(HEAD.replace("declared", "all") + AWS + APP + sellers(TYPES))
    assert not stack.apply().unfinished()
    full = {"service": "sp-api", "operation": "getSubscriptions", "kind": "throttle"}
    if refusals is None:
        shared_sandbox.faults([full | {"times": refusals, "retryAfter": 2}])
    with passing() as clock:
        stack.clock = lambda: clock
        limit = TimeLimit(3.0, clock.now)
        with stack.session() as session, pytest.raises(OutOfTime) as raised:
            run.plan(session, limit=limit)
        assert clock.now() < 3 + 5 + 1
    assert "the time limit of 3s was reached while live state was still being" in str(raised.value)


def test_at_a_time_limit_a_queue_whose_name_rests_is_left_for_the_next_run(
    shared_sandbox, tmp_path
):
    shared_sandbox.reset()
    stack = Stack(tmp_path / "declared", shared_sandbox.url)
    for text in (queues(q="", other=""), queues(other="")):
        stack.declare(HEAD + AWS + text)
        assert not stack.apply().unfinished()
    shared_sandbox.settings(queueQuarantineSeconds=3600)
    stack.declare(HEAD + AWS + queues(q="", other=""))
    _, applied, took = limited(stack, 10.0)
    [left] = applied.outcomes
    late = "not begun: the time limit of 10s was reached; apply again"
    assert (left.outcome, left.error) == ("skipped", late)
    assert took < 10
    shared_sandbox.settings(queueQuarantineSeconds=0)
    assert not stack.apply().unfinished()


def test_at_a_time_limit_no_call_waits_for_a_service_that_refuses_too_many(
    shared_sandbox, tmp_path
):
    shared_sandbox.reset()
    stack = Stack(tmp_path / "declared", shared_sandbox.url)
    stack.declare(HEAD + AWS + APP + sellers(TYPES[:1]))
    full = {"service": "sp-api", "operation": "createSubscription", "kind": "throttle"}
    shared_sandbox.faults([full | {"times": None, "retryAfter": 20}])
    _, applied, took = limited(stack, 10.0)
    assert took < 10
    ended = {it.address: (it.outcome, it.error) for it in applied.outcomes}
    late = ("skipped", "not begun: the time limit of 10s was reached; apply again")
    assert {ended[f"subscription.t-ANY_OFFER_CHANGED[{it}]"] for it in ("de", "fr")} == {late}
    assert ended["destination.to"] == ("done", None)
    shared_sandbox.clear_faults()
    assert not stack.apply().unfinished()
