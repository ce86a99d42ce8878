"""Queue policies: one spelling for all that mean the same, and the rules a declared one obeys.

SQS and its console hand a policy back in another spelling than it was given in. `canonical` folds
what is equal in effect (IAM User Guide, policy elements): order, scalars and lists, account ids and
root ARNs, the case of actions and condition keys, labels (Sid, Id). It never fails on what a
service may hold; what a declaration may hold is checked by `policy_rules`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.core.text.expressions import Expression

Policy = dict[str, Any]

AMAZON_NOTIFICATIONS = "437568002678"
"""The AWS account from which Amazon's selling-partner notifications are sent."""
NOTIFIER_ACTIONS = ("GetQueueAttributes", "SendMessage")
"""What that account needs to be allowed."""

ACTIONS = (
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "CreateQueue",
    "DeleteMessage",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueues",
    "ListQueueTags",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
)
CURRENT_VERSION = "2012-10-17"

_ACTION_NAMES = {name.lower(): name for name in ACTIONS}
_ACCOUNT_ID = Expression(r"[0-9]{12}")
_SHORT = json.JSONEncoder(separators=(",", ":")).encode
_SORTED = json.JSONEncoder(sort_keys=True, default=str).encode
_ROOT = Expression(r"arn:[^:]+:iam::[0-9]{12}:root")
_ALL_RIGHTS = frozenset({"*", "sqs:*"})
_DELETED = Expression(r"(AIDA|AROA)[A-Z0-9]{12,}")


def canonical(policy: Mapping[str, Any] | None, queue_arn: str) -> Policy | None:
    """Return the one spelling of `policy` on the queue with `queue_arn`, None if it says nothing.

    Every list is a list, sorted, without duplicates; statements without a Resource get the queue's
    own. Version is kept only where it matters: with policy variables (`${...}`).
    """
    if not policy:
        return None
    statements = [
        _statement(item, queue_arn)
        for item in _listed(policy.get("Statement"))
        if isinstance(item, Mapping)
    ]
    if not statements:
        return None
    if len(statements) > 1:  # most have one
        by_key = {_key(statement): statement for statement in statements}
        statements = [by_key[key] for key in sorted(by_key)]
    result: Policy = {"Statement": statements}
    if "Version" in policy and "${" in repr(result):
        result["Version"] = str(policy["Version"])
    return result


@dataclass(frozen=True, slots=True)
class Given:
    """A policy as it was given, labels (Sid, Id), order and letter case kept; empty if none was.

    Two of them are equal whatever they hold: what is compared is the canonical policy. `by` is the
    field of the declaration that it comes from, empty if it was read.
    """

    policy: Policy = field(default_factory=dict, compare=False)
    by: str = field(default="", compare=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any], queue_arn: str, by: str = "") -> "Given":
        """Take up a raw policy; what SQS wants written out (Version, Resource) is filled in."""
        statements = [
            _filled_in(item, queue_arn)
            for item in _listed(raw.get("Statement"))
            if isinstance(item, Mapping)
        ]
        head = {"Version": raw.get("Version", CURRENT_VERSION), **raw}
        return cls({**head, "Statement": statements}, by)


def both_spellings(
    raw: Mapping[str, Any] | None, queue_arn: str, by: str = ""
) -> tuple[Policy | None, Given]:
    """Return a policy in its one spelling, and as it was given; both empty if it says nothing."""
    folded = canonical(raw, queue_arn)
    return folded, Given(by=by) if raw is None or folded is None else Given.of(raw, queue_arn, by)


def to_text(policy: Policy | None, given: Given | None = None) -> str:
    """Write a policy the way SQS takes it, as it was given; no policy is the empty string.

    One of which only the canonical form is known, as of a snapshot, is written so.
    """
    if policy is None:
        return ""
    document = given.policy if given else {}
    if not document:
        statements = [compact(statement) for statement in policy["Statement"]]
        document = {"Version": policy.get("Version", CURRENT_VERSION), "Statement": statements}
    return _SHORT(document)


def names_principals(policy: Policy | None) -> bool:
    """Say whether a role or user is named, which AWS must know before it accepts the policy."""
    return any(
        not _ROOT.fullmatch(name) and name != "*" and not _DELETED.fullmatch(name)
        for name in principals(policy)
    )


def has_deleted_principal(policy: Policy | None) -> bool:
    """Say whether a principal is shown by its internal id, which SQS does once it was deleted."""
    return any(_DELETED.fullmatch(name) for name in principals(policy))


def strangers_with_all_rights(policy: Policy | None) -> list[str]:
    """Return who else than the queue's own account may do anything at all with the queue."""
    return sorted({name for name, own in _with_all_rights(policy) if not own})


def owner_is_given_all_rights(policy: Policy | None) -> bool:
    """Say whether the queue's own account is let do anything, which it may without a policy."""
    return any(own and _ROOT.fullmatch(name) for name, own in _with_all_rights(policy))


