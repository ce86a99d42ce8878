"""Whether a queue lets its sender in, and who else could take messages away."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.core.link import Link
from reconciler.providers.sqs.policy import (
    NOTIFIER_ACTIONS,
    Policy,
    denied,
    principals,
    strangers_with_all_rights,
)

if TYPE_CHECKING:
    from reconciler.providers.sqs.queue import Queue


def links(
    queue: "Queue", declared: "Queue", sender: str | None, *, has_target: bool
) -> Iterator[Link]:
    """Yield the links a live queue makes up; `has_target`: its dead-letter queue is there."""
    if queue.fifo:
        yield Link("queue type", "broken", "Amazon sends to standard queues only, this one is FIFO")
    if sender is not None:
        yield _admission(queue, declared, sender)
        yield _encryption(queue, sender)
    if queue.dead_letter is not None:
        name = queue.dead_letter.queue
        yield (
            Link("dead letters", "holds")
            if has_target
            else Link("dead letters", "doubtful", f"the dead-letter queue {name} does not exist")
        )


def missing_rights(queue: "Queue", sender: str) -> str | None:
    """Say what the policy keeps from the AWS account `sender`, None if it admits it."""
    missing = denied(queue.policy, sender, [f"sqs:{name}" for name in NOTIFIER_ACTIONS])
    if not missing:
        return None
    return (
        f"does not let the AWS account {sender} call {' and '.join(missing)}: add "
        "`grants: [{to: amazon-notifications}]` to it"
    )


def locked(queue: "Queue") -> str | None:
    """Say that a queue is encrypted with AWS's own key, which cannot be shared; else None."""
    key = queue.kms_key
    if key is None or not key.endswith("alias/aws/sqs"):
        return None
    return (
        "is encrypted with alias/aws/sqs, which no other account can use: take a key of your own, "
        "or `encryption: sqs`"
    )


def _admission(queue: "Queue", declared: "Queue", sender: str) -> Link:
    missing = missing_rights(queue, sender)
    if missing is not None:
        return Link("queue policy", "broken", f"the queue {queue.name} {missing}")
    strangers = sorted(_admitted(queue.policy) - _admitted(declared.policy))
    if strangers:
        detail = (
            f"the policy also admits {', '.join(strangers)}, whom no declaration grants anything"
        )
        return Link(
            "queue policy", "doubtful", f"{detail} and who may take messages away: run apply"
        )
    wide = strangers_with_all_rights(queue.policy)
    if wide:
        detail = f"{', '.join(wide)} may do anything with the queue, also take messages away"
        return Link("queue policy", "warning", detail)
    return Link("queue policy", "holds")


def _encryption(queue: "Queue", sender: str) -> Link:
    shut = locked(queue)
    if shut is not None:
        return Link("encryption", "broken", f"the queue {queue.name} {shut}")
    if queue.kms_key is None:
        return Link("encryption", "holds")
    return Link(
        "encryption",
        "doubtful",
        f"whether the policy of the key {queue.kms_key} lets Amazon use it cannot be seen from "
        f'here; it needs {{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{sender}:root"}}'
        ', "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}',
    )


def _admitted(policy: Policy | None) -> set[str]:
    """Return whom a policy admits, one entry for each principal and action."""
    return {
        f"{name} ({action})"
        for statement, name in principals(policy)
        if statement.get("Effect") == "Allow"
        for action in statement.get("Action", ())
    }
