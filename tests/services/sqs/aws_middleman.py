"""A real HTTP server between the provider and the sandbox, which answers first when told to.

It speaks as AWS does: JSON for SQS, JSON or CBOR (RFC 8949) for the tagging API, whichever the
client chose (that depends on the version of botocore).
"""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Middleman:
    """Passes requests on, except those for which an answer was ordered."""

    def __init__(self, upstream):
        self._upstream = urlsplit(upstream).netloc
        self._lock = threading.Lock()
        self._orders = {}
        self.seen = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, operation, *bodies):
        """Answer the next calls of `operation` with these JSON-able bodies."""
        self._order(operation, [(200, None, body) for body in bodies])

    def refuses(self, operation, code, message="", *, status=400, times=1):
        """Refuse the next calls of `operation`."""
        self._order(operation, [(status, code, message)] * times)

    def answers_raw(self, operation, status, body, content_type):
        """Answer the next call of `operation` with bytes."""
        self._order(operation, [(status, content_type, body)])

    def passes(self, operation, times=1):
        """Let the next calls of `operation` through."""
        self._order(operation, [None] * times)

    def clear(self):
        with self._lock:
            self._orders.clear()
            self.seen.clear()

    def unused(self):
        with self._lock:
            return {operation: left for operation, left in self._orders.items() if left}

    def take(self, operation, body):
        with self._lock:
            self.seen.append((operation, body))
            orders = self._orders.get(operation)
            return orders.pop(0) if orders else None

    def bodies(self, operation):
        """Return what the calls of `operation` carried."""
        return [json.loads(body) for name, body in self.seen if name == operation]

    def line(self):
        """Return a line to the sandbox, for as long as the client keeps his."""
        return http.client.HTTPConnection(self._upstream, timeout=20)

    def _order(self, operation, orders):
        with self._lock:
            self._orders.setdefault(operation, []).extend(orders)

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(middleman):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self):
            super().setup()
            self.line = middleman.line()

        def finish(self):
            self.line.close()
            super().finish()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            order = middleman.take(self._operation(body), body)
            if order is not None:
                self._reply(*_worded(self, order))
                return
            try:
                status, headers, content = self._forward(body)
            except (http.client.HTTPException, OSError):
                self.close_connection = True
                return
            kept = {k: v for k, v in headers if k.lower() not in ("content-length", "date")}
            self._reply(status, kept, content)

        def _forward(self, body):
            self.line.request(self.command, self.path, body, dict(self.headers))
            answer = self.line.getresponse()
            return answer.status, answer.getheaders(), answer.read()

        def _operation(self, body):
            if target := self.headers.get("X-Amz-Target"):
                return target.rpartition(".")[2]
            if "/operation/" in self.path:
                return self.path.rpartition("/")[2]
            return parse_qs(body.decode()).get("Action", ["?"])[0]

        def _reply(self, status, headers, content):
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Say nothing."""

    return Handler


def _worded(request, order):
    status, code, body = order
    if isinstance(body, bytes):
        return status, {"Content-Type": code}, body
    headers = {"x-amzn-RequestId": "request-1"}
    if "/operation/" in request.path:
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return status, headers, cbor(body if code is None else {"__type": code, "message": body})
    headers["Content-Type"] = "application/x-amz-json-1.0"
    if code is None:
        return status, headers, json.dumps(body).encode()
    headers["x-amzn-query-error"] = f"{code};Sender"
    shape = code.removeprefix("AWS.SimpleQueueService.")
    answer = {"__type": f"com.amazonaws.sqs#{shape}", "message": body}
    return status, headers, json.dumps(answer).encode()


def cbor(value):
    """Encode text, lists and maps."""
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    pairs = (cbor(key) + cbor(item) for key, item in value.items())
    return _head(5, len(value)) + b"".join(pairs)


def _head(major, length):
    if length < 24:
        return bytes([major << 5 | length])
    return bytes([major << 5 | 25]) + length.to_bytes(2, "big")
