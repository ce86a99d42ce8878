"""What happens on the line: over real sockets, with answers made by hand."""

import os
import resource
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import client

import pytest

from reconciler.core.model.errors import SettingsError, Transient, Unclear, Unreachable
from reconciler.run.halting import ReadingLimit, TimeLimit
from reconciler.transport.failures import Failed
from reconciler.transport.http import Http
from reconciler.transport.lines import AnswerLimits
from reconciler.transport.patience import on_errand
from tests.clocks import Clock
from tests.operate.hooks import Authority
from tests.wires import WELL, Proxy, named, serving

HOST = "service.example"
LIMITS = AnswerLimits(connect=10.0, silence=10.0, total=20.0, most_bytes=1000)
BOTH = pytest.mark.parametrize("standing", [False, True], ids=["new", "standing"])
"""Over a new line, as urllib3 does, and over one that has sent a request already, as we do."""


@contextmanager
def speaking(limits=LIMITS, standing=None, **environ):
    first = LIMITS if standing else limits
    http = Http(environ=environ, limits=first, connections=1)
    try:
        if standing is not None:
            assert get(http, url_of(standing)).body == b"ok"
            http._limits = limits
        yield http
    finally:
        http.close()


def get(http, url, **more):
    return http.request("acme", "List", "GET", url, headers=more)


def fails(http, url, kind, said):
    """Ask, and return what is said of its failure."""
    with pytest.raises(kind, match=said) as raised:
        get(http, url)
    return str(raised.value)


def url_of(server):
    return f"http://127.0.0.1:{server.port}/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("trust"))


def tls(authority, host=HOST):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate(host))
    return context


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((b"HTTP/1.1 200 OK\r\nX-Slow: ", None), "timed out, silent for 0.3 s"),
        ((None,), "timed out, silent for 0.3 s"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), "it hung up"),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",), "it hung up"),
        ((b"",), "it hung up"),
        ((b"SSH-2.0-OpenSSH_9.9\r\n",), "what came is no HTTP (BadStatusLine)"),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",),
            "it cannot be unpacked",
        ),
        ((b"HTTP/1.1 200 OK\r\nX-Half",), "it hung up"),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",),
            "what came is no HTTP (InvalidHeader)",
        ),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhallo\r\n0\r\n\r\n",),
            "what came is no HTTP (ValueError)",
        ),
        ((b"HTTP/1.1 101 Switching Protocols\r\n\r\n",), "what came is no HTTP (BadStatusLine)"),
    ],
)
@BOTH
def test_an_answer_that_is_lost_is_unclear_and_told_by_its_cause(pieces, said, standing):
    limits = replace(LIMITS, silence=0.3) if None in pieces else LIMITS
    with (
        serving(*pieces, standing=standing) as server,
        speaking(limits, server if standing else None) as http,
    ):
        with pytest.raises(Unclear) as raised:
            get(http, url_of(server))
        place = f"127.0.0.1:{server.port}"
        assert str(raised.value) == f"acme: List: {place} did not answer completely: {said}"


@pytest.mark.parametrize(
    ("head", "standing"), [(b"", False), (b"Content-Length: 200\r\n\r\n", True)]
)
def test_what_drips_for_ever_is_given_up(head, standing):
    drip = [b"HTTP/1.1 200 OK\r\n" + head] + [b"X-Slow: y\r\n", b""] * 40
    with (
        serving(*drip, standing=standing) as server,
        speaking(replace(LIMITS, total=0.6), server if standing else None) as http,
    ):
        server._pieces = _slowly(drip)
        with pytest.raises(Unclear, match=r"timed out after 0\.6 s"):
            get(http, url_of(server))


def test_a_reading_whose_time_is_over_waits_for_no_answer():
    limit = ReadingLimit(TimeLimit(-4.9))
    with serving(None) as server, speaking() as http, on_errand(limit):
        fails(http, url_of(server), Unclear, "timed out")


def _slowly(pieces):
    for piece in pieces:
        yield piece
        threading.Event().wait(0.05)


def test_what_is_too_large_takes_no_connection_away():
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n"
    large = head + b"x" * 200_000
    with serving(large) as server, speaking() as http:
        for _ in range(3):
            with pytest.raises(Unclear, match="answer too large, more than 1,000 bytes") as raised:
                get(http, url_of(server))
            assert not raised.value.passing


