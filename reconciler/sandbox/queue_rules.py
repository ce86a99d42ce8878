"""What SQS accepts as queue attributes and how it reads them back.

Source: Amazon SQS API Reference (CreateQueue, SetQueueAttributes, GetQueueAttributes) and Developer
Guide (quotas, FIFO queues, encryption at rest), and recordings validated against AWS.
"""

import json
from collections.abc import Mapping
from typing import Any

Attributes = dict[str, str]

NUMBERS = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
CLEARABLE = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy")
FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
WRITABLE = frozenset({*NUMBERS, *CLEARABLE, *_CHOICES, "FifoQueue"})
READABLE = WRITABLE | {
    "All",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
}
STANDARD_DEFAULTS = {
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
FIFO_DEFAULTS = {
    **STANDARD_DEFAULTS,
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}


class RefusedBySqs(Exception):
    """SQS says no; `code` is the query protocol's code."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


def unknown(name: str) -> RefusedBySqs:
    """Name an attribute that does not exist, or not on this kind of queue."""
    return RefusedBySqs("InvalidAttributeName", f"Unknown Attribute {name}.")


def invalid(name: str, reason: str = "") -> RefusedBySqs:
    """Name an attribute whose value is not acceptable."""
    text = f"Invalid value for the parameter {name}."
    return RefusedBySqs("InvalidAttributeValue", f"{text} Reason: {reason}" if reason else text)


def check(sent: Mapping[str, Any], before: Mapping[str, str], *, fifo: bool) -> None:
    """Check what one call sends, against what the queue has. Raises Refused.

    Whether a redrive target exists is the caller's to know.
    """
    for name, value in sent.items():
        if name not in WRITABLE:
            raise unknown(name)
        if not isinstance(value, str):
            raise RefusedBySqs("SerializationException", "Expected a string value.")
        if fifo or name not in FIFO_ONLY:
            _check_value(name, value)
        elif name == "ContentBasedDeduplication":
            raise unknown(name)
        else:
            # The text is recorded, its code is not; a value problem is the milder reading.
            raise invalid(name, f"You can specify the {name} only when FifoQueue is set to true.")
    _check_encryption(sent, before)
    merged = {**before, **sent}
    if (
        merged.get("FifoThroughputLimit") == "perMessageGroupId"
        and merged.get("DeduplicationScope", "queue") != "messageGroup"
    ):
        raise invalid(
            "FifoThroughputLimit", "perMessageGroupId needs DeduplicationScope messageGroup."
        )


def _check_value(name: str, value: str) -> None:
    if name in NUMBERS:
        least, most = NUMBERS[name]
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise invalid(name)
    elif name in _CHOICES:
        if value not in _CHOICES[name]:
            raise invalid(name)
    elif value == "" and name in CLEARABLE:
        return
    elif name == "Policy":
        check_policy(value)
    elif name == "RedrivePolicy":
        redrive(value)
    elif name == "RedriveAllowPolicy":
        _check_allow(value)


def _check_encryption(sent: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Allow one kind of encryption per call.

    Clearing the key and choosing SSE-SQS in one call is not known to work on AWS, so it does not
    work here: two calls are known to.
    """
    if "KmsMasterKeyId" not in sent or sent.get("SqsManagedSseEnabled") != "true":
        return
    if sent["KmsMasterKeyId"] or before.get("KmsMasterKeyId"):
        raise RefusedBySqs(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.",
        )


def check_policy(text: str) -> None:
    """Check a queue policy the way SQS does: one sentence for every defect. Raises Refused."""
    try:
        policy = json.loads(text)
        statements = policy["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        sound = (
            len(text.encode()) <= 8192
            and 1 <= len(statements) <= 20
            and policy.get("Version", "2012-10-17") in ("2008-10-17", "2012-10-17")
            and all(_sound(statement) for statement in statements)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise invalid("Policy")


def _sound(statement: dict[str, Any]) -> bool:
    actions = statement.get("Action", statement.get("NotAction", []))
    count = len(actions) if isinstance(actions, list) else 1
    return (
        str(statement["Effect"]).lower() in ("allow", "deny")
        and bool(statement.get("Principal") or statement.get("NotPrincipal"))
        and 1 <= count <= 7
    )


def redrive(text: str) -> tuple[str, int]:
    """Read a RedrivePolicy as (target ARN, receive count). Raises Refused."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise redrive_refused(text, "Redrive policy is not a valid JSON map.")
    for member in ("maxReceiveCount", "deadLetterTargetArn"):
        if policy.get(member) in (None, ""):
            raise redrive_refused(
                text, f"Redrive policy does not contain mandatory attribute: {member}."
            )
    count = str(policy["maxReceiveCount"])
    if not count.isdigit() or not 1 <= int(count) <= 1000:
        raise redrive_refused(text, "Invalid value for maxReceiveCount: must be 1 to 1000.")
    return str(policy["deadLetterTargetArn"]), int(count)


def redrive_refused(text: str, reason: str) -> RefusedBySqs:
    """Refuse a RedrivePolicy for a reason."""
    return RefusedBySqs(
        "InvalidParameterValue",
        f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}",
    )


def _check_allow(text: str) -> None:
    try:
        policy = json.loads(text)
        arns = policy.get("sourceQueueArns")
        by_queue = policy["redrivePermission"] == "byQueue"
        sound = policy["redrivePermission"] in ("allowAll", "denyAll", "byQueue") and (
            (isinstance(arns, list) and 1 <= len(arns) <= 10) if by_queue else arns is None
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise RefusedBySqs(
            "InvalidParameterValue",
            f"Value {text} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't "
            "create the redrive allow policy, as it's in an unsupported format.",
        )


def merge(before: Mapping[str, str], sent: Mapping[str, str], *, respell: bool) -> Attributes:
    """Return the attributes after an accepted call: what is not sent stays."""
    after = {**before, **sent}
    if sent.get("KmsMasterKeyId"):
        after["SqsManagedSseEnabled"] = "false"
    elif sent.get("SqsManagedSseEnabled") == "true":
        # Expected of AWS, not verified: managed encryption takes the key's place.
        after.pop("KmsMasterKeyId", None)
    if "KmsMasterKeyId" in sent and not sent["KmsMasterKeyId"]:
        # The key takes its reuse period along; what remains is an unencrypted queue.
        after["KmsDataKeyReusePeriodSeconds"] = "300"
    for name in NUMBERS:
        after[name] = str(int(after[name]))
    for name in CLEARABLE:
        if after.get(name) == "":
            del after[name]
    if sent.get("Policy"):
        after["Policy"] = _echo_policy(sent["Policy"], respell=respell)
    if sent.get("RedriveAllowPolicy"):
        allow = json.loads(sent["RedriveAllowPolicy"])
        after["RedriveAllowPolicy"] = json.dumps({k: v for k, v in allow.items() if v is not None})
    return after


def _echo_policy(text: str, *, respell: bool) -> str:
    """SQS gives a policy back parsed: an account id has become its root ARN, no Version is 2008."""
    policy: dict[str, Any] = {"Version": "2008-10-17", **json.loads(text)}
    if respell:
        statements = policy["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            principal = statement.get("Principal")
            if isinstance(principal, dict) and "AWS" in principal:
                principal["AWS"] = _as_arns(principal["AWS"])
    return json.dumps(policy)


def _as_arns(principals: Any) -> Any:
    if isinstance(principals, list):
        return [_as_arns(item) for item in principals]
    if isinstance(principals, str) and principals.isdigit() and len(principals) == 12:
        return f"arn:aws:iam::{principals}:root"
    return principals


def differing(name: str, sent: str, current: Mapping[str, str]) -> bool:
    """Whether CreateQueue sends another value than an existing queue has now."""
    now = current.get(name, "")
    if name in CLEARABLE and sent and now and name != "KmsMasterKeyId":
        return bool(json.loads(sent) != json.loads(now))
    return sent != now
