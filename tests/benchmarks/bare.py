"""What plain boto3 takes for the reads of a plan, without a word of ours: the yardstick."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from tests.benchmarks.services import AWS_ID, REGION

AT_ONCE = 64


def read(url: str) -> int:
    """Read every queue at `url` with attributes and tags; return how many there are."""
    session = boto3.session.Session(AWS_ID, "sandbox", region_name=REGION)
    config = Config(max_pool_connections=AT_ONCE, retries={"total_max_attempts": 1})
    sts, sqs, tagging = (
        session.client(name, endpoint_url=url, config=config)
        for name in ("sts", "sqs", "resourcegroupstaggingapi")
    )
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
    sys.stdout.write(f"{read(sys.argv[1])}\n")
