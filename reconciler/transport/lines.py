"""urllib3's connections with a limit for the whole answer: theirs begins anew with every byte."""

import io
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import (
    CONTINUE,
    OK,
    SWITCHING_PROTOCOLS,
    BadStatusLine,
    HTTPException,
    HTTPMessage,
    HTTPResponse,
)
from queue import Full, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError

from reconciler.transport.failures import TooSlow, Unsendable

T = TypeVar("T")

_BUFFER = 8 * 1024
_SOCKETS = (socket.socket, ssl.SSLSocket)


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How long an exchange may take, in seconds, and how much an answer may hold, in bytes.

    `silence` is how long nothing at all may arrive, `total` what everything may take together.
    """

    connect: float = 10.0
    silence: float = 60.0
    total: float = 120.0
    most_bytes: int = 32 * 1024 * 1024


class Deadline:
    """When an answer has to be there, from now on: all of it, and each piece after the last."""

    def __init__(self, total: float, silence: float) -> None:
        self._total, self._silence = total, silence
        self._end = time.monotonic() + total

    @property
    def left(self) -> float:
        """Return how many seconds are left for all of it."""
        return self._end - time.monotonic()

    def grant(self, sock: socket.socket) -> bool:
        """Let a socket wait for as long as this does; say whether there is any time left."""
        left = self.left
        if left <= 0:
            return False
        wait = min(left, self._silence)
        if sock.gettimeout() != wait:  # to set it costs a call of the system
            sock.settimeout(wait)
        return True

    def read(self, sock: socket.socket, read: Callable[[], T]) -> T:
        """Return what `read` brings of a socket. Raises TooSlow."""
        if self.grant(sock):
            try:
                return read()
            except TimeoutError:
                pass
        if self.left > 0:
            raise TooSlow(f"timed out, silent for {self._silence:g} s")
        raise TooSlow(f"timed out after {round(self._total, 1):g} s")


class _Timed(io.RawIOBase):
    """What a socket brought `before`, and brings until the time for the whole answer is over."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline, before: bytes):
        self._raw, self._sock = raw, sock
        self._deadline, self._before = deadline, before
        self.in_head = False
        """Whether it may not end here, which Python takes for the end of a head."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._before:
            piece, self._before = self._before[: len(buffer)], self._before[len(buffer) :]
            buffer[: len(piece)] = piece
            return len(piece)
        count = self._deadline.read(self._sock, lambda: self._raw.readinto(buffer))
        if self.in_head and not count:
            raise ConnectionResetError("it ended within its head")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


_FIELD = rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~](?:[ -~]*[!-~])?)?)\r\n"
_FIELDS = re.compile(_FIELD)
_PLAIN_HEAD = re.compile(rb"HTTP/1\.1 (2\d\d|[45]\d\d)(?: ([ -~]*))?\r\n((?:%s)+)\r\n" % _FIELD)
_NO_BODY = 204
_DIGITS = 20
_HOST = re.compile(rb"\r\nHost: ([!-~]+)\r\n")


class PlainHead(NamedTuple):
    """A head that came as a whole, in `size` bytes, and tells the `length` of what follows it."""

    size: int
    status: int
    reason: str
    fields: list[tuple[str, str]]
    length: int
    closes: bool
    """No other answer follows."""


def plain_head(came: bytes) -> PlainHead | None:
    """Return the head that bytes begin with, None if it is not a plain one."""
    found = _PLAIN_HEAD.match(came)
    if found is None:
        return None
    fields = [(name.decode(), value.decode()) for name, value in _FIELDS.findall(found[3])]
    first = {name.lower(): value for name, value in reversed(fields)}
    length, status = first.get("content-length", ""), int(found[1])
    # More digits than Python reads for a number are none.
    told = length.isdecimal() and len(length) < _DIGITS
    if not told or first.get("transfer-encoding") or status == _NO_BODY:
        return None
    closes = "close" in first.get("connection", "").lower()
    reason = (found[2] or b"").decode().strip()
    return PlainHead(found.end(), status, reason, fields, int(length), closes)


class _Head(HTTPMessage):
    """The fields of a plain head, without what those of e-mails take to be read."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__()
        self._headers = fields  # where every other way to ask looks
        self._first = {name.lower(): value for name, value in reversed(fields)}

    def items(self) -> list[tuple[str, str]]:
        return self._headers

    def get(self, name: str, failobj: Any = None) -> Any:
        return self._first.get(name.lower(), failobj)


