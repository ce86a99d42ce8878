"""A real HTTP server before the sandbox: it stops a call where a test wants it, and processes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import reconciler
from tests.worlds import READS

PATIENCE = 60
"""Seconds after which something counts as hanging; nothing is measured by it."""

ROOT = Path(reconciler.__file__).parents[1]


def until(happened):
    patience = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < patience, "it did not happen"
        time.sleep(0.005)
    return found


def lines_of(journal):
    """Return the lines of a journal; each of them has to be whole."""
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def begun(journal):
    """Say whether the run that keeps this journal has begun its first step."""
    return journal.exists() and '"event": "begin"' in journal.read_text(encoding="utf-8")


class Call(NamedTuple):
    """One request of an apply, as far as the gate understands it."""

    service: str
    operation: str
    writes: bool
    queue: str | None
    """Name of the queue that a call to AWS is about."""


class Gate:
    """Passes requests on to the sandbox; `hold` stops one of those that an apply makes.

    An apply's own calls are those that arrive once its journal has a `begin`.
    """

    def __init__(self, upstream):
        self._upstream = urlsplit(upstream).netloc
        self._lock = threading.Lock()
        self._under_way = 0
        self.open()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def open(self):
        """Let everything through, and forget."""
        self._journals: list[Path] = []
        self._order: tuple[str, int] | None = None
        self._together = False
        self.calls: list[Call] = []
        self.unannounced: list[Call] = []
        self.held: Call | None = None
        self.reached = threading.Event()
        self._released = threading.Event()
        self._dropped = False

    def watch(self, *journals):
        """Note what the runs that keep these journals write."""
        self._journals = list(journals)

    def hold(self, when, number):
        """Stop the apply's call of this number, `before` or `after` it is carried out.

        `before any` counts reads too; what was read is told by stopping the next call.
        """
        self._order = (when, number)

    def together(self):
        """Let no write through before every run that is watched is about to write."""
        self._together = True

    def release(self):
        """Let the call that is held go on."""
        self._released.set()

    def drop(self):
        """Forget the call that is held, and wait for the others to be carried out."""
        self._dropped = True
        self._released.set()
        until(lambda: self._under_way == 0)

    def exchange(self, request, body):
        """Return the answer to a request, or None to cut the line."""
        with self._lock:
            self._under_way += 1
        try:
            return self._exchange(request, body)
        finally:
            with self._lock:
                self._under_way -= 1

    def _exchange(self, request, body):
        call = _call(request, body)
        if call.writes and self._together:
            until(lambda: all(map(begun, self._journals)))
        with self._lock:
            when = self._taken_down(call)
        if when.startswith("before") and not self._pass(call):
            return None
        answer = _forward(self._upstream, request, body)
        if when == "after" and not self._pass(call):
            return None
        return answer

    def _taken_down(self, call):
        """Return when to hold this call, if at all."""
        if not any(map(begun, self._journals)):
            return "never"
        self.calls.append(call)
        if call.writes and not any(_announced(call, journal) for journal in self._journals):
            self.unannounced.append(call)
        when, number = self._order or ("never", 0)
        counted = [item for item in self.calls if item.writes or when == "before any"]
        return when if counted[-1:] == [call] and len(counted) == number else "never"

    def _pass(self, call):
        self.held = call
        self.reached.set()
        assert self._released.wait(PATIENCE)
        return not self._dropped

    def __enter__(self):
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _announced(call, journal):
    """Say whether the journal holds a `begin` without `end` for what a write is about."""
    under_way: dict[Any, dict[str, Any]] = {}
    for line in lines_of(journal):
        if line["event"] == "begin":
            under_way[line["address"], line["call"]] = line
        elif line["event"] == "end":
            del under_way[line["address"], line["call"]]
    of_queues = [line for line in under_way.values() if line["address"].startswith("queue.")]
    if call.service == "aws":
        by_events = [it for it in under_way if it[0].startswith(("bus.", "route."))]
        return bool(by_events) or any(it["identity"]["name"] == call.queue for it in of_queues)
    return len(under_way) > len(of_queues)


def _call(request, body):
    path = request.path.partition("?")[0]
    if path == "/auth/o2/token":
        return Call("lwa", "token", False, None)
    if path.rstrip("/") == "/Subscriptions/2013-07-01":
        operation = parse_qs(body.decode())["Action"][0]
        return Call("mws", operation, operation not in READS, None)
    if path.startswith("/notifications/"):
        return Call("http", f"{request.command} {path}", request.command != "GET", None)
    target = request.headers.get("X-Amz-Target")
    operation = (target or path).replace("/", ".").rpartition(".")[2]
    if operation == "":
        operation = parse_qs(body.decode())["Action"][0]
    if operation in READS:
        return Call("aws", operation, False, None)
    sent = json.loads(body)
    queue = sent.get("QueueName") or sent.get("QueueUrl", "").rpartition("/")[2] or None
    return Call("aws", operation, True, queue)


def _forward(upstream, request, body):
    connection = http.client.HTTPConnection(upstream, timeout=PATIENCE)
    try:
        connection.request(request.command, request.path, body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    except (http.client.HTTPException, OSError):
        return None
    finally:
        connection.close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing: whoever was killed does not wait for an answer."""


