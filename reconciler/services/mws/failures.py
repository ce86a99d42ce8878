"""What an MWS failure means, and who must act.

Codes are from the MWS developer guide and the Subscriptions section's error table. A throttled
request and an outage share HTTP 503, so the code is read before the status.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.core.model.errors import Denied, Rejected, ServiceError, Transient, Unclear
from reconciler.core.text.scrubbing import excerpt
from reconciler.services.mws.answers import MwsErrorDocument
from reconciler.transport.http import Response

ALREADY_OR_NOT_THERE = "InvalidInputFatalException"
"""The one code for a duplicate, an unknown destination and a bad notification type."""

_NOT_DONE = {
    "DependencyRetriableException": "Amazon could not reach the queue just now",
    "InputStreamDisconnected": "the request arrived cut",
    "RequestThrottled": "too many requests",
    "ServiceUnavailable": "the service is unavailable",
}
_DENIED = {
    "AccessDenied": "check that the seller has authorised this developer, and authToken",
    "InvalidAccessKeyId": "check accessKeyId",
    "InvalidClientTokenId": "check accessKeyId",
    "SignatureDoesNotMatch": "check secretKey and this machine's clock",
}
_REJECTED = {
    "DependencyUnauthorizedException": "Amazon may not write to the queue: grant account "
    "437568002678 sqs:SendMessage and sqs:GetQueueAttributes on it",
    "InvalidAddress": "check `endpoint`",
    "QuotaExceeded": "the hourly quota is used up: run again in an hour",
}
_SIGNATURE = re.compile(r"(Signature=)[^&\s]+")


@dataclass(frozen=True, slots=True)
class MwsCall:
    """Where a failure happened; `scrub` masks secrets in what the service says."""

    account: str
    operation: str
    request_id: str
    scrub: Callable[[str], str]

    def named(self, request_id: str) -> "MwsCall":
        """Return the site with the request id of the body, where it holds one."""
        return replace(self, request_id=request_id or self.request_id)

    def quote(self, text: str) -> str:
        """Return the first line of what the service said, without secrets or signatures."""
        # A refused signature is answered with the whole string to sign, below the first line.
        line = (text.strip().splitlines() or [""])[0]
        unsigned = _SIGNATURE.sub(r"\1***", line)
        return excerpt(unsigned, 200, self.scrub).rstrip(". ")


def from_document(site: MwsCall, failure: MwsErrorDocument, answer: Response) -> ServiceError:
    """Return what an error document means."""
    code = failure.code
    if code in _NOT_DONE:
        return Transient(
            site.account,
            site.operation,
            f"{_sentence(site, failure, '')} ({_NOT_DONE[code]})",
            code=code,
            request_id=site.request_id,
            retry_after=answer.retry_after(),
        )
    error: type[ServiceError] = Rejected
    if code in _DENIED or (code not in _REJECTED and answer.status in (401, 403)):
        error = Denied
    elif code not in _REJECTED and answer.status >= 500:
        # An internal error may strike after the work was done.
        error = Unclear
    hint = _DENIED.get(code) or _REJECTED.get(code, "")
    message = _sentence(site, failure, hint)
    return error(site.account, site.operation, message, code=code, request_id=site.request_id)


def from_status(site: MwsCall, answer: Response) -> ServiceError:
    """Return what an answer means that is neither a result nor an error document (a proxy's)."""
    message = f"unexpected answer, {site.quote(answer.excerpt(site.scrub))}"
    if answer.status in (429, 503):
        return Transient(
            site.account,
            site.operation,
            message,
            request_id=site.request_id,
            retry_after=answer.retry_after(),
        )
    error: type[ServiceError] = Rejected
    if answer.status in (401, 403, 407):
        error = Denied
    elif answer.status >= 500 or answer.status < 300:
        error = Unclear
    return error(site.account, site.operation, message, request_id=site.request_id)


def _sentence(site: MwsCall, failure: MwsErrorDocument, hint: str) -> str:
    said = site.quote(failure.message)
    text = f"{failure.code}: {said}" if said else failure.code
    return f"{text}; {hint}" if hint else text
