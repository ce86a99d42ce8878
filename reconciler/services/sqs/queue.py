"""The queue as it is compared: one class for what YAML declares and what SQS reports."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, field_validator
from pydantic_core.core_schema import ValidationInfo

from reconciler.core.model.addresses import Handle, Outputs
from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.evidence import Evidence
from reconciler.core.model.link import Link
from reconciler.core.model.spec import ActionName, Frozen, Pace, Reference, Spec, to_snake
from reconciler.core.model.units import Duration, Size, Unit
from reconciler.services.sqs import limits
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.delivery import links as admission_links
from reconciler.services.sqs.delivery import locked, missing_rights, unclear_rights
from reconciler.services.sqs.policy import (
    Given,
    canonical,
    has_deleted_principal,
    owner_is_given_all_rights,
    strangers_with_all_rights,
)

_FIFO_DEFAULTS = {
    "content_based_deduplication": False,
    "deduplication_scope": "queue",
    "fifo_throughput_limit": "perQueue",
}
_STRENGTH = {"none": 0, "sqs": 1, "kms": 2}


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a whole number")
    return value


class KmsEncryption(Frozen):
    """Encryption with a key of KMS, as given: alias name, key id or ARN."""

    kms_key: str = Field(min_length=1)
    """Alias name, key id or ARN. A key of your own: the one of AWS cannot be shared with Amazon."""
    data_key_reuse: Duration = 300
    """Seconds for which SQS may reuse a data key."""


class DeadLetter(Frozen):
    """Where messages go that were received `max_receives` times without being deleted."""

    queue: str
    """The name of a queue above, or a queue ARN in the same account and region."""
    max_receives: Annotated[int, BeforeValidator(_no_bool)]
    """After so many receives, 1 to 1000."""


def _encryption(value: Any) -> Any:
    if isinstance(value, Mapping):
        return KmsEncryption.model_validate(value, by_alias=True, by_name=False)
    if isinstance(value, KmsEncryption) or value in ("sqs", "none"):
        return value
    raise ValueError("expected sqs, none or {kmsKey: alias/NAME}")


def _redrive_allow(value: Any) -> Any:
    if isinstance(value, list | tuple):
        strange = [n for n, item in enumerate(value) if not isinstance(item, str)]
        if strange:
            sentence = "expected the name of a queue above, or a queue ARN"
            raise Defects(Defect(sentence, (number,)) for number in strange)
        return tuple(sorted(set(value)))
    if value in ("all", "none"):
        return value
    raise ValueError("expected all, none or a list of queues, by name or ARN")


def _by_key(tags: dict[str, str]) -> dict[str, str]:
    return dict(sorted(tags.items()))


class QueueSettings(Frozen):
    """What a declared and a live queue have in common; defaults are SQS's own."""

    fifo: StrictBool = False
    """A FIFO queue; its name ends in .fifo. Cannot be changed later. Amazon sends to standard
    queues only."""
    content_based_deduplication: StrictBool | None = Field(default=None, validate_default=True)
    """FIFO only: tell duplicates by a digest of the body."""
    deduplication_scope: Literal["queue", "messageGroup"] | None = Field(
        default=None, validate_default=True
    )
    """FIFO only: where duplicates are looked for."""
    fifo_throughput_limit: Literal["perQueue", "perMessageGroupId"] | None = Field(
        default=None, validate_default=True
    )
    """FIFO only; perMessageGroupId needs `deduplicationScope: messageGroup`."""
    visibility_timeout: Duration = 30
    """How long a received message is hidden from others, up to 12h."""
    message_retention_period: Duration = 345600
    """How long a message is kept, 60s to 14d. A shorter one can drop messages."""
    delay: Duration = 0
    """How long a new message is held back, up to 15m."""
    receive_message_wait_time: Duration = 0
    """How long a receive waits for a message (long polling), up to 20s."""
    maximum_message_size: Annotated[Size | None, Unit("bytes")] = None
    """Left alone when not declared, since AWS has changed its default."""
    encryption: Annotated[Literal["sqs", "none"] | KmsEncryption, BeforeValidator(_encryption)] = (
        "sqs"
    )
    """By SQS itself, by a key of KMS, or none."""
    dead_letter: DeadLetter | None = None
    """Where messages go that nobody could work off; left out, nowhere."""
    redrive_allow: Annotated[
        Literal["all", "none"] | tuple[str, ...], BeforeValidator(_redrive_allow)
    ] = "all"
    """Which queues may use this one as their dead-letter queue: all, none, or a list of names of
    queues above and ARNs."""
    policy: dict[str, Any] | None = None
    """The raw access policy, instead of `grants`."""
    tags: Annotated[dict[str, str], AfterValidator(_by_key)] = Field(default_factory=dict)
    """At most 48; `reconciler:stack` and `reconciler:protect` are ours."""

    @field_validator(*_FIFO_DEFAULTS)
    @classmethod
    def _only_with_fifo(cls, value: Any, info: ValidationInfo) -> Any:
        """Give FIFO queues their default and refuse it elsewhere, as SQS does in any value."""
        fifo = info.data.get("fifo", True)
        if value is not None and not fifo:
            raise ValueError("only FIFO queues have this: add `fifo: true`, or remove it")
        return _FIFO_DEFAULTS[str(info.field_name)] if fifo and value is None else value


READ_BACK = 100
"""Up to so many new queues of a run have their tags read back, at 50 a second."""
LOOKS_BEFORE_DELETE = 8
"""Attributes and tags are read three times of an empty queue, and twice what uses it."""
SLOW = frozenset({"message_retention_period", "encryption"})
"""Not waited for after a change: SQS takes 15 minutes to show the one, the other is confirmed."""


