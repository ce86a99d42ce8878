"""Access tokens: two grants, kept as long as they are good, asked for once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.core.model.errors import Denied, SettingsError, Transient
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.login import LwaLogin


def login(world, secrets=None):
    return LwaLogin(
        "app",
        world.account,
        secrets=secrets or world.secrets,
        http=world.http,
        clock=world.clock,
    )


def test_a_seller_is_asked_for_by_refresh_token_and_without_scope(world):
    assert login(world).token("de").startswith("Atza|")
    assert login(world)._form("de") == {
        "grant_type": "refresh_token",
        "refresh_token": "hush-de",
        "client_id": "app-1",
        "client_secret": "hush-client",
    }


def test_the_application_is_asked_for_by_scope_and_without_refresh_token(world):
    assert login(world).token(None).startswith("Atc|")
    assert login(world)._form(None) == {
        "grant_type": "client_credentials",
        "scope": "sellingpartnerapi::notifications",
        "client_id": "app-1",
        "client_secret": "hush-client",
    }


def test_a_token_is_kept_until_a_minute_before_its_end(world):
    tokens = login(world)
    first = tokens.token("de")
    world.clock.sleep(3539)
    assert tokens.token("de") == first
    world.clock.sleep(1)
    assert tokens.token("de") != first


def test_sellers_and_application_have_tokens_of_their_own(world):
    tokens = login(world)
    assert len({tokens.token(seller) for seller in ("de", "fr", None)}) == 3


def test_callers_side_by_side_share_one_request(world):
    tokens = login(world)
    together = threading.Barrier(8)

    def ask(_number):
        together.wait()
        return tokens.token("de")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(world.calls("refresh_token")) == 1


def test_a_forgotten_token_is_replaced_once(world):
    tokens = login(world)
    old = tokens.token("de")
    tokens.forget("de", old)
    new = tokens.token("de")
    tokens.forget("de", old)
    assert tokens.token("de") == new != old


def test_quirk_83_withdrawn_consent_is_the_sellers_matter_alone(world):
    world.sandbox.settings(revoked=["hush-de"])
    with pytest.raises(Denied, match="seller de has withdrawn consent") as caught:
        world.subscriptions(world.subscription(world.destination()))
    assert caught.value.code == "invalid_grant"
    assert world.subscriptions(world.subscription(world.destination()), seller="fr") == []


def test_a_refusal_is_remembered(world):
    world.sandbox.settings(revoked=["hush-de"])
    tokens = login(world)
    for _ in range(3):
        with pytest.raises(Denied):
            tokens.token("de")
    assert len(world.calls("refresh_token")) == 1


def test_a_refused_client_is_told_of_rotation(world):
    world.sandbox.settings(revoked=["hush-client"])
    with pytest.raises(Denied, match="180 days") as caught:
        world.destinations()
    assert caught.value.code == "invalid_client"


def test_other_refusals_are_quoted(world):
    world.fault("refresh_token", "denied")
    with pytest.raises(Denied, match="not allowed to ask for tokens"):
        login(world).token("de")


@pytest.mark.parametrize(
    "kind",
    ["throttle", "error500", "error503", "html", "garbage", "cutBefore", "cutAfter", "truncate"],
)
def test_trouble_with_the_token_endpoint_is_repeated_with_the_call(world, kind):
    world.fault("client_credentials", kind)
    assert world.destinations() == []
    assert sum(world.clock.slept) > 0


def test_a_token_endpoint_that_stays_down_is_transient(world):
    world.fault("client_credentials", "error503", times=None)
    with pytest.raises(Transient, match="Login with Amazon is busy"):
        world.destinations()


def test_a_missing_credential_names_its_variable(world):
    with pytest.raises(SettingsError, match="environment variable CLIENT"):
        login(world, Secrets({})).token(None)


def test_quirk_82_an_expired_token_is_replaced_once_and_the_call_repeated(world):
    world.sandbox.settings(tokenSeconds=0.0001)
    world.provider._client._wire._login.token(None)
    world.sandbox.settings(tokenSeconds=3600)
    assert world.destinations() == []
    assert len(world.calls("client_credentials")) == 2
    assert [call["status"] for call in world.calls("getDestinations")] == [403, 200]


def test_quirk_82_a_second_expiry_stands(world):
    world.sandbox.settings(tokenSeconds=0.0001)
    with pytest.raises(Denied, match="check this machine's clock"):
        world.destinations()
    assert len(world.calls("getDestinations")) == 2


def test_quirk_82_any_other_refusal_keeps_the_token(world):
    world.fault("getDestinations", "denied")
    with pytest.raises(Denied):
        world.destinations()
    assert world.destinations() == []
    assert len(world.calls("client_credentials")) == 1


def test_tokens_are_kept_out_of_texts(world):
    token = login(world).token("de")
    assert world.secrets.scrub(f"x {token} hush-de y") == "x *** *** y"
