"""Whether a queue's policy lets Amazon's notifications in.

Source: IAM User Guide, policy evaluation logic and policy elements.
"""

import json
import re
from typing import Any

_NOTIFIER = "437568002678"
_ACTION = "sqs:sendmessage"
_BY_TLS = "aws:securetransport"


def may_send(policy: str | None, queue_arn: str) -> bool:
    """Say whether the policy lets account 437568002678 send to its queue.

    Of conditions only aws:SecureTransport can be judged: the sender uses TLS. A statement under any
    other condition is left out: an Allow does not admit, a Deny does not shut out.
    """
    found = json.loads(policy)["Statement"] if policy else []
    effects = {
        str(item.get("Effect")).lower() for item in _listed(found) if _applies(item, queue_arn)
    }
    return "allow" in effects and "deny" not in effects


def _applies(statement: dict[str, Any], queue_arn: str) -> bool:
    return (
        _is_about_amazon(statement)
        and _covers(statement, "Action", _ACTION)
        and _covers(statement, "Resource", queue_arn)
        and all(
            _holds_by_tls(operator, key, wanted)
            for operator, tests in (statement.get("Condition") or {}).items()
            for key, wanted in tests.items()
        )
    )


def _is_about_amazon(statement: dict[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return not _names_amazon(statement["NotPrincipal"])
    return _names_amazon(statement.get("Principal"))


def _names_amazon(principal: Any) -> bool:
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return any(name == "*" or _NOTIFIER in str(name) for name in _listed(named))


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


def _holds_by_tls(operator: str, key: str, wanted: Any) -> bool:
    values = [str(item).lower() for item in _listed(wanted)]
    return (
        operator.removesuffix("IfExists") == "Bool" and key.lower() == _BY_TLS and "true" in values
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
