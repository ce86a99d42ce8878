"""The way of an event from the SP-API to a queue. Numbers are those of EventBridge's wire notes."""

import json

import pytest
from bridges import ARN, KIND, admitting


def figure(bridge, metric, **dimensions):
    """Return the sum of a metric of EventBridge, None without any point."""
    dimensions = dimensions or {"EventBusName": bridge.name, "RuleName": "acme--listings"}
    stat = {
        "Metric": {
            "Namespace": "AWS/Events",
            "MetricName": metric,
            "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
        },
        "Period": 3600,
        "Stat": "Sum",
    }
    [found] = bridge.aws.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "q0", "MetricStat": stat}],
        StartTime=bridge.now() - 7200,
        EndTime=bridge.now() + 1,
    )["MetricDataResults"]
    return sum(found["Values"]) if found["Values"] else None


def test_eventbridge_33_a_queue_gets_the_bare_notification_or_the_whole_envelope(bridge):
    bus, _, url = bridge.route()
    assert bridge.send(sku="A-1") == ["delivered"]
    [message] = bridge.received(url)
    body = json.loads(message["Body"])
    assert (body["NotificationType"], body["Payload"]) == (KIND, {"sku": "A-1"})
    bridge.events.put_targets(
        Rule="acme--listings", EventBusName=bus, Targets=[{"Id": "queue", "Arn": f"{ARN}offers"}]
    )
    assert bridge.send(sku="A-2") == ["delivered"]
    [message] = bridge.received(url)
    envelope = json.loads(message["Body"])
    assert envelope.keys() == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources"),
        "detail",
    }
    assert (envelope["source"], envelope["detail-type"]) == (bus, KIND)
    assert (envelope["account"], envelope["region"]) == ("123456789012", "eu-west-1")
    assert envelope["detail"]["Payload"] == {"sku": "A-2"}


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"InputPath": "$.detail.Payload.sku"}, '"A-1"'),
        ({"InputPath": "$['detail']['Payload']['list'][1]"}, "2"),
        ({"InputPath": "$.nothing.here"}, "{}"),
        ({"InputPath": None, "Input": '{"fixed": true}'}, '{"fixed": true}'),
        (
            {
                "InputPath": None,
                "InputTransformer": {
                    "InputPathsMap": {"sku": "$.detail.Payload.sku", "no": "$.no", "n": "$.detail"},
                    "InputTemplate": "<sku>:<no>:",
                },
            },
            "A-1::",
        ),
    ],
)
def test_a_target_gets_what_its_input_says(bridge, target, body):
    _, _, url = bridge.route(**target)
    assert bridge.send(sku="A-1", list=[1, 2]) == ["delivered"]
    assert [message["Body"] for message in bridge.received(url)] == [body]


def test_the_publisher_tells_queue_and_rule(bridge, sandbox):
    _, rule, _ = bridge.route()
    [told] = sandbox.notify("sp-api", seller="Atzr|one", type=KIND)
    assert (told["queue"], told["rule"]) == (f"{ARN}offers", rule)


def test_eventbridge_5_to_8_by_the_state_of_the_source_events_are_dropped_or_refused(bridge):
    bus, _, _ = bridge.route()
    bridge.events.deactivate_event_source(Name=bus)
    assert bridge.send() == ["dropped"]
    bridge.sandbox.aws(
        "event-sources", deed="delete", account="123456789012", region="eu-west-1", name=bus
    )
    assert bridge.send() == ["refused"]


def test_only_enabled_rules_that_match_get_an_event_and_several_get_it_each(bridge):
    bus, _, url = bridge.route()
    bridge.subscribe("LISTINGS_ITEM_MFN_QUANTITY_CHANGE")
    assert bridge.send("LISTINGS_ITEM_MFN_QUANTITY_CHANGE") == ["unmatched"]
    second = bridge.rule(bus, "second")
    bridge.aws.write(url, Policy=admitting([second, bridge.rule(bus)]))
    bridge.target(bus, name="second")
    assert bridge.send() == ["delivered", "delivered"]
    bridge.events.disable_rule(Name="second", EventBusName=bus)
    assert bridge.send() == ["delivered"]


@pytest.mark.parametrize(
    ("operator", "key", "value", "outcome"),
    [
        ("ArnEquals", "aws:SourceArn", "{rule}", "delivered"),
        ("ArnLike", "AWS:SourceArn", "{bus}/*", "delivered"),
        ("StringEquals", "aws:SourceArn", "{rule}", "delivered"),
        ("StringLike", "aws:SourceArn", "arn:aws:events:*:rule/*", "delivered"),
        ("StringEquals", "aws:SourceAccount", "123456789012", "delivered"),
        ("Null", "aws:SourceArn", "false", "delivered"),
        ("ArnEqualsIfExists", "aws:SourceArn", "{rule}", "delivered"),
        ("StringNotEquals", "aws:SourceAccount", "210987654321", "delivered"),
        ("DateGreaterThan", "aws:SourceArn", "{rule}", "forbidden"),
        ("ArnEquals", "aws:SourceArn", "{rule}2", "forbidden"),
        ("ArnNotEquals", "aws:SourceArn", "{rule}", "forbidden"),
        ("StringEquals", "aws:SourceArn", "{bus}/*", "forbidden"),
        ("StringEquals", "aws:SourceAccount", "210987654321", "forbidden"),
        ("StringEquals", "aws:PrincipalOrgID", "o-1", "forbidden"),
    ],
)
def test_eventbridge_24_the_policy_of_the_queue_is_weighed_for_the_rule(
    bridge, operator, key, value, outcome
):
    bus, rule, url = bridge.route()
    filled = value.format(rule=rule, bus=rule.rpartition("/")[0])
    bridge.aws.write(url, Policy=admitting(filled, operator, key))
    assert bridge.send() == [outcome]
    bridge.name = bus
    assert figure(bridge, "FailedInvocations") == (None if outcome == "delivered" else 1)


