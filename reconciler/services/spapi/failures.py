"""What an SP-API failure means, and who must act.

Codes are from the API's documentation; how they are used, from the issue tracker of
amzn/selling-partner-api-models. HTTP 403 alone has five meanings.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.core.model.errors import Denied, Missing, Rejected, ServiceError, Transient, Unclear
from reconciler.core.text.scrubbing import excerpt
from reconciler.transport.http import Response

_CHECK_ENDPOINT = "the service has no such path: check `endpoint`"


class Expired(Denied):
    """The access token's time is over; another one may do."""


class NotPermitted(Denied):
    """This token may not do this: the wrong kind, or the application lacks the type's role."""


class NoRoute(Rejected):
    """The service has no such path."""


class UnknownType(Rejected):
    """The service has no such notification type, and so no subscriptions to it."""


class Conflict(Rejected):
    """One like this exists already."""


@dataclass(frozen=True, slots=True)
class SpApiCall:
    """Where a failure happened; a `seller` of None is the application itself."""

    account: str
    operation: str
    seller: str | None
    scrub: Callable[[str], str]


_ONE_EACH = {
    "createDestination": (
        "Amazon keeps one destination of an application for each queue, and one event bus "
        "destination for each AWS account"
    ),
    "createSubscription": (
        "Amazon keeps one subscription of a seller for each notification type and payload version, "
        "or one for each filterExpression"
    ),
}
"""Amazon's own rules behind a conflict, by operation."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What the service said: its first error, or the start of a body that is no error list."""

    code: str
    text: str

    def mentions(self, *words: str) -> bool:
        """Say whether any of `words` occurs."""
        said = f"{self.code} {self.text}".lower()
        return any(word.lower() in said for word in words)


def failure(site: SpApiCall, answer: Response) -> ServiceError:
    """Return what an answer other than success means."""
    said = _said(site, answer)
    if answer.status == 429 or answer.status == 503:
        return Transient(
            site.account,
            site.operation,
            said.text,
            code=said.code or str(answer.status),
            request_id=request_id(answer),
            retry_after=answer.retry_after(),
        )
    meaning, hint = _meaning(site, answer, said)
    message = f"{said.text}; {hint}" if hint else said.text
    return meaning(
        site.account, site.operation, message, code=said.code, request_id=request_id(answer)
    )


def request_id(answer: Response) -> str:
    """Return the id under which the service knows a request."""
    return answer.headers.get("x-amzn-requestid", "")


def _meaning(site: SpApiCall, answer: Response, said: _Said) -> tuple[type[ServiceError], str]:
    if answer.status >= 500:
        # An internal error may strike after the work was done.
        return Unclear, ""
    if answer.status in (401, 403, 407):
        return _refused(site, answer, said)
    if answer.status == 400 and said.mentions("notificationType"):
        return UnknownType, ""
    if answer.status == 404 and not said.code:
        # Not the API's words: a proxy or another service, so nothing is known to be gone.
        return NoRoute, _CHECK_ENDPOINT
    if answer.status == 409:
        return Conflict, _ONE_EACH.get(site.operation, "")
    return (Missing if answer.status == 404 else Rejected), ""


def _refused(site: SpApiCall, answer: Response, said: _Said) -> tuple[type[ServiceError], str]:
    kind = answer.headers.get("x-amzn-errortype", "")
    if "MissingAuthenticationToken" in kind or said.mentions("Missing Authentication Token"):
        return NoRoute, _CHECK_ENDPOINT
    if said.mentions("expire"):
        return Expired, "a new access token was refused as well: check this machine's clock"
    if site.operation == "deleteDestination" and said.mentions("subscriptions", "forbidden"):
        return Rejected, (
            "it is in use: delete the subscriptions of every seller that point at it first, also "
            "of sellers and notification types that are no longer declared"
        )
    if site.seller is None:
        return NotPermitted, "check that the application may use grantless notification operations"
    return NotPermitted, (
        f"check that the application has the role for this notification type and that seller "
        f"{site.seller} authorised it after it got that role"
    )


def _said(site: SpApiCall, answer: Response) -> _Said:
    first = _first_error(answer.body)
    if first is None:
        return _Said("", f"unexpected answer, {answer.excerpt(site.scrub)}")
    code, *texts = (str(first.get(name) or "") for name in ("code", "message", "details"))
    text = ": ".join(part.rstrip(". ") for part in (code, *texts) if part)
    return _Said(code, excerpt(text, 400, site.scrub))


def _first_error(body: bytes) -> dict[str, Any] | None:
    """Return the first of an answer's errors, None if it holds no error list."""
    try:
        errors = json.loads(body)["errors"]
        first = errors[0]
    except (ValueError, LookupError, TypeError):
        return None
    return first if isinstance(first, dict) else None
