"""The wildcards of policies: `*` for any text, `?` for any one character.

Source: IAM User Guide, policy elements Action, Resource and StringLike.
"""

import re
from functools import lru_cache


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
