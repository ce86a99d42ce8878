"""A queue of the sandbox, as whoever wires the listener sends to it."""

import asyncio
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.listening import TryLater, WillNotTake

HERE = {
    "region_name": "eu-west-1",
    "aws_access_key_id": "123456789012",
    "aws_secret_access_key": "any",
}


class Queue:
    """SQS by boto3, as whoever wires the listener sends."""

    def __init__(self, sandbox, name="offers", **attributes):
        self.sqs = boto3.client(
            "sqs",
            endpoint_url=sandbox.url,
            **HERE,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=60),
        )
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:eu-west-1:123456789012:{name}"
        self.ordered = name.endswith(".fifo")

    def let_in(self, rule):
        """Let a rule of EventBridge send."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    async def send(self, messages):
        entries = [self._entry(key, told) for key, told in messages.items()]
        try:
            answer = await asyncio.to_thread(
                self.sqs.send_message_batch, QueueUrl=self.url, Entries=entries
            )
        except ClientError as error:
            raise TryLater(error.response["Error"]["Code"]) from None
        failed = {
            entry["Id"]: (WillNotTake if entry["SenderFault"] else TryLater)(entry["Code"])
            for entry in answer.get("Failed", [])
        }
        return {**{entry["Id"]: None for entry in answer.get("Successful", [])}, **failed}

    def _entry(self, key, told):
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in told.attributes().items()
        }
        order = {"MessageGroupId": told.group, "MessageDeduplicationId": told.deduplication_id}
        entry = {"Id": key, "MessageBody": told.text, "MessageAttributes": attributes}
        return {**entry, **order} if self.ordered else entry

    async def probe(self):
        return True

    def bodies(self):
        found = []
        while batch := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += batch
        return found
