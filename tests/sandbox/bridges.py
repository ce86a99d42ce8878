"""The way from an SP-API destination through EventBridge to a queue, made step by step."""

import json
import time

import botocore.exceptions
import pytest

KIND = "LISTINGS_ITEM_STATUS_CHANGE"
ARN = "arn:aws:sqs:eu-west-1:123456789012:"


def refused(call, **parameters):
    """Return code and text of what AWS refuses."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


class Bridge:
    """Each step returns what the next needs."""

    def __init__(self, sandbox, aws, application):
        self.sandbox, self.aws, self.application = sandbox, aws, application
        self.events = aws.events
        self.destination = ""

    def source(self):
        """Create the destination; return the event source's name."""
        made = self.application.event_bridge().json()["payload"]
        self.destination = made["destinationId"]
        return made["resource"]["eventBridge"]["name"]

    def bus(self, **more):
        name = self.source()
        self.events.create_event_bus(Name=name, EventSourceName=name, **more)
        return name

    def rule(self, bus, name="acme--listings", kinds=(KIND,), **more):
        pattern = json.dumps({"source": [bus], "detail-type": list(kinds)})
        wish = {"Name": name, "EventBusName": bus, "EventPattern": pattern, **more}
        return self.events.put_rule(**wish)["RuleArn"]

    def target(self, bus, queue="offers", name="acme--listings", **more):
        """Put one target, which is to get the bare notification."""
        target = {"Id": "queue", "Arn": f"{ARN}{queue}", "InputPath": "$.detail", **more}
        target = {key: value for key, value in target.items() if value is not None}
        return self.events.put_targets(Rule=name, EventBusName=bus, Targets=[target])

    def route(self, queue="offers", attributes=None, **target):
        """Make everything; return bus, rule ARN and the queue's URL."""
        bus = self.bus()
        rule = self.rule(bus)
        url = self.aws.queue(queue, Policy=admitting(rule), **(attributes or {}))
        self.target(bus, queue, **target)
        self.subscribe()
        return bus, rule, url

    def subscribe(self, kind=KIND):
        self.application.subscribe(self.destination, kind)

    def send(self, kind=KIND, **payload):
        """Let a seller's event happen; return the outcomes."""
        event = {"seller": "Atzr|one", "type": kind, "payload": payload}
        return [told["outcome"] for told in self.sandbox.notify("sp-api", **event)]

    def state(self, name):
        return self.events.describe_event_source(Name=name)["State"]

    def received(self, url, **more):
        answer = self.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
        return answer.get("Messages", [])

    def later(self, **ahead):
        """Move the clock on, by seconds, minutes, hours or days."""
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
        seconds = sum(units[unit] * number for unit, number in ahead.items())
        before = self.sandbox.settings()["clockAheadSeconds"]
        self.sandbox.settings(clockAheadSeconds=before + seconds)

    def now(self):
        return time.time() + self.sandbox.settings()["clockAheadSeconds"]


def admitting(rule, operator="ArnEquals", key="aws:SourceArn", principal=None):
    """Return a queue policy that lets a rule in."""
    statement = {
        "Effect": "Allow",
        "Principal": principal or {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"{ARN}*",
        "Condition": {operator: {key: rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
