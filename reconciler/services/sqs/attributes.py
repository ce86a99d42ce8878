"""A queue as the string attributes of SQS, and back. Pure.

Source: Amazon SQS API Reference, SetQueueAttributes and GetQueueAttributes.
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from sys import intern
from typing import Any

from reconciler.core.model.objects import Backlog
from reconciler.core.text.halves import read_json
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.policy import to_text
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.queue_settings import DeadLetter, KmsEncryption
from reconciler.services.sqs.rule_grants import joined

_OUR_MARKS = "reconciler:"
_NUMBERS = {
    "visibility_timeout": "VisibilityTimeout",
    "message_retention_period": "MessageRetentionPeriod",
    "delay": "DelaySeconds",
    "receive_message_wait_time": "ReceiveMessageWaitTimeSeconds",
}
_MAXIMUM_SIZE = {"maximum_message_size": "MaximumMessageSize"}
_FIFO = {
    "content_based_deduplication": "ContentBasedDeduplication",
    "deduplication_scope": "DeduplicationScope",
    "fifo_throughput_limit": "FifoThroughputLimit",
}
_PLAIN = _NUMBERS | _MAXIMUM_SIZE | _FIFO
_DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_PERMISSIONS = {"all": "allowAll", "none": "denyAll"}


def once(value: Any) -> Any:
    """Return a JSON value whose texts are kept once, however many queues have them."""
    if isinstance(value, list):
        return [once(item) for item in value]
    return intern(value) if isinstance(value, str) else value


def check(attributes: Mapping[str, str]) -> None:
    """Check that an answer is a whole one, so that a broken one is not read as "all defaults".

    Raises:
        ValueError: says what is missing or not readable; never quotes a value.
    """
    for name in (*_NUMBERS.values(), *_COUNTS):
        if not attributes.get(name, "").isdigit():
            raise ValueError(f"the answer has no readable {name}")
    for name in _DOCUMENTS:
        text = attributes.get(name)
        if text:
            _read(text, name, json.loads)


def waiting(attributes: Mapping[str, str]) -> int:
    """Return how many messages the queue holds: visible, in flight and delayed."""
    return sum(int(attributes[name]) for name in _COUNTS)


def backlog(attributes: Mapping[str, str]) -> Backlog:
    """Return the same, told apart."""
    return Backlog(*(int(attributes[name]) for name in _COUNTS))


def created(attributes: Mapping[str, str]) -> int | None:
    """Return when the queue was created, in Unix seconds, if it says so."""
    moment = attributes.get("CreatedTimestamp", "")
    return int(moment) if moment.isdigit() else None


def queue_from(
    account: AwsAccount, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]
) -> Queue:
    """Return the queue that SQS describes; attributes we do not know are left out.

    Raises:
        ValueError: an attribute has a value that this version does not know.
    """
    fields: dict[str, Any] = {
        field: attributes[wire] for field, wire in _PLAIN.items() if wire in attributes
    }
    if attributes.get("ContentBasedDeduplication"):
        fields["content_based_deduplication"] = attributes["ContentBasedDeduplication"] == "true"
    fields |= {
        "name": name,
        "fifo": attributes.get("FifoQueue") == "true",
        "encryption": _encryption_from(attributes),
        "dead_letter": _dead_letter_from(_document(attributes, "RedrivePolicy")),
        "redrive_allow": _redrive_allow_from(_document(attributes, "RedriveAllowPolicy")),
        "policy": _document(attributes, "Policy"),
        "tags": users_tags(tags),
    }
    return Queue.of(account, fields)


def users_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are neither our marks nor AWS's own."""
    return {key: value for key, value in tags.items() if not key.startswith((_OUR_MARKS, "aws:"))}


def to_create(queue: Queue) -> dict[str, str]:
    """Return the attributes CreateQueue is given: what was declared, and nothing empty.

    What is left out has SQS's default on a new queue.
    """
    wanted = to_set(queue, queue.model_fields_set)
    if queue.fifo:
        wanted["FifoQueue"] = "true"
    return {name: value for name, value in wanted.items() if value}


