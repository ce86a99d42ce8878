"""A host on a loopback port that answers HTTP as a test says."""

import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import NamedTuple


class Asked(NamedTuple):
    """One request."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def answering(answer):
    """Yield the URL of a host; `answer` gets what is Asked and returns status, body and headers.

    Headers may be left out; a body is text or bytes.
    """

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def reply(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said, *more = answer(Asked(self.command, self.path, self.headers, body))
            said = said if isinstance(said, bytes) else said.encode()
            self.send_response(status)
            for name, value in dict(*more).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_CONNECT = do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = reply  # noqa: N815 - its names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def waiting(silent):
    """Return how many connections to a socket nobody has accepted, which ends them."""
    found = 0
    silent.setblocking(False)
    with suppress(BlockingIOError):
        for number in count(1):
            silent.accept()[0].close()
            found = number
    return found


class Replay:
    """Prepared answers in turn, and what was asked."""

    def __init__(self):
        self.answers = []
        self.asked = []
        self.url = ""

    def __call__(self, asked):
        self.asked.append(asked)
        return self.answers.pop(0)

    def tokens(self):
        """Return what each request was authorised by."""
        return [request.headers["Authorization"] for request in self.asked]

    def say(self, status, body, **headers):
        self.answers.append((status, body, headers))


@contextmanager
def replaying():
    """Yield a Replay that is reachable at its `url`."""
    replay = Replay()
    with answering(replay) as replay.url:
        yield replay
