"""What CloudWatch tells of queues. Numbers are those of the wire notes' tests."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bridges import refused

DAY = 86_400


def ask(metric="NumberOfMessagesSent", period=3600, stat="Sum", key="q0", queue="offers"):
    dimensions = [{"Name": "QueueName", "Value": queue}]
    named = {"Namespace": "AWS/SQS", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": named, "Period": period, "Stat": stat}}


class Figures:
    """CloudWatch, asked about hours or days up to the sandbox's time."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.cloudwatch = bridge.aws.cloudwatch

    def call(self, *queries, hours=24.0, **more):
        now = datetime.fromtimestamp(self.bridge.now(), UTC)
        window = {"StartTime": now - timedelta(hours=hours), "EndTime": now}
        return self.cloudwatch.get_metric_data(
            MetricDataQueries=list(queries), **{**window, **more}
        )

    def values(self, metric="NumberOfMessagesSent", hours=24.0, **query):
        [found] = self.call(ask(metric, **query), hours=hours)["MetricDataResults"]
        return found["Values"]

    def put(self, value, ago, metric="NumberOfMessagesSent", queue="offers"):
        """Add a figure of some seconds ago."""
        moment = datetime.fromtimestamp(self.bridge.now() - ago, UTC)
        self.bridge.sandbox.aws(
            "metrics",
            account="123456789012",
            region="eu-west-1",
            namespace="AWS/SQS",
            metric=metric,
            dimensions={"QueueName": queue},
            points=[[moment.isoformat(), value]],
        )


@pytest.fixture
def figures(bridge):
    return Figures(bridge)


def test_cloudtrail_cloudwatch_24_figures_zeros_and_no_data_are_three_things(figures, bridge):
    assert figures.values() == []
    url = bridge.aws.queue()
    assert set(figures.values()) == {0.0}
    bridge.aws.sqs.send_message(QueueUrl=url, MessageBody="a")
    entries = [{"Id": name, "MessageBody": name} for name in "bc"]
    bridge.aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert sum(figures.values()) == 3
    [one, *_] = bridge.received(url)
    bridge.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert bridge.received(url) == []
    assert sum(figures.values("NumberOfMessagesReceived")) == 3
    assert sum(figures.values("NumberOfMessagesDeleted")) == 1
    assert sum(figures.values("NumberOfEmptyReceives")) == 1
    assert figures.values("ApproximateNumberOfMessagesVisible", period=60, stat="Maximum") == [0]
    not_visible = "ApproximateNumberOfMessagesNotVisible"
    assert figures.values(not_visible, period=60, stat="Maximum") == [2]


def test_a_queue_that_is_empty_and_unused_falls_asleep_and_looking_wakes_it(figures, bridge):
    url = bridge.aws.queue()
    bridge.later(hours=48)
    assert figures.values(hours=24) == []
    assert figures.values(hours=72) == [0.0] * 7
    bridge.aws.read(url)
    assert figures.values(hours=24) == [0.0]
    bridge.aws.sqs.send_message(QueueUrl=url, MessageBody="a")
    bridge.later(hours=48)
    assert len(figures.values(hours=24)) == 25


def test_the_clock_can_be_set_back_to_have_a_past(figures, bridge, sandbox):
    sandbox.settings(clockAheadSeconds=-5 * DAY)
    url = bridge.aws.queue()
    bridge.aws.sqs.send_message(QueueUrl=url, MessageBody="a")
    sandbox.settings(clockAheadSeconds=0)
    assert sum(figures.values(hours=4 * 24)) == 0
    assert sum(figures.values(hours=6 * 24)) == 1


def test_a_figure_is_told_with_a_delay(figures, bridge, sandbox):
    sandbox.settings(metricLagSeconds=120)
    bridge.aws.sqs.send_message(QueueUrl=bridge.aws.queue(), MessageBody="a")
    assert figures.values() == []
    bridge.later(minutes=3)
    assert sum(figures.values()) == 1


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ([ask(key=f"q{number}") for number in range(501)], "500"),
        ([ask(key="Q0")], "^[a-z]"),
        ([ask(key="offers-eu")], "^[a-z]"),
        ([ask(), ask()], "not unique"),
        ([ask(period=90)], "multiple of 60"),
        ([ask(stat="p99")], "p99"),
        ([{"Id": "q0", "Expression": "SUM(METRICS())"}], "MetricStat"),
    ],
)
def test_cloudtrail_cloudwatch_22_a_call_has_500_metrics_with_ids_of_their_own(
    figures, queries, words
):
    code, text = refused(lambda: figures.call(*queries))
    assert (code, words in text) == ("ValidationError", True)


def test_the_start_is_before_the_end(figures, bridge):
    now = datetime.fromtimestamp(bridge.now(), UTC)
    found = refused(lambda: figures.call(ask(), StartTime=now, EndTime=now))
    assert found[0] == "ValidationError"