def test_what_is_too_large_leaves_no_rest_for_who_comes_after():
    large = WELL.replace(b"Length: 2", b"Length: 1001") + b"x" * 999
    with serving(large, standing=True) as server, speaking(LIMITS, server) as http:
        for _ in range(2):
            fails(http, url_of(server), Unclear, "answer too large, more than 1,000 bytes")
            assert get(http, url_of(server)).body == b"ok"


@BOTH
def test_what_is_as_large_as_it_may_be_is_taken(standing):
    large = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x" * 400, b"x" * 600]
    with (
        serving(*large, standing=standing) as server,
        speaking(LIMITS, server if standing else None) as http,
    ):
        assert get(http, url_of(server)).body == b"x" * 1000


def test_a_connection_is_used_again():
    with serving(WELL) as server, speaking() as http:
        assert [get(http, url_of(server)).body for _ in range(3)] == [b"ok"] * 3
        assert len(server.heads) == 3
        (way,) = http._ways.values()
        assert way.pool.num_connections == 1


@BOTH
def test_what_comes_before_an_answer_is_not_taken_for_it(standing):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with (
        serving(early, early, WELL, lasting=True, standing=standing) as server,
        speaking(LIMITS, server if standing else None) as http,
    ):
        answers = [get(http, url_of(server)) for _ in range(2)]
        assert [(each.status, each.body) for each in answers] == [(200, b"ok")] * 2
        assert "link" not in answers[0].headers


def test_what_cannot_be_unpacked_takes_no_connection_away():
    packed = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: " + b"gzip, " * 9
    with serving(packed + b"gzip\r\n\r\nok") as server, speaking() as http:
        fails(http, url_of(server), Unclear, "it cannot be unpacked")
        (way,) = http._ways.values()
        assert way.pool.pool.qsize() == 1


