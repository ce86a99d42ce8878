"""Conditions of a policy statement, weighed by what is sure about a request.

Semantics: IAM User Guide, condition operators and global condition keys. Keys are in lower case and
values are lists of text, as `policy.canonical` writes them.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any


def matches(pattern: str, text: str) -> bool:
    """Say whether a pattern stands for a text, capitals being distinct."""
    return _compiled(pattern).fullmatch(text) is not None


def matches_action(pattern: str, action: str) -> bool:
    """Say whether a pattern stands for an action; capitals do not matter in them."""
    return matches(pattern.lower(), action.lower())


def matches_arn(pattern: str, arn: str) -> bool:
    """Say whether a pattern stands for an ARN.

    Its wildcards stay within one segment, but for a `*` at a segment's end: it may reach further.
    """
    return pattern == arn or _compiled(pattern, any_one="[^:]").fullmatch(arn) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, any_one: str = ".") -> re.Pattern[str]:
    parts = []
    for place, character in enumerate(pattern):
        ends_segment = pattern[place + 1 : place + 2] in ("", ":")
        if character == "*":
            parts.append(".*" if ends_segment else f"{any_one}*")
        else:
            parts.append(any_one if character == "?" else re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


_Compare = Callable[[str, str], bool]
"""Takes the wanted and the actual value."""


def _equal(wanted: str, actual: str) -> bool:
    return wanted == actual


def _equal_but_for_case(wanted: str, actual: str) -> bool:
    return wanted.lower() == actual.lower()


_OPERATORS: dict[str, tuple[_Compare, bool]] = {
    "ArnEquals": (matches_arn, True),
    "ArnLike": (matches_arn, True),
    "ArnNotEquals": (matches_arn, False),
    "ArnNotLike": (matches_arn, False),
    "Bool": (_equal_but_for_case, True),
    "StringEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_but_for_case, True),
    "StringLike": (matches, True),
    "StringNotEquals": (_equal, False),
    "StringNotEqualsIgnoreCase": (_equal_but_for_case, False),
    "StringNotLike": (matches, False),
}
"""How values are compared, and whether one must match (else none may)."""


def holds(condition: Any, known: Mapping[str, str]) -> bool | None:
    """Say whether a statement's Condition holds, None if that cannot be told.

    `known` is the part of the request's context that is sure: {condition key: value}.
    """
    if not condition:
        return True
    if not isinstance(condition, Mapping):
        return None
    found = {
        _holds(operator, wanted, known.get(key))
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    }
    if False in found:
        return False
    return None if None in found else True


def described(condition: Any) -> str:
    """Return a Condition in words: `StringEquals aws:sourcevpc vpc-1 or vpc-2`."""
    if not isinstance(condition, Mapping):
        return str(condition)
    return " and ".join(
        f"{operator} {key} {' or '.join(wanted)}"
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    )


def _holds(operator: str, wanted: list[str], actual: str | None) -> bool | None:
    compare, affirms = _OPERATORS.get(operator.removesuffix("IfExists"), (None, True))
    if actual is None or any("${" in value for value in wanted):
        return None
    if operator == "Null":
        return wanted == ["false"]
    if compare is None:
        return None
    return any(compare(value, actual) for value in wanted) is affirms
