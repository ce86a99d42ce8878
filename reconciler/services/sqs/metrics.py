"""Figures of CloudWatch, whole or known to be missing.

Source: CloudWatch API Reference, GetMetricData: 500 metrics a call, charged by the metric and not
by the figure; results of one metric may be spread over pages; no zeros are filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.rule_grants import RuleName

METRICS_A_CALL = 500
USD_A_METRIC = 0.01 / 1000
"""What GetMetricData costs in most regions."""


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One metric, and how its figures are put together: `period` in seconds."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    stat: str
    period: int


def of_queue(metric: str, arn: str, stat: str, period: int) -> MetricQuery:
    """Ask about a queue."""
    return MetricQuery("AWS/SQS", metric, {"QueueName": arn.rpartition(":")[2]}, stat, period)


def of_rule(metric: str, rule: RuleName, period: int) -> MetricQuery:
    """Ask about a rule on a bus of its own, which is named with the bus; figures are summed up."""
    where = {"EventBusName": rule.bus, "RuleName": rule.rule}
    return MetricQuery("AWS/Events", metric, where, "Sum", period)


def read(
    client: SqsClient, queries: Sequence[MetricQuery], start: float, end: float
) -> list[dict[int, float] | None]:
    """Return figures by the beginning of their period, all in Unix seconds, query by query.

    None: CloudWatch did not give all there are. Of up to 500 queries. Raises ServiceError.
    """
    figures: list[dict[int, float]] = [{} for _ in queries]
    whole = [False] * len(queries)
    token: dict[str, str] = {}
    pages = client.pages("GetMetricData")
    while True:
        answer = client.ask(
            "cloudwatch",
            "GetMetricData",
            MetricDataQueries=[_wire(index, query) for index, query in enumerate(queries)],
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
            ScanBy="TimestampDescending",
            **token,
        )
        for result in answer["MetricDataResults"]:
            index = int(result["Id"].removeprefix("q"))
            moments = (int(moment.timestamp()) for moment in result["Timestamps"])
            figures[index].update(zip(moments, result["Values"], strict=True))
            whole[index] = result["StatusCode"] == "Complete"
        if not answer.get("NextToken"):
            return [found if all_ else None for found, all_ in zip(figures, whole, strict=True)]
        token = {"NextToken": answer["NextToken"]}
        pages.turn(token["NextToken"])


def _wire(index: int, query: MetricQuery) -> dict[str, Any]:
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in query.dimensions.items()],
    }
    stat = {"Metric": metric, "Period": query.period, "Stat": query.stat}
    return {"Id": f"q{index}", "MetricStat": stat}
