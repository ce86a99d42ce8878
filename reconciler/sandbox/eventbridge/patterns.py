"""Event patterns: which AWS accepts, and which events pass them.

Source: EventBridge User Guide, "Creating Amazon EventBridge event patterns". Matching is moto's,
which accepts every pattern; objects within lists are not looked into.
"""

import json
from typing import Any, cast

from reconciler.sandbox.eventbridge.refusals import bad_pattern, invalid, too_many

QUOTA = 2048
"""Characters of a pattern, unless an account has asked for more."""
_OPERATORS = frozenset(
    {
        "prefix",
        "suffix",
        "equals-ignore-case",
        "anything-but",
        "numeric",
        "exists",
        "cidr",
        "wildcard",
    }
)
_COMPARISONS = frozenset({"=", "<", "<=", ">", ">="})
_IN_ANYTHING_BUT = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
_NEEDED = ("id", "account", "source", "time", "region", "resources", "detail-type")


def parsed(text: str) -> dict[str, Any]:
    """Return a pattern. Raises Refused when AWS would not take it."""
    if len(text) > QUOTA:
        raise too_many()
    try:
        pattern = json.loads(text)
    except ValueError:
        raise bad_pattern("Unable to parse the JSON") from None
    if not isinstance(pattern, dict):
        raise bad_pattern("Filter is not an object")
    if not pattern:
        raise bad_pattern("Empty pattern")
    _check(pattern)
    return pattern


def _check(node: dict[str, Any]) -> None:
    for name, value in node.items():
        if name == "$or":
            _check_alternatives(value)
        elif isinstance(value, dict):
            if not value:
                raise bad_pattern("Empty objects are not allowed")
            _check(value)
        elif not isinstance(value, list):
            raise bad_pattern(f'"{name}" must be an object or an array')
        elif not value:
            raise bad_pattern("Empty arrays are not allowed")
        else:
            for item in value:
                _check_item(item)


def _check_alternatives(value: Any) -> None:
    if not isinstance(value, list) or len(value) < 2:
        raise bad_pattern('"$or" must be an array of at least two objects')
    for alternative in value:
        if not isinstance(alternative, dict) or not alternative:
            raise bad_pattern('"$or" must be an array of at least two objects')
        _check(alternative)


def _check_item(item: Any) -> None:
    if isinstance(item, list):
        raise bad_pattern("Match value must be String, number, true, false, or null")
    if not isinstance(item, dict):
        return
    if len(item) != 1:
        raise bad_pattern("Only one key allowed in match expression")
    [(operator, wanted)] = item.items()
    if operator not in _OPERATORS:
        raise bad_pattern(f"Unrecognized match type {operator}")
    if not _fits(operator, wanted):
        raise bad_pattern(f"Value of {operator} is not valid")


def _fits(operator: str, wanted: Any) -> bool:
    match operator:
        case "exists":
            return isinstance(wanted, bool)
        case "numeric":
            return _is_comparison(wanted)
        case "anything-but":
            return _is_exclusion(wanted)
        case "prefix" | "suffix":
            inner = wanted.get("equals-ignore-case") if isinstance(wanted, dict) else wanted
            return isinstance(inner, str)
        case _:
            return isinstance(wanted, str)


def _is_comparison(wanted: Any) -> bool:
    if not isinstance(wanted, list) or len(wanted) not in (2, 4):
        return False
    numbers = wanted[1::2]
    return set(map(str, wanted[::2])) <= _COMPARISONS and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    )


def _is_exclusion(wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return len(wanted) == 1 and set(wanted) <= _IN_ANYTHING_BUT
    values = wanted if isinstance(wanted, list) else [wanted]
    return bool(values) and all(isinstance(value, str | int | float) for value in values)


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Say whether an event passes a pattern."""
    from moto.events.models import EventPattern  # 0.1 s, for those who send events

    return bool(EventPattern(None, pattern).matches_event(cast("Any", event)))


def tested(text: str, event_text: str) -> bool:
    """Return TestEventPattern's result. Raises Refused for no pattern, or no event."""
    pattern = parsed(text)
    try:
        event = json.loads(event_text)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise invalid("Parameter Event is not valid. Reason: It must be a JSON object.")
    if missing := [name for name in _NEEDED if name not in event]:
        raise invalid(f"Parameter Event is not valid. Reason: It has no {missing[0]}.")
    return matches(pattern, event)
