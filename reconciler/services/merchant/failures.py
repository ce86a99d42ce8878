"""What a failure of the Merchant API means, and who must act.

From the API's error guide; the code of a refused coexistence is undocumented.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.model.errors import Denied, Missing, Rejected, ServiceError, Transient, Unclear
from reconciler.core.text.scrubbing import excerpt
from reconciler.transport.waits import retry_after

MAYBE_THERE = frozenset({"ALREADY_EXISTS", "FAILED_PRECONDITION", "INVALID_ARGUMENT"})
"""Codes with which a create may be refused because of what is there already."""

NO_SUCH_METHOD = frozenset({"", "UNIMPLEMENTED"})
"""Codes of a refusal that comes from no method at all: Google's own page, or its 501."""

_DAILY = "quota/daily_limit_exceeded"


@dataclass(frozen=True, slots=True)
class MerchantCall:
    """Where a failure happened; `number` is the Merchant account, `base_url` the API's own.

    `scrub` masks secrets in what the service says.
    """

    account: str
    operation: str
    number: str
    base_url: str
    scrub: Callable[[str], str]

    @property
    def creates(self) -> bool:
        """Say whether doing it twice is not the same as once."""
        return self.operation.endswith(".create")

    @property
    def registration(self) -> str:
        """Return the call that registers a Cloud project with the account."""
        return (
            f"POST {self.base_url}/accounts/v1/accounts/{self.number}/"
            "developerRegistration:registerGcp"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """An HTTP error: `code` is Google's status (NOT_FOUND), empty where a proxy answered."""

    status: int
    code: str
    message: str
    reasons: frozenset[str]
    retry_after: float | None

    @property
    def unregistered(self) -> bool:
        """Say whether the Cloud project lacks its registration; the token is fine then."""
        return self.status == 401 and (
            "GCP_NOT_REGISTERED" in self.reasons or "not registered" in self.message
        )


def read_report(status: int, headers: Mapping[str, str], body: bytes) -> Report:
    """Return what an error answer says, be it Google's JSON or a proxy's page."""
    text = body.decode("utf-8", "replace")
    wait = retry_after(headers, time.time())
    try:
        error = json.loads(text)["error"]
        code, message = str(error["status"]), str(error["message"])
        reasons = frozenset(_reasons(error.get("details")))
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"HTTP {status}: {text}" if text.strip() else f"HTTP {status}"
        return Report(status, "", message, frozenset(), wait)
    return Report(status, code, message, reasons, wait)


def _reasons(details: Any) -> Iterator[str]:
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict):
            metadata = detail.get("metadata")
            yield str(detail.get("reason", ""))
            yield str(metadata.get("REASON", "")) if isinstance(metadata, dict) else ""


def translate(site: MerchantCall, report: Report) -> ServiceError:
    """Return what an HTTP error means."""
    error, hint = _meaning(site, report)
    said = excerpt(report.message, 300 if report.code else 180, site.scrub).rstrip(". ")
    message = f"{said}; {hint}" if hint else said
    if error is Transient:
        return Transient(
            site.account,
            site.operation,
            message,
            code=report.code,
            retry_after=report.retry_after,
        )
    return error(site.account, site.operation, message, code=report.code)


def _meaning(site: MerchantCall, report: Report) -> tuple[type[ServiceError], str]:
    status = report.status
    if status == 401:
        return Denied, _unauthenticated(site, report)
    if status == 403:
        return Denied, _forbidden(site, report)
    if status == 404:
        return (Missing, "") if report.code == "NOT_FOUND" else (Rejected, "check `endpoint`")
    if status == 501:
        return Rejected, "the service does not have this method"
    if status == 429:
        if _DAILY in report.reasons or _DAILY in report.message:
            return Rejected, "the day's quota is used up: it is renewed at 12:00 UTC"
        return Transient, ""
    if report.code == "ABORTED" or (status >= 500 and site.creates):
        return Unclear, ""
    return (Transient, "") if status >= 500 else (Rejected, "")


def _unauthenticated(site: MerchantCall, report: Report) -> str:
    if report.unregistered:
        return (
            f"register the Cloud project once as an administrator: {site.registration} with "
            '{"developerEmail": "YOU@EXAMPLE.COM"}, then wait five minutes'
        )
    return "check the credentials and that they belong to a user of the Merchant account"


def _forbidden(site: MerchantCall, report: Report) -> str:
    if "SERVICE_DISABLED" in report.reasons:
        return "enable the Merchant API in the Cloud project of the credentials"
    return f"add the credentials' e-mail address as a user of Merchant account {site.number}"
