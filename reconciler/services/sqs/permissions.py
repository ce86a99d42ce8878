"""The IAM actions behind the calls of `client` and `session`, by how far each can be limited.

A test runs a queue's whole life and fails when a call is made that is not covered here. Facts:
Service Authorization Reference (Amazon SQS, Resource Groups Tagging); SQS Developer Guide, "ABAC
condition keys". STS GetCallerIdentity needs no permission.
"""

from reconciler.core.planning.diff import STACK_MARK

FINDING = ("events:ListEventBuses", "sqs:ListQueues", "tag:GetResources")
"""To find queues and their tags, and whether there is an event bus of Amazon's notifications; AWS
lets none be limited to single ones."""
READING = ("sqs:GetQueueAttributes", "sqs:ListDeadLetterSourceQueues", "sqs:ListQueueTags")
"""To read a queue that was found; of one that is to go also what uses it for dead letters."""
MEASURING = ("cloudwatch:GetMetricData",)
"""To tell what arrived, and how old what waits is; AWS lets it not be limited to single queues."""
WRITING = (
    "sqs:CreateQueue",
    "sqs:GetQueueUrl",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
)
"""To create a declared queue (with tags, which takes TagQueue too) and to change it.

GetQueueUrl finds a queue whose creation was not answered."""
DELETING = ("sqs:DeleteQueue",)
"""To delete a queue that bears our stack's mark: no other one is ever deleted."""
READING_EVENTS = (
    "events:DescribeEventBus",
    "events:DescribeEventSource",
    "events:DescribeRule",
    "events:ListEventSources",
    "events:ListRules",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
)
"""To read event buses and routes, where any are declared."""
TESTING_PATTERNS = ("events:TestEventPattern",)
"""To have `verify` ask whether a rule matches what it is for; no resource is touched."""
WRITING_BUSES = (
    "events:ActivateEventSource",
    "events:CreateEventBus",
    "events:TagResource",
    "events:UntagResource",
)
"""To associate a partner event source with its bus, and to mark that."""
WRITING_ROUTES = (
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "events:UntagResource",
)
"""To create and change declared rules and their one target."""
DELETING_EVENTS = ("events:DeleteEventBus", "events:DeleteRule", "events:RemoveTargets")
"""To delete rules of our stack, and a bus that bears its mark."""
ASSUMING = ("sts:AssumeRole",)
"""To take the role that an account names as its `roleArn`."""
SENDING_ENCRYPTED = ("kms:Decrypt", "kms:GenerateDataKey")
"""What a sender needs on the key of an encrypted queue. To configure the queue takes neither."""

OF_OUR_STACK = f"aws:ResourceTag/{STACK_MARK}"
"""The condition key that tells a queue's stack; SQS knows it for every action on a queue."""
