"""httplib2 as the Merchant API needs it: one per thread, and no request sent twice by itself."""

import threading
from http.client import BadStatusLine, HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import httplib2
from google_auth_httplib2 import AuthorizedHttp

from reconciler.core.endpoint import is_loopback

_TIMEOUT = 60.0


class NotReached(ConnectionError):
    """No connection came about, so nothing was sent."""


class _Honest(HTTPConnection):
    """Tells unsent from unanswered.

    httplib2 sends a request again, creates included, when the line is cut before the answer; it
    knows that case by BadStatusLine, so here it gets another name.
    """

    def connect(self) -> None:
        """Connect. Raises NotReached."""
        try:
            super().connect()
        except OSError as error:
            raise NotReached(str(error)) from error

    def getresponse(self) -> HTTPResponse:
        """Return the head of the answer. Raises ConnectionAbortedError where there is none."""
        try:
            return super().getresponse()
        except BadStatusLine as error:
            raise ConnectionAbortedError("the line was cut before the answer") from error


class _Plain(_Honest, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]  # untyped base
    """Over http, for this machine only."""


class _Tls(_Honest, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]  # untyped base
    """Over https."""


class _Once(httplib2.Http):  # type: ignore[misc]  # untyped base
    """Sends each request once and follows no redirection, since tokens travel with requests."""

    proxy_info: Any

    def __init__(self) -> None:
        super().__init__(timeout=_TIMEOUT)
        self.follow_redirects = False

    def request(self, uri: str, method: str = "GET", **rest: Any) -> Any:
        """Send a request; see httplib2."""
        kind = _Tls if urlsplit(uri).scheme == "https" else _Plain
        proxy = self.proxy_info
        if is_loopback(uri):
            self.proxy_info = None  # a proxy for the world does not reach this machine
        try:
            return super().request(uri, method, **{**rest, "connection_type": kind})
        finally:
            self.proxy_info = proxy


class Connections:
    """One authorised httplib2 object for each thread, because httplib2 is not thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._all: list[Any] = []

    def plain(self) -> Any:
        """Return this thread's connections, without credentials."""
        if not hasattr(self._local, "plain"):
            self._local.plain = _Once()
            with self._lock:
                self._all.append(self._local.plain)
        return self._local.plain

    def authorised(self, credentials: Any) -> Any:
        """Return this thread's connections, which send a token of `credentials`.

        A 401 renews nothing here: it may mean that the Cloud project is not registered.
        """
        return AuthorizedHttp(credentials, http=self.plain(), refresh_status_codes=())

    def drop(self) -> None:
        """Close this thread's connections after a failure that leaves them half read."""
        self.plain().close()

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for http in self._all:
                http.close()
