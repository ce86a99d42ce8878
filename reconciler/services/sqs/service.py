"""Queues, event buses and routes of AWS, as one value."""

from functools import partial
from typing import TYPE_CHECKING

from reconciler.core.service import Access, AccessQuestion, Account, Example, Service
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.kinds import RouteDeclaration, check_routes, completed
from reconciler.services.sqs.events.specs import EventBus
from reconciler.services.sqs.kinds import QueueDeclaration, check_dead_letters

if TYPE_CHECKING:
    from reconciler.core.provider import Provider
    from reconciler.credentials.tools import Tools

_ACCOUNT = """\
  aws-main:
    service: aws
    region: eu-west-1
    accountId: "123456789012"   # checked before anything is read or written
"""

_OBJECTS = """\
# Queues that Amazon delivers to. What is left out has SQS's documented default.

queues:
  notifications:
    name: STACK-notifications
    visibilityTimeout: 2m
    receiveMessageWaitTime: 20s
    deadLetter: {queue: notifications-dlq, maxReceives: 5}
    # Lets Amazon send. Without it subscriptions succeed and nothing ever arrives.
    grants: [{to: amazon-notifications}]

  # Messages that failed five times wait here to be looked at.
  notifications-dlq:
    name: STACK-notifications-dlq
    messageRetentionPeriod: 14d
"""

_ELSEWHERE = "arn:aws:sqs:eu-west-1:123456789012:STACK-notifications"

EXAMPLE = Example(
    account=_ACCOUNT,
    file="queues.yaml",
    objects=_OBJECTS,
    offers={"QUEUE": ("notifications", f'"{_ELSEWHERE}"')},
)


def open_account(name: str, account: AwsAccount, tools: "Tools") -> "Provider":
    """Open an AWS account."""
    from reconciler.services.sqs.provider import SqsProvider
    from reconciler.services.sqs.session import AwsKeys

    return SqsProvider(
        name,
        account,
        clock=tools.clock,
        secrets=tools.secrets,
        keys=AwsKeys(account.account_id, "sandbox") if tools.sandbox else None,
        permit=partial(account.ensure_own, name, allowed=tools.allowed),
    )


def sandboxed(_name: str, account: AwsAccount, url: str) -> Account:
    """Lead an account to a sandbox, past this machine's own profiles and roles."""
    return account.model_copy(update={"endpoint": url, "profile": None, "role_arn": None})


def access(question: AccessQuestion) -> Access:
    """Return what AWS must allow: the roles of the jobs, and who may take them."""
    from reconciler.services.sqs.access_text import access

    return access(question)


SERVICE = Service(
    name="aws",
    account=AwsAccount,
    declarations={"queues": QueueDeclaration, "routes": RouteDeclaration},
    implied={"bus": EventBus},
    open=open_account,
    sandboxed=sandboxed,
    access=access,
    example=EXAMPLE,
    invariants=check_dead_letters,
    across=check_routes,
    completed=completed,
)
