"""The statement by which routes are let into a queue, told apart from the rest of its policy. Pure.

It is implied by what is declared as a route, one for all rules of a queue, so it is no part of what
the queue declares. What lets rules in otherwise is.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from reconciler.core.text.expressions import Expression
from reconciler.services.sqs.policy import CURRENT_VERSION, Given, Policy, both_spellings, canonical
from reconciler.services.sqs.policy_evaluation import RULES

_ACTION = "sqs:SendMessage"
_RULE = Expression(r"arn:[^:]+:events:[^:]+:[0-9]{12}:rule/(.+)/([^/]+)")
_CONDITION = "aws:SourceArn"


class RuleName(NamedTuple):
    """A rule, by the name of its bus and its own."""

    bus: str
    rule: str


def rule_of(arn: str) -> RuleName | None:
    """Return what rule an ARN names, None if none; names of partner buses hold slashes."""
    match = _RULE.fullmatch(arn)
    return RuleName(match[1], match[2]) if match else None


def statement(queue_arn: str, rules: Collection[str]) -> Policy:
    """Return the statement that lets these rules (ARNs), and nobody else, send to a queue."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": RULES},
        "Action": _ACTION,
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {_CONDITION: sorted(rules)}},
    }


def apart(
    policy: Policy | None, given: Given, queue_arn: str, stack: str
) -> tuple[Policy | None, Given, tuple[str, ...]]:
    """Return a policy without what routes of a stack imply, and the rules that this lets in."""
    rules: set[str] = set()
    for item in policy["Statement"] if policy else ():
        rules.update(_implied(item, queue_arn, stack))
    if policy is None or not rules:
        return policy, given, ()
    raw = given.policy or policy
    kept = [item for item in raw["Statement"] if not _implies(item, queue_arn, stack)]
    rest = {**raw, "Statement": kept}
    return *both_spellings(rest, queue_arn), tuple(sorted(rules))


def joined(text: str, queue_arn: str, rules: Collection[str]) -> str:
    """Return the text of a policy (empty: none) together with what lets these rules in."""
    if not rules:
        return text
    policy = json.loads(text) if text else {"Version": CURRENT_VERSION, "Statement": []}
    found = policy["Statement"]
    statements = found if isinstance(found, list) else [found]
    whole = {**policy, "Statement": [*statements, statement(queue_arn, rules)]}
    return json.dumps(whole, separators=(",", ":"))


def whole(policy: Policy | None, queue_arn: str | None, rules: Collection[str]) -> Policy | None:
    """Return a canonical policy together with what lets these rules in."""
    if not rules or queue_arn is None:
        return policy
    rest = policy or {"Version": CURRENT_VERSION, "Statement": []}
    statements = [*rest["Statement"], statement(queue_arn, rules)]
    return canonical({**rest, "Statement": statements}, queue_arn)


def may_name_rules(policy: Policy | None) -> bool:
    """Say whether a canonical policy admits EventBridge to anything, or everybody."""
    for item in policy["Statement"] if policy else ():
        principal = item.get("Principal")
        named = principal if isinstance(principal, Mapping) else {}
        admits = RULES in named.get("Service", ()) or "*" in named.get("AWS", ())
        if item.get("Effect") == "Allow" and (admits or "NotPrincipal" in item):
            return True
    return False


def _implies(raw: Any, queue_arn: str, stack: str) -> bool:
    found = canonical({"Statement": [raw]}, queue_arn)
    return found is not None and bool(_implied(found["Statement"][0], queue_arn, stack))


def _implied(item: Policy, queue_arn: str, stack: str) -> tuple[str, ...]:
    """Return the rules of a stack that a canonical statement is about, if about nothing else."""
    condition = item.get("Condition")
    tests = condition.get("ArnEquals") if isinstance(condition, Mapping) else None
    rules = tuple(tests.get(_CONDITION.lower(), ())) if isinstance(tests, Mapping) else ()
    if not rules or not all(_is_ours(arn, stack) for arn in rules):
        return ()
    wanted = canonical({"Statement": [statement(queue_arn, rules)]}, queue_arn)
    return rules if wanted is not None and wanted["Statement"] == [item] else ()


def _is_ours(arn: str, stack: str) -> bool:
    return ":rule/" in arn and arn.rpartition("/")[2].startswith(f"{stack}--")
