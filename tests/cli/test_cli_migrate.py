"""migrate: the SP-API declarations that take over from MWS ones."""

import json

import pytest
import yaml

from tests.worlds import AWS, HEAD, MWS, destinations, queues, section, subscriptions

GRANT = "grants: [{to: amazon-notifications}]"
QUEUES = queues(q=GRANT, r=GRANT)
ONE = QUEUES + destinations(q_mws="account: uk, queue: q", r_mws="account: uk, queue: r")
OFFERS = "notificationType: AnyOfferChanged"
UK, DE, US, JP, CN = (
    *("A1F83G8C2ARO7P", "A1PA6795UKMFR9", "ATVPDKIKX0DER"),
    *("A1VC38T7YXB528", "AAHKV2X7AFYLW"),
)


def mws(name, marketplace, seller="A2EXAMPLE1SELLER"):
    """Write an MWS account."""
    return (
        f"  {name}: {{service: mws, sellerId: {seller}, marketplaceId: {marketplace}, "
        'credentials: {accessKeyId: "env:MWS_ID", secretKey: "env:MWS_KEY"}}\n'
    )


def application(*sellers, name="app", region="eu"):
    """Write an SP-API account."""
    tokens = ", ".join(f'{seller}: {{refreshToken: "env:T"}}' for seller in sellers)
    return (
        f"  {name}: {{service: sp-api, region: {region}, sellers: {{{tokens}}}, "
        'credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}}\n'
    )


@pytest.fixture
def migrate(cli, world):
    """Migrate these declarations; return how it ended and what YAML it wrote."""

    def run(text, *options, accounts=AWS + MWS):
        ended = cli("migrate", world(text, HEAD + accounts), *options)
        return ended, yaml.safe_load(ended.out) or {}

    return run


def comment(ended):
    """Return the text of the comment at the head."""
    lines = [line.removeprefix("#").strip() for line in ended.out.splitlines() if line[:1] == "#"]
    return " ".join(lines)


def test_a_subscription_becomes_one_of_the_successor_in_the_same_marketplace(migrate):
    ended, found = migrate(ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}"))
    assert ended.code == 0
    assert found["destinations"] == {"q-sp": {"account": "sp-api-eu", "queue": "q"}}
    assert found["subscriptions"] == {
        "any-offer-changed": {
            "destination": "q-sp",
            "notificationType": "ANY_OFFER_CHANGED",
            "payloadVersion": "1.0",
            "sellers": ["A2EXAMPLE1SELLER"],
            "filter": {"marketplaceIds": [UK]},
        }
    }


def test_an_account_that_is_missing_is_written_with_references_named_after_it(migrate):
    ended, found = migrate(ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}"))
    token = "SP_API_EU_A2EXAMPLE1SELLER_REFRESH_TOKEN"
    assert found["accounts"] == {
        "sp-api-eu": {
            "service": "sp-api",
            "region": "eu",
            "credentials": {
                "clientId": "env:SP_API_EU_CLIENT_ID",
                "clientSecret": "env:SP_API_EU_CLIENT_SECRET",
            },
            "sellers": {"A2EXAMPLE1SELLER": {"refreshToken": f"env:{token}"}},
        }
    }
    assert f"SP_API_EU_CLIENT_ID, SP_API_EU_CLIENT_SECRET, {token}" in comment(ended)


def test_quirk_57_marketplaces_of_one_region_become_one_subscription_and_regions_several(migrate):
    accounts = AWS + "".join(
        mws(name, place) for name, place in (("uk", UK), ("de", DE), ("us", US), ("jp", JP))
    )
    places = {name: f"account: {name}, queue: q" for name in ("uk", "de", "us", "jp")}
    text = QUEUES + destinations(**places)
    text += subscriptions(**{name: f"destination: {name}, {OFFERS}" for name in places})
    _, found = migrate(text, accounts=accounts)
    together = sorted(body["filter"]["marketplaceIds"] for body in found["subscriptions"].values())
    assert together == sorted([[UK, DE], [US], [JP]])
    assert sorted(found["accounts"]) == ["sp-api-eu", "sp-api-fe", "sp-api-na"]


def test_what_cannot_be_narrowed_to_marketplaces_is_told(migrate):
    text = ONE + subscriptions(feeds="destination: q-mws, notificationType: FeedProcessingFinished")
    ended, found = migrate(text)
    [body] = found["subscriptions"].values()
    assert (body["notificationType"], body["payloadVersion"]) == (
        "FEED_PROCESSING_FINISHED",
        "2020-09-04",
    )
    assert "filter" not in body
    note = "FEED_PROCESSING_FINISHED comes for all marketplaces of the region at once"
    assert f"subscription.feeds: {note}" in ended.err
    assert note in comment(ended)