def _handler(gate):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            # Who is killed while sending leaves half a request.
            answer = gate.exchange(self, body) if len(body) == length else None
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815 - http.server's names

        def log_message(self, *_):
            """Say nothing."""

    return Handler


NURSERY = """
import json, os, sys
import boto3, googleapiclient.discovery
import reconciler.cli.commands.applying, reconciler.run, reconciler.wiring
import reconciler.services.merchant.provider, reconciler.services.mws.provider
import reconciler.services.spapi.provider, reconciler.services.sqs.provider
from reconciler.cli import run
print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in enumerate((order["out"], order["err"]), start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        run(order["arguments"])
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Nursery:
    """Starts processes of the command that have loaded everything already, one at a time."""

    def __init__(self, folder):
        self._out, self._err = folder / "out", folder / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout.readline() == "ready\n"

    def start(self, *arguments):
        """Begin a run."""
        order = {"arguments": [str(item) for item in arguments]}
        for file in (self._out, self._err):
            file.unlink(missing_ok=True)
        order |= {"out": str(self._out), "err": str(self._err)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._pid = int(self._process.stdout.readline())
        self._code: list[int] = []
        self._waiting = threading.Thread(target=self._wait)
        self._waiting.start()

    def _wait(self):
        self._code.append(int(self._process.stdout.readline()))

    def running(self):
        return not self._code

    def send(self, number):
        os.kill(self._pid, number)

    def interrupt(self, told):
        """Send a SIGINT, and wait until the process says that it has taken note."""
        self.send(signal.SIGINT)
        until(lambda: told in self.err() or not self.running())

    def end(self):
        """Wait for the end of the run; return its exit code and output."""
        self._waiting.join(PATIENCE)
        assert self._code, "it hangs"
        return self._code[0], self._out.read_text(encoding="utf-8")

    def err(self):
        return self._err.read_text(encoding="utf-8") if self._err.exists() else ""

    def close(self):
        if getattr(self, "_code", [0]) == []:
            self.send(signal.SIGKILL)
            self._waiting.join(PATIENCE)
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


NOT_COMPARED = frozenset(
    {
        "name",  # Merchant numbers its subscriptions; of SP-API destinations it is cosmetic
        "destinationId",
        "subscriptionId",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
    }
)


def known_by_content(state):
    """Return what services hold without what differs from one creation to the next, sorted."""
    if isinstance(state, dict):
        kept = {name: value for name, value in state.items() if name not in NOT_COMPARED}
        if "destinations" in state and "subscriptions" in state:
            kept = _with_targets(kept, state["destinations"])
        return {name: known_by_content(value) for name, value in kept.items()}
    if isinstance(state, list):
        return sorted((known_by_content(item) for item in state), key=repr)
    return state


def _with_targets(application, destinations):
    """Name the destination of each SP-API subscription, since its number says nothing."""
    targets = {item["destinationId"]: item["resource"] for item in destinations if "name" in item}
    subscriptions = [
        {**item, "to": targets.get(item.get("destinationId"))}
        for item in application["subscriptions"]
    ]
    return {**application, "subscriptions": subscriptions}
