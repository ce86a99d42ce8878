"""Login with Amazon: tokens for the SP-API.

Source: "Connecting to the SP-API" and "Grantless operations" on developer-docs.amazon.com/sp-api.
A token says in itself whose it is and until when, so tokens outlive a reset of the sandbox.
"""

import base64
import binascii
import itertools
import json
import time
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from reconciler.sandbox.service import Answer, Refusal, json_answer, retry_after
from reconciler.sandbox.settings import Settings

_SCOPE = "sellingpartnerapi::notifications"
_FORM = "application/x-www-form-urlencoded"
_SERIAL = itertools.count(1)


@dataclass(frozen=True)
class Token:
    """What an access token grants: one application, and one seller unless grantless."""

    client: str
    seller: str | None
    expires: float

    def text(self) -> str:
        """Spell the token the way LWA prefixes them: Atza for sellers, Atc for grantless."""
        facts = [self.client, self.seller, self.expires, next(_SERIAL)]
        packed = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()
        return f"{'Atc' if self.seller is None else 'Atza'}|{packed}"


def read_token(text: str) -> Token | None:
    """Return what a token grants, expired or not; None when it is not one of ours."""
    prefix, _, packed = text.partition("|")
    if prefix not in ("Atza", "Atc"):
        return None
    try:
        client, seller, expires, _ = json.loads(base64.urlsafe_b64decode(packed))
    except (binascii.Error, ValueError):
        return None
    return Token(client, seller, expires)


class Lwa:
    """The token endpoint. Any client id and secret are good unless the secret is revoked."""

    name = "lwa"

    def __init__(self, settings: Settings):
        self._settings = settings

    def operation(self, request: Request) -> str:
        """Return the grant type: the endpoint has no other operations."""
        return request.form.get("grant_type") or "unknown"

    def caller(self, request: Request) -> str:
        """Return the client id."""
        return request.form.get("client_id", "")

    def answer(self, operation: str, request: Request) -> Answer:
        """Give a token, or an OAuth error (RFC 6749 section 5.2)."""
        form = request.form
        if request.method != "POST" or request.mimetype != _FORM or operation == "unknown":
            return _error(400, "invalid_request", "The request is missing a required parameter")
        if operation not in ("refresh_token", "client_credentials"):
            return _error(
                400, "unsupported_grant_type", f"The grant type {operation} is not supported"
            )
        client, secret = form.get("client_id"), form.get("client_secret")
        if not client or not secret:
            return _error(400, "invalid_request", "client_id or client_secret is missing")
        if secret in self._settings["revoked"] or client in self._settings["revoked"]:
            return _error(401, "invalid_client", "Client authentication failed")
        if operation == "refresh_token":
            return self._for_seller(client, form.get("refresh_token"))
        if form.get("scope") != _SCOPE:
            return _error(400, "invalid_scope", "The requested scope is invalid or unknown")
        return self._give(client, None, {"scope": _SCOPE})

    def _for_seller(self, client: str, refresh: str | None) -> Answer:
        if not refresh:
            return _error(400, "invalid_request", "The request is missing refresh_token")
        if refresh in self._settings["revoked"]:
            return _error(
                400,
                "invalid_grant",
                "The request has an invalid grant parameter : refresh_token. User may have revoked "
                "or didn't grant the permission.",
            )
        return self._give(client, refresh, {"refresh_token": refresh})

    def _give(self, client: str, seller: str | None, more: dict[str, Any]) -> Answer:
        seconds = self._settings["tokenSeconds"]
        token = Token(client, seller, time.time() + seconds)
        body = {"access_token": token.text(), "token_type": "bearer", "expires_in": seconds, **more}
        return json_answer(200, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word failures as OAuth errors."""
        status, code = {
            "throttle": (429, "slow_down"),
            "error500": (500, "server_error"),
            "error503": (503, "temporarily_unavailable"),
            "denied": (400, "unauthorized_client"),
        }[kind]
        return _error(status, code, "The request could not be served", retry_after(wait))

    def reset(self) -> None:
        """Nothing to forget: tokens carry their own meaning."""

    def state(self) -> dict[str, Any]:
        """Nothing is held."""
        return {}


def _error(status: int, code: str, text: str, headers: dict[str, str] | None = None) -> Answer:
    return json_answer(status, {"error": code, "error_description": text}, headers)