def test_sellers_with_equal_subscriptions_are_one_declaration(migrate):
    accounts = AWS + mws("uk", UK) + mws("other", UK, "A3OTHER")
    text = QUEUES + destinations(a="account: uk, queue: q", b="account: other, queue: q")
    text += subscriptions(a=f"destination: a, {OFFERS}", b=f"destination: b, {OFFERS}")
    _, found = migrate(text, accounts=accounts)
    [body] = found["subscriptions"].values()
    assert body["sellers"] == ["A2EXAMPLE1SELLER", "A3OTHER"]
    assert len(found["destinations"]) == 1


@pytest.fixture
def two_queues(migrate):
    """Migrate one type that goes to two queues."""
    text = ONE + subscriptions(
        one=f"destination: q-mws, {OFFERS}", two=f"destination: r-mws, {OFFERS}"
    )
    return lambda *options: migrate(text, *options)


def test_quirk_58_two_queues_for_one_type_are_flagged_and_not_decided(two_queues):
    ended, found = two_queues()
    assert (ended.code, found) == (0, {})
    assert "subscription.one, subscription.two: ANY_OFFER_CHANGED goes to q and r" in ended.err
    assert "--keep-first" in ended.err


def test_quirk_58_of_two_queues_the_first_is_kept_when_told(two_queues):
    ended, found = two_queues("--keep-first")
    assert found["destinations"] == {"q-sp": {"account": "sp-api-eu", "queue": "q"}}
    assert "all of it goes to q, forward it from there" in ended.err


@pytest.mark.parametrize(
    ("subscription", "accounts", "reason"),
    [
        (f"{OFFERS}, enabled: false", AWS + MWS, "it is disabled"),
        (OFFERS, AWS + mws("uk", CN), f"serves marketplace {CN}"),
    ],
)
def test_quirk_59_what_does_not_move_is_told_with_the_reason(
    migrate, subscription, accounts, reason
):
    ended, found = migrate(
        ONE + subscriptions(odd=f"destination: q-mws, {subscription}"), accounts=accounts
    )
    assert (ended.code, found) == (0, {})
    assert "subscription.odd: " in ended.err
    assert reason in ended.err


def test_a_queue_given_by_arn_stays_one(migrate):
    arn = "arn:aws:sqs:eu-west-1:444455556666:theirs"
    text = destinations(theirs=f"account: uk, queue: '{arn}'")
    _, found = migrate(text + subscriptions(a=f"destination: theirs, {OFFERS}"))
    assert found["destinations"] == {"theirs-sp": {"account": "sp-api-eu", "queue": arn}}


@pytest.mark.parametrize("sellers", [["acme"], ["other", "a2example1seller"]])
def test_a_declared_application_is_used_where_the_seller_is_known(migrate, sellers):
    text = ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}")
    _, found = migrate(text, accounts=AWS + MWS + application(*sellers))
    assert "accounts" not in found
    [body] = found["subscriptions"].values()
    assert body["sellers"] == sellers[-1:]


def test_a_declared_destination_is_used_too(migrate):
    places = {"q-mws": "account: uk, queue: q", "offers": "account: app, queue: q"}
    text = QUEUES + section("destinations", places)
    text += subscriptions(a=f"destination: q-mws, {OFFERS}")
    _, found = migrate(text, accounts=AWS + MWS + application("acme"))
    assert list(found) == ["subscriptions"]
    assert found["subscriptions"]["any-offer-changed"]["destination"] == "offers"


def test_which_seller_is_meant_can_be_said_and_is_never_guessed(migrate):
    text = ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}")
    accounts = AWS + MWS + application("acme-de", "acme-fr")
    ended, found = migrate(text, accounts=accounts)
    assert list(found["accounts"]) == ["sp-api-eu"]
    assert "nothing tells whether it is one of acme-de (app), acme-fr (app)" in ended.err
    _, found = migrate(text, "--seller", "A2EXAMPLE1SELLER=acme-fr", accounts=accounts)
    assert "accounts" not in found
    assert found["subscriptions"]["any-offer-changed"]["sellers"] == ["acme-fr"]


