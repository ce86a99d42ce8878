"""Login with Amazon: access tokens for a seller, and for the application itself (grantless).

Source: "Connecting to the SP-API" and "Grantless operations" on developer-docs.amazon.com/sp-api.
"""

import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from reconciler.core.model.errors import Denied, Transient, Unclear, Unreachable
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.account import SpApiAccount
from reconciler.transport.calls import Clock
from reconciler.transport.http import Http, Response

SCOPE = "sellingpartnerapi::notifications"
BAD_CLIENT = "invalid_client"
NO_CONSENT = "invalid_grant"
"""With which a seller's refresh token is refused: withdrawn, or never given."""

_OPERATION = "token"
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
    "Accept": "application/json",
}
_EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""


@dataclass(slots=True)
class _Grant:
    """What is held for one seller: a token until some time, or the reason why there is none."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = ""
    until: float = float("-inf")
    refusal: Denied | None = None


class LwaLogin:
    """Gives access tokens of one account, asking for each once until it is about to expire.

    A seller of None stands for the application itself. Callers side by side share one request, and
    a refusal, which no repetition heals, is remembered. It never waits or repeats: whoever calls
    the service does, and asks again.
    """

    def __init__(
        self, name: str, account: SpApiAccount, *, secrets: Secrets, http: Http, clock: Clock
    ) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._grants: dict[str | None, _Grant] = {}
        self.made = 0
        """How many tokens were asked for so far."""

    def token(self, seller: str | None) -> str:
        """Return an access token for `seller`.

        Raises:
            SettingsError: a credential cannot be had.
            Transient: Login with Amazon gave no token; ask again later.
            Denied: it refuses the seller's consent or the application's credentials.
        """
        grant = self._grant(seller)
        with grant.lock:
            if grant.refusal is not None:
                raise _copy(grant.refusal)
            if self._clock.now() >= grant.until:
                try:
                    grant.token, lifetime = self._ask(seller)
                except Denied as error:
                    grant.refusal = error
                    raise
                grant.until = self._clock.now() + lifetime - min(_EARLY, lifetime / 2)
            return grant.token

    def forget(self, seller: str | None, token: str) -> None:
        """Ask anew next time, since the service says that `token` has expired."""
        grant = self._grant(seller)
        with grant.lock:
            if grant.token == token:
                grant.until = float("-inf")

    def _grant(self, seller: str | None) -> _Grant:
        with self._lock:
            return self._grants.setdefault(seller, _Grant())

    def _ask(self, seller: str | None) -> tuple[str, float]:
        """Return a new token and the seconds it lives."""
        body = urlencode(self._form(seller)).encode("ascii")
        with self._lock:
            self.made += 1
        try:
            response = self._http.request(
                self._name,
                _OPERATION,
                "POST",
                self._account.token_endpoint,
                headers=_HEADERS,
                body=body,
            )
        except Unclear as error:
            # Asking for a token twice does no harm, so a lost answer is one that was never given.
            kind = Transient if error.passing else Unreachable
            raise kind(self._name, _OPERATION, error.message) from error
        answer = _object(response)
        if response.status != 200:
            raise self._failure(seller, response, answer)
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lifetime, int | float):
            raise Transient(
                self._name, _OPERATION, "Login with Amazon answered without a usable token"
            )
        return self._secrets.remember(token), float(lifetime)

    def _form(self, seller: str | None) -> dict[str, str]:
        credentials = self._account.credentials
        form = {
            "client_id": self._secrets.resolve(credentials.client_id),
            "client_secret": self._secrets.resolve(credentials.client_secret),
        }
        if seller is None:
            return {"grant_type": "client_credentials", "scope": SCOPE, **form}
        refresh_token = self._secrets.resolve(self._account.sellers[seller].refresh_token)
        return {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}

    def _failure(
        self, seller: str | None, response: Response, answer: dict[str, Any]
    ) -> Transient | Denied:
        code = str(answer.get("error") or "")
        request_id = response.headers.get("x-amzn-requestid", "")
        if response.status == 429 or response.status >= 500:
            return Transient(
                self._name,
                _OPERATION,
                f"Login with Amazon is busy ({response.status})",
                request_id=request_id,
                retry_after=response.retry_after(),
            )
        said = response.excerpt(self._secrets.scrub)
        message = _meaning(code, seller) or f"Login with Amazon refused: {said}"
        return Denied(self._name, _OPERATION, message, code=code, request_id=request_id)


def _meaning(code: str, seller: str | None) -> str | None:
    """Say who must do what about an OAuth error, where that is known."""
    if code == NO_CONSENT and seller is not None:
        return (
            f"seller {seller} has withdrawn consent or the token is wrong: have the seller "
            "authorise the application again and replace the refresh token"
        )
    if code == BAD_CLIENT:
        return (
            "the client id or client secret is refused: secrets expire 180 days after their "
            "rotation, so rotate it in the developer's console and replace it here"
        )
    if code in ("invalid_scope", "unauthorized_client"):
        what = "this seller" if seller else "grantless notifications"
        return f"the application is not allowed to ask for tokens for {what} ({code})"
    return None


def _object(response: Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _copy(refusal: Denied) -> Denied:
    """Return an equal error for another caller, so that each has its own traceback."""
    return Denied(
        refusal.account,
        refusal.operation,
        refusal.message,
        code=refusal.code,
        request_id=refusal.request_id,
    )
