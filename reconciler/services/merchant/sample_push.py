"""Posts a sample to a call back URI the way Google pushes, and tells which link does not hold.

The URI may have been written by somebody else than the one who runs this, so it is no way into
networks that only this machine can reach: the name is resolved once, every address it has must be
public, the connection goes to such an address and to no proxy, and redirects are not followed.
"""

import base64
import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

from reconciler.core.model.delivery import Link
from reconciler.core.text.phrases import counted
from reconciler.services.merchant.addresses import is_public
from reconciler.transport.calls import Clock
from reconciler.transport.routes import Routes
from reconciler.transport.trust import context_of

PROCESSING = 102
ACKNOWLEDGING = frozenset({PROCESSING, 200, 201, 202, 204})
"""The statuses Google takes for an acknowledgement; anything else is pushed again."""

_INTERIM = frozenset(range(100, 200)) - {http.HTTPStatus.SWITCHING_PROTOCOLS}
"""The statuses after which another follows (RFC 9110, 15.2); 102 may also be the last."""


class NothingFollowed(Exception):
    """An interim answer that acknowledges was the last one in time: `link` tells of it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        super().__init__(link.detail)


def judged(response: http.client.HTTPResponse, began: float, clock: Clock) -> Link:
    """Read on to the final answer and judge it.

    Raises:
        NothingFollowed: 102 was answered, and then nothing.
        OSError: nothing else was answered in time, or the line broke.
        http.client.HTTPException: what follows is no HTTP.
    """
    processing: Link | None = None
    while (interim := response.status) in _INTERIM:
        if interim == PROCESSING and processing is None:
            processing = _answer(interim, clock.now() - began)
        try:
            _read_on(response)
        except OSError as error:
            if processing is None or response.status != interim:
                raise
            raise NothingFollowed(processing) from error
    return _answer(response.status, clock.now() - began)


def _read_on(response: http.client.HTTPResponse) -> None:
    """Read the answer after this one, which http.client does by itself for status 100 only."""
    # With headers it takes itself for read; a new response would miss what was buffered.
    response.headers = response.msg = None  # type: ignore[assignment]  # as before the first one
    response.begin()


def _answer(status: int, seconds: float) -> Link:
    took = f"in {seconds * 1000:.0f} ms"
    if status in ACKNOWLEDGING:
        return Link("answer", "holds", f"acknowledged with {status} {took}")
    wanted = ", ".join(map(str, sorted(ACKNOWLEDGING)))
    detail = f"answered {status} {took}; Google takes only {wanted} for an acknowledgement"
    return Link("answer", "broken", detail)


EXPIRES_SOON = 21
"""Days before the end of a certificate from which on there is a warning."""

_PRODUCT_CHANGE = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "PRODUCT",
    "attribute": "STATUS",
    "changes": [
        {
            "oldValue": "approved",
            "newValue": "disapproved",
            "regionCode": "US",
            "reportingContext": "SHOPPING_ADS",
        }
    ],
    "resourceId": "online~en~US~1234",
    "resource": "accounts/1234/products/online~en~US~1234",
    "expirationTime": "2024-10-22T02:43:47.461464Z",
    "eventTime": "2024-03-21T02:43:47.461464Z",
}
_SERVICE_CHANGE = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "ACCOUNT_SERVICE",
    "resource": "accounts/1234/services/111",
}


class PushFailed(Exception):
    """The sample did not get through: `link` says where it broke."""

    def __init__(self, name: str, detail: str) -> None:
        self.link = Link(name, "broken", detail)
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class PushEndpoint:
    """Where a URI leads: host, port and what is asked for there (path and query)."""

    host: str
    port: int
    path: str
    allow_private: bool

    @classmethod
    def of(cls, uri: str, *, allow_private: bool) -> Self:
        """Take a call back URI apart; without a port it is 443."""
        parts = urlsplit(uri)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname or "", parts.port or 443, path, allow_private)


def sample(event: str) -> bytes:
    """Return the body of a push with the documentation's sample message for an event."""
    content = _SERVICE_CHANGE if event == "ACCOUNT_SERVICE_CHANGE" else _PRODUCT_CHANGE
    data = base64.b64encode(json.dumps(content).encode()).decode()
    return json.dumps({"message": {"data": data}}).encode()


