"""What a declared queue policy must look like: shape, and SQS's own limits.

Everything that is wrong is told at once. Limits: Amazon SQS Developer Guide, quotas related to
policies.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.model.errors import Defect, Defects
from reconciler.core.text.phrases import quoted
from reconciler.services.sqs.policy import Given, Policy, canonical, principals, to_text
from reconciler.services.sqs.statement_rules import (
    MAX_ACTIONS,
    action_name,
    meant,
    statement_defects,
    unknown_keys,
)

MAX_BYTES = 8192
MAX_STATEMENTS = 20
MAX_PRINCIPALS = 50
MAX_CONDITIONS = 10

_MOST_OF_A_CHARACTER = 12
"""Bytes that JSON writes for a character of Python's own: two surrogates for an emoji."""

_ANY_QUEUE = "arn:aws:sqs:eu-west-1:123456789012:any"
_KEYS = ("Version", "Id", "Statement")
_VERSIONS = ("2012-10-17", "2008-10-17")


def check_shape(policy: Mapping[str, Any]) -> None:
    """Check what can be said of a raw policy without knowing its queue.

    Raises:
        Defects: everything that is wrong, with its place inside the policy.
    """
    found = [*unknown_keys(policy, _KEYS), *_head_defects(policy), *_size_defects(policy)]
    for path, statement in _statements(policy):
        found += (defect.below(*path) for defect in statement_defects(statement))
    found += _same_sids(policy)
    if found:
        raise Defects(found)


def check_limits(policy: Policy, given: Given | None = None) -> None:
    """Check a canonical policy against SQS's limits; `given` is how it is written.

    Raises:
        Defects: says which limits, and by how much.
    """
    size = _size(policy, given)
    actions = (item.get("Action", item.get("NotAction", ())) for item in policy["Statement"])
    most = max((len(listed) for listed in actions), default=0)
    faults = [
        *_over("bytes", MAX_BYTES, size),
        *_counts_over(policy),
        *_over("actions in one statement", MAX_ACTIONS, most),
    ]
    if faults:
        raise Defects(faults)


def _size(policy: Policy, given: Given | None) -> int:
    """Return the bytes of a policy's text, or of a small one, more cheaply, their upper bound."""
    if given is not None and given.policy:
        most = _MOST_OF_A_CHARACTER * len(repr(given.policy))
        if most <= MAX_BYTES:
            return most
    return len(to_text(policy, given).encode())


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


def _head_defects(policy: Mapping[str, Any]) -> Iterator[Defect]:
    version = policy.get("Version", _VERSIONS[0])
    if str(version) not in _VERSIONS:
        expected = f'expected "{_VERSIONS[0]}" (or "{_VERSIONS[1]}")'
        yield Defect(f"{expected}, not {quoted(version)}", ("Version",))
    if not isinstance(policy.get("Id", ""), str):
        yield Defect(f"expected text, not {quoted(policy['Id'])}: put it in quotes", ("Id",))
    if "Statement" not in meant(policy, _KEYS):
        yield Defect("'Statement' is missing: a list of statements; for no policy leave it out")
    elif not policy.get("Statement", True) or not isinstance(
        policy.get("Statement", []), list | Mapping
    ):
        given = "" if policy["Statement"] in ([], {}) else f", not {quoted(policy['Statement'])}"
        expected = "expected a list of statements; for no policy leave it out"
        yield Defect(f"{expected}{given}", ("Statement",))


def _size_defects(policy: Mapping[str, Any]) -> Iterator[Defect]:
    """Yield the limits that are surely passed, whatever else is wrong."""
    size = len(json.dumps(policy, separators=(",", ":"), default=str).encode())
    yield from (Defect(sentence) for sentence in _over("bytes", MAX_BYTES, size))
    counted = canonical(policy, _ANY_QUEUE)
    if counted:
        yield from (Defect(sentence, ("Statement",)) for sentence in _counts_over(counted))


def _counts_over(policy: Policy) -> Iterator[str]:
    statements = policy["Statement"]
    conditions = sum(
        len(keys) for item in statements for keys in _mapping(item.get("Condition")).values()
    )
    yield from _over("statements", MAX_STATEMENTS, len(statements))
    yield from _over("principals", MAX_PRINCIPALS, len(list(principals(policy))))
    yield from _over("conditions", MAX_CONDITIONS, conditions)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _same_sids(policy: Mapping[str, Any]) -> Iterator[Defect]:
    sids = {
        path: item["Sid"]
        for path, item in _statements(policy)
        if isinstance(item, Mapping) and isinstance(item.get("Sid"), str) and item["Sid"]
    }
    often = Counter(sids.values())
    seen: set[str] = set()
    for path, sid in sids.items():
        if often[sid] > 1 and sid in seen:
            yield Defect(f"another statement has the Sid {quoted(sid)} too", (*path, "Sid"))
        seen.add(sid)


def _statements(policy: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield (path, statement); one outside a list counts as a list of one."""
    given = policy.get("Statement")
    if isinstance(given, Mapping) and given:
        yield ("Statement",), given
    for number, statement in enumerate(given if isinstance(given, list) else ()):
        yield ("Statement", number), statement


def _over(what: str, limit: int, count: int) -> Iterator[str]:
    if count > limit:
        yield f"the policy has {count} {what}, and SQS allows {limit}: make it shorter"
