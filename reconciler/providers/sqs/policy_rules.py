"""What a declared queue policy must look like: shape, and SQS's own limits.

SQS answers every defect with the same sentence and no reason, so the reason is given here. Limits:
Amazon SQS Developer Guide, quotas related to policies.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.errors import Defects
from reconciler.core.manifest.phrases import near
from reconciler.providers.sqs.policy import ACTIONS, Policy, principals, to_text

MAX_BYTES = 8192
MAX_STATEMENTS = 20
MAX_PRINCIPALS = 50
MAX_CONDITIONS = 10
MAX_ACTIONS = 7

_POLICY_KEYS = frozenset({"Version", "Id", "Statement"})
_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"))
_STATEMENT_KEYS = frozenset(
    {"Sid", "Effect", "Resource", "NotResource", "Condition", *(k for pair in _PAIRS for k in pair)}
)
_VERSIONS = ("2008-10-17", "2012-10-17")
_BY_LOWER = {name.lower(): name for name in ACTIONS}


def check_shape(policy: Mapping[str, Any]) -> None:
    """Check what can be said of a raw policy without knowing its queue.

    Raises:
        ValueError: says which statement is wrong, and how to put it right.
    """
    _known(policy, _POLICY_KEYS, "a policy")
    if str(policy.get("Version", _VERSIONS[1])) not in _VERSIONS:
        raise ValueError('Version must be "2012-10-17" (or "2008-10-17")')
    statements = policy.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or (policy and not statements):
        raise ValueError("Statement must be a list of statements; for no policy leave it out")
    faults = [
        f"statement {number}: {fault}"
        for number, statement in enumerate(statements, 1)
        if (fault := _statement_fault(statement))
    ]
    if faults:
        raise Defects(faults)


def check_limits(policy: Policy) -> None:
    """Check a canonical policy against SQS's limits.

    Raises:
        ValueError: says which limit and by how much.
    """
    statements = policy["Statement"]
    _at_most(MAX_BYTES, len(to_text(policy).encode()), "bytes")
    _at_most(MAX_STATEMENTS, len(statements), "statements")
    _at_most(MAX_PRINCIPALS, len(list(principals(policy))), "principals")
    conditions = sum(
        len(keys) for item in statements for keys in item.get("Condition", {}).values()
    )
    _at_most(MAX_CONDITIONS, conditions, "conditions")
    for statement in statements:
        actions = statement.get("Action", statement.get("NotAction", ()))
        _at_most(MAX_ACTIONS, len(actions), "actions in one statement")


def action_name(name: str) -> str:
    """Return SQS's spelling of an action.

    Raises:
        ValueError: there is no such action.
    """
    found = _BY_LOWER.get(name.lower())
    if found is None:
        hint = near(name, ACTIONS) or f"; the actions are {', '.join(ACTIONS)}"
        raise ValueError(f"{name!r} is not an SQS action{hint}")
    return found


def action_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return SQS's spelling of actions.

    Raises:
        Defects: one for each that is none.
    """
    found, faults = [], []
    for name in names:
        try:
            found.append(action_name(name))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise Defects(faults)
    return tuple(found)


def _statement_fault(statement: Any) -> str | None:
    try:
        _check_statement(statement)
    except ValueError as error:
        return str(error)
    return None


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, Mapping):
        raise ValueError("expected a mapping with Effect, Principal and Action")
    _known(statement, _STATEMENT_KEYS, "a statement")
    if str(statement.get("Effect")).capitalize() not in ("Allow", "Deny"):
        raise ValueError("Effect must be Allow or Deny")
    for pair in _PAIRS:
        if sum(bool(statement.get(key)) for key in pair) != 1:
            raise ValueError(f"exactly one of {pair[0]} and {pair[1]} must be given")
    if "Resource" in statement and "NotResource" in statement:
        raise ValueError("at most one of Resource and NotResource may be given")
    _check_principal(statement.get("Principal") or statement.get("NotPrincipal"))
    _check_actions(statement.get("Action") or statement.get("NotAction"))
    condition = statement.get("Condition") or {}
    if not isinstance(condition, Mapping) or not all(
        isinstance(tests, Mapping) for tests in condition.values()
    ):
        raise ValueError("Condition must be {operator: {key: value}}")


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, Mapping):
        raise ValueError('Principal must be "*" or a mapping such as {AWS: "123456789012"}')
    for kind, names in principal.items():
        listed = names if isinstance(names, list) else [names]
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise ValueError(f"Principal has no {kind!r}; expected AWS or Service")
        if not listed or not all(isinstance(name, str) and name for name in listed):
            raise ValueError(f"Principal.{kind} must be text; put account ids in quotes")


def _check_actions(actions: Any) -> None:
    for action in actions if isinstance(actions, list) else [actions]:
        if not isinstance(action, str):
            raise ValueError("Action must be text or a list of texts")
        service, _, name = action.partition(":")
        if action == "*" or (service.lower() == "sqs" and ("*" in name or "?" in name)):
            continue
        if service.lower() != "sqs" or not name:
            raise ValueError(f"Action {action!r} must begin with sqs:, as in sqs:SendMessage")
        action_name(name)


def _known(given: Mapping[str, Any], known: Iterable[str], owner: str) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{owner} has no {key!r}; it has {', '.join(sorted(known))}")


def _at_most(limit: int, count: int, what: str) -> None:
    if count > limit:
        raise ValueError(f"the policy has {count} {what}, and SQS allows {limit}; make it shorter")
