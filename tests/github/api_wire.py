"""The sockets of the stand-in: its API on one port, the archives of artifacts on another."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Refused(Exception):
    """An answer other than the one wanted, in the shape of GitHub's errors."""

    def __init__(self, status, message, **more):
        super().__init__(message)
        self.status = status
        self.body = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            **more,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Say nothing: `calls` is the log."""

    def send(self, status, headers, content, kind="application/json; charset=utf-8"):
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Api(_Handler):
    def _deliver(self):
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        arguments = (self.command, parts.path, query, body, self.headers.get("Authorization"))
        try:
            status, headers, answer = self.server.api.answer(*arguments)
        except Refused as refused:
            status, headers, answer = refused.status, {}, refused.body
        self.send(status, headers, json.dumps(answer).encode())

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _deliver  # noqa: N815 - http.server's names


class Archives(_Handler):
    def do_GET(self):
        api = self.server.api
        if "Authorization" in self.headers:
            api.leaks.append(self.path)
            self.send(400, {}, b"a token was sent to the archive's host", "text/plain")
            return
        number = int(urlsplit(self.path).path.rpartition("/")[2])
        self.send(200, {}, api.archives[number], "application/zip")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.api = api
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self):
        self.shutdown()
        self._thread.join()
        self.server_close()
