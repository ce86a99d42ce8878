"""Live queues in the words of YAML: what `kinds` reads, backwards. Pure."""

from collections.abc import Mapping
from typing import Any

from reconciler.core.service import WrittenDeclaration
from reconciler.core.text.expressions import Expression
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.grants import NOTIFIER, Grant, policy_of
from reconciler.services.sqs.policy import (
    ACTIONS,
    AMAZON_NOTIFICATIONS,
    NOTIFIER_ACTIONS,
    Given,
    Policy,
    canonical,
    compact,
)
from reconciler.services.sqs.queue import Queue

USUAL_SIZES = (262_144, 1_048_576)
"""Maximum message sizes that AWS gave new queues: until August 2025, and since."""
KEY_REUSE = 300
"""Seconds for which SQS reuses a data key unless told otherwise."""

_ROOT = Expression(r"arn:[^:]+:iam::([0-9]{12}):root")
_ORDER = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"),
    *("NotResource", "Condition"),
)
_STATEMENT = {"Action", "Effect", "Principal", "Resource"}


def written(queue: Queue, account: AwsAccount) -> WrittenDeclaration:
    """Return the declaration of a live queue; a policy that equals grants is written as grants."""
    given = queue.fields()
    usual = Queue(name=queue.name, fifo=queue.fifo).fields()
    rights = _rights(queue, account.queue_arn(queue.name))
    full = {name: value for name, value in given.items() if name != "policy"} | rights
    fields: dict[str, Any] = {"name": queue.name}
    for name, value in given.items():
        if name == "policy":
            fields |= rights if queue.policy else {}
        elif name == "encryption":
            fields |= _encryption(value, usual[name])
        elif name == "maximumMessageSize":
            fields |= {name: value} if value not in (None, *USUAL_SIZES) else {}
        elif value != usual[name] or (name == "fifo" and value):
            fields[name] = value
    return WrittenDeclaration((queue,), fields, full, (queue.name,))


def _encryption(value: Any, usual: Any) -> dict[str, Any]:
    if value == usual:
        return {}
    if isinstance(value, dict) and value["dataKeyReuse"] == KEY_REUSE:
        return {"encryption": {"kmsKey": value["kmsKey"]}}
    return {"encryption": value}


def _rights(queue: Queue, arn: str) -> dict[str, Any]:
    """Return `grants` if they stand for the whole of a queue's policy, else `policy`."""
    policy = queue.policy
    grants = [_grant(statement) for statement in policy["Statement"]] if policy else []
    if policy and None not in grants:
        listed = sorted((grant for grant in grants if grant), key=_notifier_first)
        meant = policy_of(Grant.model_validate(grant) for grant in listed)
        if canonical(meant, arn) == policy:
            return {"grants": listed}
    return {"policy": _by_hand(policy, queue.policy_given, arn) if policy else None}


def _grant(statement: Policy) -> dict[str, Any] | None:
    """Return the grant that may stand for a statement, None if surely none does."""
    principal = statement.get("Principal")
    names = [action.removeprefix("sqs:") for action in statement.get("Action", ())]
    if (
        set(statement) != _STATEMENT
        or not isinstance(principal, Mapping)
        or set(principal) != {"AWS"}
        or len(principal["AWS"]) != 1
        or (names != ["*"] and not {*names} <= {*ACTIONS})
    ):
        return None
    root = _ROOT.fullmatch(principal["AWS"][0])
    to = root[1] if root else principal["AWS"][0]
    if to == AMAZON_NOTIFICATIONS and names == list(NOTIFIER_ACTIONS):
        return {"to": NOTIFIER}
    return {"to": to, "actions": "all" if names == ["*"] else names}


def _notifier_first(grant: Mapping[str, Any]) -> tuple[bool, str, str]:
    return grant["to"] != NOTIFIER, grant["to"], str(grant.get("actions"))


def _by_hand(policy: Policy, given: Given, arn: str) -> Policy:
    """Return a policy with its labels, without what a policy on a queue implies.

    Lists of one are written as their only item.
    """
    raw = given.policy or policy
    statements = []
    for statement in raw["Statement"]:
        short = {name: compact(value) for name, value in statement.items()}
        shown = {name: value for name, value in short.items() if (name, value) != ("Resource", arn)}
        if shown.get("Principal") == {"AWS": "*"}:
            shown["Principal"] = "*"
        order = [name for name in _ORDER if name in shown]
        statements.append({name: shown[name] for name in order} | shown)
    version = {"Version": policy["Version"]} if "Version" in policy else {}
    label = {"Id": raw["Id"]} if "Id" in raw else {}
    return {**version, **label, "Statement": statements}
