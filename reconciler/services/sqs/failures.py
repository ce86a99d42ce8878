"""What went wrong at AWS, in our words. The one place where botocore's exceptions are read.

Codes: Amazon SQS API Reference (common and per-operation errors), Resource Groups Tagging API
Reference, IAM User Guide. A service is classified by code, never by status, where it gives one.
"""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from reconciler.core.model.errors import (
    Denied,
    Missing,
    ReconcilerError,
    Rejected,
    ServiceError,
    Transient,
    Unclear,
)
from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials.aws import BAD_CREDENTIALS, AwsLogin
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.transport.failures import Failed
from reconciler.transport.waits import retry_after

NAME_EXISTS = "QueueNameExists"
DELETED_RECENTLY = "QueueDeletedRecently"
INVALID_VALUE = "InvalidAttributeValue"
PAGE_EXPIRED = "PaginationTokenExpiredException"

_NO_QUEUE = "QueueDoesNotExist"
_SHAPES = {"NonExistentQueue": _NO_QUEUE, "QueueAlreadyExists": NAME_EXISTS}
"""The query protocol's codes and what the JSON protocol calls the same."""
_THROTTLED = frozenset(
    {
        "RequestThrottled",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "429",
    }
)
_BUSY = "ConcurrentModificationException"
_SWITCHED_OFF = "OperationDisabledException"
_UNAVAILABLE = frozenset({"ServiceUnavailable", "503"})
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "OptInRequired",
        "UnauthorizedOperation",
        "401",
        "403",
    }
)


class GarbledAwsAnswer(Exception):
    """The service answered, and what it said cannot be read."""


def translate(
    account: str,
    operation: str,
    error: Exception,
    scrub: Callable[[str], str],
    login: AwsLogin | None = None,
) -> ReconcilerError:
    """Return what `error` means to the one who must act; `scrub` masks secrets.

    `login` knows whose credentials were used, where they are the surroundings'.
    """
    if isinstance(error, Unobtainable):
        return error.of(account, operation)
    if isinstance(error, Failed):
        return error.to_service_error(account, operation)
    if isinstance(error, ClientError):
        # Getting credentials may take calls of its own (AssumeRole), which are named then.
        return _answered(account, error.operation_name or operation, error, scrub, login)
    if isinstance(error, BotoCoreError):
        return Rejected(account, operation, f"boto3 refuses the request: {_sentence(error, scrub)}")
    return Unclear(
        account, operation, f"AWS gave an answer that cannot be read ({_sentence(error, scrub)})"
    )


def _answered(
    account: str,
    operation: str,
    error: ClientError,
    scrub: Callable[[str], str],
    login: AwsLogin | None,
) -> ServiceError:
    code, status, request_id, text = _parts(error, scrub)
    named: Any = {"code": code, "request_id": request_id}
    if code in _THROTTLED:
        message = "the service's request limit was reached"
        return Transient(account, operation, message, retry_after=_retry_after(error), **named)
    if code in _UNAVAILABLE:
        message = "the service is unavailable"
        return Transient(account, operation, message, retry_after=_retry_after(error), **named)
    if code == _BUSY:
        message = "another change of the same object was under way"
        return Transient(account, operation, message, **named)
    if status >= 500:
        return Unclear(account, operation, f"the service failed ({code})", **named)
    if code == _NO_QUEUE:
        return Missing(account, operation, "the queue does not exist", **named)
    if code in BAD_CREDENTIALS:
        # The text is not quoted: it may hold the signed request, session token and all.
        whose, renew = (f" {login.whose}", login.renewal) if login else ("", "renew them")
        message = (
            f"AWS does not accept the credentials{whose} ({code}); {renew}, and check the clock"
        )
        return Denied(account, operation, message, **named)
    if code in _DENIED:
        message = f"permission is missing ({text or code}); allow {operation} to these credentials"
        return Denied(account, operation, message, **named)
    return Rejected(account, operation, _rejection(code, text), **named)


def _rejection(code: str, text: str) -> str:
    if code == INVALID_VALUE and is_about_policy(text):
        return (
            "SQS refuses the policy without saying why: a principal that does not exist (any "
            f"more), or an action or resource that is not a queue's ({text})"
        )
    if code == DELETED_RECENTLY:
        return "SQS lets the name of a deleted queue rest for 60 seconds; apply again after that"
    if code == _SWITCHED_OFF:
        return f"partner event sources are switched off in this region ({text or code})"
    return f"{text} ({code})" if text else code


def is_about_policy(message: str) -> bool:
    """Say whether an InvalidAttributeValue is the one that SQS gives for any defect in a policy."""
    return "parameter Policy" in message


def _parts(error: ClientError, scrub: Callable[[str], str]) -> tuple[str, int, str, str]:
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code = str(details.get("Code", "")).rpartition("#")[2].removeprefix("AWS.SimpleQueueService.")
    return (
        _SHAPES.get(code, code),
        int(metadata.get("HTTPStatusCode", 0)),
        str(metadata.get("RequestId", "")),
        excerpt(str(details.get("Message") or ""), 300, scrub).rstrip("."),
    )


def _retry_after(error: ClientError) -> float | None:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return retry_after(headers, time.time())


def _sentence(error: Exception, scrub: Callable[[str], str]) -> str:
    text = excerpt(str(error), 200, scrub).rstrip(".")
    return text[:1].lower() + text[1:]
