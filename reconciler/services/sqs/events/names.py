"""What EventBridge calls things: buses of partner event sources, rules, their ARNs."""

import re
from typing import NamedTuple

from reconciler.services.sqs.account import AwsAccount

PARTNER = "aws.partner/"
"""How names of partner event sources, and so of their buses, begin."""
SELLING_PARTNER = f"{PARTNER}sellingpartnerapi.amazon.com/"
"""The same, of Amazon's selling-partner notifications."""
RULE_NAME = re.compile(r"[.\-_A-Za-z0-9]+")
LONGEST_RULE = 64

_RULE = re.compile(r"arn:[^:]+:events:[^:]+:[0-9]{12}:rule/(.+)/([^/]+)")


class RuleName(NamedTuple):
    """A rule, by the name of its bus and its own."""

    bus: str
    rule: str


def bus_arn(account: AwsAccount, bus: str) -> str:
    """Return the ARN of an event bus."""
    return f"{_start(account)}:event-bus/{bus}"


def source_arn(account: AwsAccount, source: str) -> str:
    """Return the ARN of a partner event source, which belongs to no account."""
    return f"arn:{account.partition()}:events:{account.region}::event-source/{source}"


def rule_arn(account: AwsAccount, bus: str, rule: str) -> str:
    """Return the ARN of a rule, which is known before it exists."""
    return f"{_start(account)}:rule/{bus}/{rule}"


def rule_of(arn: str) -> RuleName | None:
    """Return what rule an ARN names, None if none; names of partner buses hold slashes."""
    match = _RULE.fullmatch(arn)
    return RuleName(match[1], match[2]) if match else None


def _start(account: AwsAccount) -> str:
    return f"arn:{account.partition()}:events:{account.region}:{account.account_id}"
