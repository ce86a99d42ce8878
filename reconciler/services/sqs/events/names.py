"""What EventBridge calls things: buses of partner event sources, rules, their ARNs."""

from reconciler.core.text.expressions import Expression
from reconciler.services.sqs.account import AwsAccount

PARTNER = "aws.partner/"
"""How names of partner event sources, and so of their buses, begin."""
SELLING_PARTNER = f"{PARTNER}sellingpartnerapi.amazon.com/"
"""The same, of Amazon's selling-partner notifications."""
RULE_NAME = Expression(r"[.\-_A-Za-z0-9]+")
LONGEST_RULE = 64


def bus_arn(account: AwsAccount, bus: str) -> str:
    """Return the ARN of an event bus."""
    return f"{_start(account)}:event-bus/{bus}"


def source_arn(account: AwsAccount, source: str) -> str:
    """Return the ARN of a partner event source, which belongs to no account."""
    return f"arn:{account.partition()}:events:{account.region}::event-source/{source}"


def rule_arn(account: AwsAccount, bus: str, rule: str) -> str:
    """Return the ARN of a rule, which is known before it exists."""
    return f"{_start(account)}:rule/{bus}/{rule}"


def _start(account: AwsAccount) -> str:
    return f"arn:{account.partition()}:events:{account.region}:{account.account_id}"
