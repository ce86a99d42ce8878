"""The listener behind a real ASGI server and sockets. Numbers: the receiver's wire notes."""

import asyncio
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pushes import PATH, QUERY, SECRET, Jumping, Stand, TryLater, push
from served import TARGET, Served
from test_listening_function_url import event

from reconciler.listening import AsgiApplication, FunctionUrl
from tests.gate import until


@pytest.fixture(scope="module")
def stand():
    return Stand(body_seconds=60, body_bytes=100_000, duplicate_seconds=0)


@pytest.fixture(scope="module")
def served(stand):
    with Served(AsgiApplication(stand.listener)) as running:
        yield running


def head(length=None, **more):
    lines = [f"POST {TARGET} HTTP/1.1", "Host: a", "Content-Type: application/json"]
    lines += [f"Content-Length: {length}"] if length is not None else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_push_receiver_1_and_2_a_push_is_answered_with_204_and_nothing_else(stand, served):
    status, headers, body = served.ask()
    assert (status, body) == (204, b"")
    assert "content-length" not in {name.lower() for name in headers}
    assert stand.shelf.kept[-1].text == push().decode()
    stand.shelf.fates = [TryLater("RequestThrottled")]
    assert served.ask()[0] == 503


def test_push_receiver_3_a_wrong_secret_and_an_unknown_path_are_told_alike(served):
    wrong = served.ask(target=f"{PATH}?token=wrong")
    unknown = served.ask(target="/other")
    for answer in (wrong, unknown):
        answer[1].pop("date")
    assert wrong == unknown
    assert wrong[0] == 404
    status, headers, _ = served.ask("GET")
    assert (status, headers["allow"]) == (405, "POST")


def test_push_receiver_7_and_25_a_body_in_chunks_or_after_100_continue(served):
    body = push()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    found = served.raw(head(Transfer_Encoding="chunked", Connection="close"), chunks)
    assert found.startswith(b"HTTP/1.1 204")
    waited = served.raw(head(len(body), Expect="100-continue", Connection="close"), body)
    assert b"HTTP/1.1 204" in waited


def test_push_receiver_8_and_9_bodies_that_do_not_end_are_cut_and_others_are_served():
    stand = Stand(body_seconds=0.5, body_bytes=100_000)
    large = b"x" * 200_000
    with Served(AsgiApplication(stand.listener)) as served, ThreadPoolExecutor(2) as pool:
        slow = pool.submit(served.raw, head(1000), b"{")
        lying = pool.submit(served.raw, head(10**9) + large)
        assert served.ask()[0] == 204
        assert slow.result().startswith(b"HTTP/1.1 503")
        assert lying.result().startswith(b"HTTP/1.1 413")


def test_push_receiver_9_oversized_bodies_are_cut(served):
    large = served.raw(head(200_000), b"x" * 200_000)
    assert large.startswith(b"HTTP/1.1 413")
    chunk = b"30d40\r\n" + b"x" * 200_000 + b"\r\n"
    chunked = served.raw(head(Transfer_Encoding="chunked"), chunk, b"0\r\n\r\n")
    assert chunked.startswith(b"HTTP/1.1 413")


def test_push_receiver_10_and_25_a_sender_that_leaves_early_is_counted(stand, served):
    before = stand.listener.tallies.count("gone", "shop")
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(head(1000) + b"{")
    until(lambda: stand.listener.tallies.count("gone", "shop") > before)
    assert stand.listener.tallies.count("gone", "shop") == before + 1
    assert served.ask()[0] == 204


def test_push_receiver_26_health_needs_no_secret_and_is_not_below_a_push(served):
    for path in ("/livez", "/healthz", "/readyz"):
        status, headers, body = served.ask("GET", path)
        assert (status, headers["cache-control"], body) == (200, "no-store", b"ok\n")
        assert served.ask("HEAD", path)[::2] == (200, b"")
        status, headers, _ = served.ask("POST", path)
        assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert served.ask("GET", f"{PATH}/livez?{QUERY}")[0] == 404


def test_push_receiver_27_readiness_follows_the_queue_and_liveness_does_not(stand, served):
    stand.shelf.fates, stand.shelf.reachable = [TryLater("no")], False
    served.ask()
    status, _, body = served.ask("GET", "/readyz")
    assert (status, body) == (503, b"the last message could not be kept\n")
    assert served.ask("GET", "/livez")[0] == 200
    served.ask()
    assert served.ask("GET", "/readyz")[0] == 200


