"""Grants: what the console's "Add a permission" step asks for, and the statements it stands for."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from reconciler.core.model.spec import Frozen
from reconciler.services.sqs.policy import AMAZON_NOTIFICATIONS, NOTIFIER_ACTIONS, Policy
from reconciler.services.sqs.policy_rules import action_names
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
        names = self.actions or NOTIFIER_ACTIONS
        actions = ["sqs:*"] if names == "all" else [f"sqs:{name}" for name in names]
        grantee = AMAZON_NOTIFICATIONS if self.to == NOTIFIER else self.to
        return {"Effect": "Allow", "Principal": {"AWS": grantee}, "Action": actions}


def policy_of(grants: Iterable[Grant]) -> Policy:
    """Return the policy that a list of grants stands for."""
    return {"Statement": [grant.statement() for grant in grants]}
