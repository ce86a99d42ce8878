"""What a queue can be set to, in YAML and at SQS; defaults are SQS's own."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, field_validator
from pydantic_core.core_schema import ValidationInfo

from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.spec import Frozen
from reconciler.core.model.units import Duration, Size, Unit
from reconciler.services.sqs.policy import Given

_FIFO_DEFAULTS = {
    "content_based_deduplication": False,
    "deduplication_scope": "queue",
    "fifo_throughput_limit": "perQueue",
}


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
    max_receives: StrictInt
    """After so many receives, 1 to 1000."""


def _encryption(value: Any) -> Any:
    if value in ("sqs", "none") or isinstance(value, KmsEncryption):
        return value
    if isinstance(value, Mapping):
        return KmsEncryption.model_validate(value, by_alias=True, by_name=False)
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


class QueueFacts(QueueSettings):
    """What there is to know of one queue, declared or live."""

    name: str
    arn: str | None = None
    """What statements of its policy may name as their Resource."""
    policy_given: Given = Field(default=Given(), exclude=True)
    """The policy as it is written, or was read: labels and all."""

    routed: tuple[str, ...] = ()
    """ARNs of the rules that its policy lets in because routes lead to it; live queues only."""

    @property
    def kms_key(self) -> str | None:
        """Return the key of KMS that the queue is encrypted with, if it is."""
        return self.encryption.kms_key if isinstance(self.encryption, KmsEncryption) else None
