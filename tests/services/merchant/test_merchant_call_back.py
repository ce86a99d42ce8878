"""Call back URIs: what they show, what they are compared by, what {secret} stands for."""

import pytest

from reconciler.core.text.veil import AS_SHOWN, veil
from reconciler.services.merchant.call_back import CallBackUri
from reconciler.services.merchant.kinds import MerchantSubscription

TEMPLATES = [
    "https://hooks.example.com/{secret}",
    "https://hooks.example.com/a/{secret}/b",
    "https://hooks.example.com/hook-{secret}.x",
    "https://hooks.example.com/?t={secret}",
    "https://hooks.example.com/x?a=1&t=v1-{secret}",
    "https://hooks.example.com/{secret}/x?t={secret}",
    "https://hooks.example.com/x?{secret}",
]
TOKEN = "a-token-of-some-length-0123456789"


def spec(uri, **context):
    fields = {"registeredEvent": "E", "targetAccount": "1", "owner": "2", "callBackUri": uri}
    return MerchantSubscription.model_validate(fields, **context)


def recorded(uri):
    """Return a URI as a snapshot gives it back."""
    written = spec(uri).model_dump(mode="json", exclude_unset=True)
    return spec(written["callBackUri"], context=AS_SHOWN).call_back_uri


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_secret_is_shown_as_a_digest_wherever_it_stands(template):
    uri = CallBackUri(template, reference="env:X").filled(TOKEN)
    shown = [
        str(uri),
        repr(uri),
        f"{uri}",
        str(spec(uri)),
        repr(spec(uri)),
        str(spec(uri).fields()),
    ]
    assert all(TOKEN[:12] not in text for text in shown)
    assert all("***" in text for text in shown)
    assert uri.reveal() == template.replace("{secret}", TOKEN)
    assert spec(uri).fields()["callBackUri"] == str(uri)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("live", [TOKEN, "another-token-of-that-length", "x"])
def test_a_live_uri_is_shown_and_compared_like_its_declaration(template, live):
    declared = CallBackUri(template, reference="env:X").filled(TOKEN)
    raw = template.replace("{secret}", live)
    found = CallBackUri(raw).veiled_like(declared, ())
    assert (found == declared) is (live == TOKEN)
    assert (str(found) == str(declared)) is (live == TOKEN)
    assert (
        str(found).replace(veil(live), "") == str(declared).replace(veil(TOKEN), "") or "v1-" in raw
    )
    assert live == "x" or live[:12] not in str(found)
    assert "https://hooks.example.com/" in str(found)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("live", [TOKEN, "another-token-of-that-length"])
def test_what_a_snapshot_holds_is_compared_by_digest(template, live):
    declared = CallBackUri(template, reference="env:X").filled(TOKEN)
    found = CallBackUri(template.replace("{secret}", live)).veiled_like(declared, ())
    kept = recorded(found)
    assert kept.shown
    assert live[:12] not in kept.text
    assert (kept == declared) is (live == TOKEN)
    assert (declared == kept) is (live == TOKEN)
    if live == TOKEN:
        assert hash(kept) == hash(declared) == hash(found)


@pytest.mark.parametrize("template", TEMPLATES)
def test_without_the_secret_what_can_be_seen_is_compared(template):
    declared = CallBackUri(template, reference="env:X")
    filled = declared.filled(TOKEN)
    kept = recorded(filled)
    assert declared.may_be(kept)
    assert declared != kept
    moved = CallBackUri(template.replace("hooks", "other"), reference="env:X")
    assert not moved.may_be(kept)
    mine, theirs = spec(declared), spec(kept.text, context=AS_SHOWN)
    assert list(mine.unexamined(theirs)) == ["callBackUri"]
    assert list(spec(moved).unexamined(theirs)) == []
    assert list(spec(filled).unexamined(theirs)) == []


def test_a_token_nobody_has_a_reference_for_is_compared_by_digest_too():
    uri = f"https://u:p@hooks.example.com/x?t={TOKEN}"
    kept = recorded(uri)
    assert kept.text == f"https://{veil('u:p')}@hooks.example.com/x?t={veil(TOKEN)}"
    assert kept == CallBackUri(uri)
    assert kept != CallBackUri(uri + "x")


def test_a_live_uri_that_looks_like_a_report_is_not_taken_for_what_the_report_is_of():
    mocking = CallBackUri(f"https://hooks.example.com/?t={veil(TOKEN)}")
    assert mocking != CallBackUri(f"https://hooks.example.com/?t={TOKEN}")
    assert str(mocking) != str(CallBackUri(f"https://hooks.example.com/?t={TOKEN}"))


def test_a_known_secret_is_hidden_in_the_uri_of_another_subscription():
    found = CallBackUri(f"https://hooks.example.com/old/{TOKEN}").veiled_like(None, {TOKEN})
    assert str(found) == f"https://hooks.example.com/old/{veil(TOKEN)}"


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("plain-1._~", "plain-1._~"),
        ("a b", "a%20b"),
        ("a/b?c&d#e", "a%2Fb%3Fc%26d%23e"),
        ("a+b==", "a%2Bb=="),
        ("100%", "100%25"),
        ("é", "%C3%A9"),
    ],
)
def test_what_would_mean_something_else_in_a_uri_is_encoded(secret, written):
    uri = CallBackUri("https://hooks.example.com/?t={secret}").filled(secret)
    assert uri.reveal() == f"https://hooks.example.com/?t={written}"


@pytest.mark.parametrize(
    "uri",
    [
        CallBackUri("https://hooks.example.com/{secret}"),
        CallBackUri(f"https://hooks.example.com/?t={veil('x')}", shown=True),
    ],
)
def test_what_is_not_known_whole_cannot_be_used(uri):
    with pytest.raises(ValueError, match="cannot be used"):
        uri.reveal()
