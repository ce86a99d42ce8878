"""Pooled HTTP for MWS and SP-API: what happened on the line, in our words.

Status codes are read by the services' own clients; this module only tells "not sent" from "sent,
answer lost", and keeps bodies short and free of secrets in messages.
"""

import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from reconciler.core.endpoint import is_loopback
from reconciler.core.errors import Transient, Unclear
from reconciler.core.scrubbing import excerpt

NOT_SENT = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLError, LocationValueError)


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

    def retry_after(self) -> float | None:
        """Return the seconds of a Retry-After header, if it holds a plain number."""
        value = self.headers.get("retry-after", "")
        return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else None


class Http:
    """A connection pool with `connections` sockets a host; honours the proxy variables."""

    def __init__(self, *, connections: int = 64, timeout: float = 30.0) -> None:
        self._connections = connections
        self._timeout = urllib3.Timeout(connect=10.0, read=timeout)
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._proxies = urllib.request.getproxies()
        self._chosen: dict[str, urllib3.PoolManager] = {}

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
        """Send one request and return the whole answer, whatever its status.

        Raises:
            Transient: the request did not reach the service.
            Unclear: it was sent, and the answer was lost.
        """
        parts = urlsplit(url)
        host = parts.netloc
        pool = self._chosen.get(f"{parts.scheme}://{host}") or self._pool(url)
        try:
            answer = pool.request(
                method,
                url,
                body=body,
                headers=dict(headers),
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except NOT_SENT as error:
            raise Transient(account, operation, f"{host} is not reachable") from error
        except HTTPError as error:
            raise Unclear(account, operation, f"{host} did not answer completely") from error
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, named, answer.data)

    def close(self) -> None:
        """Close every pooled connection."""
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.get(parts.scheme)
        # A proxy's loopback is not ours.
        if proxy and (is_loopback(url) or urllib.request.proxy_bypass(parts.hostname or "")):
            proxy = None
        pool = self._pools.get(proxy)
        if pool is None:
            pool = (
                urllib3.ProxyManager(proxy, maxsize=self._connections, block=True)
                if proxy
                else urllib3.PoolManager(maxsize=self._connections, block=True)
            )
            pool = self._pools.setdefault(proxy, pool)
        self._chosen[f"{parts.scheme}://{parts.netloc}"] = pool
        return pool
