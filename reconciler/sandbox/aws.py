"""AWS SQS, STS and Resource Groups Tagging: moto's server, with accounts and AWS's own failures.

Accounts follow a convention of LocalStack: an access key id of exactly 12 digits is the account to
work in. Other keys work in moto's default account, and keys from AssumeRole in the role's account.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from reconciler.sandbox import iam
from reconciler.sandbox.queue_policies import may_send
from reconciler.sandbox.service import Answer, Refusal, retry_after
from reconciler.sandbox.settings import Settings

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")


class Aws:
    """Everything that is not one of the other services."""

    name = "aws"

    def __init__(self, settings: Settings):
        # Imported here: moto costs 0.4 s, which only who starts a sandbox should pay.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        from reconciler.sandbox.aws_differences import install
        from reconciler.sandbox.metrics import QueueAges
        from reconciler.sandbox.sqs_queue import CURRENT, World

        install()
        self._ages = QueueAges  # moto finds metrics by the subclasses that exist
        self._current = CURRENT
        self._world = World(settings)
        self._settings = settings
        self._moto = DomainDispatcherApplication(create_backend_app)

    def operation(self, request: Request) -> str:
        """Read the operation from wherever the protocol has it: header, path or form."""
        if target := request.headers.get("X-Amz-Target"):
            return target.rsplit(".", 1)[-1]
        if (parts := request.path.split("/"))[-2:-1] == ["operation"]:
            return parts[-1]
        return request.form.get("Action") or request.args.get("Action") or "unknown"

    def caller(self, request: Request) -> str:
        """Return account or key, region and service."""
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        return "/".join(found.groups()) if found else ""

    def answer(self, operation: str, request: Request) -> Answer:
        """Refuse what the setting awsDenied names; let moto answer the rest."""
        denied = frozenset(self._settings["awsDenied"])
        if iam.action(self._service(request), operation) in denied:
            return self.refusal("denied", request, None)
        if operation == iam.SIMULATE:
            return Answer(200, iam.simulated(request.form, denied), {"Content-Type": "text/xml"})
        return self._moto_answer(request)

    def _service(self, request: Request) -> str:
        """Return the service that the signature is for."""
        return self.caller(request).rpartition("/")[2]

    def _moto_answer(self, request: Request) -> Answer:
        environ = dict(request.environ)
        request.get_data(cache=True)
        environ["wsgi.input"].seek(0)
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if found and re.fullmatch(r"\d{12}", found[1]):
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = found[1]
        token = self._current.set(self._world)
        try:
            response = Response.from_app(self._moto, environ, buffered=True)
        finally:
            self._current.reset(token)
        dropped = ("content-length", "connection", "transfer-encoding", "date")
        headers = {k: v for k, v in response.headers.items() if k.lower() not in dropped}
        return Answer(response.status_code, response.get_data(), headers)

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word a failure in the protocol of the request."""
        status, code, message = {
            "throttle": (403, "RequestThrottled", "The request was denied due to throttling."),
            "error500": (500, "InternalError", "We encountered an internal error."),
            "error503": (503, "ServiceUnavailable", "The service is unavailable, try again."),
            "denied": (403, "AccessDenied", "Access to the resource is denied."),
        }[kind]
        tagging = "tagging" in self.caller(request)
        if tagging and kind == "throttle":
            status, code = 400, "ThrottledException"
        sender = "Sender" if status < 500 else "Receiver"
        headers = {
            **retry_after(wait),
            "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
            "x-amzn-query-error": f"{code};{sender}",
        }
        return _worded(request, status, code, message, headers)

    def reset(self) -> None:
        """Remove all queues. moto's STS sessions stay: their keys are never used again."""
        self._world.clear()

    def state(self) -> dict[str, Any]:
        """Return {account: {region: {"queues": {name: {attributes, tags, messages}}}}}."""
        found: dict[str, Any] = {}
        with self._world.lock:
            for (account, region), queues in sorted(self._world.queues.items()):
                if queues:
                    found.setdefault(account, {})[region] = {
                        "queues": {name: _dump(queue) for name, queue in sorted(queues.items())}
                    }
        return found

    def deliver(self, queue: str, body: str) -> str | None:
        """Put a message into the queue with this URL or ARN, as the selling-partner notifiers do.

        Returns None when it arrived, otherwise "missing" (no such queue) or "forbidden" (its policy
        does not let account 437568002678 send; only with the setting checkQueuePolicy).
        """
        account, name, region = _located(queue)
        token = self._current.set(self._world)
        try:
            with self._world.lock:
                for (owner, place), queues in self._world.queues.items():
                    if owner == account and region in (None, place) and name in queues:
                        return self._put(queues[name], owner, place, body)
        finally:
            self._current.reset(token)
        return "missing"

    def _put(self, queue: Any, account: str, region: str, body: str) -> str | None:
        from moto.sqs.models import sqs_backends

        if self._settings["checkQueuePolicy"] and not may_send(queue.policy, queue.queue_arn):
            return "forbidden"
        sqs_backends[account][region].send_message(queue.name, body)
        return None


def _worded(
    request: Request, status: int, code: str, message: str, headers: dict[str, str]
) -> Answer:
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


def _dump(queue: Any) -> dict[str, Any]:
    attributes = {name: str(value) for name, value in sorted(queue.attributes.items())}
    tags = dict(sorted(queue.tags.items()))
    return {
        "attributes": attributes,
        "tags": tags,
        "messages": len(queue._messages),  # noqa: SLF001 - visible or not
    }


def _located(queue: str) -> tuple[str, str, str | None]:
    if queue.startswith("arn:"):
        _, _, _, region, account, name = queue.split(":", 5)
        return account, name, region
    parts = urlsplit(queue)
    _, account, name = parts.path.split("/", 2)
    host = re.match(r"sqs\.([a-z0-9-]+)\.amazonaws\.", parts.hostname or "")
    return account, name, host[1] if host else None