HEADS = {
    "plain": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Id:a b: c\r\nx-empty:\r\nX-Tab:\tx\r\n",
    "twice": b"HTTP/1.1 404 Not Found\r\nA: 1\r\nContent-Length: 2\r\na: 2\r\n",
    "without a word": b"HTTP/1.1 500\r\nContent-Length: 2\r\n",
    "closing": b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n",
    "a strange length": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: two\r\n",
    "an endless length": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 2\r\n",
    "beyond ASCII": b"HTTP/1.1 200 OK\r\nX-City: K\xf6ln \r\nContent-Length: 2\r\n",
    "no field": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nnonsense\r\nX-After: lost\r\n",
    "nothing to send": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nConnection: close\r\n",
    "of old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_head_is_read_as_pythons_own_reader_does(head):
    whole = head + b"\r\nok"
    found = []
    for first in (b"", b"HTTP/1.1 100 Continue\r\n\r\n"):  # which only Python's own reads
        with serving(first + whole) as server, speaking() as http:
            found.append(get(http, url_of(server)))
    with serving(whole, standing=True) as server, speaking(LIMITS, server) as http:
        found.append(get(http, url_of(server)))
    assert found[0] == found[1] == found[2]


def test_a_plain_head_is_not_taken_for_an_e_mail(monkeypatch):
    monkeypatch.setattr(client, "parse_headers", None)
    with serving(HEADS["plain"] + b"\r\nok") as server, speaking() as http:
        answer = get(http, url_of(server))
    assert (answer.status, answer.body, answer.headers["x-id"]) == (200, b"ok", "a b: c")


PLAIN = [
    ("GET", "/a/b?types=A%2FB,C&x=1", {"Accept": "text/html"}, None),
    ("POST", "/", {"Host": "another", "User-Agent": "ours", "Accept-Encoding": "gzip"}, b"{}"),
    ("POST", "/?", {"X-Any": ""}, "K\xf6ln"),
    ("PUT", "/x", {}, None),
    ("DELETE", "/x", {"content-length": "2"}, b"ok"),
]
NOT_PLAIN = [
    ("GET", "/a|b", {}, None),
    ("GET", "/a%2fb", {}, None),
    ("GET", "/", {"X-City": "K\xf6ln"}, None),
    ("GET", "/", {"Expect": "nothing"}, None),
    ("POST", "/", {}, b"x" * 20_000),
]


@pytest.mark.parametrize(
    ("request_", "sent_by_urllib3"),
    [*((each, 1) for each in PLAIN), *((each, 2) for each in NOT_PLAIN)],
)
def test_a_request_over_a_line_that_stands_is_the_same_to_the_byte(request_, sent_by_urllib3):
    method, target, headers, body = request_
    with serving(WELL) as server, speaking() as http:
        url = f"http://127.0.0.1:{server.port}{target}"
        for _ in range(2):
            assert http.exchange(method, url, headers=headers, body=body).body == b"ok"
        (way,) = http._ways.values()
        assert way.pool.num_requests == sent_by_urllib3
    whole = "".join(server.heads)
    assert whole[: len(whole) // 2] == whole[len(whole) // 2 :]


def test_a_host_that_one_request_names_itself_is_not_that_of_the_next():
    with serving(WELL) as server, speaking() as http:
        for named_ in ({"Host": "another"}, {}, {}):
            get(http, url_of(server), **named_)
    hosts = [head.partition("Host: ")[2].partition("\r\n")[0] for head in server.heads]
    assert hosts == ["another", *[f"127.0.0.1:{server.port}"] * 2]


def test_a_line_through_a_tunnel_and_tls_stands_too(authority, monkeypatch):
    with serving(WELL, context=tls(authority)) as server:
        named(monkeypatch, {HOST: server.port})
        proxy = Proxy({HOST: server.port}.__getitem__)
        environ = {"HTTPS_PROXY": proxy.place, "SSL_CERT_FILE": str(authority.file)}
        with speaking(**environ) as http:
            assert [get(http, f"https://{HOST}/").body for _ in range(2)] == [b"ok"] * 2
            (way,) = http._ways.values()
            assert way.pool.num_requests == 1
        proxy.close()
    assert server.heads[0] == server.heads[1]
    assert len(proxy.seen) == 1


def test_what_came_too_much_over_tls_is_nobodys_answer(authority, monkeypatch):
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 8151\r\n\r\n".ljust(8192)  # as read at once
    with serving(whole + WELL, context=tls(authority), lasting=True) as server:
        named(monkeypatch, {HOST: server.port})
        limits = replace(LIMITS, most_bytes=10_000)
        with speaking(limits, SSL_CERT_FILE=str(authority.file)) as http:
            assert [len(get(http, f"https://{HOST}/").body) for _ in range(3)] == [8151] * 3


@BOTH
@pytest.mark.parametrize("token", ["hush\nhush", "hush\r\nX-Hush: hush", "hush\r\n\r\nhush"])
def test_a_token_that_no_header_can_hold_is_neither_sent_nor_repeated(token, standing):
    with serving(WELL) as server, speaking(LIMITS, server if standing else None) as http:
        with pytest.raises(Unreachable, match="characters that do not belong there") as raised:
            get(http, url_of(server), Authorization=f"Bearer {token}")
        assert "hush" not in str(raised.value)
        assert raised.value.__cause__.__cause__ is None
    assert "hush" not in "".join(server.heads)


def test_plain_http_through_a_proxy_sends_it_the_login(monkeypatch):
    with serving(WELL) as proxy:
        place = f"user:p%40ss@127.0.0.1:{proxy.port}"
        with speaking(HTTP_PROXY=place) as http:
            assert get(http, f"http://{HOST}/x?y=z").body == b"ok"
    assert proxy.heads[0].startswith(f"GET http://{HOST}/x?y=z HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz" in proxy.heads[0]


@pytest.mark.parametrize("piece", [b"", b"HTTP/1.1 20"])
def test_what_a_proxy_of_plain_http_took_may_have_been_carried_out(piece):
    with serving(piece) as proxy, speaking(HTTP_PROXY=f"127.0.0.1:{proxy.port}") as http:
        fails(http, f"http://{HOST}/", Unclear, "did not answer completely: it hung up")


def test_a_proxy_that_asks_for_a_password_for_plain_http_is_told():
    no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with serving(no) as proxy, speaking(HTTP_PROXY=f"127.0.0.1:{proxy.port}") as http:
        fails(
            http, f"http://{HOST}/", Unreachable, r"proxy refused \(HTTP 407 from .*, set in HTTP_P"
        )


def test_a_password_that_a_proxy_does_not_accept_is_told_and_not_repeated():
    no = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"
    with serving(no) as proxy, speaking(HTTPS_PROXY=f"user:hush@127.0.0.1:{proxy.port}") as http:
        told = fails(http, f"https://{HOST}/", Unreachable, "does not accept that user and pass")
    assert "hush" not in told


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", Transient, r"proxy refused \(HTTP 502 .*just now"),
        (b"HTTP/1.1 403 No\r\n\r\n", Unreachable, r"proxy refused \(HTTP 403 .*NO_PROXY"),
        (b"garbage\r\n", Unreachable, "what came is no HTTP"),
        (b"", Transient, "it hung up"),
        (None, Transient, "timed out after 0.5 s"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(answer, kind, said):
    limits = replace(LIMITS, connect=0.5) if answer is None else LIMITS
    with serving(answer) as proxy, speaking(limits, HTTPS_PROXY=f"127.0.0.1:{proxy.port}") as http:
        fails(http, f"https://{HOST}/", kind, said)


def test_a_proxy_that_does_not_listen_is_named():
    with speaking(https_proxy="http://127.0.0.1:9") as http:
        told = fails(http, f"https://{HOST}/", Transient, "not reachable")
    assert told == (
        f"acme: List: {HOST} is not reachable: the proxy 127.0.0.1:9 (https_proxy): connection "
        "refused: check host and port"
    )


def test_a_proxy_whose_name_is_not_found_is_named(monkeypatch):
    named(monkeypatch, {})
    with speaking(HTTPS_PROXY="http://proxy.example:3128") as http:
        fails(
            http,
            f"https://{HOST}/",
            Unreachable,
            r"the proxy proxy.example:3128 .*: name not found",
        )


def test_a_proxy_may_speak_tls_itself(authority, monkeypatch):
    with serving(WELL, context=tls(authority)) as server:
        ports = {HOST: server.port}
        inner = Proxy(ports.__getitem__)
        with _wrapped(inner, tls(authority, "proxy.example")) as port:
            named(monkeypatch, {"proxy.example": port})
            environ = {"HTTPS_PROXY": "https://proxy.example:3128"}
            with speaking(RECONCILER_CA_BUNDLE=str(authority.file), **environ) as http:
                assert get(http, f"https://{HOST}/").body == b"ok"
            with speaking(**environ) as http:
                fails(
                    http, f"https://{HOST}/", Unreachable, r"the proxy .*: certificate not trusted"
                )
        inner.close()


@contextmanager
def _wrapped(proxy, context):
    """Put TLS before a proxy."""
    listening = socket.create_server(("127.0.0.1", 0))
    serve = proxy._serve

    def accept():
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                threading.Thread(target=one, args=(line,), daemon=True).start()

    def one(line):
        with suppress(OSError):
            serve(context.wrap_socket(line, server_side=True))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def test_a_certificate_for_another_name_is_told(authority, monkeypatch):
    with serving(WELL, context=tls(authority, "other.example")) as server:
        named(monkeypatch, {HOST: server.port})
        with speaking(SSL_CERT_FILE=str(authority.file)) as http:
            fails(http, f"https://{HOST}/", Unreachable, r"not trusted .*: it is for another name")


def test_a_bundle_that_does_not_help_is_named_with_its_variable(authority, monkeypatch, tmp_path):
    (tmp_path / "more").mkdir()
    other = Authority(tmp_path / "more", "Another Authority")
    with serving(WELL, context=tls(authority)) as server:
        named(monkeypatch, {HOST: server.port})
        with speaking(AWS_CA_BUNDLE=str(other.file)) as http:
            told = fails(http, f"https://{HOST}/", Unreachable, "not trusted")
    assert f"issued by “Test Authority”): no authority in {other.file} (AWS_CA_BUNDLE) v" in told


def test_who_speaks_no_tls_is_told(monkeypatch):
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        named(monkeypatch, {HOST: server.port})
        with speaking() as http:
            fails(http, f"https://{HOST}/", Unreachable, "it does not speak TLS as it should")


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe"])
def test_a_bundle_without_certificates_is_told(tmp_path, content):
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with speaking(REQUESTS_CA_BUNDLE=str(file)) as http:
        fails(
            http,
            f"https://{HOST}/",
            SettingsError,
            r"^REQUESTS_CA_BUNDLE: .*/ca.pem holds no certif",
        )


def test_authorities_are_not_asked_for_where_there_is_no_tls():
    with serving(WELL) as server, speaking(SSL_CERT_FILE="/nowhere.pem") as http:
        assert get(http, url_of(server)).status == 200


def test_what_only_reads_may_ask_again():
    with serving(b"") as server:
        http = Http(environ={}, limits=LIMITS, waits=(0.5, 1.0), clock=(clock := Clock()))
        with pytest.raises(Failed):
            http.exchange("GET", url_of(server), headers={})
        http.close()
        assert len(server.heads) == 3
        assert clock.slept == [0.5, 1.0]


def test_where_no_more_may_be_open_it_says_how_more_may():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        with speaking() as http, pytest.raises(Transient, match=r"too many open files.*ulimit -n"):
            get(http, "http://127.0.0.1:9/")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
