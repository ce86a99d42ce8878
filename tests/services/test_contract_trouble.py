"""A service that cannot be read costs one sentence, and nothing anywhere else.

What was not read is unknown: nothing of it, and nothing it may need, is created or deleted.
"""

import re
import socket

import pytest

from tests.standing import brought
from tests.worlds import (
    AWS_ID,
    EVERYWHERE,
    HEAD,
    Stack,
    destinations,
    queues,
    subscriptions,
    writes,
)

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
QUEUE = "grants: [{to: amazon-notifications}]"
LINKS = destinations(old="account: uk, queue: offers", new="account: app, queue: offers")
SUBS = {
    "uk": "destination: old, notificationType: AnyOfferChanged",
    "eu": "destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all",
    "hook": HOOK % ("1", "https://hooks.example.com/1"),
}
WORLD = queues(offers=QUEUE) + LINKS + subscriptions(**SUBS)
CHANGED = (
    queues(offers=f"{QUEUE}, delay: 5s", fresh="")
    + LINKS
    + subscriptions(
        **{
            **SUBS,
            "uk": f"{SUBS['uk']}, enabled: false",
            "eu": f"{SUBS['eu']}, filter: {{marketplaceIds: [A1PA6795UKMFR9]}}",
            "hook": HOOK % ("1", "https://hooks.example.com/moved"),
        }
    )
)
ALL = HEAD.replace("discover: declared", "discover: all")
BARE = queues(fresh="") + subscriptions(other=HOOK % ("2", "https://hooks.example.com/2"))

CHANGES = {
    "aws-eu": ["create queue.fresh", "update queue.offers delay"],
    "uk": ["update subscription.uk enabled"],
    "app": ["replace subscription.eu[de]", "replace subscription.eu[fr]"],
    "shop": ["update subscription.hook callBackUri"],
}
"""What CHANGED asks of WORLD, by account."""
BLIND = {
    "aws-eu": {"aws-eu", "uk", "app"},  # their destinations refer to its queues
    "uk": {"uk"},
    "app": {"app"},
    "shop": {"shop"},
}
"""The accounts in which nothing can be planned while this one cannot be read."""

READS = [
    ("aws-eu", "aws", "GetCallerIdentity"),
    ("aws-eu", "aws", "ListQueues"),
    ("aws-eu", "aws", "GetQueueAttributes"),
    ("uk", "mws", "ListRegisteredDestinations"),
    ("uk", "mws", "ListSubscriptions"),
    ("app", "sp-api", "getDestinations"),
    ("app", "sp-api", "getSubscriptions"),
    ("shop", "merchant", "list"),
]
"""Without GetResources: where that is denied, tags are read queue by queue instead."""


@pytest.fixture
def stack(sandbox, tmp_path):
    stack = Stack(tmp_path / "declared", sandbox.url)
    stack.declare(HEAD + EVERYWHERE + WORLD)
    assert brought(sandbox, HEAD + EVERYWHERE + WORLD, lambda: stack.apply().unfinished()) == []
    return stack


def told(run, account):
    """Check that all that could not be done is told in sentences of this account."""
    assert run.problems()
    assert not run.plan.complete
    for sentence in run.problems():
        assert re.match(rf"{account}: [A-Za-z.]+: \S", sentence), sentence
        assert "\n" not in sentence
        assert len(sentence) < 600
        assert "Traceback" not in sentence
    return run.problems()


def planned_beside(account):
    blind = BLIND[account]
    return sorted(line for name, lines in CHANGES.items() if name not in blind for line in lines)


KINDS = ("error500", "error503", "throttle", "html", "garbage", "cutBefore")


def kinds(operation):
    """Return the failures to try with a read: each of its service's reads takes some of them."""
    service = next(read[1] for read in READS if read[2] == operation)
    beside = [read[2] for read in READS if read[1] == service]
    return ("denied", *KINDS[beside.index(operation) :: len(beside)])


@pytest.mark.parametrize(("account", "service", "operation"), READS)
def test_a_read_that_fails_is_one_sentence_and_the_other_accounts_are_planned(
    stack, sandbox, account, service, operation
):
    stack.declare(HEAD + EVERYWHERE + CHANGED)
    for kind in kinds(operation):  # reading changes nothing, so all find one world
        sandbox.faults([{"service": service, "operation": operation, "kind": kind, "times": None}])
        run = stack.plan()
        sentences = told(run, account)
        if kind == "denied":
            assert any(f"{operation}:" in sentence for sentence in sentences)
        assert set(planned_beside(account)) <= set(run.lines()), kind
        assert not any(
            action.account == account and action.kind != "destination" and service != "sp-api"
            for action in run.plan.actions
        ), kind
        sandbox.clear_faults()


