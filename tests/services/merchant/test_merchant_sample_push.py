"""The documented sample is posted to a call back URI, and each link that breaks is named."""

import json

import pytest

from reconciler.notifications import decode
from reconciler.services.merchant.sample_push import PushEndpoint, post_sample, sample
from reconciler.transport.calls import SystemClock
from tests.operate.hooks import HOST, Authority, Hook, resolving

PRODUCT = "PRODUCT_STATUS_CHANGE"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    resolving(monkeypatch, hooks_example_com=["127.0.0.1"])


@pytest.fixture
def hook(authority, trusted):
    with Hook(authority.certificate()) as running:
        yield running


def post(hook, *, allow_private=True, within=5.0, path="/hook"):
    uri = hook.uri.removesuffix("/hook") + path
    target = PushEndpoint.of(uri, allow_private=allow_private)
    return post_sample(target, sample(PRODUCT), within=within, clock=SystemClock())


def named(links):
    return [(link.name, link.state) for link in links]


@pytest.mark.parametrize("status", [102, 200, 201, 202, 204])
def test_quirk_105_these_statuses_acknowledge_the_sample(hook, status):
    hook.status = status
    links = post(hook)
    assert named(links) == [("address", "holds"), ("certificate", "holds"), ("answer", "holds")]
    assert f"acknowledged with {status} in " in links[-1].detail


@pytest.mark.parametrize("status", [203, 206, 301, 302, 307, 400, 404, 500, 503])
def test_quirk_105_every_other_status_refuses_it_and_no_redirect_is_followed(hook, status):
    hook.status = status
    links = post(hook)
    assert named(links)[-1] == ("answer", "broken")
    assert f"answered {status} in " in links[-1].detail
    assert len(hook.got) == 1


PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
BAD = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "state", "words"),
    [
        ([PROCESSING + BAD], "broken", "answered 500 in"),
        ([PROCESSING, BAD], "broken", "answered 500 in"),
        ([PROCESSING, PROCESSING, HINTS, BAD], "broken", "answered 500 in"),
        ([PROCESSING.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), BAD], "broken", "500"),
        ([PROCESSING, FINE], "holds", "acknowledged with 200 in"),
        ([HINTS, FINE], "holds", "acknowledged with 200 in"),
        ([PROCESSING], "holds", "acknowledged with 102 in"),
        ([PROCESSING, HINTS], "holds", "acknowledged with 102 in"),
        ([HINTS], "broken", "hung up without an answer"),
        ([PROCESSING, b"nonsense\r\n"], "broken", "hung up without an answer"),
        ([b"HTTP/1.1 101 Switching Protocols\r\n\r\n"], "broken", "answered 101 in"),
    ],
)
def test_quirk_105_after_an_interim_answer_the_final_one_decides(hook, raw, state, words):
    hook.raw = raw
    link = post(hook)[-1]
    assert (link.name, link.state) == ("answer", state)
    assert words in link.detail


@pytest.mark.parametrize(
    ("raw", "within", "state", "words"),
    [
        ([PROCESSING, None], 1.0, "holds", "acknowledged with 102 in"),  # which has to come in time
        ([PROCESSING, BAD[:20], None], 0.3, "broken", "did not answer in 0.3 s"),
        ([HINTS, None], 0.3, "broken", "did not answer in 0.3 s"),
    ],
)
def test_quirk_105_an_interim_answer_is_waited_on_for_the_time_that_is_left(
    hook, raw, within, state, words
):
    hook.raw = raw
    link = post(hook, within=within)[-1]
    assert (link.name, link.state) == ("answer", state)
    assert words in link.detail


@pytest.mark.parametrize("event", [PRODUCT, "ACCOUNT_SERVICE_CHANGE"])
def test_the_sample_decodes_to_the_event(event):
    assert decode(sample(event)).notification_type == event


