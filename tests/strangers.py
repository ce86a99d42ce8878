"""Hosts on a loopback port that answer whatever a test says: a token service, a metadata server."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stranger:
    """Answers each request by the first of `answers` whose words stand in its path or body.

    An answer is a status and a body; without one that fits, it is 404. `asked` are the requests.
    """

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.url = ""

    def reply(self, asked):
        self.asked.append(asked)
        found = (answer for words, answer in self.answers.items() if words in asked)
        return next(found, (404, "nothing here"))


@contextmanager
def listening():
    """Yield a stranger that is reachable at its `url`."""
    stranger = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said, *headers = stranger.reply(f"{self.path} {body.decode()}")
            said = said if isinstance(said, bytes) else said.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **dict(*headers)}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - http.server's names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    stranger.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stranger
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
