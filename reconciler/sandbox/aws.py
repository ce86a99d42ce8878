"""AWS: SQS, STS, IAM, tagging and CloudWatch by moto's server; EventBridge and CloudTrail our own.

Accounts follow a convention of LocalStack: an access key id of exactly 12 digits is the account to
work in. Other keys work in moto's default account, and keys from AssumeRole in the role's account.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from reconciler.sandbox import aws_wire, iam
from reconciler.sandbox.eventbridge.stand_in import EventBridgeStandIn
from reconciler.sandbox.figures import Figures
from reconciler.sandbox.queue_policies import NOTIFIER, Sender, by_rule, may_send
from reconciler.sandbox.service import Answer, Refusal
from reconciler.sandbox.settings import SandboxClock, Settings
from reconciler.sandbox.trail import Actor, Trail

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_UNUSABLE_KEY = "alias/aws/sqs"
"""The key policy of AWS's own key cannot be changed, so no other service can use it."""


class Aws:
    """Everything that is not one of the other services."""

    name = "aws"

    def __init__(self, settings: Settings):
        # Imported here: moto costs 0.4 s, which only who starts a sandbox should pay.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        from reconciler.sandbox.aws_differences import install, responses
        from reconciler.sandbox.sqs_queue import CURRENT, QueueStore

        install()
        clock = SandboxClock(settings)
        self.figures = Figures(clock)
        self.trail = Trail(settings, clock)
        self.events = EventBridgeStandIn(settings, clock, self, self.figures)
        self._current = CURRENT
        self._world = QueueStore(settings, self.figures)
        self._settings = settings
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._responses = responses()

    def operation(self, request: Request) -> str:
        """Read the operation from wherever the protocol has it: header, path or form."""
        if target := request.headers.get("X-Amz-Target"):
            return target.rsplit(".", 1)[-1]
        if (parts := request.path.split("/"))[-2:-1] == ["operation"]:
            return parts[-1]
        return request.form.get("Action") or request.args.get("Action") or "unknown"

    def caller(self, request: Request) -> str:
        """Return account or key, region and service."""
        return "/".join(_credential(request)) if _credential(request)[0] else ""

    def answer(self, operation: str, request: Request) -> Answer:
        """Refuse what the setting awsDenied names; let the service carry out the rest."""
        service = _credential(request)[2]
        denied = frozenset(self._settings["awsDenied"])
        actor = self._actor(request)
        if iam.action(service, operation) in denied:
            answer = self._denial(service, operation, actor, request)
        elif service == "events":
            answer = self.events.answer(operation, actor.account, actor.region, request, denied)
        elif service == "cloudtrail":
            answer = self.trail.answer(operation, actor, request)
        elif operation == iam.SIMULATE:
            kind = {"Content-Type": "text/xml"}
            answer = Answer(200, iam.simulated(request.form, denied), kind)
        else:
            answer = self._moto_answer(request)
        self.trail.record(service, operation, request, actor, answer)
        return answer

    def _denial(self, service: str, operation: str, actor: Actor, request: Request) -> Answer:
        if service == "events":
            return self.events.denial(operation, actor.account, actor.region, request)
        return self.refusal("denied", request, None)

    def _actor(self, request: Request) -> Actor:
        """Return who calls: a user called sandbox, or the session of a role."""
        from moto.iam.models import get_account_id_from
        from moto.sts.models import sts_backends

        key, region, _ = _credential(request)
        account = key if re.fullmatch(r"\d{12}", key) else get_account_id_from(key)
        role = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
        return Actor(account, region, key, iam.identity(account, key, role))

    def _moto_answer(self, request: Request) -> Answer:
        environ = dict(request.environ)
        request.get_data(cache=True)
        environ["wsgi.input"].seek(0)
        key, _, service = _credential(request)
        if re.fullmatch(r"\d{12}", key):
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = key
        # What goes to moto's server whole takes a third longer, and answers the same.
        direct = self._responses.get(service) if request.path == "/" else None
        token = self._current.set(self._world)
        try:
            response = direct(environ) if direct else self._served(environ)
        finally:
            self._current.reset(token)
        dropped = ("content-length", "connection", "transfer-encoding", "date")
        headers = {k: v for k, v in response.headers.items() if k.lower() not in dropped}
        return Answer(response.status_code, response.get_data(), headers)

    def _served(self, environ: dict[str, Any]) -> Response:
        return Response.from_app(self._moto, environ, buffered=True)

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word a failure in the protocol of the request."""
        return aws_wire.refusal(kind, request, _credential(request)[2], wait)

    def reset(self) -> None:
        """Remove queues and buses. moto's STS sessions stay: their keys are never used again."""
        self._world.clear()
        self.events.reset()
        self.trail.reset()

    def state(self) -> dict[str, Any]:
        """Return {account: {region: {"queues": {name: {attributes, tags, messages}}, "events"}}}.

        A part that is empty is left out.
        """
        found: dict[str, Any] = {}
        with self._world.lock:
            for (account, region), queues in sorted(self._world.queues.items()):
                if queues:
                    found.setdefault(account, {})[region] = {
                        "queues": {name: _dump(queue) for name, queue in sorted(queues.items())}
                    }
        for (account, region), events in self.events.state().items():
            found.setdefault(account, {}).setdefault(region, {})["events"] = events
        return found

    def deliver(self, queue: str, body: str) -> str | None:
        """Put a message into the queue with this URL or ARN, as the selling-partner notifiers do.

        Returns None when it arrived, otherwise "missing" (no such queue) or "forbidden" (its policy
        does not let account 437568002678 send; only with the setting checkQueuePolicy).
        """
        return self._deliver(queue, body, NOTIFIER, None, {})

    def deliver_event(
        self, queue: str, body: str, rule: str, *, group: str | None, attributes: Mapping[str, str]
    ) -> str | None:
        """Put a message into a queue as EventBridge does for the rule with this ARN.

        Returns None when it arrived, otherwise "missing", "forbidden" (by policy, or by the key
        that encrypts the queue) or "refused" (SQS does not take the message).
        """
        return self._deliver(queue, body, by_rule(rule), group, attributes)

    def _deliver(
        self, queue: str, body: str, sender: Sender, group: str | None, more: Mapping[str, str]
    ) -> str | None:
        account, name, region = _located(queue)
        token = self._current.set(self._world)
        try:
            with self._world.lock:
                for (owner, place), queues in self._world.queues.items():
                    if owner == account and region in (None, place) and name in queues:
                        return self._put((owner, place), queues[name], body, sender, group, more)
        finally:
            self._current.reset(token)
        return "missing"

    def _put(
        self,
        place: tuple[str, str],
        queue: Any,
        body: str,
        sender: Sender,
        group: str | None,
        more: Mapping[str, str],
    ) -> str | None:
        from moto.sqs.exceptions import SQSException
        from moto.sqs.models import sqs_backends

        if self._settings["checkQueuePolicy"]:
            unusable = queue.written.get("KmsMasterKeyId", "").endswith(_UNUSABLE_KEY)
            if sender is not NOTIFIER and unusable:
                return "forbidden"
            if not may_send(queue.policy, queue.queue_arn, sender):
                return "forbidden"
        texts = {name: {"DataType": "String", "StringValue": text} for name, text in more.items()}
        account, region = place
        try:
            sqs_backends[account][region].send_message(queue.name, body, texts, group_id=group)
        except SQSException:
            return "refused"
        return None


def _credential(request: Request) -> tuple[str, str, str]:
    """Return access key, region and service that the signature is for; empty without one."""
    found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    return (found[1], found[2], found[3]) if found else ("", "", "")


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