def test_where_all_can_be_read_every_account_is_planned(stack):
    stack.declare(HEAD + EVERYWHERE + CHANGED)
    assert stack.plan().lines() == sorted(line for lines in CHANGES.values() for line in lines)


@pytest.mark.parametrize(
    ("account", "service", "operation"), [read for read in READS if read[2] != "getSubscriptions"]
)
def test_nothing_is_deleted_where_the_read_was_not_complete(
    stack, sandbox, account, service, operation
):
    stack.declare(ALL + EVERYWHERE + BARE)
    sandbox.faults([{"service": service, "operation": operation, "kind": "denied", "times": None}])
    sandbox.clear_calls()
    assert stack.apply().unfinished() == []
    held = sandbox.state()
    sent = {call["service"] for call in sandbox.calls() if call["operation"].startswith("delete")}
    assert service not in sent or service == "aws"
    # A queue may be needed by what was not read, so it stays whatever failed but Merchant.
    assert ("DeleteQueue offers" in writes(sandbox)) == (account == "shop")
    kept = {"mws": "uk", "sp-api": "app", "merchant": "shop"}
    assert all(bool(held[name]) for name, owner in kept.items() if owner == account)


def test_a_list_that_breaks_off_in_the_middle_is_no_list(stack, sandbox):
    stack.declare(ALL + EVERYWHERE + BARE)
    stack.apply(destroying=True)
    hooks = {f"h{n}": HOOK % (n, f"https://hooks.example.com/{n}") for n in range(2, 6)}
    stack.declare(HEAD + EVERYWHERE + queues(fresh="") + subscriptions(**hooks))
    stack.apply()
    stack.declare(ALL + EVERYWHERE + BARE)
    sandbox.settings(merchantPageCap=2)
    fault = {"service": "merchant", "operation": "list", "kind": "denied", "skip": 1, "times": None}
    sandbox.faults([fault])
    run = stack.plan()
    told(run, "shop")
    assert run.lines() == []
    sandbox.clear_faults()
    assert len(stack.plan().lines()) == 3, "three of the four are not declared any more"


def test_a_seller_who_withdrew_consent_is_named_and_the_others_are_planned(stack, sandbox):
    stack.declare(HEAD + EVERYWHERE + CHANGED)
    sandbox.settings(revoked=["sandbox-seller-app-fr"])
    run = stack.plan()
    [sentence] = told(run, "app")
    assert "seller fr" in sentence
    assert "withdrawn consent" in sentence
    assert run.plan.unknown == ("subscription.eu[fr]",)
    assert run.lines() == sorted(
        [*CHANGES["aws-eu"], *CHANGES["uk"], *CHANGES["shop"], "replace subscription.eu[de]"]
    )


def test_a_destination_stays_while_a_seller_who_may_use_it_cannot_be_read(stack, sandbox):
    stack.declare(ALL + EVERYWHERE + BARE)
    sandbox.settings(revoked=["sandbox-seller-app-fr"])
    run = stack.plan()
    assert not any("destination.app" in line for line in run.lines())
    assert "delete subscription.app/de/ANY_OFFER_CHANGED/1.0" in run.lines()


def test_what_a_kept_back_object_needs_is_kept_back_too_and_the_rest_goes_on(stack, sandbox):
    stack.declare(ALL + EVERYWHERE + BARE)
    sandbox.settings(revoked=["sandbox-seller-app-fr"])
    run = stack.plan()
    assert "delete queue.aws-eu/offers" not in run.lines()
    assert run.plan.refused() == ()


def test_an_application_whose_secret_ran_out_is_told_so(stack, sandbox):
    sandbox.settings(revoked=["sandbox-secret"])
    for sentence in told(stack.plan(), "app"):
        assert "client secret is refused" in sentence


def test_a_merchant_project_that_is_not_registered_is_told_how_to_register(stack, sandbox):
    stack.declare(HEAD + EVERYWHERE + CHANGED)
    sandbox.settings(merchantUnregistered=["5678"])
    run = stack.plan()
    [sentence] = told(run, "shop")
    assert "developerRegistration:registerGcp" in sentence
    assert run.lines() == planned_beside("shop")


ENDPOINTS = """
accounts:
  aws-eu: {{service: aws, region: eu-west-1, accountId: "123456789012", endpoint: "{aws-eu}"}}
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    endpoint: "{uk}"
    credentials: {{accessKeyId: "env:MWS_ID", secretKey: "env:MWS_KEY"}}
  app:
    service: sp-api
    region: eu
    endpoint: "{app}"
    tokenEndpoint: "{token}/auth/o2/token"
    credentials: {{clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}}
    sellers:
      de: {{refreshToken: "env:DE"}}
      fr: {{refreshToken: "env:FR"}}
  shop: {{service: merchant, accountId: "5678", endpoint: "{shop}", credentials: anonymous}}
"""


