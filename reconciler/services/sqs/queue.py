"""The queue as it is compared: one class for what YAML declares and what SQS reports."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from reconciler.core.model.addresses import Handle, Outputs
from reconciler.core.model.delivery import Delivery
from reconciler.core.model.pacing import (
    LOOK,
    READS_AT_ONCE,
    UNLIMITED,
    ActionName,
    Cost,
    Pace,
    PacedCall,
)
from reconciler.core.model.spec import Evidence, Reference, Spec, to_snake
from reconciler.services.sqs import limits
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.delivery import QueueDelivery, locked
from reconciler.services.sqs.policy import (
    Given,
    both_spellings,
    has_deleted_principal,
    owner_is_given_all_rights,
    strangers_with_all_rights,
)
from reconciler.services.sqs.queue_settings import KmsEncryption, QueueFacts
from reconciler.services.sqs.rule_grants import apart

_STRENGTH = {"none": 0, "sqs": 1, "kms": 2}

READ_BACK = 100
"""Up to so many new queues of a run have their tags read back, at 50 a second."""
TAGS = "tags"
TAGS_PACE = Pace(50, 50)
BETWEEN_SAMPLES = 3.0
"""Seconds until the messages of a queue that seems empty are counted the last time."""
SLOW = frozenset({"message_retention_period", "encryption"})
"""Not waited for after a change: SQS takes 15 minutes to show the one, the other is confirmed."""


class QueueCost(Cost):
    """What calls SQS takes; it publishes no limit for these."""

    def beside_creates(self, number: int) -> int:
        """Return the list of queues, of which one may have turned up, and tags that are read."""
        return 1 + (number if number <= READ_BACK else 0)

    def pace_of(self, bucket: str) -> Pace:
        """Return the limit of what reads or writes tags, the only one that AWS publishes."""
        return TAGS_PACE if bucket == TAGS else super().pace_of("")

    def trail(
        self, spec: Any, action: ActionName, after: Mapping[str, Any]
    ) -> tuple[PacedCall, ...]:
        """Return the calls: a change shows when it was read back twice.

        Before a delete messages are counted three times, and twice what uses the queue.
        """
        if action == "create":
            return (LOOK,)
        tagging = PacedCall(TAGS)
        if action == "delete":
            later = PacedCall("", pause=BETWEEN_SAMPLES)
            return (LOOK, tagging, LOOK, tagging, later, tagging, LOOK, LOOK, LOOK)
        tags = {value is None for path, value in after.items() if path.startswith("tags.")}
        fields = {to_snake(path.partition(".")[0]) for path in after} - {"tags"}
        writes = bool(fields) + 2 * bool(fields - SLOW)
        return (LOOK, tagging, *(tagging,) * len(tags), *(LOOK,) * writes)


class Queue(QueueFacts, Spec):
    """One SQS queue."""

    kind: ClassVar[str] = "queue"
    service: ClassVar[str] = "aws"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "arn"
    fixed: ClassVar[frozenset[str]] = frozenset({"fifo"})
    optional: ClassVar[frozenset[str]] = frozenset({"maximumMessageSize"})
    shared: ClassVar[frozenset[str]] = frozenset({"tags"})
    hidden: ClassVar[frozenset[str]] = frozenset({"arn", "policyGiven", "routed"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "deadLetter.queue": Reference(
            "queue", "arn", same_account=True, remote=limits.QUEUE_ARN, rejects=True
        )
    }
    mentions: ClassVar[Mapping[str, Reference]] = {
        "redriveAllow": Reference("queue", "arn", same_account=True, remote=limits.QUEUE_ARN)
    }
    atomic: ClassVar[frozenset[str]] = frozenset({"policy"})
    marks: ClassVar[str | None] = "tags"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)
    delivery: ClassVar[Delivery[Any]] = QueueDelivery()
    cost: ClassVar[Cost] = QueueCost(UNLIMITED, at_once=READS_AT_ONCE)

    @classmethod
    def of(cls, account: AwsAccount, fields: Mapping[str, Any], by: str = "") -> Self:
        """Build the queue of `account` with these fields (by our names), in their one spelling.

        Fields that are not given have SQS's default and do not count as declared. `by` names the
        field that its policy is declared by.
        """
        arn = account.queue_arn(fields["name"])
        known = {**fields, "arn": arn}
        if "policy" in known and "policy_given" not in known:
            known["policy"], known["policy_given"] = both_spellings(known["policy"], arn, by)
        elif by:
            known.setdefault("policy_given", Given(by=by))
        queue = cls(**known)
        if not isinstance(queue.encryption, KmsEncryption):
            return queue.compacted()
        key = account.own_key(queue.encryption.kms_key)
        return queue.model_copy(
            update={"encryption": queue.encryption.model_copy(update={"kms_key": key})}
        )

    def apart_from_routes(self, stack: str) -> Self:
        """Return a live queue whose policy is told apart from what a stack's routes imply."""
        if self.policy is None or self.arn is None:
            return self
        policy, given, rules = apart(self.policy, self.policy_given, self.arn, stack)
        if not rules:
            return self
        update = {"policy": policy, "policy_given": given, "routed": rules}
        return self.model_copy(update=update)

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
