"""How old the oldest message of a queue is. SQS does not say; CloudWatch does, a minute late.

Source: "Available CloudWatch metrics for Amazon SQS". GetMetricData is charged by the metric, so
that only queues that hold something are asked about.
"""

import time
from collections.abc import Iterator, Sequence

from reconciler.core.model.abilities import Measured, Metrics
from reconciler.core.model.errors import Denied, ServiceError
from reconciler.core.model.objects import Live
from reconciler.core.text.phrases import counted
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.metrics import METRICS_A_CALL, of_queue, read
from reconciler.services.sqs.queue import Queue

_WINDOW = 15 * 60
_MAY = "allow cloudwatch:GetMetricData to these credentials to see it"


def ages(client: SqsClient, live: Sequence[Live]) -> Measured:
    """Return the age of the oldest message of each queue, 0 where there is none."""
    queues = [item for item in live if isinstance(item.spec, Queue)]
    metrics = {_address(item): Metrics(oldest_seconds=0) for item in queues if not item.waiting}
    holding = [item for item in queues if item.waiting]
    try:
        for start in range(0, len(holding), METRICS_A_CALL):
            batch = holding[start : start + METRICS_A_CALL]
            for index, age in _read(client, [item.outputs["arn"] for item in batch]):
                metrics[_address(batch[index])] = Metrics(oldest_seconds=age)
    except ServiceError as error:
        remedy = f"; {_MAY}" if isinstance(error, Denied) else ""
        return Measured(
            metrics, f"{error.account}: the age of the oldest messages is not known{remedy}"
        )
    return Measured(metrics, _lacking(holding, metrics))


def probe(client: SqsClient) -> None:
    """Ask about a queue that there is not, to see whether asking is allowed."""
    list(_read(client, ["arn:aws:sqs:::reconciler-doctor"]))


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


def _read(client: SqsClient, arns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield position and age, in seconds, for the queues of which CloudWatch knows one."""
    now = time.time()
    queries = [of_queue("ApproximateAgeOfOldestMessage", arn, "Maximum", 60) for arn in arns]
    for index, ages_ in enumerate(read(client, queries, now - _WINDOW, now)):
        if ages_:
            yield index, int(ages_[max(ages_)])
