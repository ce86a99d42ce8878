"""Whether a queue lets its sender in, and who else could take messages away or forge some."""

from collections.abc import Iterable, Iterator

from reconciler.core.model.delivery import Delivery, Link
from reconciler.services.sqs.policy import (
    AMAZON_NOTIFICATIONS,
    NOTIFIER_ACTIONS,
    Policy,
    strangers_with_all_rights,
)
from reconciler.services.sqs.policy_evaluation import (
    RULES,
    Evaluation,
    PolicyRequest,
    covers_action,
    covers_queue,
    evaluate,
)
from reconciler.services.sqs.queue_settings import QueueFacts
from reconciler.services.sqs.rule_grants import rule_of, whole

_TAKING = ("ReceiveMessage", "DeleteMessage", "PurgeQueue")
_SENDING = ("SendMessage",)
_GRANT = "`grants: [{to: amazon-notifications}]`"
_STATEMENT = (
    f'`{{Effect: Allow, Principal: {{AWS: "{AMAZON_NOTIFICATIONS}"}}, '
    f"Action: [{', '.join(f'sqs:{name}' for name in NOTIFIER_ACTIONS)}]}}`"
)
_RULE_STATEMENT = (
    f"`{{Effect: Allow, Principal: {{Service: {RULES}}}, Action: sqs:SendMessage, "
    'Condition: {ArnEquals: {"aws:SourceArn": "%s"}}}`'
)
_ADVICE = {
    "grants": f"add {_GRANT} to it",
    "policy": f"add the statement {_STATEMENT} to its policy",
    "": f"add {_GRANT} to it, or where it has a `policy`, the statement {_STATEMENT}",
}
"""How to let Amazon in, by the field that a queue's policy is declared by."""


class QueueDelivery(Delivery[QueueFacts]):
    """Whether a queue admits who sends to it, and keeps what nobody could read."""

    def obstacles(self, spec: QueueFacts, sender: str) -> Iterator[str]:
        """Yield why the AWS account `sender` could not deliver: no permission, or no key.

        Or a rule of EventBridge, by its ARN. Nobody checks this: what is missing shows only as
        silence.
        """
        yield from filter(None, (missing_rights(spec, sender), locked(spec)))

    def doubts(self, spec: QueueFacts, sender: str) -> Iterator[str]:
        """Yield the conditions of the policy on which a delivery of `sender` hangs."""
        yield from filter(None, (unclear_rights(spec, sender),))

    def links(
        self, live: QueueFacts, declared: QueueFacts, leads_to: object, sender: str | None
    ) -> Iterator[Link]:
        """Yield whether the queue is of the right type, admits its sender and keeps what fails."""
        if live.fifo and (wrong := _wrong_type(live, sender)):
            yield Link("queue type", "broken", wrong)
        if sender is not None:
            yield _admission(live, declared, sender)
            yield _encryption(live, sender)
        if live.dead_letter is not None:
            name = live.dead_letter.queue
            yield (
                Link("dead letters", "holds")
                if leads_to is not None
                else Link(
                    "dead letters", "doubtful", f"the dead-letter queue {name} does not exist"
                )
            )


def _wrong_type(queue: QueueFacts, sender: str | None) -> str:
    """Say why nobody could send to a FIFO queue, nothing if `sender` can."""
    if sender is None or rule_of(sender) is None:
        return "Amazon sends to standard queues only, this one is FIFO"
    if queue.content_based_deduplication:
        return ""
    return (
        "EventBridge tells a FIFO queue no deduplication id: add `contentBasedDeduplication: true`"
    )


def missing_rights(queue: QueueFacts, sender: str) -> str | None:
    """Say what the policy keeps from `sender` (an AWS account, a rule), None if it admits it."""
    missing = [
        action for action, found in _evaluated(queue, sender).items() if found.decision == "denied"
    ]
    if not missing:
        return None
    return f"does not let {_who(sender)} call {' and '.join(missing)}: {_advice(queue, sender)}"


def unclear_rights(queue: QueueFacts, sender: str) -> str | None:
    """Say under which conditions the policy admits `sender`, None if it does without (or not)."""
    found = {
        action: evaluation.conditions
        for action, evaluation in _evaluated(queue, sender).items()
        if evaluation.decision == "unclear"
    }
    if not found:
        return None
    conditions = "; ".join(dict.fromkeys(item for listed in found.values() for item in listed))
    better = _STATEMENT if queue.policy_given.by == "policy" else _GRANT
    return (
        f"lets {_who(sender)} call {' and '.join(found)} only under conditions that "
        f"cannot be judged from here ({conditions}): let it without any, as "
        f"{better if rule_of(sender) is None else _RULE_STATEMENT % sender} does"
    )


