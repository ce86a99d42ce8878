"""Grants: what the console's "Add a permission" step asks for, and the statements it stands for."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from reconciler.core.model.errors import Defects
from reconciler.core.model.spec import Frozen
from reconciler.services.sqs.limits import MAX_NAME
from reconciler.services.sqs.policy import (
    AMAZON_NOTIFICATIONS,
    NOTIFIER_ACTIONS,
    Given,
    Policy,
    both_spellings,
)
from reconciler.services.sqs.policy_rules import action_names, check_limits
from reconciler.services.sqs.statement_rules import IAM_ARN, MAX_ACTIONS

NOTIFIER = "amazon-notifications"

_GRANTEE = re.compile(rf"\*|[0-9]{{12}}|{IAM_ARN}")


def _grantee(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("put the account id in quotes, or its leading zeros are lost")
    if isinstance(value, str) and value != NOTIFIER and not _GRANTEE.fullmatch(value):
        raise ValueError(
            f'expected {NOTIFIER}, an account id (12 digits in quotes), an IAM ARN or "*"'
        )
    return value


class Grant(Frozen):
    """Lets someone use the queue."""

    to: Annotated[str, BeforeValidator(_grantee)]
    """`amazon-notifications`, an account id, an IAM ARN, or `"*"` for everyone."""
    actions: Literal["all"] | tuple[str, ...] | None = Field(default=None, validate_default=True)
    """`all`, or names such as SendMessage; amazon-notifications gets what it needs without."""

    @field_validator("actions", mode="before")
    @classmethod
    def _one_action_is_a_list(cls, value: Any) -> Any:
        """Ask for a list: the alternatives' own complaints would be two."""
        if isinstance(value, str) and value != "all":
            raise ValueError("expected all, or a list such as [SendMessage]")
        return value

    @field_validator("actions")
    @classmethod
    def _known_actions(cls, value: Any, info: ValidationInfo) -> Any:
        """Give actions SQS's spelling; only what the notifications need goes without saying."""
        if value is None and info.data.get("to", NOTIFIER) != NOTIFIER:
            raise ValueError("say which actions: all, or a list such as [SendMessage]")
        if not isinstance(value, tuple):
            return value
        if not 1 <= len(value) <= MAX_ACTIONS:
            raise ValueError(f"expected 1 to {MAX_ACTIONS} actions; write all for every action")
        return action_names(value)

    def statement(self) -> Policy:
        """Return the policy statement this grant stands for, without its Resource."""
        return _statement(self.to, self.actions)


def _statement(to: str, named: tuple[str, ...] | str | None) -> Policy:
    names = named or NOTIFIER_ACTIONS
    actions = ["sqs:*"] if names == "all" else [f"sqs:{name}" for name in names]
    grantee = AMAZON_NOTIFICATIONS if to == NOTIFIER else to
    return {"Effect": "Allow", "Principal": {"AWS": grantee}, "Action": actions}


class GrantedPolicy(NamedTuple):
    """The policy of a queue that grants stand for, in both spellings.

    `fits`: it is within SQS's limits, whatever the queue is called.
    """

    policy: Policy | None
    given: Given
    fits: bool


def granted(grants: Iterable[Grant], queue_arn: str) -> GrantedPolicy:
    """Return the policy that grants stand for on a queue.

    What many queues grant alike is folded once, and each puts its own ARN in.
    """
    said = tuple((grant.to, grant.actions) for grant in grants)
    folded = _on_any_queue(said, queue_arn.rpartition(":")[0])
    if folded.policy is None:
        return folded
    policy, given = folded.policy, folded.given
    own = [{**item, "Resource": [queue_arn]} for item in policy["Statement"]]
    written = [{**item, "Resource": queue_arn} for item in given.policy["Statement"]]
    return GrantedPolicy(
        {**policy, "Statement": own},
        Given({**given.policy, "Statement": written}, given.by),
        folded.fits,
    )


@lru_cache(maxsize=1024)
def _on_any_queue(said: tuple[tuple[str, Any], ...], prefix: str) -> GrantedPolicy:
    """Fold what grants say, on a queue of the longest name; `prefix` is its ARN before that."""
    raw = {"Statement": [_statement(to, actions) for to, actions in said]}
    policy, given = both_spellings(raw, f"{prefix}:{'q' * MAX_NAME}", "grants")
    try:
        if policy is not None:
            check_limits(policy, given)
    except Defects:
        return GrantedPolicy(policy, given, fits=False)
    return GrantedPolicy(policy, given, fits=True)


def policy_of(grants: Iterable[Grant]) -> Policy:
    """Return the policy that a list of grants stands for."""
    return {"Statement": [grant.statement() for grant in grants]}
