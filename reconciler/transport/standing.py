"""Exchanges over a line that stands, without what urllib3 does anew for each of them.

urllib3 opens every line, with proxies and TLS, and sends the first request over it: that takes
three times the processor time of what is sent and read. Those that follow are spelt here as urllib3
spells them. What is not plain, of requests and of answers, is left to it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException

import urllib3
from urllib3.exceptions import ProtocolError

from reconciler.transport.failures import TooLarge
from reconciler.transport.lines import (
    AnswerLimits,
    Deadline,
    HttpLine,
    HttpReply,
    LinePool,
    plain_head,
)

Answered = tuple[int, dict[str, str], bytes]
"""Status, headers by name in lower case, and the body."""

_PIECE = 64 * 1024
_AT_ONCE = 16 * 1024
"""Bytes that a line with nothing under way takes without waiting."""
_AGENT = f"python-urllib3/{urllib3.__version__}"  # type: ignore[attr-defined]  # it has no other name
_TARGET = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*")
_FIELDS_SENT = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [ -~]*\r\n)*")
_FOLD = re.compile(r"(?:(?<![ \t])[ \t]+)?\r\n[ \t]+")
_PACKED = frozenset({"content-encoding", "transfer-encoding"})
_ABOUT_THE_LINE = frozenset({"connection", "expect", "te", "transfer-encoding", "upgrade"})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


def exchange(
    pool: LinePool,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | str | None,
    limits: AnswerLimits,
) -> Answered | None:
    """Send a request and return its answer; None where nothing was sent, since urllib3 has to.

    Raises:
        HTTPError: what came is no HTTP, or cannot be unpacked.
        OSError: the line broke, or the answer was too slow.
        TooLarge: it holds too much.
    """
    content = body.encode() if isinstance(body, str) else body
    if not isinstance(content, bytes | None):
        return None  # boto3 knows other kinds
    line = pool.take()
    usable = True
    try:
        request = _spelt(method, target, headers, content, line.host_field) if line.stands else b""
        if not 0 < len(request) <= _AT_ONCE:
            return None
        usable = False
        answered, usable = _asked(line, request, method, limits)
        return answered
    finally:
        pool.give_back(line, usable=usable)


def _spelt(
    method: str, target: str, headers: Mapping[str, str], body: bytes | None, host: str
) -> bytes:
    """Return a request as urllib3 sends it, nothing if it is not plain."""
    names = {name.lower() for name in headers}
    sent = {}
    if "host" not in names:
        sent["Host"] = host
    if "accept-encoding" not in names:
        sent["Accept-Encoding"] = "identity"
    if "content-length" not in names and (body is not None or method not in _WITHOUT_BODY):
        sent["Content-Length"] = str(len(body or b""))
    if "user-agent" not in names:
        sent["User-Agent"] = _AGENT
    sent |= headers
    fields = "".join([f"{name}: {value}\r\n" for name, value in sent.items()])
    # As many lines as fields: none holds the end of its line and another field.
    one_each = fields.count("\n") == len(sent)
    plain = one_each and _TARGET.fullmatch(target) and _FIELDS_SENT.fullmatch(fields)
    if not plain or not (host or "host" in names) or not names.isdisjoint(_ABOUT_THE_LINE):
        return b""
    return f"{method} {target} HTTP/1.1\r\n{fields}\r\n".encode() + (body or b"")


def _asked(
    line: HttpLine, request: bytes, method: str, limits: AnswerLimits
) -> tuple[Answered, bool]:
    """Return the answer, and whether another request may follow it."""
    sock = line.sock
    if sock is None:
        raise AssertionError("a line that stands has a socket")
    deadline = Deadline(limits.total, limits.silence)
    deadline.grant(sock)  # not what is left of the time of the exchange before
    with suppress(BrokenPipeError, ConnectionResetError):  # it may have been answered all the same
        sock.sendall(request)
    came = line.buffer[: deadline.read(sock, lambda: sock.recv_into(line.buffer))].tobytes()
    head = plain_head(came)
    headers = {name.lower(): value for name, value in head.fields} if head else {}
    # What is packed, or stands there twice, is for urllib3 to read.
    if head is None or len(headers) < len(head.fields) or not headers.keys().isdisjoint(_PACKED):
        return _read_by_urllib3(line, came, method, limits, deadline)
    if head.length > limits.most_bytes:
        raise too_large(limits.most_bytes)
    pieces = [came[head.size :]]
    held = len(pieces[0])
    while held < head.length:
        piece = deadline.read(sock, lambda: sock.recv(_PIECE))
        if not piece:
            raise ConnectionResetError("it ended before its end")
        pieces.append(piece)
        held += len(piece)
    usable = held == head.length and not head.closes
    return (head.status, headers, b"".join(pieces)[: head.length]), usable


def _read_by_urllib3(
    line: HttpLine, came: bytes, method: str, limits: AnswerLimits, deadline: Deadline
) -> tuple[Answered, bool]:
    if line.sock is None:
        raise AssertionError("a line that stands has a socket")
    reply = HttpReply(line, line.sock, method=method, before=came, deadline=deadline)
    try:
        reply.begin()
        answer = urllib3.HTTPResponse(
            body=reply,
            headers=urllib3.HTTPHeaderDict(reply.msg.items()),
            status=reply.status,
            preload_content=False,
            original_response=reply,
            request_method=method,
        )
        answered = answer.status, lowered(answer), whole(answer, limits.most_bytes)
        return answered, reply.isclosed() and not reply.will_close
    except HTTPException as error:
        raise ProtocolError("Connection aborted.", error) from error
    finally:
        reply.close()


def lowered(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    """Return the headers of an answer, their names in lower case, on one line each."""
    return {name.lower(): _FOLD.sub(" ", value) for name, value in answer.headers.items()}


def whole(answer: urllib3.BaseHTTPResponse, most: int) -> bytes:
    """Return all of a body as it was meant, unpacked. Raises TooLarge."""
    try:
        return b"".join(_unpacked(answer, most))
    except BaseException:
        # What is half read is of no more use, but its place in the pool is.
        answer.close()
        answer.release_conn()
        raise


def _unpacked(answer: urllib3.BaseHTTPResponse, most: int) -> Iterator[bytes]:
    held = 0
    for piece in answer.stream(_PIECE, decode_content=True):
        held += len(piece)
        if held > most:
            raise too_large(most)
        yield piece


def too_large(most: int) -> TooLarge:
    """Return what to raise of an answer of more than so many bytes."""
    mebibytes, rest = divmod(most, 1024 * 1024)
    size = f"{mebibytes} MiB" if mebibytes and not rest else f"{most:,} bytes"
    return TooLarge(f"answer too large, more than {size}")