def test_cloudtrail_cloudwatch_23_results_of_one_metric_may_come_on_two_pages(figures, sandbox):
    for ago in range(1, 5):
        figures.put(ago, ago * 3600)
        figures.put(10 * ago, ago * 3600, queue="other")
    sandbox.settings(metricPagePoints=3)
    queries = [ask(), ask(key="q1", queue="other"), ask(key="q2", queue="none")]
    now = datetime.fromtimestamp(figures.bridge.now(), UTC)
    pages = figures.cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=now - timedelta(days=1), EndTime=now
    )
    told = [
        [
            (result["Id"], result["Values"], result["StatusCode"])
            for result in page["MetricDataResults"]
        ]
        for page in pages
    ]
    assert told == [
        [("q0", [1, 2, 3], "PartialData"), ("q1", [], "PartialData"), ("q2", [], "Complete")],
        [("q0", [4], "Complete"), ("q1", [10, 20], "PartialData")],
        [("q1", [30, 40], "Complete")],
    ]
    assert refused(lambda: figures.call(*queries, NextToken="x"))[0] == "ValidationError"


@pytest.mark.parametrize("status", ["Forbidden", "InternalError", "PartialData"])
def test_cloudtrail_cloudwatch_24_a_metric_can_have_a_status_that_makes_it_unknown(
    figures, sandbox, status
):
    figures.put(1, 3600)
    sandbox.settings(metricStatus={"NumberOfMessagesSent": status})
    [found] = figures.call(ask())["MetricDataResults"]
    assert (found["StatusCode"], bool(found["Values"])) == (status, status == "PartialData")


@pytest.mark.parametrize(
    ("days", "period", "told"),
    [
        (14, 60, True),
        (16, 60, False),
        (16, 300, True),
        (64, 300, False),
        (64, 3600, True),
        (454, 3600, True),
        (456, 3600, False),
    ],
)
def test_cloudtrail_cloudwatch_25_the_older_the_longer_the_period(figures, days, period, told):
    figures.put(5, days * DAY)
    found = figures.values(hours=460 * 24, period=period)
    assert found == ([5.0] if told else [])


def test_cloudtrail_cloudwatch_25_the_end_is_exclusive_and_periods_are_aligned(figures, bridge):
    hour = datetime.fromtimestamp(bridge.now() // 3600 * 3600, UTC) - timedelta(hours=2)
    for minutes, value in ((0, 1), (59, 2), (60, 4)):
        ago = bridge.now() - (hour + timedelta(minutes=minutes)).timestamp()
        figures.put(value, ago)
    window = {"StartTime": hour, "EndTime": hour + timedelta(hours=1)}
    [found] = figures.call(ask(), **window)["MetricDataResults"]
    assert (found["Timestamps"], found["Values"]) == ([hour], [3])
    wider = {**window, "EndTime": hour + timedelta(hours=2), "ScanBy": "TimestampAscending"}
    [found] = figures.call(ask(), **wider)["MetricDataResults"]
    assert found["Values"] == [3, 4]
    statistics = {
        stat: figures.call(ask(stat=stat), **window)["MetricDataResults"][0]["Values"]
        for stat in ("Average", "Minimum", "Maximum", "SampleCount")
    }
    assert statistics == {"Average": [1.5], "Minimum": [1], "Maximum": [2], "SampleCount": [2]}


def test_metrics_are_of_one_account_and_region(figures, bridge):
    figures.put(1, 3600)
    figures.cloudwatch = type(bridge.aws)(bridge.sandbox.url, region="us-east-1").cloudwatch
    assert figures.values() == []


@pytest.mark.parametrize(
    ("what", "order", "words"),
    [
        ("weather", {}, "There is no weather"),
        ("metrics", {"account": "1"}, "exactly account, region"),
        (
            "event-sources",
            {"deed": "steal"} | dict.fromkeys(("account", "region", "name"), "a"),
            "deed",
        ),
        (
            "event-sources",
            {"deed": 1} | dict.fromkeys(("account", "region", "name"), "a"),
            "type str",
        ),
        (
            "metrics",
            dict.fromkeys(("account", "region", "namespace", "metric"), "a")
            | {"dimensions": {}, "points": [["yesterday", 1]]},
            "ISO 8601",
        ),
        ("history", {"account": "1", "region": "a", "event": {"eventTime": "soon"}}, "no time"),
    ],
)
def test_a_senseless_order_is_refused_in_a_sentence(sandbox, http, what, order, words):
    body = json.dumps(order)
    if what != "weather":
        answer = http.request("POST", f"{sandbox.url}/_sandbox/{what}", body=body)
        assert (answer.status, words in answer.json()["error"]) == (400, True)
    with pytest.raises(ValueError, match=words):
        sandbox.aws(what, **order)
