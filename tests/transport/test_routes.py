"""Which way a URL is reached: decided from the environment alone."""

import base64

import pytest

from reconciler.core.model.errors import SettingsError
from reconciler.transport.routes import Bundle, Routes, parse_proxy

AWS = "https://sqs.eu-west-1.amazonaws.com/"
P = "http://proxy.example:3128"


def via(url, **environ):
    found = Routes(environ).proxy(url)
    return found and (found.url, found.variable)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": P}, (P, "HTTPS_PROXY")),
        ({"https_proxy": P}, (P, "https_proxy")),
        ({"HTTPS_PROXY": "http://other:1", "https_proxy": P}, (P, "https_proxy")),
        ({"HTTP_PROXY": P}, None),
        ({"ALL_PROXY": P}, (P, "ALL_PROXY")),
        ({"all_proxy": P}, (P, "all_proxy")),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": P}, (P, "HTTPS_PROXY")),
        ({"ALL_PROXY": P, "HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": P, "https_proxy": ""}, None),
        ({"HTTPS_PROXY": " 127.0.0.1:3128 "}, ("http://127.0.0.1:3128", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "localhost:3128"}, ("http://localhost:3128", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "//proxy.example:3128"}, (P, "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "proxy.example"}, ("http://proxy.example:80", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "https://proxy.example"}, ("https://proxy.example:443", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "HTTP://proxy.example:3128/"}, (P, "HTTPS_PROXY")),
        (
            {"HTTPS_PROXY": "http://[2001:db8::1]:3128"},
            ("http://[2001:db8::1]:3128", "HTTPS_PROXY"),
        ),
    ],
)
def test_the_variables_of_a_proxy(environ, expected):
    assert via(AWS, **environ) == expected


def test_plain_http_has_a_variable_of_its_own():
    url = "http://token.example.com/"
    assert via(url, HTTPS_PROXY=P) is None
    assert via(url, HTTP_PROXY=P) == (P, "HTTP_PROXY")
    assert via(url, HTTP_PROXY=P, http_proxy="http://b:1") == ("http://b:1", "http_proxy")


@pytest.mark.parametrize(
    ("value", "pair"),
    [
        ("http://user:pass@proxy.example:3128", "user:pass"),
        ("user:pass@proxy.example:3128", "user:pass"),
        ("http://us%40er:p%3Aa%2Fs%25s@proxy.example:3128", "us@er:p:a/s%s"),
        ("http://user:p@ss@proxy.example:3128", "user:p@ss"),
        ("http://user@proxy.example:3128", "user:"),
        ("http://user:%C3%BCber@proxy.example:3128", "user:über"),
    ],
)
def test_user_and_password_of_a_proxy(value, pair):
    proxy = parse_proxy("HTTPS_PROXY", value)
    assert proxy.url == P
    assert proxy.authorization == f"Basic {base64.b64encode(pair.encode()).decode()}"
    assert "pass" not in repr(proxy)
    assert proxy.authorization not in repr(proxy)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "socks", "SOCKS5"])