@pytest.mark.parametrize(
    ("option", "code", "message"),
    [
        ("A2EXAMPLE1SELLER=nobody", 1, "no SP-API account of the seller's region has a seller"),
        ("A9=acme-de", 1, "--seller A9: no MWS account has this seller id"),
        ("acme-de", 64, "expected SELLERID=NAME"),
    ],
)
def test_a_seller_that_leads_nowhere_is_refused(migrate, option, code, message):
    text = ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}")
    ended, _ = migrate(text, "--seller", option, accounts=AWS + MWS + application("acme-de"))
    assert (ended.code, ended.out) == (code, "")
    assert message in " ".join(ended.err.replace("│", " ").split())


def test_a_type_that_a_seller_has_already_is_not_written_again(migrate):
    places = {"q-mws": "account: uk, queue: q", "sp": "account: app, queue: q"}
    text = QUEUES + section("destinations", places)
    text += subscriptions(
        uk=f"destination: q-mws, {OFFERS}",
        de="destination: sp, notificationType: ANY_OFFER_CHANGED, sellers: all",
    )
    ended, found = migrate(text, accounts=AWS + MWS + application("acme"))
    assert (ended.code, found) == (0, {})
    assert "subscription.uk: subscription.de[acme] is declared for ANY_OFFER_CHANGED" in ended.err
    assert f"with marketplaces {UK}" in ended.err


def test_the_comment_says_what_became_of_mws_how_to_go_over_and_what_changes(migrate):
    ended, _ = migrate(ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}"))
    told = comment(ended)
    assert "Amazon shut MWS down on 31 March 2024" in told
    steps = ["Let consumers read both", "`reconciler apply`", "`enabled: false`", "delete the MWS"]
    places = [told.index(step) for step in steps]
    assert places == sorted(places)
    assert "AnyOfferChanged becomes ANY_OFFER_CHANGED" in told


def test_without_mws_subscriptions_there_is_nothing_to_write(migrate, tmp_path):
    ended, found = migrate(QUEUES, "--out", tmp_path / "sp.yaml")
    assert (ended.code, found) == (0, {})
    assert "`reconciler export`" in ended.err
    assert not (tmp_path / "sp.yaml").exists()


def test_a_file_that_is_there_is_never_overwritten(migrate, tmp_path):
    file = tmp_path / "sp.yaml"
    file.write_text("mine")
    ended, _ = migrate(ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}"), "--out", file)
    assert (ended.code, file.read_text()) == (1, "mine")
    assert f"{file} is there already and is not overwritten" in ended.err


def test_beside_the_declarations_it_validates_plans_and_applies(cli, world, sandbox, tmp_path):
    text = ONE + subscriptions(
        offers=f"destination: q-mws, {OFFERS}",
        feeds="destination: r-mws, notificationType: FeedProcessingFinished",
    )
    folder = world(text, HEAD + AWS + MWS)
    there = ("--sandbox", sandbox.url)
    assert cli("apply", folder, "--yes", *there).code == 0
    ended = cli("migrate", folder, "--out", tmp_path / "declared" / "sp-api.yaml")
    assert (ended.code, ended.out) == (0, "")
    assert "2 SP-API subscriptions written to" in ended.err
    assert cli("validate", folder).code == 0
    planned = json.loads(cli("plan", folder, "--format", "json", *there).out)
    assert {action["action"] for action in planned["actions"]} == {"create"}
    assert planned["summary"]["create"] == 4
    assert cli("apply", folder, "--yes", *there).code == 0
    assert "In sync" in cli("plan", folder, *there).out


def test_it_needs_neither_environment_nor_network(migrate, sandbox, monkeypatch):
    def refuse(*_):
        raise AssertionError("no network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    ended, _ = migrate(ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}"))
    assert ended.code == 0


def test_what_export_finds_of_mws_can_be_migrated_once_it_is_written_down(
    cli, world, sandbox, tmp_path
):
    there = ("--sandbox", sandbox.url)
    text = ONE + subscriptions(offers=f"destination: q-mws, {OFFERS}")
    assert cli("apply", world(text, HEAD + AWS + MWS), "--yes", *there).code == 0
    folder = world("", HEAD + AWS + MWS)
    assert "`reconciler export`" in cli("migrate", folder).err
    assert cli("export", folder, *there, "--out", folder).code == 0
    found = yaml.safe_load(cli("migrate", folder).out)
    [body] = found["subscriptions"].values()
    assert body["notificationType"] == "ANY_OFFER_CHANGED"