class HttpReply(HTTPResponse):
    """An answer, be it to a request or to CONNECT, that is read in time. Nobody asks with HEAD.

    `before` has come already.
    """

    def __init__(
        self,
        line: "HttpLine",
        sock: socket.socket,
        *rest: Any,
        before: bytes = b"",
        deadline: Deadline | None = None,
        **named: Any,
    ) -> None:
        super().__init__(sock, *rest, **named)
        raw: Any = self.fp.detach()
        deadline = deadline or Deadline(float(line.timeout or 0), line.silence)
        self._timed = _Timed(raw, sock, deadline, before)
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the head, plainly if it is plain, as most are: that saves a tenth of a call.

        Python takes what comes before an answer for one, but for 100: the answer itself would go
        to whoever asks next.
        """
        self._timed.in_head = True
        while self.headers is None and not self._plainly():
            super().begin()
            if self.status == SWITCHING_PROTOCOLS:  # which nobody asked for
                raise BadStatusLine("it speaks another protocol from here on")
            if CONTINUE <= self.status < OK:
                self.headers = self.msg = None
        self._timed.in_head = False

    def _plainly(self) -> bool:
        """Read a head that came as a whole and tells how long the body is; say whether it did."""
        found = plain_head(self.fp.peek())
        if found is None:
            return False
        self.fp.read(found.size)
        self.version, self.status, self.reason = 11, found.status, found.reason
        self.code = found.status
        self.headers = self.msg = _Head(found.fields)
        self.chunked, self.length = False, found.length
        self.will_close = found.closes
        return True


class HttpLine:
    """Beside one of urllib3's connections: tells what was not sent, and ends what takes too long.

    urllib3 sets `timeout` to what is left of the total before it waits for an answer. It sends the
    head of a request by itself, and the body after it; here both go at once: one packet less, and
    one moment less in which another thread takes over.
    """

    timeout: float | None
    sock: socket.socket | None

    def __init__(self, *args: Any, silence: float, **named: Any) -> None:
        super().__init__(*args, **named)
        self.silence = silence
        self.used = False
        self.buffer = memoryview(bytearray(_BUFFER))
        """For what comes first: to ask for memory anew each time leaves holes in it."""
        self.host_field = ""
        """How a request names the host, learnt from one that urllib3 sent."""
        self._held: list[bytes] | None = None
        line: Any = self
        line.response_class = partial(HttpReply, self)

    def request(self, *args: Any, **named: Any) -> None:
        """Send a request, head and body at once. Raises Unsendable where nothing was sent."""
        held: list[bytes] = []
        self._held = held
        try:
            super().request(*args, **named)  # type: ignore[misc]  # of the class beside this one
        except ValueError:
            raise Unsendable from None  # the cause would hold the token that no header can hold
        finally:
            self._held = None
        own = any(name.lower() == "host" for name in named.get("headers") or ())
        if not own and (found := _HOST.search(held[0])):
            self.host_field = found[1].decode()
        self.used = True
        self.send(b"".join(held))

    def getresponse(self) -> Any:
        """Wait for an answer.

        Raises:
            ProtocolError: it was lost. Of a bare reason urllib3 makes that a proxy was not reached,
                though it had the request.
        """
        try:
            return super().getresponse()  # type: ignore[misc]  # of the class beside this one
        except (OSError, HTTPException) as error:
            raise ProtocolError("Connection aborted.", error) from error

    @property
    def is_connected(self) -> bool:
        """Say whether it is connected, with nothing unread that would be the next one's answer.

        urllib3 sees what the socket holds, not what TLS has unpacked already.
        """
        unread = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()
        return not unread and bool(super().is_connected)  # type: ignore[misc]  # of the class beside this one

    @property
    def stands(self) -> bool:
        """Say whether it is connected, by nothing but a socket, and has sent a request."""
        return type(self.sock) in _SOCKETS and self.used

    def send(self, data: Any) -> None:
        """Send, or keep what belongs together until all of it is there."""
        if self._held is None:
            super().send(data)  # type: ignore[misc]  # of the class beside this one
        else:
            self._held.append(data)

    def connect(self) -> None:
        """Connect. Raises what urllib3 raises where nothing was sent."""
        line: Any = self
        try:
            super().connect()  # type: ignore[misc]  # of the class beside this one
        except TimeoutError as error:
            raise ConnectTimeoutError(line, str(error)) from error
        except (OSError, HTTPException) as error:
            raise NewConnectionError(line, str(error)) from error


class _Plain(HttpLine, HTTPConnection):
    """Over http."""


class _Tls(HttpLine, HTTPSConnection):
    """Over https."""


class IdleLines:
    """What urllib3's pools keep lines in: those used last come first.

    It does what `queue.LifoQueue` does, without four locks taken for each of them.
    """

    def __init__(self, most: int) -> None:
        self._lines: list[Any] = []
        self._there: SimpleQueue[None] = SimpleQueue()
        self._most = most

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return a line, or None for one to be made. Raises queue.Empty."""
        self._there.get(block, timeout)
        return self._lines.pop()

    def put(self, line: Any, block: bool = True) -> None:
        """Take a line. Raises queue.Full."""
        if len(self._lines) >= self._most:
            raise Full
        self._lines.append(line)
        self._there.put(None)

    def qsize(self) -> int:
        """Return how many there are."""
        return len(self._lines)


class LinePool:
    """Beside one of urllib3's pools: lends its lines."""

    QueueCls: Any = IdleLines

    def take(self) -> HttpLine:
        """Return a line, which nobody else has until it is given back."""
        line: HttpLine = self._get_conn()  # type: ignore[attr-defined]  # of the class beside this one
        return line

    def give_back(self, line: HttpLine, *, usable: bool) -> None:
        """Take a line back, closed unless another request may follow."""
        if not usable:
            line.close()  # type: ignore[attr-defined]  # of the class beside that one
        self._put_conn(line)  # type: ignore[attr-defined]  # of the class beside this one


class PlainPool(LinePool, HTTPConnectionPool):
    """Connections to one host over http."""

    ConnectionCls = _Plain


class TlsPool(LinePool, HTTPSConnectionPool):
    """Connections to one host over https."""

    ConnectionCls = _Tls
