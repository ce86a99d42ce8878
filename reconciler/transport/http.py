"""The only HTTP: one set of rules for proxies, authorities, time and size, for every service.

Status codes are read by the services' own clients; what brought no answer at all is told here.
No redirect is followed, since tokens travel with requests.
"""

import math
import os
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from reconciler.core.text.scrubbing import excerpt
from reconciler.transport import standing
from reconciler.transport.calls import Clock, SystemClock
from reconciler.transport.failures import (
    Failed,
    HttpCall,
    TooLarge,
    Unsendable,
    as_failed,
    redirected,
    refused_by_proxy,
)
from reconciler.transport.lines import AnswerLimits, PlainPool, TlsPool
from reconciler.transport.patience import errand
from reconciler.transport.routes import Proxy, Routes
from reconciler.transport.trust import context_of
from reconciler.transport.waits import retry_after

LIMITS = AnswerLimits()
"""What holds for every exchange that asks for nothing tighter."""

_LEAST = 0.001
"""The seconds of a call that is over before it begins: the library takes none for a mistake."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def excerpt(self, scrub: Callable[[str], str]) -> str:
        """Return the status and the first characters of the body, without secrets, for an error."""
        text = excerpt(self.body.decode("utf-8", "replace"), 160, scrub)
        return f"HTTP {self.status}: {text}" if text else f"HTTP {self.status}"

    @property
    def leads_to(self) -> str:
        """Return the host that a redirect leads to, for messages; "" if it is none."""
        location = self.headers.get("location", "")
        if not 300 <= self.status < 400 or not location:
            return ""
        try:
            place = urlsplit(location).netloc.rpartition("@")[2]
        except ValueError:
            return "a place that is no URL"
        return excerpt(place, 100, str) or "another path"

    def retry_after(self) -> float | None:
        """Return the seconds that a Retry-After header asks to wait, None where there is none."""
        return retry_after(self.headers, time.time())


@dataclass(frozen=True, slots=True)
class _Way:
    """How one host is reached: its pool, and what is said of it."""

    pool: PlainPool | TlsPool
    site: HttpCall
    forwarded: bool


class Http:
    """Connections to every host that is asked for something; safe across threads.

    At most `connections` at once a host. `environ` says which proxies and authorities there are.
    What brought no answer is asked again after each of `waits` (seconds): for those who only read
    and have no Calls. `permit` is called with the URL of each new place, before anything is sent
    there, and may refuse it.
    """

    def __init__(
        self,
        *,
        connections: int = 64,
        environ: Mapping[str, str] | None = None,
        limits: AnswerLimits | None = None,
        waits: Sequence[float] = (),
        clock: Clock | None = None,
        permit: Callable[[str], None] | None = None,
    ) -> None:
        self._permit = permit
        self._waits = waits
        self._clock = clock or SystemClock()
        self._connections = connections
        self._limits = limits or LIMITS
        self._routes = Routes(os.environ if environ is None else environ)
        self._lock = threading.Lock()
        self._trust: ssl.SSLContext | None = None
        self._managers: dict[Proxy | None, urllib3.PoolManager] = {}
        self._ways: dict[str, _Way] = {}

    def request(
        self,
        account: str,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Response:
        """Send one request of a service and return the whole answer, whatever its status.

        Raises:
            Transient: the request did not reach the service.
            Unreachable: it did not, and will not until somebody mends something.
            Unclear: it was sent, and the answer was lost.
            SettingsError: a variable about proxies or authorities is wrong.
        """
        try:
            return self.exchange(method, url, headers=headers, body=body)
        except Failed as error:
            raise error.to_service_error(account, operation) from error

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | str | None = None,
        within: float | None = None,
        most_bytes: int | None = None,
        redirects: bool = False,
    ) -> Response:
        """Send one request and return the whole answer, whatever its status.

        `within` seconds and `most_bytes` may be less than what is allowed at most. `redirects` are
        returned like other answers; otherwise they are none, and none is ever followed.

        Raises:
            Failed: there was no answer; says why.
            SettingsError: a variable about proxies or authorities is wrong.
        """
        way = self._way(url)
        limits = self._limits
        allowed = math.inf if within is None else within
        total = min(limits.total, allowed, max(errand().cut(), _LEAST))
        if total < limits.total:
            limits = replace(limits, total=total)
        if most_bytes is not None:
            limits = replace(limits, most_bytes=most_bytes)
        # Who gives a time of his own asks again himself.
        waits = self._waits if within is None else ()
        answer = self._insisted(
            lambda: self._answered(way, method, url, headers, body, limits), waits
        )
        if way.forwarded and way.site.proxy is not None and answer.status == 407:
            raise refused_by_proxy(way.site, way.site.proxy, 407)
        if answer.leads_to and not redirects:
            raise redirected(way.site.host, answer.status, answer.leads_to)
        return answer

    def close(self) -> None:
        """Close every pooled connection."""
        with self._lock:
            managers = [*self._managers.values()]
            self._managers, self._ways = {}, {}
        for manager in managers:
            manager.clear()

    def _insisted(self, once: Callable[[], Response], waits: Sequence[float]) -> Response:
        for wait in waits:
            try:
                return once()
            except Failed as error:
                if not error.passing:
                    raise
            self._clock.sleep(wait)
        return once()

    def _answered(self, way: _Way, method: str, url: str, *rest: Any) -> Response:
        try:
            return self._sent(way, method, url, *rest)
        except (HTTPError, OSError, TooLarge) as error:
            raise as_failed(way.site, error) from error
        except (Unsendable, UnicodeEncodeError):
            # The cause would hold the token that no header can hold.
            raise Failed(
                f"the request to {way.site.host} cannot be sent: a token or an address holds "
                "characters that do not belong there",
                passing=False,
            ) from None
        except ValueError as error:  # of an answer: it may have been carried out
            raise as_failed(way.site, error) from None

    def _sent(
        self,
        way: _Way,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | str | None,
        limits: AnswerLimits,
    ) -> Response:
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        if not way.forwarded:
            answered = standing.exchange(way.pool, method, target, headers, body, limits)
            if answered is not None:
                return Response(*answered)
        answer = way.pool.urlopen(
            method,
            url if way.forwarded else target,
            body=body,
            headers=dict(headers),
            timeout=urllib3.Timeout(connect=min(limits.connect, limits.total), total=limits.total),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
        body_read = standing.whole(answer, limits.most_bytes)
        return Response(answer.status, standing.lowered(answer), body_read)

    def _way(self, url: str) -> _Way:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        way = self._ways.get(place)
        if way is None:
            with self._lock:
                way = self._ways.get(place) or self._found(url, parts.scheme)
                self._ways[place] = way
        return way

    def _found(self, url: str, scheme: str) -> _Way:
        if self._permit is not None:
            self._permit(url)
        proxy = self._routes.proxy(url)
        bundle = self._routes.bundle()
        if self._trust is None and (scheme == "https" or (proxy and proxy.url.startswith("https"))):
            self._trust = context_of(bundle)
        manager = self._managers.get(proxy) or self._manager(proxy)
        self._managers[proxy] = manager
        site = HttpCall(url, proxy, bundle, self._limits.connect)
        forwarded = proxy is not None and scheme == "http"
        pool: Any = manager.connection_from_url(url)
        return _Way(pool, site, forwarded)

    def _manager(self, proxy: Proxy | None) -> urllib3.PoolManager:
        common: dict[str, Any] = {
            "maxsize": self._connections,
            "block": True,
            "ssl_context": self._trust,
        }
        manager: urllib3.PoolManager
        if proxy is None:
            manager = urllib3.PoolManager(**common)
        else:
            login = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
            manager = urllib3.ProxyManager(
                proxy.url, proxy_headers=login, proxy_ssl_context=self._trust, **common
            )
        # Their own connections begin to count anew with every byte.
        silence = self._limits.silence
        pools: Any = {
            "http": partial(PlainPool, silence=silence),
            "https": partial(TlsPool, silence=silence),
        }
        manager.pool_classes_by_scheme = pools
        return manager
