import pytest

from reconciler.core.model.hosts import is_loopback, parse_endpoint


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000",
        "http://127.8.9.1",
        "http://localhost:5000",
        "http://LOCALHOST",
        "http://sandbox.localhost/base",
        "http://[::1]:5000",
    ],
)
def test_plain_http_leads_to_this_machine_only(url):
    assert is_loopback(url)
    assert parse_endpoint(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://sqs.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0:5000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
    ],
)
def test_plain_http_to_anywhere_else_is_refused(url):
    assert not is_loopback(url)
    with pytest.raises(ValueError, match="plain http would send credentials in the clear"):
        parse_endpoint(url)


def test_https_leads_anywhere_and_a_trailing_slash_is_no_part_of_it():
    assert parse_endpoint("https://sqs.example.com/base/") == "https://sqs.example.com/base"


@pytest.mark.parametrize("url", ["https://user@x.example", "http://user:pass@127.0.0.1"])
def test_credentials_in_a_url_are_refused_without_repeating_them(url):
    with pytest.raises(ValueError, match=r"^credentials do not belong in a URL$"):
        parse_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqs.example.com",
        "ftp://x.example",
        "https://",
        "https://x:0",
        "https://x:99999",
        "https://[x",
        # Where a host ends here, other programs disagree about.
        "https://x.example\\y",
        "https://x.example%2ey.example",
        "https://x.example<y",
        "https://x.example|y",
        "https://x.example^y",
        "https://x.example`y",
        "https://[::1]x.example",
    ],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match="not a URL"):
        parse_endpoint(url)
