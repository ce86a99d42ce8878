"""How YAML declares queues, and SQS's rules between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Spec
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Member,
    WrittenDeclaration,
)
from reconciler.services.sqs import limits
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.grants import Grant, granted
from reconciler.services.sqs.policy import CURRENT_VERSION, Policy
from reconciler.services.sqs.policy_rules import check_limits, check_shape
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.queue_settings import DeadLetter, KmsEncryption, QueueSettings
from reconciler.services.sqs.writing import written

_SETTINGS = frozenset(QueueSettings.model_fields)


class QueueDeclaration(QueueSettings, Declaration):
    """A queue in YAML."""

    spec_type: ClassVar[type[Spec]] = Queue
    exclusive: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"grants", "policy"}),)
    renamed: ClassVar[Mapping[str, str]] = {"grants": "policy"}

    name: str | None = Field(default=None, validate_default=True)
    """Left out, the declaration's own name."""
    grants: tuple[Grant, ...] | None = None
    """Who may use the queue; instead of a raw `policy`."""

    @field_validator(*limits.RANGES)
    @classmethod
    def _in_range(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None:
            limits.RANGES[str(info.field_name)].check(value)
        return value

    @field_validator("fifo_throughput_limit")
    @classmethod
    def _throughput_fits_scope(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value == "perMessageGroupId" and info.data.get("deduplication_scope") == "queue":
            raise ValueError("perMessageGroupId needs `deduplicationScope: messageGroup`")
        return value

    @field_validator("encryption")
    @classmethod
    def _sound_encryption(cls, value: Any) -> Any:
        if isinstance(value, KmsEncryption):
            limits.check_kms(value.kms_key, value.data_key_reuse)
        return value

    @field_validator("dead_letter")
    @classmethod
    def _sound_dead_letter(cls, value: DeadLetter | None) -> DeadLetter | None:
        if value is not None and not 1 <= value.max_receives <= limits.MAX_RECEIVES:
            sentence = f"expected 1 to {limits.MAX_RECEIVES}, not {value.max_receives}"
            raise Defects([Defect(sentence, ("maxReceives",))])
        return value

    @field_validator("redrive_allow")
    @classmethod
    def _sound_sources(cls, value: Any) -> Any:
        if isinstance(value, tuple):
            limits.check_sources(value)
        return value

    @field_validator("policy")
    @classmethod
    def _sound_policy(cls, value: Policy | None) -> Policy | None:
        if value:
            check_shape(value)
        return value

    @field_validator("tags")
    @classmethod
    def _sound_tags(cls, value: dict[str, str]) -> dict[str, str]:
        limits.check_tags(value)
        return value

    @field_validator("name")
    @classmethod
    def _sound_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "fifo" in info.data:
            if value is not None:
                limits.check_name(value, fifo=info.data["fifo"])
            elif isinstance(info.context, Context):
                _check_default_name(info.context.name, fifo=info.data["fifo"])
        return value

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the queue.

        Raises:
            ValueError: the account is not AWS's, or the name that follows from the declaration's
                own is not a queue name.
            Defects: the policy is over SQS's limits.
        """
        account = context.account
        if not isinstance(account, AwsAccount):
            raise ValueError("a queue needs an account with `service: aws`")
        name = self.name or _check_default_name(context.name, fifo=self.fifo)
        fields = {key: getattr(self, key) for key in self.model_fields_set & _SETTINGS}
        by, fits = "grants", False
        if self.policy:
            by = "policy"
            fields["policy"] = {"Version": CURRENT_VERSION, **self.policy}
        if self.grants is not None:
            folded = granted(self.grants, account.queue_arn(name))
            fields["policy"], fields["policy_given"], fits = folded
        queue = Queue.of(account, {**fields, "name": name}, by)
        if queue.policy is not None and not fits:
            try:
                check_limits(queue.policy, queue.policy_given)
            except Defects as error:
                field = queue.policy_given.by
                raise Defects(defect.below(field) for defect in error.found) from None
        yield Member(queue, outputs=account.queue_outputs(name))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield one declaration a queue."""
        for spec in specs:
            if isinstance(spec, Queue) and isinstance(account, AwsAccount):
                yield written(spec, account)

    @classmethod
    def default_name(cls, stack: str, key: str) -> str | None:
        """Return the key itself."""
        return key


def _check_default_name(key: str, *, fifo: bool) -> str:
    """Return the name that follows from a declaration's key, if SQS takes it."""
    try:
        limits.check_name(key, fifo=fifo)
    except ValueError as error:
        wanted = f"{key}.fifo" if fifo else "NAME"
        raise ValueError(
            f"without `name` this queue would be called {key!r}: {error}; write `name: {wanted}`"
        ) from None
    return key


def check_dead_letters(desired: Sequence[Desired]) -> Iterator[Finding]:
    """Check dead-letter queues: same kind, account and region as their source, and willing."""
    queues: dict[str, Desired] = {
        item.outputs["arn"]: item for item in desired if isinstance(item.spec, Queue)
    }
    for arn, item in queues.items():
        if isinstance(item.spec, Queue) and item.spec.dead_letter is not None:
            target = item.spec.dead_letter.queue
            yield from (
                Finding(address=item.address, message=f"deadLetter.queue: {message}")
                for message in _dead_letter_faults(arn, target, queues.get(target))
            )


def _dead_letter_faults(source: str, target: str, declared: Desired | None) -> Iterator[str]:
    if target == source:
        yield "a queue cannot be its own dead-letter queue"
    if target.endswith(".fifo") != source.endswith(".fifo"):
        yield "a FIFO queue needs a FIFO dead-letter queue, a standard queue a standard one"
    if target.rpartition(":")[0] != source.rpartition(":")[0]:
        yield "a dead-letter queue must be in the same AWS account and region"
    if declared is None or not isinstance(declared.spec, Queue):
        return
    allowed = declared.spec.redrive_allow
    if allowed == "none" or (isinstance(allowed, tuple) and source not in allowed):
        none = "write a list with it for `redriveAllow: none` there"
        remedy = none if allowed == "none" else "add it to redriveAllow there"
        yield f"{declared.address} does not let this queue use it: {remedy}"
