"""What plain boto3 takes for the reads of a plan, or for creating queues: the yardstick.

`python -m tests.benchmarks.bare read|create URL NUMBER`; without a word of ours.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from tests.benchmarks.services import AWS_ID, REGION

AT_ONCE = 64


def _clients(url: str, *names: str) -> list[Any]:
    session = boto3.session.Session(AWS_ID, "sandbox", region_name=REGION)
    config = Config(max_pool_connections=AT_ONCE, retries={"total_max_attempts": 1})
    return [session.client(name, endpoint_url=url, config=config) for name in names]


def create(url: str, total: int) -> int:
    """Create so many queues, each with attributes, policy and tags in one call."""
    sts, sqs = _clients(url, "sts", "sqs")
    sts.get_caller_identity()
    arn = f"arn:aws:sqs:{REGION}:{AWS_ID}:"

    def make(number: int) -> str:
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
                    "Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
                    "Resource": f"{arn}bench-{number:05}",
                }
            ],
        }
        redrive = {"deadLetterTargetArn": f"{arn}bench-dead", "maxReceiveCount": 5}
        attributes = {
            "VisibilityTimeout": "120",
            "MessageRetentionPeriod": "1209600",
            "ReceiveMessageWaitTimeSeconds": "20",
            "SqsManagedSseEnabled": "true",
            "RedrivePolicy": json.dumps(redrive),
            "Policy": json.dumps(policy),
        }
        tags = {"team": "pricing", "purpose": "bench", "reconciler:stack": "bench"}
        made = sqs.create_queue(QueueName=f"bench-{number:05}", Attributes=attributes, tags=tags)
        return str(made["QueueUrl"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return len(set(pool.map(make, range(total))))


def read(url: str, _total: int) -> int:
    """Read every queue at `url` with attributes and tags; return how many there are."""
    sts, sqs, tagging = _clients(url, "sts", "sqs", "resourcegroupstaggingapi")
    sts.get_caller_identity()
    urls = [
        found
        for page in sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
        for found in page["QueueUrls"]
    ]

    def tags(_: str) -> list[Any]:
        pages = tagging.get_paginator("get_resources").paginate(ResourceTypeFilters=["sqs"])
        return [item for page in pages for item in page["ResourceTagMappingList"]]

    def attributes(queue: str) -> Any:
        return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        tagged = pool.submit(tags, "")
        described = list(pool.map(attributes, urls))
    return min(len(tagged.result()), len(described))


if __name__ == "__main__":
    do = {"read": read, "create": create}[sys.argv[1]]
    sys.stdout.write(f"{do(sys.argv[2], int(sys.argv[3]))}\n")