def test_push_receiver_28_metrics_are_read_by_prometheus_from_the_first_moment(served):
    fresh = Stand().listener.tallies.as_text()
    families = {family.name: family for family in text_string_to_metric_families(fresh)}
    samples = families["reconciler_listen_pushes"].samples
    assert {sample.value for sample in samples} == {0}
    assert {"push": "shop", "outcome": "queued"} in [sample.labels for sample in samples]
    assert fresh.endswith("\n")
    accept = "application/openmetrics-text; version=1.0.0"
    for headers in ({}, {"Accept": accept}):
        status, told, body = served.ask("GET", "/metrics", **headers)
        assert status == 200
        assert told["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        names = {family.name for family in text_string_to_metric_families(body.decode())}
        assert names >= {"reconciler_listen_seconds", "reconciler_listen_last_kept_seconds"}


def test_push_receiver_28_a_name_cannot_break_the_metrics():
    odd = 'a"b\\c\nd'
    from reconciler.listening import Tallies

    text = Tallies([odd]).as_text()
    [family] = [
        found
        for found in text_string_to_metric_families(text)
        if found.name == "reconciler_listen_pushes"
    ]
    assert odd in {sample.labels["push"] for sample in family.samples}


def test_push_receiver_12_a_request_that_is_in_is_finished_when_the_server_stops():
    stand = Stand(0.3)
    found = []
    with Served(AsgiApplication(stand.listener)) as running:
        asking = threading.Thread(target=lambda: found.append(running.ask()))
        asking.start()
        until(lambda: stand.shelf.asked)
    asking.join()
    assert found[0][0] == 204
    assert (stand.shelf.closed, len(stand.shelf.kept)) == (True, 1)
    with pytest.raises(OSError, match="refused"):
        running.ask()


@pytest.mark.parametrize(
    "options", [{"lifespan": "off"}, {"root_path": "/merchant"}, {"root_path": "/elsewhere"}]
)
def test_push_receiver_25_without_lifespan_and_below_a_prefix(options):
    stand = Stand()
    with Served(AsgiApplication(stand.listener), **options) as running:
        below = "/1234" if options.get("root_path") == "/merchant" else PATH
        assert running.ask(target=f"{below}?{QUERY}")[0] == 204
        assert running.ask("GET", "/livez")[0] == 200


def drive(application, scope, *events):
    """Call an application without a server; return what it sends."""
    sent, waiting = [], list(events)

    async def receive():
        return waiting.pop(0)

    async def send(event):
        sent.append(event)

    loop = Jumping()
    try:
        loop.run_until_complete(application(scope, receive, send))
    finally:
        loop.close()
    return sent


def test_push_receiver_25_what_is_no_request_is_closed_or_refused():
    application = AsgiApplication(Stand().listener, health=False)
    closed = drive(application, {"type": "websocket"}, {"type": "websocket.connect"})
    assert closed == [{"type": "websocket.close", "code": 1003}]
    with pytest.raises(ValueError, match="no mqtt is served here"):
        drive(application, {"type": "mqtt"})
    scope = {"type": "http", "method": "GET", "path": "/livez", "headers": []}
    [start, _] = drive(application, scope)
    assert start["status"] == 404
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    scope["query_string"] = QUERY.encode()
    parts = [{"type": "http.request", "body": push()[:9], "more_body": True}]
    parts += [{"type": "http.request", "body": push()[9:]}]
    [start, _] = drive(application, scope, *parts)
    assert start["status"] == 204


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", TARGET, push()),
        ("POST", TARGET, b"not json"),
        ("POST", TARGET, b""),
        ("POST", f"{PATH}?token=x", push()),
        ("POST", "/merchant%2F1234?token=x", push()),
        ("GET", TARGET, b""),
        ("DELETE", "/other", b""),
        ("POST", TARGET, b"x" * 100_001),
    ],
)
def test_push_receiver_24_lambda_and_server_answer_alike(served, method, target, body):
    path, _, query = target.partition("?")
    handler = FunctionUrl(Stand(body_bytes=100_000).listener)
    told = handler(event(body.decode(), path=path, query=query, method=method))
    handler.close()
    assert served.ask(method, target, body)[0] == told["statusCode"]


def test_push_receiver_4_no_log_line_of_ours_holds_the_secret(served, caplog):
    caplog.set_level(logging.DEBUG)
    served.ask()
    served.ask(body=b"not json")
    lines = [r for r in caplog.records if r.name not in ("uvicorn.access", "asyncio")]
    assert SECRET not in "".join(record.getMessage() for record in lines)
    assert json.dumps([r.name for r in lines]).count("reconciler") == 0
    assert asyncio.iscoroutinefunction(AsgiApplication.__call__)