def test_eventbridge_23_the_grant_of_amazons_notifications_is_not_the_one_of_rules(bridge):
    _, rule, url = bridge.route()
    bridge.aws.write(url, Policy=admitting(rule, principal={"AWS": "437568002678"}))
    assert bridge.send() == ["forbidden"]
    bridge.aws.write(url, Policy=admitting(rule, principal="*"))
    assert bridge.send() == ["delivered"]


def test_eventbridge_25_the_key_that_nobody_can_grant_lets_nothing_in(bridge):
    _, _, url = bridge.route()
    bridge.aws.write(url, KmsMasterKeyId="alias/aws/sqs")
    assert bridge.send() == ["forbidden"]
    bridge.aws.write(url, KmsMasterKeyId="alias/own")
    assert bridge.send() == ["delivered"]


@pytest.mark.parametrize(("content", "outcome"), [("true", "delivered"), ("false", "refused")])
def test_eventbridge_21_a_fifo_queue_needs_deduplication_by_content(bridge, content, outcome):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": content}
    _, _, url = bridge.route("o.fifo", attributes, SqsParameters={"MessageGroupId": "acme"})
    assert bridge.send() == [outcome]
    found = bridge.received(url, AttributeNames=["MessageGroupId"])
    assert [message["Attributes"]["MessageGroupId"] for message in found] == (
        ["acme"] if outcome == "delivered" else []
    )


@pytest.mark.parametrize(
    ("trouble", "code", "retries"),
    [
        ("forbidden", "NO_PERMISSIONS", "0"),
        ("missing", "NO_RESOURCE", "0"),
        ("TIMEOUT",) * 2 + ("3",),
    ],
)
def test_eventbridge_10_what_cannot_be_delivered_is_a_dead_letter_with_its_reason(
    bridge, sandbox, trouble, code, retries
):
    bus, rule, url = bridge.route(
        DeadLetterConfig={"Arn": f"{ARN}dead"}, RetryPolicy={"MaximumRetryAttempts": 3}
    )
    dead = bridge.aws.queue("dead", Policy=admitting(rule))
    bridge.name = bus
    if trouble == "forbidden":
        bridge.aws.write(url, Policy="")
    elif trouble == "missing":
        bridge.aws.sqs.delete_queue(QueueUrl=url)
    else:
        sandbox.settings(eventTargetTrouble={f"{ARN}offers": trouble})
    assert bridge.send(sku="A-1") == [trouble]
    [letter] = bridge.received(dead, MessageAttributeNames=["All"])
    assert json.loads(letter["Body"])["detail"]["Payload"] == {"sku": "A-1"}
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (told["ERROR_CODE"], told["RETRY_ATTEMPTS"]) == (code, retries)
    assert (told["RULE_ARN"], told["TARGET_ARN"]) == (rule, f"{ARN}offers")
    assert ("EXHAUSTED_RETRY_CONDITION" in told) == (retries != "0")
    assert figure(bridge, "InvocationsSentToDlq") == 1
    bridge.aws.write(dead, Policy="")
    bridge.send()
    assert figure(bridge, "InvocationsFailedToBeSentToDlq") == 1


def test_eventbridge_38_metrics_of_a_rule_have_both_dimensions_and_no_zeros(bridge):
    bus, _, _ = bridge.route()
    bridge.name = bus
    assert figure(bridge, "Invocations") is None
    for _ in range(3):
        bridge.send()
    for metric in ("MatchedEvents", "TriggeredRules", "Invocations", "InvocationAttempts"):
        assert figure(bridge, metric) == 3
    assert figure(bridge, "FailedInvocations") is None
    assert figure(bridge, "Invocations", RuleName="acme--listings") is None
    assert figure(bridge, "Events", EventSourceName=bus) == 3


def test_events_of_ones_own_go_by_the_default_bus_and_none_can_claim_a_partner(bridge):
    arn = bridge.events.put_rule(Name="own", EventPattern='{"source":["acme"]}')["RuleArn"]
    url = bridge.aws.queue(Policy=admitting(arn))
    bridge.events.put_targets(Rule="own", Targets=[{"Id": "queue", "Arn": f"{ARN}offers"}])
    whole = {"Source": "acme", "DetailType": "x", "Detail": '{"a": 1}'}
    entries = [
        whole,
        {**whole, "Source": "aws.partner/sellingpartnerapi.amazon.com/1/a"},
        {**whole, "Detail": "[]"},
        {"Source": "acme", "Detail": "{}"},
        {**whole, "EventBusName": "none"},
    ]
    found = bridge.events.put_events(Entries=entries)
    assert found["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in found["Entries"]] == [
        None,
        "NotAuthorizedForSourceException",
        "MalformedDetail",
        "InvalidArgument",
        None,
    ]
    assert [json.loads(m["Body"])["detail"] for m in bridge.received(url)] == [{"a": 1}]
    assert figure(bridge, "Invocations", RuleName="own") == 1
