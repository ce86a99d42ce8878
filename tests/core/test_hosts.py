"""Whose a host is: what only looks like a service's own host is nobody's."""

import pytest

from reconciler.core.model.hosts import Lead, belongs, host_of, is_local, parse_allowed

AMAZON = ("api.amazon.com", "*.amazonaws.com", "*.api.aws")


def foreign(url, *allowed, own=AMAZON):
    return Lead("endpoint", url, own).foreign({parse_allowed(host) for host in allowed})


@pytest.mark.parametrize(
    "url",
    [
        "https://api.amazon.com/auth/o2/token",
        "https://API.Amazon.COM/auth/o2/token",
        "https://api.amazon.com./auth/o2/token",
        "https://api.amazon.com:8443",
        "https://sqs.eu-west-1.amazonaws.com",
        "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
        "https://sqs.eu-west-1.api.aws",
        "http://127.0.0.1:8765",
        "http://127.1.2.3",
        "https://localhost",
        "https://a.LOCALHOST.",
        "http://[::1]:8765",
        "http://[::ffff:127.0.0.1]",
    ],
)
def test_own_hosts_and_this_machine_may_be_told(url):
    assert foreign(url) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.amazon.com.evil.example", "api.amazon.com.evil.example"),
        ("https://evil.example/api.amazon.com", "evil.example"),
        ("https://evil.example?@api.amazon.com", "evil.example"),
        ("https://evil.example#api.amazon.com", "evil.example"),
        ("https://api.amazon.com@evil.example", "evil.example"),
        ("https://xapi.amazon.com", "xapi.amazon.com"),
        ("https://x.api.amazon.com", "x.api.amazon.com"),
        ("https://amazon.com", "amazon.com"),
        ("https://evilamazonaws.com", "evilamazonaws.com"),
        ("https://amazonaws.com", "amazonaws.com"),
        ("https://.amazonaws.com", ".amazonaws.com"),
        ("https://sqs.amazonaws.com.evil.example", "sqs.amazonaws.com.evil.example"),
        ("https://127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("https://localhost.evil.example", "localhost.evil.example"),
        ("https://evillocalhost", "evillocalhost"),
        ("https://0.0.0.0", "0.0.0.0"),
        ("https://169.254.169.254", "169.254.169.254"),
        ("https://[::ffff:8.8.8.8]", "8.8.8.8"),
        ("https://0x7f000001", "0x7f000001"),
        # A Cyrillic o; full-width letters and dots, which clients read as ASCII or not.
        ("https://api.amaz\u043en.com", "api.xn--amazn-mye.com"),
        ("https://\uff41pi.amazon.com", "\\uff41pi.amazon.com"),
        ("https://api\u3002amazon\u3002com", "api\\u3002amazon\\u3002com"),
        ("https://[x", "a place that is no URL"),
        ("api.amazon.com", "a place that is no URL"),
    ],
)
def test_what_looks_like_an_own_host_is_foreign(url, host):
    assert foreign(url) == host


def test_what_is_allowed_besides_is_compared_in_one_spelling():
    url = "https://Gateway.Example.com./x"
    assert foreign(url, "gateway.example.com") is None
    assert foreign(url, "GATEWAY.example.com.") is None
    assert foreign(url, "example.com") == "gateway.example.com"
    assert foreign("https://x.gateway.example.com", "gateway.example.com") is not None
    assert foreign("https://b\u00fccher.example", "xn--bcher-kva.example") is None
    assert foreign("https://[2001:db8::1]", "[2001:DB8:0::1]") is None


def test_a_host_that_is_allowed_with_a_port_is_allowed_on_that_port_alone():
    assert foreign("https://g.example.com", "g.example.com:443") is None
    assert foreign("https://g.example.com:8443", "g.example.com:8443") is None
    assert foreign("https://g.example.com:8443", "g.example.com:443") == "g.example.com"
    assert foreign("https://g.example.com:8443", "g.example.com") is None


@pytest.mark.parametrize(
    "text", ["", ".", "*.example.com", "https://g.example.com", "g.example.com/x", "u@g", "a b"]
)
def test_only_a_host_can_be_allowed(text):
    with pytest.raises(ValueError, match="expected a host"):
        parse_allowed(text)


def test_an_allowed_host_of_nothing_is_not_the_host_of_a_url_without_one():
    assert host_of("https:evil.example") == ""
    assert Lead("endpoint", "https:evil.example", AMAZON).foreign({""}) is not None


def test_an_own_host_without_a_star_is_that_host_alone():
    assert belongs("api.amazon.com", "api.amazon.com")
    assert not belongs("api.amazon.community", "api.amazon.com")
    assert not is_local("10.0.0.1")


def test_a_name_that_no_dns_name_can_stand_for_is_spelt_by_the_numbers_of_its_letters():
    """A label has at most 63 characters as ASCII: what is longer leads nowhere, and is nobody's."""
    host = "\u00e9" * 64 + ".amazonaws.com"
    assert host_of(f"https://{host}") == "\\xe9" * 64 + ".amazonaws.com"
    assert host_of(f"https://{host}").isascii()


@pytest.mark.parametrize("port", ["99999", "x"])
def test_a_port_that_is_none_is_not_the_one_that_was_allowed(port):
    url = f"https://gateway.example.com:{port}"
    assert foreign(url, "gateway.example.com:443") == "gateway.example.com"
    assert foreign(url, "gateway.example.com") is None
