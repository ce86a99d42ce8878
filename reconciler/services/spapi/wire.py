"""One SP-API request on the wire: token, rate limit, meaning of the answer."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from reconciler import __version__
from reconciler.core.model.errors import Unclear
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.answers import GarbledSpApiAnswer
from reconciler.services.spapi.failures import Expired, SpApiCall, failure, request_id
from reconciler.services.spapi.login import LwaLogin
from reconciler.transport.calls import Calls
from reconciler.transport.http import Http, Response
from reconciler.transport.waits import announced_rate

T = TypeVar("T")

PATH = "/notifications/v1"
_AGENT = f"subscription-reconciler/{__version__} (Language=Python/{platform.python_version()})"


@dataclass(frozen=True, slots=True)
class SpApiRequest:
    """One request; `path` lies below the API's own, `seller` None asks with a grantless token."""

    operation: str
    method: str
    path: str
    seller: str | None = None
    query: Mapping[str, str | int] | None = None
    body: Mapping[str, Any] | None = None
    base_url: str | None = None

    @property
    def bucket(self) -> str:
        """Return the rate limit it draws on."""
        return f"{self.operation}:{self.seller or 'grantless'}"


class SpApiWire:
    """Sends requests of one account to `base_url`.

    All waiting and repeating is that of `calls`.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        login: LwaLogin,
        secrets: Secrets,
        http: Http,
        calls: Calls,
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._login = login
        self._secrets = secrets
        self._http = http
        self._calls = calls

    def call(self, request: SpApiRequest, read: Callable[[bytes], T], *, repeat: bool = True) -> T:
        """Return what `read` makes of the answer's body; `repeat` is that of `Calls.run`.

        Raises:
            ServiceError: the last failure; Unclear where `read` cannot read the answer.
        """

        def once() -> T:
            return self._once(request, read)

        looks = request.method == "GET"
        try:
            return self._calls.run(request.bucket, once, repeat=repeat, looks=looks)
        except Expired:
            # `once` has forgotten the token; a second refusal stands.
            return self._calls.run(request.bucket, once, repeat=repeat, looks=looks)

    def _once(self, request: SpApiRequest, read: Callable[[bytes], T]) -> T:
        token = self._login.token(request.seller)
        answer = self._send(request, token)
        self._adopt_rate(request.bucket, answer)
        if not 200 <= answer.status < 300:
            site = SpApiCall(self._name, request.operation, request.seller, self._secrets.scrub)
            error = failure(site, answer)
            if isinstance(error, Expired):
                self._login.forget(request.seller, token)
            raise error
        try:
            return read(answer.body)
        except GarbledSpApiAnswer as error:
            message = f"the answer cannot be read: {error}"
            raise Unclear(
                self._name, request.operation, message, request_id=request_id(answer)
            ) from error

    def _send(self, request: SpApiRequest, token: str) -> Response:
        query = _query(tuple(request.query.items())) if request.query else ""
        base_url = request.base_url or self._base_url
        headers = {"Accept": "application/json", "User-Agent": _AGENT, "x-amz-access-token": token}
        body = None
        if request.body is not None:
            body = json.dumps(request.body).encode()
            headers["Content-Type"] = "application/json"
        url = f"{base_url}{PATH}{request.path}{query}"
        return self._http.request(
            self._name, request.operation, request.method, url, headers=headers, body=body
        )

    def _adopt_rate(self, bucket: str, answer: Response) -> None:
        rate = announced_rate(answer.headers.get("x-amzn-ratelimit-limit", ""))
        if rate is not None:
            self._calls.announce(bucket, rate)


@lru_cache
def _query(given: tuple[tuple[str, str | int], ...]) -> str:
    """Return a query as it stands in a URL: every seller is asked for the same types."""
    return f"?{urlencode(given)}"
