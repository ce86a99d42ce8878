"""Which push a request is for. Numbers are those of the receiver's wire notes."""

import hmac

import pytest
from pushes import SECRET, Stand

from reconciler.listening import AmbiguousDoors, Door, Doors, doors

HOST = "https://hooks.example.com"


def found(uri, path, query="", secrets=(SECRET,)):
    door = Doors([Door.of("shop", f"{HOST}{uri}", secrets)]).find([path.encode()], query.encode())
    return door is not None


@pytest.mark.parametrize(
    ("uri", "path", "query", "right"),
    [
        ("/m/{secret}", f"/m/{SECRET}", "", True),
        ("/m/{secret}", f"/m/{SECRET}", "utm=1", True),
        ("/m/{secret}", "/m/", "", False),
        ("/m/{secret}", "/m/{secret}", "", False),
        ("/m/hook-{secret}", f"/m/hook-{SECRET}", "", True),
        ("/m/hook-{secret}", f"/m/{SECRET}", "", False),
        ("/m?a=b&t={secret}", "/m", f"t={SECRET}&a=b", True),
        ("/m?a=b&t={secret}", "/m", f"t={SECRET}&a=c", False),
        ("/m?a=b&t={secret}", "/m", f"t={SECRET}", False),
        ("/m?t={secret}", "/m", f"t=x&t={SECRET}", False),
        ("/m?t={secret}", "/m/", f"t={SECRET}", False),
        ("/{secret}?t={secret}", f"/{SECRET}", f"t={SECRET}", True),
        ("/{secret}?t={secret}", f"/{SECRET}", "t=other", False),
    ],
)
def test_path_and_query_are_compared_whole(uri, path, query, right):
    assert found(uri, path, query) is right


def test_a_uri_without_a_secret_is_compared_as_it_stands():
    assert found("/m?token=abc", "/m", "token=abc", ())
    assert not found("/m?token=abc", "/m", "token=abd", ())
    assert found("", "/", "", ())


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/m/a%2Fb%25", True),
        ("/m/a%2fb%25", True),
        ("/m/a/b%25", False),
        ("/m/a%2Fb%2525", False),
        ("//m/a%2Fb%25", False),
        ("/m//a%2Fb%25", False),
        ("/x/../m/a%2Fb%25", False),
    ],
)
def test_push_receiver_11_a_secret_may_need_encoding_and_no_slash_leads_elsewhere(path, right):
    assert found("/m/{secret}", path, "", ("a/b%",)) is right


def test_push_receiver_3_every_valid_secret_is_compared_in_constant_time(monkeypatch):
    compared = []

    def watch(wanted, told):
        compared.append(wanted)
        return hmac.compare_digest(wanted, told)

    monkeypatch.setattr(doors, "hmac", type("Watch", (), {"compare_digest": staticmethod(watch)}))
    both = Doors([Door.of("a", f"{HOST}/m?t={{secret}}", ("one", "two", "three"))])
    assert both.find([b"/m"], b"t=one") is not None
    assert compared == [b"one", b"two", b"three"]
    stand = Stand()
    wrong, unknown = stand.status(query="token=x"), stand.status(path="/none")
    assert (wrong, unknown) == (404, 404)


def test_push_receiver_30_two_pushes_at_one_address_are_refused_by_name_alone():
    one = Door.of("a", f"{HOST}/m?t={{secret}}", ("x", "y"))
    with pytest.raises(
        AmbiguousDoors, match=r"^pushes\.a and pushes\.b are served at one address$"
    ):
        Doors([one, Door.of("b", "https://other.example.com/m?t={secret}", ("y",))])
    apart = Doors([one, Door.of("b", f"{HOST}/m?t={{secret}}", ("z",))])
    assert [apart.find([b"/m"], b"t=" + text).push for text in (b"x", b"y", b"z")] == [
        "a",
        "a",
        "b",
    ]
    for secrets in ((), ("",)):
        with pytest.raises(ValueError, match="its secret is empty"):
            Doors([Door.of("a", f"{HOST}/{{secret}}", secrets)])