def test_the_sample_is_posted_as_google_posts(hook):
    post(hook, path="/a/b?secret=s")
    [(path, headers, body)] = hook.got
    assert path == "/a/b?secret=s"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == hook.uri.split("/")[2]
    assert list(json.loads(body)) == ["message"]


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [(HOST, -2, "expired"), ("other.example.com", 90, "ostname mismatch")],
)
def test_a_certificate_that_is_over_or_of_another_name_is_broken(
    authority, trusted, host, days, words
):
    with Hook(authority.certificate(host, days)) as hook:
        links = post(hook)
        assert named(links) == [("address", "holds"), ("certificate", "broken")]
        assert words in links[-1].detail
        assert hook.got == []


def test_a_certificate_of_an_unknown_authority_is_broken(trusted, tmp_path):
    with Hook(Authority(tmp_path, "Nobody").certificate()) as hook:
        links = post(hook)
    assert named(links)[-1] == ("certificate", "broken")
    assert "issuer" in links[-1].detail


@pytest.mark.parametrize(("days", "state"), [(20, "warning"), (21, "holds")])
def test_a_certificate_that_ends_within_21_days_is_a_warning(authority, trusted, days, state):
    with Hook(authority.certificate(days=days)) as hook:
        links = post(hook)
    assert named(links)[1:] == [("certificate", state), ("answer", "holds")]
    assert ("20 days left" in links[1].detail) is (state == "warning")


def test_what_is_no_tls_is_told(trusted, sandbox_port):
    target = PushEndpoint(HOST, sandbox_port, "/", allow_private=True)
    links = post_sample(target, sample(PRODUCT), within=5, clock=SystemClock())
    assert named(links)[-1] == ("certificate", "broken")
    assert "does not speak TLS" in links[-1].detail


@pytest.fixture
def sandbox_port():
    from reconciler.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield int(sandbox.url.rpartition(":")[2])


@pytest.mark.parametrize("status", ["silent", "trickle"])
def test_an_answer_that_does_not_come_in_time_is_broken(hook, status):
    hook.status = status
    links = post(hook, within=0.3)
    assert named(links)[-1] == ("answer", "broken")
    assert "did not answer" in links[-1].detail


def test_a_callback_that_hangs_up_is_broken(hook):
    hook.status = "hang up"
    links = post(hook)
    assert named(links)[-1] == ("answer", "broken")
    assert "hung up without an answer" in links[-1].detail


def test_a_name_that_does_not_resolve_and_a_port_nobody_serves_are_broken(monkeypatch, hook):
    resolving(monkeypatch, hooks_example_com=None)
    assert "does not resolve" in post(hook)[-1].detail
    resolving(monkeypatch, hooks_example_com=["127.0.0.1"])
    target = PushEndpoint(HOST, 1, "/", allow_private=True)
    [_, link] = post_sample(target, sample(PRODUCT), within=1, clock=SystemClock())
    assert (link.name, link.state) == ("address", "broken")
    assert "nothing accepts connections at 127.0.0.1 port 1" in link.detail


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["192.168.0.1"],
        ["169.254.169.254"],
        ["0.0.0.0"],
        ["100.64.0.1"],
        ["224.0.0.1"],
        ["::1"],
        ["fe80::1%eth0"],
        ["fd00::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:10.0.0.1"],
        ["2002:7f00:1::1"],
        ["64:ff9b::a9fe:a9fe"],
        ["93.184.215.14", "127.0.0.1"],
    ],
)
def test_quirk_106_nothing_is_posted_to_what_is_not_public(monkeypatch, hook, addresses):
    resolving(monkeypatch, hooks_example_com=addresses)
    [link] = post(hook, allow_private=False)
    assert (link.name, link.state) == ("address", "broken")
    assert "not public" in link.detail
    assert hook.got == []


def test_the_name_is_looked_up_once_so_that_it_cannot_change_in_between(monkeypatch, hook):
    import socket

    asked = []
    look_up = socket.getaddrinfo

    def count(host, *arguments, **named):
        asked.append(host)
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", count)
    assert named(post(hook))[-1] == ("answer", "holds")
    assert asked.count(HOST) == 1
