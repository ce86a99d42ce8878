"""What a queue policy lets another AWS account, or a rule of EventBridge, do, as AWS decides it.

A Deny that applies wins over every Allow, and without an Allow nothing is let (IAM User Guide,
policy evaluation logic). Whether a statement applies cannot always be told from here: its condition
may ask for what only AWS knows of the request, such as its network.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from reconciler.core.text.expressions import Expression
from reconciler.services.sqs.policy import Policy
from reconciler.services.sqs.policy_conditions import described, holds, matches_action, matches_arn

Decision = Literal["allowed", "denied", "unclear"]

RULES = "events.amazonaws.com"
"""The service principal that rules send as."""
_ROOT = Expression(r"arn:[^:]+:iam::([0-9]{12}):root")


class PolicyRequest(NamedTuple):
    """An AWS account, or a rule by its ARN, calls an action (`sqs:SendMessage`) on a queue.

    Of a queue whose ARN is not known every statement is taken to be about it.
    """

    sender: str
    action: str
    queue_arn: str | None

    def context(self) -> Mapping[str, str]:
        """Return the condition keys whose value is sure: AWS and its clients call by TLS."""
        if not self.by_rule:
            return {"aws:securetransport": "true", "aws:principalaccount": self.sender}
        return {
            "aws:securetransport": "true",
            "aws:principalisawsservice": "true",
            "aws:sourcearn": self.sender,
            "aws:sourceaccount": self.sender.split(":")[4],
        }

    @property
    def by_rule(self) -> bool:
        """Say whether EventBridge sends, on behalf of a rule."""
        return self.sender.startswith("arn:")

    def named_by(self, principal: object) -> bool:
        """Say whether the canonical Principal of a statement holds who sends."""
        listed = principal if isinstance(principal, dict) else {}
        accounts = listed.get("AWS", ())
        if "*" in accounts:
            return True
        if self.by_rule:
            return RULES in listed.get("Service", ())
        roots = (_ROOT.fullmatch(name) for name in accounts)
        return any(root is not None and root[1] == self.sender for root in roots)


class Evaluation(NamedTuple):
    """Whether a request is let through, and, where that is unclear, on which conditions it hangs.

    These are in words: `Allow if StringEquals aws:sourcevpc vpc-1`.
    """

    decision: Decision
    conditions: tuple[str, ...] = ()


def evaluate(policy: Policy | None, request: PolicyRequest) -> Evaluation:
    """Decide a request by a canonical policy."""
    denials, sure_denials = _applying(policy, "Deny", request)
    permits, sure_permits = _applying(policy, "Allow", request)
    if sure_denials or not (permits or sure_permits):
        return Evaluation("denied")
    doubts = [*([] if sure_permits else permits), *denials]
    conditions = tuple(
        dict.fromkeys(f"{item['Effect']} if {described(item['Condition'])}" for item in doubts)
    )
    return Evaluation("unclear" if conditions else "allowed", conditions)


def covers_action(statement: Policy, action: str) -> bool:
    """Say whether a statement is about an action (`sqs:SendMessage`)."""
    if "NotAction" in statement:
        return not any(matches_action(item, action) for item in statement["NotAction"])
    return any(matches_action(item, action) for item in statement.get("Action", ()))


def covers_queue(statement: Policy, queue_arn: str | None) -> bool:
    """Say whether a statement is about a queue; if its ARN is not known, every one is."""
    if queue_arn is None:
        return True
    if "NotResource" in statement:
        return not any(matches_arn(item, queue_arn) for item in statement["NotResource"])
    return any(matches_arn(item, queue_arn) for item in statement.get("Resource", ()))


def _applying(
    policy: Policy | None, effect: str, request: PolicyRequest
) -> tuple[Sequence[Policy], Sequence[Policy]]:
    """Return the statements of this effect that may apply, and those that surely do."""
    possible: list[Policy] = []
    sure: list[Policy] = []
    for statement in policy["Statement"] if policy else ():
        if statement.get("Effect") == effect and _concerns(statement, request):
            held = holds(statement.get("Condition"), request.context())
            if held is not False:
                (possible if held is None else sure).append(statement)
    return possible, sure


def _concerns(statement: Policy, request: PolicyRequest) -> bool:
    return (
        _covers_sender(statement, request)
        and covers_action(statement, request.action)
        and covers_queue(statement, request.queue_arn)
    )


def _covers_sender(statement: Policy, request: PolicyRequest) -> bool:
    if "NotPrincipal" in statement:
        return not request.named_by(statement["NotPrincipal"])
    return request.named_by(statement.get("Principal"))
