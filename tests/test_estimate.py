"""The calls that a plan tells are those that the services count."""

import pytest

from reconciler.core.model.pacing import Drawn, Pace
from reconciler.core.world.effort import Effort
from tests.worlds import AWS, HEAD, MERCHANT, MWS, Stack, destinations, queues, subscriptions

APP = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers:
"""
GRANTS = "grants: [{to: amazon-notifications}]"
HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: ['1', '2'], callBackUri: "
PLACES = destinations(mws="account: uk, queue: q", sp="account: app, queue: q")
UK = "destination: mws, notificationType: AnyOfferChanged"
EU = "destination: sp, sellers: all, notificationType: "


def everything(delay, hook, **more):
    return (
        queues(q=f"{GRANTS}, delay: {delay}, tags: {{a: '{delay}'}}")
        + PLACES
        + subscriptions(
            hook=f"{HOOK}'https://hooks.example.com/{hook}'",
            eu=f"{EU}ANY_OFFER_CHANGED",
            **more,
        )
    )


HISTORY = [
    everything("1s", "a", uk=UK, feeds=f"{EU}FEED_PROCESSING_FINISHED"),
    everything("2s", "b", uk=f"{UK}, enabled: false", feeds=f"{EU}REPORT_PROCESSING_FINISHED"),
    everything("2s", "b"),
]


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def counted(running, tmp_path):
    """Return the calls that a run was told to take, and those it took."""
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)

    def run(text, discover, sellers, *, carry_out=True):
        names = "".join(f'      s{n}: {{refreshToken: "env:S{n}"}}\n' for n in range(sellers))
        head = HEAD.replace("discover: declared", f"discover: {discover}")
        stack.declare(head + AWS + MWS + MERCHANT + APP + names + text)
        running.clear_calls()
        made = stack.apply() if carry_out else stack.plan()
        estimate = made.plan.estimate
        told = estimate.reading_calls + (estimate.calls if carry_out else 0)
        return told, len(running.calls()), estimate

    return run


@pytest.mark.parametrize("sellers", [1, 10])
@pytest.mark.parametrize("discover", ["declared", "all"])
def test_reading_and_applying_take_the_calls_that_the_plan_tells(counted, discover, sellers):
    for text in HISTORY:
        told, took, _ = counted(text, discover, sellers)
        assert told == took, text
    told, took, estimate = counted(HISTORY[-1], discover, sellers, carry_out=False)
    assert (told, estimate.calls) == (took, 0)


def test_the_seconds_of_reading_are_those_of_one_sellers_limit(counted):
    """18 types, of which the service answers five at once and then one a second."""
    for sellers in (1, 10):
        counted(HISTORY[-1], "all", sellers)
        _, _, estimate = counted(HISTORY[-1], "all", sellers, carry_out=False)
        assert estimate.reading_seconds == 13.3


@pytest.mark.parametrize(("calls", "seconds"), [(5_707, 13.3), (64_003, 100.3)])
def test_while_one_seller_waits_for_its_limit_others_are_asked(calls, seconds):
    """300 sellers took 13.7 s on the virtual clock; 64 calls at once are waited for themselves."""
    drawn = {("app", "a seller's"): Drawn(18, Pace(1, 5))}
    assert Effort({"app": calls}, drawn=drawn, at_once={"app": 64}).seconds == seconds