def _who(sender: str) -> str:
    rule = rule_of(sender)
    return f"the AWS account {sender}" if rule is None else f"the rule {rule.rule}"


def _advice(queue: QueueFacts, sender: str) -> str:
    """Say how to let `sender` in, by the field that the queue's policy is declared by."""
    if rule_of(sender) is None:
        return _ADVICE[queue.policy_given.by]
    if queue.policy_given.by == "policy":
        return f"add the statement {_RULE_STATEMENT % sender} to its policy"
    return "run apply, which lets in what routes lead there"


def locked(queue: QueueFacts) -> str | None:
    """Say that a queue is encrypted with AWS's own key, which cannot be shared; else None."""
    key = queue.kms_key
    if key is None or not key.endswith("alias/aws/sqs"):
        return None
    return (
        "is encrypted with alias/aws/sqs, which no other account can use: take a key of your own, "
        "or `encryption: sqs`"
    )


def _admission(queue: QueueFacts, declared: QueueFacts, sender: str) -> Link:
    missing = missing_rights(queue, sender)
    if missing is not None:
        return Link("queue policy", "broken", f"the queue {queue.name} {missing}")
    unclear = unclear_rights(queue, sender)
    if unclear is not None:
        return Link("queue policy", "doubtful", f"the queue {queue.name} {unclear}")
    declared_ones = _admitted(declared)
    strangers = {who: what for who, what in _admitted(queue).items() if who not in declared_ones}
    if strangers:
        detail = f"the policy also admits {', '.join(sorted(strangers))}, which no declaration "
        return Link(
            "queue policy", "doubtful", f"{detail}grants{_danger(strangers.values())}: run apply"
        )
    wide = strangers_with_all_rights(queue.policy)
    if wide:
        detail = f"{', '.join(wide)} may do anything with the queue, also take messages away"
        return Link("queue policy", "warning", detail)
    return Link("queue policy", "holds")


def _encryption(queue: QueueFacts, sender: str) -> Link:
    shut = locked(queue)
    if shut is not None:
        return Link("encryption", "broken", f"the queue {queue.name} {shut}")
    if queue.kms_key is None:
        return Link("encryption", "holds")
    by_rule = rule_of(sender) is not None
    user = "EventBridge" if by_rule else "Amazon"
    principal = (
        f'{{"Service": "{RULES}"}}' if by_rule else f'{{"AWS": "arn:aws:iam::{sender}:root"}}'
    )
    return Link(
        "encryption",
        "doubtful",
        f"whether the policy of the key {queue.kms_key} lets {user} use it cannot be seen from "
        f'here; it needs {{"Effect": "Allow", "Principal": {principal}'
        ', "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}',
    )


def _evaluated(queue: QueueFacts, sender: str) -> dict[str, Evaluation]:
    """Return, for each action that a sender needs, whether the policy lets it."""
    needed = _SENDING if rule_of(sender) is not None else NOTIFIER_ACTIONS
    policy = whole(queue.policy, queue.arn, queue.routed)
    return {
        f"sqs:{name}": evaluate(policy, PolicyRequest(sender, f"sqs:{name}", queue.arn))
        for name in needed
    }


def _admitted(queue: QueueFacts) -> dict[str, Policy]:
    """Return whom a queue's policy admits and to what: one entry for each principal and action."""
    return {
        f"{who} ({what})": granted
        for statement in (queue.policy["Statement"] if queue.policy else ())
        if statement.get("Effect") == "Allow" and covers_queue(statement, queue.arn)
        for who in _admitted_principals(statement)
        for what, granted in _granted(statement)
    }


def _admitted_principals(statement: Policy) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield f"everybody but {', '.join(_aws(statement['NotPrincipal'])) or 'services'}"
    yield from _aws(statement.get("Principal"))


def _aws(principal: object) -> list[str]:
    return list(principal.get("AWS", ())) if isinstance(principal, dict) else []


def _granted(statement: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield what a statement grants, in words and as what a statement has of it."""
    for action in statement.get("Action", ()):
        yield action, {"Action": [action]}
    if "NotAction" in statement:
        kept = statement["NotAction"]
        yield f"all but {', '.join(kept)}", {"NotAction": kept}


def _danger(granted: Iterable[Policy]) -> str:
    """Say what those can do to whom all this is granted, nothing if no harm to messages."""
    granted_ones = list(granted)
    taking, sending = (
        any(covers_action(item, f"sqs:{name}") for item in granted_ones for name in names)
        for names in (_TAKING, _SENDING)
    )
    if taking and sending:
        return "; they may take messages away and send forged ones"
    if taking:
        return "; they may take messages away"
    return "; they may send forged messages" if sending else ""