class Queue(QueueSettings, Spec):
    """One SQS queue."""

    kind: ClassVar[str] = "queue"
    service: ClassVar[str] = "aws"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "arn"
    fixed: ClassVar[frozenset[str]] = frozenset({"fifo"})
    optional: ClassVar[frozenset[str]] = frozenset({"maximumMessageSize"})
    shared: ClassVar[frozenset[str]] = frozenset({"tags"})
    hidden: ClassVar[frozenset[str]] = frozenset({"arn", "policyGiven"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "deadLetter.queue": Reference("queue", "arn", same_account=True, remote=limits.QUEUE_ARN)
    }
    mentions: ClassVar[Mapping[str, Reference]] = {
        "redriveAllow": Reference("queue", "arn", same_account=True, remote=limits.QUEUE_ARN)
    }
    atomic: ClassVar[frozenset[str]] = frozenset({"policy"})
    marks: ClassVar[str | None] = "tags"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)
    pace: ClassVar[Pace] = Pace(1000, 1000)
    """SQS publishes no limit for these calls."""

    name: str
    arn: str | None = None
    """What statements of its policy may name as their Resource."""
    policy_given: Given = Field(default=Given(), exclude=True)
    """The policy as it is written, or was read: labels and all."""

    @classmethod
    def of(cls, account: AwsAccount, fields: Mapping[str, Any]) -> Self:
        """Build the queue of `account` with these fields (by our names), in their one spelling.

        Fields that are not given have SQS's default and do not count as declared.
        """
        arn = account.queue_arn(fields["name"])
        known = {**fields, "arn": arn}
        if "policy" in known:
            known["policy_given"] = Given.of(known["policy"], arn)
            known["policy"] = canonical(known["policy"], arn)
        queue = cls(**known)
        if not isinstance(queue.encryption, KmsEncryption):
            return queue
        key = account.own_key(queue.encryption.kms_key)
        return queue.model_copy(
            update={"encryption": queue.encryption.model_copy(update={"kms_key": key})}
        )

    def declared_by(self, field: str) -> Self:
        """Return the queue with the name of the field that its policy is declared by."""
        return self.model_copy(update={"policy_given": replace(self.policy_given, by=field)})

    @classmethod
    def beside_creates(cls, number: int) -> int:
        """Return the list of queues, of which one may have turned up, and tags that are read."""
        return 1 + (number if number <= READ_BACK else 0)

    def effort(self, action: ActionName, after: Mapping[str, Any]) -> int:
        """Return how many API calls it takes: a change shows when it was read back twice."""
        if action != "update":
            return 1 + LOOKS_BEFORE_DELETE * (action == "delete")
        tags = {value is None for path, value in after.items() if path.startswith("tags.")}
        fields = {to_snake(path.partition(".")[0]) for path in after} - {"tags"}
        return 2 + len(tags) + bool(fields) + 2 * bool(fields - SLOW)

    def handle(self, account: str, outputs: Outputs) -> Handle:
        """Return the queue's ARN, which is known before it exists."""
        return Handle(outputs["arn"])

    def notes(self, before: Self | None) -> Iterator[str]:
        """Warn of what a reviewer would want to know: lost messages, weaker locks, wide grants."""
        if before is not None:
            yield from self._notes_on_change(before)
        if before is None or self.policy != before.policy:
            for name in strangers_with_all_rights(self.policy):
                yield f"the policy lets {name} do anything with the queue; grant what is needed"
            if owner_is_given_all_rights(self.policy):
                yield (
                    "the policy gives the queue's own account all rights, which it has without; "
                    "if Amazon's notifications were meant, grant to `amazon-notifications`"
                )
        if locked(self) and self.policy:
            yield "other accounts cannot send to a queue encrypted with the key alias/aws/sqs"

    def obstacles(self, sender: str) -> Iterator[str]:
        """Yield why the AWS account `sender` could not deliver: no permission, or no key.

        Neither SP-API nor MWS checks this: what is missing shows only as silence.
        """
        yield from filter(None, (missing_rights(self, sender), locked(self)))

    def doubts(self, sender: str) -> Iterator[str]:
        """Yield the conditions of the policy on which a delivery of `sender` hangs."""
        yield from filter(None, (unclear_rights(self, sender),))

    def links(self, declared: Self, target: Spec | None, sender: str | None) -> Iterator[Link]:
        """Yield whether the queue is of the right type, admits its sender and keeps what fails."""
        yield from admission_links(self, declared, sender, has_target=target is not None)

    @property
    def kms_key(self) -> str | None:
        """Return the key of KMS that the queue is encrypted with, if it is."""
        return self.encryption.kms_key if isinstance(self.encryption, KmsEncryption) else None

    def _notes_on_change(self, before: Self) -> Iterator[str]:
        if self.message_retention_period < before.message_retention_period:
            yield (
                "messages older than the new messageRetentionPeriod may be lost; the change can "
                "take 15 minutes to show"
            )
        if _strength(self) < _strength(before):
            yield "encryption becomes weaker; messages already in the queue keep theirs"
        if isinstance(before.encryption, KmsEncryption) and self.encryption == "sqs":
            yield (
                "for a moment the queue is not encrypted: SQS takes its own encryption only after "
                "the key is gone"
            )
        keys = (before.kms_key, self.kms_key)
        if all(keys) and sum(str(key).startswith("alias/") for key in keys) == 1:
            yield (
                "whether an alias and a key are the same only KMS knows: SQS keeps the spelling it "
                "was given, so this is written once as it is declared"
            )
        if has_deleted_principal(before.policy):
            yield "the live policy names a principal that was deleted; it is written anew"


def _strength(queue: Queue) -> int:
    return _STRENGTH["kms" if isinstance(queue.encryption, KmsEncryption) else queue.encryption]
