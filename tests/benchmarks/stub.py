"""A process that answers on 127.0.0.1 as the services do, late but at next to no cost.

It holds each answer back for the latency it is told, is bounded in time and requests, and stops
when its standard input is closed. It knows just enough to be planned against and applied to.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from tests.benchmarks.services import Services

LIFETIME = 7200.0
REQUESTS = 5_000_000


class Server:
    """What all connections share."""

    def __init__(self) -> None:
        self.services = Services()
        self.latency = 0.0
        self.left = REQUESTS
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()

    def control(self, path: str, query: str) -> bytes:
        """Obey the benchmark."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if path == "/_stub/latency":
            self.latency = float(given["seconds"])
        elif path == "/_stub/queues":
            self.services.sqs.multiply(given["like"], int(given["total"]))
        elif path == "/_stub/reset":
            self.services = Services()
        elif path == "/_stub/calls":
            calls = dict(self.services.calls)
            self.services.calls.clear()
            return json.dumps(calls).encode()
        elif path == "/_stub/processor":
            return json.dumps(time.process_time()).encode()
        return b"{}"


class Connection(asyncio.Protocol):
    """One connection: one request at a time, as HTTP clients without pipelining send them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = buffer
            return
        head = buffer[:end].decode("latin-1")
        lowered = head.lower()
        body = buffer[end + 4 :]
        if len(body) < _length(lowered):
            self._buffer = buffer
            return
        self._buffer = b""
        self._answer(head, lowered, body)

    def _answer(self, head: str, lowered: str, body: bytes) -> None:
        server = self._server
        method, target, _ = head.split(" ", 2)
        path, _, query = target.partition("?")
        if path.startswith("/_stub/"):
            self._send(_framed(server.control(path, query), "application/json"))
            return
        server.left -= 1
        if server.left <= 0:
            server.over.set()
        content, kind = server.services.answer(method, path, query, head, lowered, body)
        framed = _framed(content, kind)
        if server.latency:
            server.loop.call_later(server.latency, self._send, framed)
        else:
            self._send(framed)

    def _send(self, framed: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(framed)


def _length(lowered: str) -> int:
    start = lowered.find("\r\ncontent-length:")
    if start < 0:
        return 0
    start += len("\r\ncontent-length:")
    end = lowered.find("\r\n", start)
    return int(lowered[start:] if end < 0 else lowered[start:end])


def _framed(content: bytes, kind: str) -> bytes:
    extra = "smithy-protocol: rpc-v2-cbor\r\n" if kind == "application/cbor" else ""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nx-amzn-RequestId: stub\r\n{extra}"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def serve() -> None:
    """Listen on any free port, tell it on standard output, and stay until told to go."""
    server = Server()
    listening = await server.loop.create_server(
        lambda: Connection(server), "127.0.0.1", 0, backlog=1024
    )
    server.loop.add_reader(sys.stdin.fileno(), server.over.set)
    server.loop.call_later(LIFETIME, server.over.set)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.over.wait()
    listening.close()


class Stub:
    """The running process as the benchmark sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def latency(self, seconds: float) -> None:
        """Hold every answer back from now on."""
        self._ask(f"latency?seconds={seconds}")

    def multiply(self, like: str, total: int) -> None:
        """Make queues like the one named, until there are `total`."""
        self._ask(f"queues?like={like}&total={total}")

    def reset(self) -> None:
        """Forget everything."""
        self._ask("reset")

    def calls(self) -> dict[str, int]:
        """Return how often each operation was called since last asked."""
        found: dict[str, int] = self._ask("calls")
        return found

    def processor(self) -> float:
        """Return the seconds of processor time that it took so far."""
        found: float = self._ask("processor")
        return found

    def _ask(self, what: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/_stub/{what}", timeout=60) as answer:
            return json.loads(answer.read())


@contextmanager
def running() -> Iterator[Stub]:
    """Run a stub for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.benchmarks.stub"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Stub(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()
            process.wait(timeout=10)


if __name__ == "__main__":
    asyncio.run(serve())
