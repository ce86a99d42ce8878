"""CloudTrail's event history. Numbers are those of the wire notes' tests."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bridges import refused


@pytest.fixture
def look_up(aws):
    def ask(**wish):
        pages = aws.cloudtrail.get_paginator("lookup_events").paginate(**wish)
        return [event for page in pages for event in page["Events"]]

    return ask


def by(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_a_write_to_a_queue_is_kept_as_cloudtrail_writes_it(aws, look_up):
    url = aws.queue(VisibilityTimeout="31")
    aws.write(url, Policy="", VisibilityTimeout="30")
    aws.sqs.tag_queue(QueueUrl=url, Tags={"Team": "a"})
    aws.sqs.send_message(QueueUrl=url, MessageBody="a")
    tagged, written, created = look_up()
    assert [event["EventName"] for event in (tagged, written, created)] == [
        "TagQueue",
        "SetQueueAttributes",
        "CreateQueue",
    ]
    record = json.loads(written["CloudTrailEvent"])
    assert record["requestParameters"] == {
        "queueUrl": url,
        "attributes": {"Policy": "", "VisibilityTimeout": "30"},
    }
    assert record["responseElements"] is None
    assert (record["awsRegion"], record["recipientAccountId"]) == ("eu-west-1", "123456789012")
    assert (record["eventSource"], record["readOnly"]) == ("sqs.amazonaws.com", False)
    assert record["userAgent"].startswith("Boto3/")
    assert record["userIdentity"]["type"] == "IAMUser"
    assert json.loads(tagged["CloudTrailEvent"])["requestParameters"]["tags"] == {"Team": "a"}
    assert json.loads(created["CloudTrailEvent"])["responseElements"] == {"queueUrl": url}
    assert (written["Username"], written["ReadOnly"]) == ("sandbox", "false")
    assert written["EventTime"] - datetime.now(UTC) < timedelta(seconds=2)


def test_cloudtrail_cloudwatch_5_a_call_that_failed_carries_its_error(aws, sandbox, look_up):
    url = aws.queue()
    refused(aws.sqs.set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "x"})
    sandbox.settings(awsDenied=["sqs:TagQueue", "events:PutRule"])
    refused(aws.sqs.tag_queue, QueueUrl=url, Tags={"a": "b"})
    refused(aws.events.put_rule, Name="r", EventPattern='{"source":["x"]}')
    records = [json.loads(event["CloudTrailEvent"]) for event in look_up()]
    assert [(record["eventName"], record.get("errorCode")) for record in records] == [
        ("PutRule", "AccessDeniedException"),
        ("TagQueue", "AccessDenied"),
        ("SetQueueAttributes", "InvalidAttributeValue"),
        ("CreateQueue", None),
    ]


def test_cloudtrail_cloudwatch_9_and_12_permissions_and_deletions_are_kept(aws, look_up):
    url = aws.queue()
    label = {"QueueUrl": url, "Label": "a"}
    aws.sqs.add_permission(**label, AWSAccountIds=["210987654321"], Actions=["SendMessage"])
    aws.sqs.remove_permission(**label)
    aws.sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    aws.sqs.delete_queue(QueueUrl=url)
    found = {e["EventName"]: json.loads(e["CloudTrailEvent"]) for e in look_up()}
    assert found["AddPermission"]["requestParameters"] == {
        "queueUrl": url,
        "label": "a",
        "aWSAccountIds": ["210987654321"],
        "actions": ["SendMessage"],
    }
    assert found["RemovePermission"]["requestParameters"] == {"queueUrl": url, "label": "a"}
    assert found["UntagQueue"]["requestParameters"] == {"queueUrl": url, "tagKeys": ["a"]}
    assert found["DeleteQueue"]["requestParameters"] == {"queueUrl": url}


def test_cloudtrail_cloudwatch_18_and_19_event_bridge_is_kept_with_its_reads(bridge, look_up):
    bus = bridge.bus()
    bridge.rule(bus)
    bridge.target(bus)
    bridge.events.list_rules(EventBusName=bus)
    bridge.events.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])
    found = {e["EventName"]: e for e in look_up(**by("EventSource", "events.amazonaws.com"))}
    assert found.keys() == {"CreateEventBus", "PutRule", "PutTargets", "ListRules"}
    assert {name for name, e in found.items() if e["ReadOnly"] == "true"} == {"ListRules"}
    put = json.loads(found["PutTargets"]["CloudTrailEvent"])
    assert put["requestParameters"]["targets"][0]["id"] == "queue"
    assert put["responseElements"] == {"failedEntryCount": 0, "failedEntries": []}
    rule = json.loads(found["PutRule"]["CloudTrailEvent"])
    assert rule["requestParameters"]["eventBusName"] == bus
    assert rule["responseElements"]["ruleArn"].endswith("/acme--listings")


def test_cloudtrail_cloudwatch_14_the_session_of_a_role_is_who_called(aws, sandbox, look_up):
    import boto3

    role = "arn:aws:iam::123456789012:role/reconciler"
    given = aws.sts.assume_role(RoleArn=role, RoleSessionName="run-7")["Credentials"]
    session = boto3.client(
        "sqs",
        endpoint_url=sandbox.url,
        region_name="eu-west-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    session.create_queue(QueueName="offers")
    session.close()
    [event] = look_up()
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "reconciler"
    assert (event["Username"], identity["arn"].rpartition("/")[2]) == ("run-7", "run-7")


def test_cloudtrail_cloudwatch_1_one_attribute_pages_and_the_same_question(aws, sandbox, look_up):
    url = aws.queue()
    event = {"eventName": "TagQueue", "requestParameters": {"queueUrl": url}}
    for _ in range(60):
        sandbox.aws("history", account="123456789012", region="eu-west-1", event=event)
    wish = by("EventName", "TagQueue")
    assert len(look_up(**wish)) == 60
    assert len(look_up(**by("ResourceName", "offers"))) == 61
    assert look_up(**by("EventName", "tagqueue")) == []
    token = aws.cloudtrail.lookup_events(**wish)["NextToken"]
    other = refused(aws.cloudtrail.lookup_events, NextToken=token)
    assert other[0] == "InvalidNextTokenException"
    two = {"LookupAttributes": wish["LookupAttributes"] * 2}
    code = refused(aws.cloudtrail.lookup_events, **two)[0]
    assert code == "InvalidLookupAttributesException"
    none = refused(aws.cloudtrail.lookup_events, MaxResults=51)
    assert none[0] == "InvalidMaxResultsException"
    assert refused(aws.cloudtrail.describe_trails)[0] == "UnsupportedOperationException"


def test_cloudtrail_cloudwatch_8_the_window_the_delay_and_the_90_days(
    aws, bridge, sandbox, look_up
):
    aws.queue()
    now = datetime.now(UTC)
    early, late = now - timedelta(hours=2), now - timedelta(hours=1)
    assert look_up(StartTime=early, EndTime=late) == []
    assert len(look_up(StartTime=late)) == 1
    wrong = refused(aws.cloudtrail.lookup_events, StartTime=late, EndTime=early)
    assert wrong[0] == "InvalidTimeRangeException"
    sandbox.settings(trailLagSeconds=300)
    assert look_up() == []
    bridge.later(minutes=6)
    assert len(look_up()) == 1
    bridge.later(days=90)
    assert look_up() == []


def test_cloudtrail_cloudwatch_2_two_calls_a_second_of_an_account_and_region(
    aws, sandbox, monkeypatch
):
    monkeypatch.setattr(sandbox._dispatch._buckets, "_clock", lambda: 0.0)
    sandbox.settings(rateLimits={"aws.LookupEvents": {"rate": 2, "burst": 2}})
    aws.cloudtrail.lookup_events()
    aws.cloudtrail.lookup_events()
    assert refused(aws.cloudtrail.lookup_events)[0] == "ThrottlingException"
    aws.queue()


def test_cloudtrail_cloudwatch_4_the_right_to_look_can_be_missing(aws, sandbox):
    sandbox.settings(awsDenied=["cloudtrail:LookupEvents"])
    assert refused(aws.cloudtrail.lookup_events)[0] == "AccessDeniedException"


def test_cloudtrail_cloudwatch_21_any_record_can_be_told_even_a_damaged_one(sandbox, look_up):
    where = {"account": "123456789012", "region": "eu-west-1"}
    past = "2026-01-01T00:00:00Z"
    strange = {"eventName": "PurgeQueue", "userIdentity": "nobody", "requestParameters": "cut"}
    sandbox.settings(clockAheadSeconds=datetime.fromisoformat(past).timestamp() - _now() + DAY)
    sandbox.aws("history", **where, event={**strange, "eventTime": past})
    sandbox.aws("history", **where, event={"eventName": "X", "CloudTrailEvent": '{"cut'})
    newer, older = look_up()
    assert newer["CloudTrailEvent"] == '{"cut'
    assert (older["EventName"], older["EventTime"]) == (
        "PurgeQueue",
        datetime.fromisoformat(past),
    )


DAY = 86_400


def _now():
    return datetime.now(UTC).timestamp()