def to_set(queue: Queue, fields: Collection[str]) -> dict[str, str]:
    """Return the attributes that say what the queue's `fields` are; empty ones are cleared."""
    found = {
        wire: _text(getattr(queue, field))
        for field, wire in _PLAIN.items()
        if field in fields and getattr(queue, field) is not None
    }
    if "policy" in fields:
        text = to_text(queue.policy, queue.policy_given)
        found["Policy"] = joined(text, queue.arn or "", queue.routed)
    if "dead_letter" in fields:
        found["RedrivePolicy"] = _dead_letter_text(queue.dead_letter)
    if "redrive_allow" in fields:
        found["RedriveAllowPolicy"] = _redrive_allow_text(queue.redrive_allow)
    if "encryption" in fields:
        found |= encryption_to(queue)
    return dict(sorted(found.items()))


def encryption_to(queue: Queue) -> dict[str, str]:
    """Return the attributes of the queue's encryption: one of the two kinds, never both."""
    kind = queue.encryption
    if isinstance(kind, KmsEncryption):
        return {
            "KmsDataKeyReusePeriodSeconds": str(kind.data_key_reuse),
            "KmsMasterKeyId": kind.kms_key,
        }
    return {"SqsManagedSseEnabled": "true" if kind == "sqs" else "false"}


def encryption_calls(before: Queue, after: Queue) -> list[dict[str, str]]:
    """Return what to set, call by call, to get from one encryption to the other.

    Taking the key away leaves a queue unencrypted, and SQS's own encryption is not known to be
    accepted in the same call, so that takes two. Of a key that stays only its reuse is sent.
    """
    if not isinstance(before.encryption, KmsEncryption) or isinstance(
        after.encryption, KmsEncryption
    ):
        return [dict(encryption_to(after).items() - encryption_to(before).items())]
    cleared = {"KmsMasterKeyId": ""}
    return [cleared, encryption_to(after)] if after.encryption == "sqs" else [cleared]


def _encryption_from(attributes: Mapping[str, str]) -> Any:
    key = attributes.get("KmsMasterKeyId")
    if key:
        reuse = attributes.get("KmsDataKeyReusePeriodSeconds", "300")
        return {"kmsKey": key, "dataKeyReuse": reuse}
    return "sqs" if attributes.get("SqsManagedSseEnabled") == "true" else "none"


def _dead_letter_from(document: dict[str, Any] | None) -> DeadLetter | None:
    if not document or not document.get("deadLetterTargetArn"):
        return None
    return _dead_letter(
        str(document["deadLetterTargetArn"]), int(document.get("maxReceiveCount", 0))
    )


@lru_cache(maxsize=4096)
def _dead_letter(queue: str, max_receives: int) -> DeadLetter:
    """Return what many queues have in common: it is kept once."""
    return DeadLetter(queue=queue, max_receives=max_receives)


def _redrive_allow_from(document: dict[str, Any] | None) -> str | list[str]:
    permission = (document or {}).get("redrivePermission", "allowAll")
    if permission == "byQueue":
        return [str(arn) for arn in (document or {}).get("sourceQueueArns") or ()]
    return "none" if permission == "denyAll" else "all"


def _dead_letter_text(dead_letter: DeadLetter | None) -> str:
    if dead_letter is None:
        return ""
    return json.dumps(
        {
            "deadLetterTargetArn": dead_letter.queue,
            "maxReceiveCount": dead_letter.max_receives,
        }
    )


def _redrive_allow_text(allow: str | tuple[str, ...]) -> str:
    if isinstance(allow, str):
        return json.dumps({"redrivePermission": _PERMISSIONS[allow]})
    return json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": list(allow)})


def _document(attributes: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = attributes.get(name)
    return _read(text, name, _interned) if text else None


def _read(text: str, name: str, read: Callable[[str], Any]) -> dict[str, Any]:
    try:
        document = read(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        # The text is left out: a policy is nobody's business in a log.
        raise ValueError(f"the answer has no readable {name}") from None
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {intern(name): once(value) for name, value in pairs}


_INTERNED = json.JSONDecoder(object_pairs_hook=_object)
"""Made once: `json.loads` makes one for each text."""
_interned = partial(read_json, decode=_INTERNED.decode)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
