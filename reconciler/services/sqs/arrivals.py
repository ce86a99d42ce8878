"""How many messages came into queues and through routes, hour by hour, as CloudWatch counted them.

Source: "Available CloudWatch metrics for Amazon SQS": NumberOfMessagesSent counts what anybody
sends, not what SQS moves into a dead-letter queue, and only while a queue is in use. "Monitoring
Amazon EventBridge": a rule on a bus of its own is named with the bus, and zeros are often missing.
"""

from collections.abc import Sequence

from reconciler.core.model.abilities import HOUR, ArrivalCounts, ArrivalQuestion, HourSpan
from reconciler.core.model.errors import Denied, ServiceError
from reconciler.core.model.objects import Live
from reconciler.core.text.phrases import counted
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.metrics import (
    METRICS_A_CALL,
    USD_A_METRIC,
    MetricQuery,
    of_queue,
    of_rule,
    read,
)
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.rule_grants import rule_of

_MAY = "allow cloudwatch:GetMetricData to these credentials to see it"


def question(client: SqsClient, live: Sequence[Live]) -> ArrivalQuestion | None:
    """Return what it takes to count what arrived, None where there is nothing to count."""
    asked = [(item, query) for item in live if (query := _query(item)) is not None]
    if not asked:
        return None
    price = f"{len(asked) * USD_A_METRIC:.5f}".rstrip("0")
    cost = f"GetMetricData for {counted(len(asked), 'metric')}, about {price} USD"
    return ArrivalQuestion(cost, lambda span: _counts(client, asked, span))


def _query(item: Live) -> MetricQuery | None:
    arn = item.outputs.get("arn", "")
    if isinstance(item.spec, Queue):
        return of_queue("NumberOfMessagesSent", arn, "Sum", HOUR)
    rule = rule_of(arn)
    return of_rule("Invocations", rule, HOUR) if rule is not None else None


def _counts(
    client: SqsClient, asked: Sequence[tuple[Live, MetricQuery]], span: HourSpan
) -> ArrivalCounts:
    counts: dict[str, dict[int, float]] = {}
    account = asked[0][0].account
    try:
        for start in range(0, len(asked), METRICS_A_CALL):
            batch = asked[start : start + METRICS_A_CALL]
            found = read(client, [query for _, query in batch], span.start, span.end)
            for (item, _), figures in zip(batch, found, strict=True):
                if figures is not None:
                    counts[item.live_address] = figures
    except ServiceError as error:
        remedy = f"; {_MAY}" if isinstance(error, Denied) else f": {error}"
        return ArrivalCounts(counts, f"{account}: what arrived is not known{remedy}")
    missing = len(asked) - len(counts)
    lacking = f"{account}: CloudWatch did not give all figures of {counted(missing, 'metric')}"
    return ArrivalCounts(counts, lacking if missing else None)