@pytest.fixture
def closed():
    """Give the URL of a port on which nobody answers; holding it keeps others from taking it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


@pytest.fixture
def direct(sandbox, tmp_path, monkeypatch):
    """Declare endpoints instead of --sandbox; the parts named lead elsewhere."""
    stack = Stack(tmp_path / "direct", None)
    stack.environ = {"LWA_ID": "one", "LWA_SECRET": "secret-one", "DE": "de", "FR": "fr"}
    stack.environ |= {"MWS_ID": "AKIASANDBOX", "MWS_KEY": "sandbox-secret"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")

    def declare(world, **elsewhere):
        places = dict.fromkeys(["aws-eu", "uk", "app", "token", "shop"], sandbox.url)
        stack.declare(HEAD + ENDPOINTS.format(**{**places, **elsewhere}) + world)
        return stack

    return declare


def test_a_port_nobody_listens_on_is_told_as_unreachable(direct, closed):
    assert direct(WORLD).apply().unfinished() == []
    for part in ("aws-eu", "uk", "app", "token", "shop"):
        account = "app" if part == "token" else part
        run = direct(CHANGED, **{part: closed}).plan()
        assert all("not reachable" in sentence for sentence in told(run, account))
        assert run.lines() == planned_beside(account), part


@pytest.mark.parametrize("variable", ["LWA_ID", "LWA_SECRET", "MWS_ID", "MWS_KEY"])
def test_a_missing_variable_is_named_and_the_other_accounts_are_planned(direct, variable):
    stack = direct(WORLD)
    del stack.environ[variable]
    run = stack.plan()
    account = "app" if variable.startswith("LWA") else "uk"
    for sentence in run.problems():
        assert sentence == f"{account}: the environment variable {variable} is not set"
    assert run.problems()
    assert any(action.account == "shop" for action in run.plan.actions)


def test_a_refresh_token_that_is_not_set_costs_its_seller_alone(direct):
    stack = direct(WORLD)
    del stack.environ["FR"]
    run = stack.plan()
    assert run.problems() == ["app: the environment variable FR is not set"]
    assert run.plan.unknown == ("subscription.eu[fr]",)


def test_a_proxy_for_the_world_is_not_asked_for_this_machine(stack, closed, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, closed)
    assert stack.plan().problems() == []


def test_a_write_that_is_refused_stops_what_depends_on_it_and_nothing_else(stack, sandbox):
    stack.declare(
        HEAD
        + EVERYWHERE
        + queues(offers=QUEUE, more=QUEUE, last="")
        + destinations(
            old="account: uk, queue: offers",
            new="account: app, queue: offers",
            next="account: app, queue: more",
        )
        + subscriptions(
            **SUBS, n="destination: next, notificationType: FEED_PROCESSING_FINISHED, sellers: [de]"
        )
    )
    sandbox.faults([{"service": "sp-api", "operation": "createDestination", "kind": "denied"}])
    run = stack.apply()
    results = {item.address: item.outcome for item in run.outcomes}
    assert results == {
        "queue.more": "done",
        "queue.last": "done",
        "destination.next": "failed",
        "subscription.n[de]": "skipped",
    }
    errors = {item.address: item.error for item in run.outcomes}
    assert errors["destination.next"].startswith("app: createDestination: ")
    assert "destination.next" in errors["subscription.n[de]"]
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []


@pytest.mark.parametrize("kind", ["cutAfter", "truncate", "throttle", "error500", "error503"])
def test_a_write_whose_answer_is_lost_is_done_once(sandbox, tmp_path, kind):
    stack = Stack(tmp_path / "declared", sandbox.url)
    stack.declare(HEAD + EVERYWHERE + WORLD)
    sandbox.faults(
        [
            {"service": service, "operation": operation, "kind": kind}
            for service, operation in [
                ("aws", "CreateQueue"),
                ("mws", "RegisterDestination"),
                ("mws", "CreateSubscription"),
                ("sp-api", "createDestination"),
                ("sp-api", "createSubscription"),
                ("merchant", "create"),
            ]
        ]
    )
    assert stack.apply().unfinished() == []
    assert sandbox.faults() == [], "every fault was met"
    assert stack.plan().lines() == []
    held = sandbox.state()
    assert len(held["merchant"]["5678"]) == 1
    [app] = held["sp-api"].values()
    assert (len(app["destinations"]), len(app["subscriptions"])) == (1, 2)