def test_socks_is_refused_with_the_variables_name(scheme):
    with pytest.raises(SettingsError, match=r"^ALL_PROXY names a SOCKS proxy"):
        via(AWS, ALL_PROXY=f"{scheme}://user:hidden-word@127.0.0.1:1080")


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http://user:hidden-word@",
        "http://proxy.example:port",
        "http://proxy.example:99999",
        "http://user:hidden-word#1@proxy.example:3128",
        "http://user:hidden-word/1@proxy.example:3128",
        "ftp://user:hidden-word@proxy.example:3128",
        "http://[::1:3128",
        "http://proxy example:3128",
    ],
)
def test_what_is_no_proxy_is_refused_without_being_repeated(value):
    with pytest.raises(SettingsError, match=r"^HTTPS_PROXY is no URL of a proxy") as raised:
        via(AWS, HTTPS_PROXY=value)
    assert "hidden-word" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("*", AWS, True),
        ("sqs.eu-west-1.amazonaws.com", AWS, True),
        ("SQS.EU-WEST-1.AmazonAWS.com", AWS, True),
        ("amazonaws.com", AWS, True),
        (".amazonaws.com", AWS, True),
        ("*.amazonaws.com", AWS, True),
        ("amazonaws.com.", AWS, True),
        ("a.example, amazonaws.com ,b.example", AWS, True),
        ("a.example amazonaws.com", AWS, True),
        ("zonaws.com", AWS, False),
        ("eu-west-1.amazonaws.com.evil.example", AWS, False),
        ("amazonaws", AWS, False),
        ("", AWS, False),
        (",", AWS, False),
        (".", AWS, False),
        ("amazonaws.com:443", AWS, True),
        ("amazonaws.com:8443", AWS, False),
        ("example.com:8443", "https://a.example.com:8443/", True),
        ("10.0.0.1", "https://10.0.0.1/", True),
        ("10.0.0.1", "https://10.0.0.11/", False),
        ("10.0.0.0/8", "https://10.200.3.4/", True),
        ("10.1.2.3/8", "https://10.200.3.4/", True),
        ("10.0.0.0/8", "https://11.0.0.1/", False),
        ("10.0.0.0/99", "https://10.0.0.1/", False),
        ("10.0.0.0/8", AWS, False),
        ("10.0.0.1:8443", "https://10.0.0.1:8443/", True),
        ("10.0.0.1:8443", "https://10.0.0.1/", False),
        ("2001:db8::1", "https://[2001:db8:0::1]/", True),
        ("[2001:db8::1]", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]:443", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]/", False),
        ("2001:db8::/32", "https://[2001:db8:ffff::1]/", True),
        ("2001:db8::/32", "https://10.0.0.1/", False),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("[", AWS, False),
    ],
)
def test_no_proxy(entry, url, direct):
    assert (via(url, HTTPS_PROXY=P, NO_PROXY=entry) is None) == direct
    assert (via(url, HTTPS_PROXY=P, no_proxy=entry) is None) == direct


def test_the_lower_case_no_proxy_wins():
    assert via(AWS, HTTPS_PROXY=P, NO_PROXY="*", no_proxy="example.com") == (P, "HTTPS_PROXY")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "localhost",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "169.254.170.2",
        "[fe80::1]",
        "metadata.google.internal",
    ],
)
@pytest.mark.parametrize("value", [P, "socks5://127.0.0.1:1080"])
def test_this_machine_is_never_reached_through_a_proxy(host, value):
    environ = {"HTTPS_PROXY": value, "HTTP_PROXY": value}
    assert via(f"https://{host}:8443/", **environ) is None
    assert via(f"http://{host}/", **environ) is None


@pytest.mark.parametrize("host", ["128.0.0.1", "localhost.example.com", "metadata.example.com"])
def test_what_only_looks_like_this_machine_is(host):
    assert via(f"https://{host}/", HTTPS_PROXY=P) == (P, "HTTPS_PROXY")


def test_the_first_variable_that_names_authorities_counts():
    every = {
        "RECONCILER_CA_BUNDLE": "/a.pem",
        "SSL_CERT_FILE": "/b.pem",
        "REQUESTS_CA_BUNDLE": "/c.pem",
        "AWS_CA_BUNDLE": "/d.pem",
    }
    for variable, path in list(every.items()):
        assert Routes(every).bundle() == Bundle(path, variable)
        every[variable] = ""
    assert Routes(every).bundle() is None


def test_passwords_are_known_however_they_are_written():
    environ = {
        "HTTPS_PROXY": "http://user:p%2Fass#1@proxy.example:3128",
        "http_proxy": "user:other@proxy.example:3128",
        "ALL_PROXY": "http://proxy.example:3128",
    }
    assert set(Routes(environ).passwords()) == {"p%2Fass#1", "p/ass#1", "other"}
