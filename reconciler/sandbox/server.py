"""The port: HTTP/1.1 with kept connections, one thread per connection, silent."""

import http
import io
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from reconciler.sandbox import aws_control
from reconciler.sandbox.dispatch import Dispatch, Reply

_HOST = "127.0.0.1"


class _HttpHandler(WSGIRequestHandler):
    # werkzeug's own run_wsgi closes every connection and lingers 10 ms to drain it; clients of the
    # real services keep connections, so the exchange is done here.
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        if environ.pop("wsgi.input_terminated", False):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        self._deliver(self.server.dispatch.exchange(environ))

    def _deliver(self, delivery: Reply) -> None:
        answer = delivery.answer
        if answer is None:
            self._cut()
            return
        reason = http.HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {reason}", f"Date: {self._date()}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines.append(f"Content-Length: {len(answer.body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if delivery.half:
            self.wfile.write(head + answer.body[: len(answer.body) // 2])
            self._cut()
        else:
            self.wfile.write(head + (b"" if self.command == "HEAD" else answer.body))

    def _date(self) -> str:
        ahead = self.server.dispatch.settings["clockSkewSeconds"]
        return self.date_time_string(time.time() + ahead)

    def _cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was quicker

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing: the wire log is the log."""


class _Server(ThreadedWSGIServer):
    def __init__(self, port: int, dispatch: Dispatch):
        self.dispatch = dispatch
        self.connections: set[socket.socket] = set()
        super().__init__(_HOST, port, lambda *_: (), handler=_HttpHandler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        super().close_request(request)
        self.connections.discard(request)

    def hang_up(self) -> None:
        """Wake the threads that wait on kept connections, and let them end."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed in the meantime
        deadline = time.monotonic() + 2
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.005)


class Sandbox:
    """The four services on one port of 127.0.0.1.

    `port` 0 picks a free one. Further keywords are settings to start with and to return to on
    reset (see settings.py for the names). Several sandboxes in one process share nothing but
    moto's STS sessions.
    """

    def __init__(self, port: int = 0, **settings: Any):
        self._port = port
        self._dispatch = Dispatch(settings)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base address of every service. Raises RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("The sandbox is not running; call start() first.")
        return f"http://{_HOST}:{self._server.server_port}"

    def start(self) -> Self:
        """Listen. Raises OSError when the port is taken."""
        if self._server is None:
            self._dispatch.stopping.clear()
            self._server = _Server(self._port, self._dispatch)
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and hang up on everybody; what is stalled ends too."""
        if self._server is None or self._thread is None:
            return
        self._dispatch.stopping.set()
        self._dispatch.merchant.pushes.cancel()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """Forget state, calls and faults; settings return to those given to the constructor."""
        self._dispatch.reset()

    def state(self) -> dict[str, Any]:
        """Return what the services hold: {service: ...}."""
        return self._dispatch.state()

    def calls(self) -> list[dict[str, Any]]:
        """Return the wire log in order of arrival."""
        return self._dispatch.log.calls()

    def counts(self, *, over_limit: bool = False) -> dict[str, int]:
        """Return calls per "service.operation"; with `over_limit` those that were throttled."""
        return self._dispatch.log.counts(over_limit=over_limit)

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings and return all. Raises ValueError with a sentence."""
        self._dispatch.settings.change(changes)
        return self._dispatch.settings.as_json()

    def faults(self, orders: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Add faults and return those still open. Raises ValueError with a sentence."""
        self._dispatch.faults.add(orders or [])
        return self._dispatch.faults.as_json()

    def publish(self, account: str, **event: Any) -> list[str]:
        """Push a Merchant event about `account` and return the names of whom it concerns.

        Keywords: registeredEvent, and fields (what is to differ from the sample message). Raises
        ValueError with a sentence.
        """
        return self._dispatch.merchant.publish({"account": account, **event})

    def notify(self, service: str, **event: Any) -> list[dict[str, Any]]:
        """Let an event of `mws` or `sp-api` happen and return each delivery with its outcome.

        Keywords are those of publishing.FIELDS. Raises ValueError with a sentence.
        """
        return self._dispatch.publisher.publish({"service": service, **event})

    def aws(self, what: str, **order: Any) -> None:
        """Let something happen at AWS that no call does.

        `what` and the keywords are those of aws_control.FIELDS: event-sources, event-rules,
        metrics, history. Raises ValueError with a sentence.
        """
        aws_control.carry_out(what, order, self._dispatch.aws)

    def pushes(self) -> list[dict[str, Any]]:
        """Return what was pushed so far, with every attempt."""
        return self._dispatch.merchant.pushes.as_json()

    def clear_faults(self) -> None:
        """Drop the open faults."""
        self._dispatch.faults.clear()

    def clear_calls(self) -> None:
        """Empty the wire log."""
        self._dispatch.log.clear()