def post_sample(
    target: PushEndpoint, body: bytes, *, within: float, clock: Clock
) -> tuple[Link, ...]:
    """Post `body` and return the links up to the first broken one; takes about `within` seconds."""
    links: list[Link] = []
    try:
        addresses = _addresses(target)
        links.append(Link("address", "holds", ", ".join(addresses)))
        with _connected(target, addresses, within) as connection:
            links.append(_validity(connection, datetime.now(UTC)))
            began = clock.now()
            # The answer keeps the connection open until it is closed, too.
            with _post(target, connection, body) as answer:
                links.append(judged(answer, began, clock))
    except (PushFailed, NothingFollowed) as end:
        links.append(end.link)
    except TimeoutError:
        links.append(Link("answer", "broken", f"{target.host} did not answer in {within:g} s"))
    return tuple(links)


def _addresses(target: PushEndpoint) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PushFailed("address", f"{target.host} does not resolve to any address") from None
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    for address in addresses:
        _check_public(target, address)
    return addresses


def _check_public(target: PushEndpoint, address: str) -> None:
    if not target.allow_private and not is_public(address):
        raise PushFailed(
            "address",
            f"{target.host} resolves to {address}, which is not public: Google cannot push there, "
            "and nothing was posted (--allow-private does it all the same)",
        )


@contextmanager
def _connected(
    target: PushEndpoint, addresses: Sequence[str], within: float
) -> Iterator[ssl.SSLSocket]:
    plain = _dial(target, addresses, within)
    with _Limit(plain, within) as limit:
        try:
            with _secured(target, plain) as secure:
                yield secure
            if limit.over:
                # What was cut off may look like an end.
                raise TimeoutError
        except (PushFailed, OSError, http.client.HTTPException) as error:
            if limit.over or isinstance(error, TimeoutError):
                raise TimeoutError from error
            if isinstance(error, PushFailed):
                raise
            detail = f"{target.host} hung up without an answer ({type(error).__name__})"
            raise PushFailed("answer", detail) from error
        finally:
            plain.close()


class _Limit:
    """Hangs up when time is over; a socket's own timeout begins anew with every byte."""

    def __init__(self, connection: socket.socket, within: float) -> None:
        # TLS takes the socket over, but not what shares its connection.
        self._twin = connection.dup()
        self._alarm = threading.Timer(within, self._hang_up)
        self.over = False

    def __enter__(self) -> Self:
        self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        self._alarm.join()
        self._twin.close()

    def _hang_up(self) -> None:
        self.over = True
        with suppress(OSError):  # it may have ended just now
            self._twin.shutdown(socket.SHUT_RDWR)


def _dial(target: PushEndpoint, addresses: Sequence[str], within: float) -> socket.socket:
    for address in addresses:
        try:
            found = socket.create_connection((address, target.port), within / len(addresses))
        except OSError:
            continue
        found.settimeout(within)
        try:
            # What counts is where the connection leads, not what was asked for.
            _check_public(target, str(found.getpeername()[0]))
        except (PushFailed, OSError):
            found.close()
            raise
        return found
    where = ", ".join(addresses)
    raise PushFailed("address", f"nothing accepts connections at {where} port {target.port}")


def _secured(target: PushEndpoint, plain: socket.socket) -> ssl.SSLSocket:
    context = context_of(Routes(os.environ).bundle())
    try:
        return context.wrap_socket(plain, server_hostname=target.host)
    except ssl.SSLCertVerificationError as error:
        detail = (
            f"the certificate of {target.host} is not accepted: {error.verify_message.rstrip('.')}"
        )
        raise PushFailed("certificate", detail) from None
    except ssl.SSLError as error:
        detail = f"{target.host} does not speak TLS as it should ({error.reason or 'no reason'})"
        raise PushFailed("certificate", detail) from None


def _validity(connection: ssl.SSLSocket, now: datetime) -> Link:
    certificate = connection.getpeercert() or {}
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    days = (end - now).days
    if days >= EXPIRES_SOON:
        return Link("certificate", "holds", f"valid until {end:%Y-%m-%d}")
    left = f"{counted(days, 'day')} left"
    return Link("certificate", "warning", f"expires on {end:%Y-%m-%d} ({left}): renew it")


def _post(target: PushEndpoint, connection: ssl.SSLSocket, body: bytes) -> http.client.HTTPResponse:
    # Connected already, so that it connects to nothing by itself.
    exchange = http.client.HTTPSConnection(target.host, target.port)
    exchange.sock = connection
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "subscription-reconciler",
        "Connection": "close",
    }
    exchange.request("POST", target.path, body, headers)
    return exchange.getresponse()
