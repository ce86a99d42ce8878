"""The queues that `init` writes."""

from reconciler.core.service import Example

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
