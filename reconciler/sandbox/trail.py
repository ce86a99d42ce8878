"""CloudTrail's event history: who called what, for 90 days, in the account and region it concerns.

Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, record contents. Of SQS the
calls that are management events, made in JSON; of EventBridge all but events that are put.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request

from reconciler.sandbox.service import Answer, page_offset, page_token
from reconciler.sandbox.settings import SandboxClock, Settings, Unacceptable, iso

_KEPT = 90 * 86_400
_PAGE = 50
_OF_QUEUES = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)
_DATA = frozenset({"PutEvents", "PutPartnerEvents"})
_READS = ("Describe", "List", "Test")
_MAPS = frozenset({"Attributes", "Tags", "tags"})
"""Whose keys inside keep their case."""
_KEYS = frozenset(
    {
        "AccessKeyId",
        "EventId",
        "EventName",
        "EventSource",
        "ReadOnly",
        "ResourceName",
        "ResourceType",
        "Username",
    }
)


class _Refused(Exception):
    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Actor:
    """Who calls: account, region, access key, and the userIdentity that a record shows."""

    account: str
    region: str
    key: str
    identity: Mapping[str, Any]


class Trail:
    """The history of every account and region, and its one question."""

    def __init__(self, settings: Settings, clock: SandboxClock):
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def record(
        self, service: str, operation: str, request: Request, actor: Actor, answer: Answer
    ) -> None:
        """Keep a call of SQS or EventBridge, when it is one of those that are kept."""
        kept = operation in _OF_QUEUES if service == "sqs" else operation not in _DATA
        if service not in ("sqs", "events") or not kept or not _is_json(request):
            return
        event = {
            "eventVersion": "1.11",
            "userIdentity": dict(actor.identity),
            "eventTime": iso(self._clock.now()),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": operation,
            "awsRegion": actor.region,
            "sourceIPAddress": request.remote_addr or "127.0.0.1",
            "userAgent": request.headers.get("User-Agent", ""),
            "requestParameters": _lowered(_json(request.get_data(cache=True))) or None,
            **_outcome(answer),
            "requestID": answer.headers.get("x-amzn-RequestId", str(uuid4())),
            "readOnly": operation.startswith(_READS),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": actor.account,
            "eventCategory": "Management",
        }
        self.remember(actor.account, actor.region, event)

    def remember(self, account: str, region: str, event: Mapping[str, Any]) -> None:
        """Keep a record as given; its time is now and its id new unless it says.

        Raises Unacceptable for an eventTime that is none.
        """
        full = {"eventTime": iso(self._clock.now()), "eventID": str(uuid4()), **event}
        try:
            datetime.fromisoformat(str(full["eventTime"]))
        except ValueError:
            raise Unacceptable(f"eventTime is no time: {full['eventTime']!r}.") from None
        with self._lock:
            self._events.setdefault((account, region), []).append(full)

    def reset(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._events.clear()

    def answer(self, operation: str, actor: Actor, request: Request) -> Answer:
        """Answer LookupEvents, the one operation there is."""
        try:
            return _answer(200, self._look_up(operation, actor, request))
        except _Refused as error:
            return _answer(400, {"__type": error.code, "message": error.message})

    def _look_up(self, operation: str, actor: Actor, request: Request) -> dict[str, Any]:
        if operation != "LookupEvents":
            raise _Refused("UnsupportedOperationException", f"There is no {operation} here.")
        wish = _json(request.get_data(cache=True))
        size = wish.get("MaxResults", _PAGE)
        if not 1 <= size <= _PAGE:
            raise _Refused("InvalidMaxResultsException", f"MaxResults is from 1 to {_PAGE}.")
        asked = {name: value for name, value in wish.items() if name != "NextToken"}
        start = _offset(wish.get("NextToken"), asked)
        found = list(self._found(actor, wish))
        page = found[start : start + size]
        answer: dict[str, Any] = {"Events": [_shown(event) for event in page]}
        if start + size < len(found):
            answer["NextToken"] = f"{page_token(start + size)}.{_digest(asked)}"
        return answer

    def _found(self, actor: Actor, wish: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the newest first: visible, young enough, in the window, of the attribute."""
        now = self._clock.now()
        begin = max(float(wish.get("StartTime", 0)), now - _KEPT)
        end = min(float(wish.get("EndTime", now)), now - self._settings["trailLagSeconds"])
        if float(wish.get("StartTime", begin)) > float(wish.get("EndTime", now)):
            raise _Refused("InvalidTimeRangeException", "StartTime is after EndTime.")
        attribute = _attribute(wish.get("LookupAttributes") or [])
        with self._lock:
            events = list(self._events.get((actor.account, actor.region), ()))
        for event in sorted(events, key=_time)[::-1]:
            if begin <= _time(event) <= end and _has(event, attribute):
                yield event


