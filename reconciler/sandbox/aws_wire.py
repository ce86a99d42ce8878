"""How AWS words its failures, in the protocol of the request."""

import json
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request

from reconciler.sandbox.service import Answer, Refusal, retry_after

_WORDS: dict[Refusal, tuple[int, str, str]] = {
    "throttle": (403, "RequestThrottled", "The request was denied due to throttling."),
    "error500": (500, "InternalError", "We encountered an internal error."),
    "error503": (503, "ServiceUnavailable", "The service is unavailable, try again."),
    "denied": (403, "AccessDenied", "Access to the resource is denied."),
}
_NEWER: dict[Refusal, tuple[int, str, str]] = {
    "throttle": (400, "ThrottlingException", "Rate exceeded"),
    "error500": (500, "InternalException", "We encountered an internal error."),
    "error503": (503, "ServiceUnavailableException", "The service is unavailable, try again."),
    "denied": (400, "AccessDeniedException", "Access to the resource is denied."),
}
_ENTRIES = {"PutTargets": "Targets", "RemoveTargets": "Ids", "PutEvents": "Entries"}
_OF_SENDERS = ("Invalid", "Malformed", "MissingParameter", "Kms", "AccessDenied")


def refusal(kind: Refusal, request: Request, service: str, wait: float | None) -> Answer:
    """Return a failure of a service that the request is signed for."""
    words = _NEWER if service in ("events", "cloudtrail") else _WORDS
    status, code, message = words[kind]
    if service == "tagging" and kind == "throttle":
        status, code = 400, "ThrottledException"
    return _worded(request, status, code, message, retry_after(wait))


def refused_with(code: str, request: Request) -> Answer:
    """Return a refusal of any code."""
    return _worded(request, 400, code, f"The sandbox was told to answer {code}.", {})


def failed_entries(code: str, request: Request, operation: str) -> Answer:
    """Return a success in which every entry of a batch has failed with a code."""
    body = json.loads(request.get_data(cache=True) or b"{}")
    message = f"The sandbox was told to answer {code}."
    if operation in _ENTRIES:
        wish = body.get(_ENTRIES[operation], [])
        why = {"ErrorCode": code, "ErrorMessage": message}
        names = [item if isinstance(item, str) else item.get("Id") for item in wish]
        failed = [{**({"TargetId": name} if name else {}), **why} for name in names]
        key = "Entries" if operation == "PutEvents" else "FailedEntries"
        answer: dict[str, Any] = {"FailedEntryCount": len(failed), key: failed}
    else:
        fault = code.startswith(_OF_SENDERS)
        words = {"Code": code, "Message": message}
        entries = [
            {"Id": item["Id"], "SenderFault": fault, **words} for item in body.get("Entries", [])
        ]
        answer = {"Successful": [], "Failed": entries}
    kind = {"Content-Type": request.mimetype, "x-amzn-RequestId": str(uuid4())}
    return Answer(200, json.dumps(answer).encode(), kind)


def _worded(request: Request, status: int, code: str, message: str, more: dict[str, str]) -> Answer:
    headers = {
        **more,
        "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
        "x-amzn-query-error": f"{code};{'Sender' if status < 500 else 'Receiver'}",
    }
    if "cbor" in request.mimetype or "cbor" in request.headers.get("Smithy-Protocol", ""):
        kind = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        body = b"\xa2" + b"".join(_cbor(text) for text in ("__type", code, "message", message))
    elif request.headers.get("X-Amz-Target"):
        kind = {"Content-Type": request.mimetype or "application/x-amz-json-1.0"}
        body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode()
    else:
        kind = {"Content-Type": "text/xml"}
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}"
            "</Message></Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId>"
            "</ErrorResponse>"
        ).encode()
    return Answer(status, body, {**headers, **kind})


def _cbor(text: str) -> bytes:
    """One CBOR text string of up to 255 bytes (RFC 8949, major type 3)."""
    data = text.encode()
    head = bytes([0x60 + len(data)]) if len(data) < 24 else bytes([0x78, len(data)])
    return head + data
