"""One queue as AWS keeps it, and the place where a sandbox keeps its queues.

The queues live in the sandbox that the request came to, not in moto's process-wide table, so two
sandboxes in one process do not see each other.
"""

import threading
from contextvars import ContextVar
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue

from reconciler.sandbox import queue_rules as rules
from reconciler.sandbox.figures import Figures
from reconciler.sandbox.settings import Settings

Place = tuple[str, str]
"""AWS account id and region."""


class QueueStore:
    """One sandbox's queues, and what is counted of them."""

    def __init__(self, settings: Settings, figures: Figures):
        self.settings = settings
        self.figures = figures
        self.lock = threading.RLock()
        self.queues: dict[Place, dict[str, Any]] = {}
        self.graves: dict[tuple[str, str, str], tuple[float, Any]] = {}

    def lag(self, change: str) -> int:
        """Return how many reads come too early to see this kind of change."""
        return int(self.settings["lagReads"].get(change, 0))

    def clear(self) -> None:
        """Remove all queues and the memory of removed ones."""
        with self.lock:
            self.queues.clear()
            self.graves.clear()
            self.figures.reset()


CURRENT: ContextVar[QueueStore] = ContextVar("sandbox_world")
"""The world of the request that this thread serves."""


def refuse(error: rules.RefusedBySqs) -> None:
    """Raise a refusal in moto's words."""
    raise SQSException(error.code, error.message) from error


class SandboxQueue(Queue):
    """A queue that answers with exactly the attributes AWS has, spelt as AWS spells them."""

    def __init__(self, name: str, region: str, account_id: str, sent: dict[str, str]):
        fifo = name.endswith(".fifo")
        super().__init__(name, region, account_id, FifoQueue=str(fifo).lower())
        self.was_tagged = False
        # Reads that still see the world before the last change; see the setting lagReads.
        self.unborn = CURRENT.get().lag("queueCreated")
        self.undead = 0
        self.created_at = CURRENT.get().figures.clock.now()
        self.stale = 0
        self.earlier: dict[str, Any] = {}
        self.written: dict[str, str] = dict(
            rules.FIFO_DEFAULTS if fifo else rules.STANDARD_DEFAULTS
        )
        self.write(sent)
        self.stale = 0

    def write(self, sent: dict[str, str]) -> None:
        """Check and merge.

        AWS: what a call does not carry, the policy included, stays as it is; moto drops the policy,
        takes unknown names and any number, and keeps SSE-SQS beside KMS.
        """
        # AddPermission and RemovePermission edit moto's copy of the policy.
        before = {**self.written, "Policy": self.policy or ""}
        try:
            self._check_kind(sent)
            rules.check(sent, self.written, fifo=self.fifo_queue)
            self._check_target(sent.get("RedrivePolicy", ""))
        except rules.RefusedBySqs as error:
            refuse(error)
        self.earlier, self.stale = self.attributes, CURRENT.get().lag("queueUpdated")
        respell = CURRENT.get().settings["respellPolicies"]
        self.written = rules.merge(before, sent, respell=respell)
        working = {name: self.written.get(name) for name in rules.WRITABLE}
        self._set_attributes({**working, "RedrivePolicy": self.written.get("RedrivePolicy", "")})
        if not self.policy:
            # AWS: AddPermission on a queue without policy makes one of the old version.
            self._policy_json["Version"] = "2008-10-17"

    def _check_kind(self, sent: dict[str, str]) -> None:
        """AWS: the kind of a queue is its name; FifoQueue is "true" or nothing."""
        if "FifoQueue" not in sent:
            return
        if not self.fifo_queue:
            raise rules.unknown("FifoQueue")
        if sent["FifoQueue"] != "true":
            raise rules.invalid("FifoQueue", "Modifying queue type is not supported.")

    def _check_target(self, text: str) -> None:
        """AWS: a dead-letter target exists, is of the same kind, account and region."""
        if not text:
            return
        target, _ = rules.redrive(text)
        found = CURRENT.get().queues.get((self.account_id, self.region), {})
        queue = next((queue for queue in found.values() if queue.queue_arn == target), None)
        if queue is None:
            raise rules.redrive_refused(text, "Dead letter target does not exist.")
        if queue.fifo_queue != self.fifo_queue:
            raise rules.redrive_refused(
                text, "Dead-letter queue must be same type of queue as the source."
            )

    def _counts(self) -> dict[str, int]:
        return {
            "ApproximateNumberOfMessages": self.approximate_number_of_messages,
            "ApproximateNumberOfMessagesDelayed": self.approximate_number_of_messages_delayed,
            "ApproximateNumberOfMessagesNotVisible": (
                self.approximate_number_of_messages_not_visible
            ),
        }

    @property
    def attributes(self) -> dict[str, Any]:
        """AWS: whole seconds, absent when unset, the reuse period only beside a key."""
        found: dict[str, Any] = {
            **self.written,
            **self._counts(),
            "CreatedTimestamp": int(self.created_at),
            "LastModifiedTimestamp": int(self.last_modified_timestamp),
            "QueueArn": self.queue_arn,
        }
        found.pop("Policy", None)
        if self.policy:
            found["Policy"] = self.policy
        if "KmsMasterKeyId" not in found:
            del found["KmsDataKeyReusePeriodSeconds"]
        return found