def _is_json(request: Request) -> bool:
    return "json" in request.mimetype


def _json(data: bytes) -> Any:
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return {}


def _lowered(value: Any) -> Any:
    """Write names with a small first letter, as CloudTrail does; not those of attributes, tags."""
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        f"{name[:1].lower()}{name[1:]}": inner
        if name in _MAPS and isinstance(inner, dict)
        else _lowered(inner)
        for name, inner in value.items()
    }


def _outcome(answer: Answer) -> dict[str, Any]:
    body = _json(answer.body)
    if answer.status < 400:
        return {"responseElements": _lowered(body) or None}
    code = str(body.get("__type", "InternalFailure")).rpartition("#")[2]
    message = str(body.get("message", ""))
    return {"errorCode": code, "errorMessage": message, "responseElements": None}


def _offset(token: str | None, asked: dict[str, Any]) -> int:
    if token is None:
        return 0
    text, _, digest = token.rpartition(".")
    offset = page_offset(text)
    if not offset or digest != _digest(asked):
        raise _Refused("InvalidNextTokenException", "The token does not belong to this request.")
    return offset


def _digest(asked: dict[str, Any]) -> str:
    return f"{hash(json.dumps(asked, sort_keys=True)) & 0xFFFFFFFF:08x}"


def _attribute(wish: list[dict[str, str]]) -> tuple[str, str] | None:
    if len(wish) > 1:
        raise _Refused("InvalidLookupAttributesException", "Only one lookup attribute is allowed.")
    if not wish:
        return None
    key, value = wish[0].get("AttributeKey", ""), wish[0].get("AttributeValue", "")
    if key not in _KEYS or not value:
        raise _Refused("InvalidLookupAttributesException", f"{key} is not a lookup attribute.")
    return key, value


def _time(event: dict[str, Any]) -> float:
    moment = datetime.fromisoformat(str(event["eventTime"]))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _has(event: dict[str, Any], attribute: tuple[str, str] | None) -> bool:
    if attribute is None:
        return True
    key, wanted = attribute
    shown = _shown(event)
    if key.startswith("Resource"):
        return any(resource.get(key) == wanted for resource in shown["Resources"])
    return bool(shown.get(key) == wanted)


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    identity = event.get("userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    shown = {
        "EventId": event["eventID"],
        "EventName": event.get("eventName"),
        "ReadOnly": str(event.get("readOnly", False)).lower(),
        "AccessKeyId": identity.get("accessKeyId"),
        "EventTime": _time(event),
        "EventSource": event.get("eventSource"),
        "Username": identity.get("userName") or _session(identity),
        "Resources": list(_resources(event)),
        "CloudTrailEvent": event.get("CloudTrailEvent") or json.dumps(event),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _session(identity: dict[str, Any]) -> str | None:
    arn = str(identity.get("arn", ""))
    return arn.rpartition("/")[2] if "/" in arn else None


def _resources(event: dict[str, Any]) -> Iterator[dict[str, str]]:
    parameters = event.get("requestParameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    named = parameters.get("queueName") or str(parameters.get("queueUrl", "")).rpartition("/")[2]
    if named:
        yield {"ResourceType": "AWS::SQS::Queue", "ResourceName": named}
    elif rule := parameters.get("rule") or parameters.get("name"):
        yield {"ResourceType": "AWS::Events::Rule", "ResourceName": rule}


def _answer(status: int, body: dict[str, Any]) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid4())}
    return Answer(status, json.dumps(body).encode(), headers)
