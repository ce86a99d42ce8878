"""Figures of CloudWatch, whole or known to be missing; and the age of the oldest messages.

Source: CloudWatch API Reference, GetMetricData: 500 metrics a call, charged by the metric and not
by the figure; results of one metric may be spread over pages; no zeros are filled in.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.core.model.abilities import Measured, Metrics
from reconciler.core.model.errors import Denied, ServiceError
from reconciler.core.model.objects import Live
from reconciler.core.text.phrases import counted
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.rule_grants import RuleName

METRICS_A_CALL = 500
USD_A_METRIC = 0.01 / 1000
"""What GetMetricData costs in most regions."""
_WINDOW = 15 * 60
_MAY = "allow cloudwatch:GetMetricData to these credentials to see it"
_UNKNOWN = "how long its oldest message waits"


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


def ages(client: SqsClient, live: Sequence[Live]) -> Measured:
    """Return the age of the oldest message of each queue, 0 where there is none."""
    queues = [item for item in live if isinstance(item.spec, Queue)]
    metrics = {_address(item): Metrics(oldest_seconds=0) for item in queues if not item.waiting}
    holding = [item for item in queues if item.waiting]
    lacking: str | None
    try:
        for start in range(0, len(holding), METRICS_A_CALL):
            batch = holding[start : start + METRICS_A_CALL]
            for index, age in _ages_of(client, [item.outputs["arn"] for item in batch]):
                metrics[_address(batch[index])] = Metrics(oldest_seconds=age)
    except ServiceError as error:
        remedy = f"; {_MAY}" if isinstance(error, Denied) else ""
        lacking = f"{error.account}: the age of the oldest messages is not known{remedy}"
    else:
        lacking = _lacking(holding, metrics)
    unknown = {it: _UNKNOWN for it in map(_address, holding) if it not in metrics}
    return Measured(metrics, lacking, unknown)


def probe_metrics(client: SqsClient) -> None:
    """Ask about a queue that there is not, to see whether asking is allowed."""
    list(_ages_of(client, ["arn:aws:sqs:::reconciler-doctor"]))


def _address(item: Live) -> str:
    return item.live_address


def _lacking(holding: Sequence[Live], metrics: dict[str, Metrics]) -> str | None:
    silent = [item for item in holding if _address(item) not in metrics]
    if not silent:
        return None
    return (
        f"{silent[0].account}: CloudWatch has no age yet of the oldest message of "
        f"{counted(len(silent), 'queue')}"
    )


def _ages_of(client: SqsClient, arns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield position and age, in seconds, for the queues of which CloudWatch knows one."""
    now = time.time()
    queries = [of_queue("ApproximateAgeOfOldestMessage", arn, "Maximum", 60) for arn in arns]
    for index, ages_ in enumerate(read(client, queries, now - _WINDOW, now)):
        if ages_:
            yield index, int(ages_[max(ages_)])