def _with_all_rights(policy: Policy | None) -> Iterator[tuple[str, bool]]:
    """Yield who may do anything at all with the queue, and whether of the queue's own account."""
    for statement in policy["Statement"] if policy else ():
        if (
            not _ALL_RIGHTS.isdisjoint(statement.get("Action", ()))
            and statement.get("Effect") == "Allow"
            and not statement.get("Condition")
        ):
            own = _accounts(statement.get("Resource", ()))
            for name in _aws_principals(statement):
                yield name, not own.isdisjoint(name.split(":"))


def principals(policy: Policy | None) -> Iterator[str]:
    """Yield every AWS principal of a canonical policy, in each of its statements."""
    for statement in policy["Statement"] if policy else ():
        yield from _aws_principals(statement)


def _aws_principals(statement: Policy) -> Iterable[str]:
    named = statement.get("Principal", statement.get("NotPrincipal", {}))
    found: Iterable[str] = named.get("AWS", ()) if isinstance(named, dict) else ()
    return found


def _statement(raw: Mapping[str, Any], queue_arn: str) -> Policy:
    partition = queue_arn.split(":")[1]
    result: Policy = {}
    for name, value in raw.items():
        if name in ("Principal", "NotPrincipal"):
            result[name] = _principal(value, partition)
        elif name in ("Action", "NotAction"):
            result[name] = _sorted(_action(str(item)) for item in _listed(value))
        elif name in ("Resource", "NotResource"):
            result[name] = _sorted(str(item) for item in _listed(value))
        elif name == "Effect":
            result[name] = str(value).capitalize()
        elif name == "Condition":
            result |= _condition(value)
        elif name != "Sid":
            result[name] = value
    if "Resource" not in result and "NotResource" not in result:
        result["Resource"] = [queue_arn]
    return dict(sorted(result.items()))


def _filled_in(raw: Mapping[str, Any], queue_arn: str) -> Policy:
    """Return a statement as given, with a Resource, and with values where JSON has no others."""
    result = {name: value for name, value in raw.items() if value is not None}
    if "Effect" in result:
        result["Effect"] = str(result["Effect"]).capitalize()
    if isinstance(result.get("Condition"), Mapping):
        result["Condition"] = {
            operator: {key: _texts(wanted) for key, wanted in tests.items()}
            for operator, tests in result["Condition"].items()
            if isinstance(tests, Mapping) and tests
        }
    if not result.get("Condition", True):
        del result["Condition"]
    if "Resource" not in result and "NotResource" not in result:
        result["Resource"] = queue_arn
    return result


def _texts(wanted: Any) -> Any:
    return [_text(item) for item in wanted] if isinstance(wanted, list) else _text(wanted)


def _principal(value: Any, partition: str) -> Any:
    if value == "*":
        return {"AWS": ["*"]}
    if not isinstance(value, Mapping):
        return value
    return {
        kind: _sorted(
            _root_arn(str(name), partition) if kind == "AWS" else str(name)
            for name in _listed(names)
        )
        for kind, names in sorted(value.items())
    }


@lru_cache(maxsize=4096)
def _root_arn(principal: str, partition: str) -> str:
    if _ACCOUNT_ID.fullmatch(principal):
        return f"arn:{partition}:iam::{principal}:root"
    return principal


@lru_cache(maxsize=4096)
def _action(action: str) -> str:
    """Actions are case-insensitive: known ones get AWS's own spelling, patterns lower case."""
    service, colon, name = action.partition(":")
    if not colon:
        return action
    lowered = name.lower()
    known = _ACTION_NAMES.get(lowered, lowered) if service.lower() == "sqs" else lowered
    return f"{service.lower()}:{known}"


def _condition(value: Any) -> Policy:
    if not isinstance(value, Mapping):
        return {"Condition": value} if value else {}
    operators: dict[str, Any] = {}
    for operator, tests in value.items():
        keys: dict[str, list[str]] = {}
        for key, wanted in tests.items() if isinstance(tests, Mapping) else ():
            values = [_text(item) for item in _listed(wanted)]
            keys[str(key).lower()] = _sorted([*keys.get(str(key).lower(), []), *values])
        if keys:
            operators[str(operator)] = dict(sorted(keys.items()))
    return {"Condition": dict(sorted(operators.items()))} if operators else {}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _accounts(resources: Iterable[str]) -> set[str]:
    return {part for arn in resources for part in arn.split(":") if _ACCOUNT_ID.fullmatch(part)}


def compact(value: Any) -> Any:
    """Write lists of one as their only item: a policy has 8192 bytes and no more."""
    if isinstance(value, dict):
        return {name: compact(item) for name, item in value.items()}
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _sorted(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _key(statement: Policy) -> str:
    return _SORTED(statement)
