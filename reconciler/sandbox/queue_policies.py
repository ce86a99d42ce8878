"""Whether a queue's policy lets a sender in.

Source: IAM User Guide, policy evaluation logic, policy elements, global condition keys.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ACTION = "sqs:sendmessage"
_NEGATED = re.compile(r"(String|Arn)Not(Equals|Like|EqualsIgnoreCase)")


@dataclass(frozen=True)
class Sender:
    """Who sends: a principal (`kind` AWS or Service), and the context keys it brings.

    Keys in small letters. Everybody here uses TLS.
    """

    kind: str
    name: str
    keys: Mapping[str, str] = field(default_factory=dict)


NOTIFIER = Sender("AWS", "437568002678", {"aws:securetransport": "true"})
"""Amazon's notifications."""


def by_rule(arn: str) -> Sender:
    """Return EventBridge, sending for the rule with this ARN."""
    keys = {"aws:sourcearn": arn, "aws:sourceaccount": arn.split(":")[4]}
    return Sender("Service", "events.amazonaws.com", {"aws:securetransport": "true", **keys})


def may_send(policy: str | None, queue_arn: str, sender: Sender = NOTIFIER) -> bool:
    """Say whether the policy lets a sender send to its queue.

    A statement under a condition that cannot be judged, because its operator or key is unknown, is
    left out: an Allow does not admit, a Deny does not shut out.
    """
    found = json.loads(policy)["Statement"] if policy else []
    effects = {
        str(item.get("Effect")).lower()
        for item in _listed(found)
        if _applies(item, queue_arn, sender)
    }
    return "allow" in effects and "deny" not in effects


def _applies(statement: dict[str, Any], queue_arn: str, sender: Sender) -> bool:
    return (
        _is_about(statement, sender)
        and _covers(statement, "Action", _ACTION)
        and _covers(statement, "Resource", queue_arn)
        and all(
            _holds(operator, key, wanted, sender)
            for operator, tests in (statement.get("Condition") or {}).items()
            for key, wanted in tests.items()
        )
    )


def _is_about(statement: dict[str, Any], sender: Sender) -> bool:
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], sender)
    return _names(statement.get("Principal"), sender)


def _names(principal: Any, sender: Sender) -> bool:
    named = principal.get(sender.kind) if isinstance(principal, dict) else principal
    if isinstance(principal, dict) and "*" in _listed(principal.get("AWS")):
        return True
    return any(name == "*" or sender.name in str(name) for name in _listed(named))


def _covers(statement: dict[str, Any], element: str, text: str) -> bool:
    """Say whether the element (or its Not...) covers a text; a Resource left out is the queue."""
    if f"Not{element}" in statement:
        return not _any_matches(statement[f"Not{element}"], element, text)
    return _any_matches(statement.get(element, text), element, text)


def _any_matches(patterns: Any, element: str, text: str) -> bool:
    # Capitals do not matter in actions, and do in ARNs.
    folding = re.IGNORECASE if element == "Action" else re.NOFLAG
    return any(re.fullmatch(_pattern(str(item)), text, folding) for item in _listed(patterns))


def _pattern(written: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(character) or re.escape(character) for character in written)


def _holds(operator: str, key: str, wanted: Any, sender: Sender) -> bool:
    name, value = operator.removesuffix("IfExists"), sender.keys.get(key.lower())
    if value is None:
        return False
    wishes = [str(item) for item in _listed(wanted)]
    negated = _NEGATED.fullmatch(name) is not None
    return _matches(name.replace("Not", ""), wishes, value) != negated


def _matches(operator: str, wishes: list[str], value: str) -> bool:
    match operator:
        case "Bool" | "StringEqualsIgnoreCase":
            return value.lower() in [wish.lower() for wish in wishes]
        case "StringEquals":
            return value in wishes
        case "StringLike" | "ArnEquals" | "ArnLike":
            return any(re.fullmatch(_pattern(wish), value) for wish in wishes)
        case "Null":
            return "false" in wishes
    return False


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
