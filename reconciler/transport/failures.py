"""What went wrong on the line, told by its cause in one sentence.

A sentence names hosts, ports and variables, never a URL, which may hold a token, nor a password.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    InvalidHeader,
    LocationValueError,
    NewConnectionError,
    ProxyError,
)

from reconciler.core.model.errors import ServiceError, Transient, Unclear, Unreachable
from reconciler.transport.routes import CA_VARIABLES, Bundle, Proxy
from reconciler.transport.trust import issuer_of

_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, (62, 64)
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _NOT_YET_VALID, _HOSTNAME_ and _IP_ADDRESS_MISMATCH."""
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_BUSY = frozenset({429, 500, 502, 503, 504})
_NOT_SENT = (NewConnectionError, ConnectTimeoutError, ProxyError, LocationValueError)


class TooSlow(TimeoutError):
    """An answer took too long as a whole, or was silent for too long; its text says which."""


class Unsendable(ValueError):
    """A request holds characters that do not belong there: nothing of it was sent."""


class TooLarge(Exception):
    """An answer holds more than is taken; its text says how much that is."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """Where an exchange was to go, and how."""

    url: str
    proxy: Proxy | None
    bundle: Bundle | None
    connect_seconds: float

    @property
    def host(self) -> str:
        """Return host and port as the URL gives them."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def through(self) -> str:
        """Return the proxy for messages, "" where there is none."""
        return f"the proxy {self.proxy.place} ({self.proxy.variable})" if self.proxy else ""

    def unreachable(self, why: str, passing: bool = True) -> "Failed":
        """Return that nothing was sent, and why."""
        return Failed(f"{self.host} is not reachable: {why}", passing=passing)


class Failed(Exception):
    """An exchange brought no answer; the text says why, in one sentence.

    `sent`: the service may have carried it out. `passing`: another try may fare better.
    """

    def __init__(self, sentence: str, *, sent: bool = False, passing: bool = True) -> None:
        self.sentence = sentence
        self.sent = sent
        self.passing = passing
        super().__init__(sentence)

    def to_service_error(self, account: str, operation: str) -> ServiceError:
        """Return what it means for a call of a service."""
        if self.sent:
            return Unclear(account, operation, self.sentence, passing=self.passing)
        kind = Transient if self.passing else Unreachable
        return kind(account, operation, self.sentence)


def as_failed(site: HttpCall, error: Exception) -> Failed:
    """Return what an exception of urllib3, TLS or the socket means."""
    causes = tuple(_causes(error))
    for cause in causes:
        if site.proxy is not None and (tunnel := _TUNNEL.search(str(cause))):
            return refused_by_proxy(site, site.proxy, int(tunnel[1]))
    if isinstance(error, _NOT_SENT):
        at_proxy = isinstance(error, ProxyError)
        found = (_why_unsent(site, cause, at_proxy=at_proxy) for cause in causes)
        return next(filter(None, found), site.unreachable("no connection came about"))
    lost = (_why_lost(cause) for cause in causes)
    why, passing = next(filter(None, lost), ("no reason is known", True))
    return Failed(f"{site.host} did not answer completely: {why}", sent=True, passing=passing)


def refused_by_proxy(site: HttpCall, proxy: Proxy, status: int) -> Failed:
    """Return what the refusal of a proxy means, of which only the status is known."""
    refused = f"proxy refused (HTTP {status} from {proxy.place}, set in {proxy.variable})"
    if status == 407 and proxy.authorization:
        return site.unreachable(f"{refused}: it does not accept that user and password", False)
    if status == 407:
        how = "it asks for user and password: give them as in http://USER:PASSWORD@HOST:PORT"
        return site.unreachable(f"{refused}: {how}", False)
    if status in _BUSY:
        return site.unreachable(f"{refused}: it cannot reach that host just now")
    return site.unreachable(f"{refused}: allow the host there, or except it by NO_PROXY", False)


def redirected(host: str, status: int, place: str) -> Failed:
    """Return that an answer leads elsewhere, where no request of ours goes."""
    why = f"redirects to {place} (HTTP {status}), which is not followed: check the endpoint"
    return Failed(f"{host} {why}", passing=False)


def _why_unsent(site: HttpCall, cause: BaseException, *, at_proxy: bool) -> Failed | None:
    to = f"{site.through}: " if at_proxy else ""
    match cause:
        case ssl.SSLCertVerificationError():
            return _distrusted(site, cause, at_proxy=at_proxy)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return site.unreachable(f"{to}it hung up")
        case ssl.SSLError():
            reason = (cause.reason or "no reason is given").lower().replace("_", " ")
            return site.unreachable(f"{to}it does not speak TLS as it should ({reason})", False)
        case socket.gaierror():
            passing = cause.errno == socket.EAI_AGAIN
            why = "no name server answers" if passing else "there is no such host"
            return site.unreachable(
                f"{to}name not found ({why}): check it and the network", passing
            )
        case TimeoutError():
            return site.unreachable(f"{to}timed out after {site.connect_seconds:g} s")
        case ConnectionRefusedError():
            return site.unreachable(f"{to}connection refused: check host and port")
        case ConnectionError():
            return site.unreachable(f"{to}it hung up")
        case HTTPException():
            return site.unreachable(f"what came is no HTTP ({type(cause).__name__})", False)
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            why = "no further connection can be opened here (too many open files)"
            return site.unreachable(f"{to}{why}: raise `ulimit -n`, or read fewer accounts at once")
        case OSError() if cause.strerror:
            return site.unreachable(f"{to}{cause.strerror[0].lower()}{cause.strerror[1:]}")
        case _:
            return None


def _why_lost(cause: BaseException) -> tuple[str, bool] | None:
    """Return why an answer was lost, and whether another try may bring one."""
    match cause:
        case TooSlow():
            return str(cause), True
        case TooLarge():
            return str(cause), False
        case DecodeError():
            return "it cannot be unpacked", False
        case TimeoutError():
            return "timed out while the request was sent", True
        case IncompleteRead() | ConnectionError():
            return "it hung up", True
        case HTTPException() | InvalidHeader():
            return f"what came is no HTTP ({type(cause).__name__})", True
        case OSError():
            return "the connection broke", True
        case ValueError():
            return f"what came is no HTTP ({type(cause).__name__})", True
        case _:
            return None


def _distrusted(site: HttpCall, error: ssl.SSLCertVerificationError, *, at_proxy: bool) -> Failed:
    # A second look at the proxy's own certificate would take another way than the first.
    issuer = "" if at_proxy else issuer_of(site.url, site.proxy)
    to = f"{site.through}: " if at_proxy else ""
    by = f"issued by “{issuer}”" if issuer else "its issuer is not known"
    if error.verify_code in (_EXPIRED, _NOT_YET):
        what = "expired" if error.verify_code == _EXPIRED else "not valid yet"
        why = f"certificate {what} ({by}): it must be renewed, or this machine's clock is wrong"
    elif error.verify_code in _OTHER_NAME:
        why = f"certificate not trusted ({by}): it is for another name; check the host"
    else:
        known = f"in {site.bundle.path} ({site.bundle.variable})" if site.bundle else "known here"
        why = (
            f"certificate not trusted ({by}): no authority {known} vouches for it; if it is from "
            f"your company's own authority, name a file with that in {CA_VARIABLES[0]}"
        )
    return site.unreachable(f"{to}{why}", False)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all it was made of, each once, the outermost first."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        found = ahead.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        ahead += [arg for arg in found.args if isinstance(arg, BaseException)]
        ahead.append(found.__cause__)
        if not found.__suppress_context__:
            ahead.append(found.__context__)
