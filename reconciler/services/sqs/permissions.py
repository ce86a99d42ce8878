"""The IAM actions behind the calls of `client` and `session`, by how far each can be limited.

A test runs a queue's whole life and fails when a call is made that is not covered here. Facts:
Service Authorization Reference (Amazon SQS, Resource Groups Tagging); SQS Developer Guide, "ABAC
condition keys". STS GetCallerIdentity needs no permission.
"""

from reconciler.core.planning.diff import STACK_MARK

FINDING = ("sqs:ListQueues", "tag:GetResources")
"""To find queues and their tags; AWS lets neither be limited to single queues."""
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
ASSUMING = ("sts:AssumeRole",)
"""To take the role that an account names as its `roleArn`."""
SENDING_ENCRYPTED = ("kms:Decrypt", "kms:GenerateDataKey")
"""What a sender needs on the key of an encrypted queue. To configure the queue takes neither."""

OF_OUR_STACK = f"aws:ResourceTag/{STACK_MARK}"
"""The condition key that tells a queue's stack; SQS knows it for every action on a queue."""
