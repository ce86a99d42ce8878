"""What CloudWatch knows of queues; moto has the service, but no metrics of SQS."""

import time
from datetime import timedelta
from typing import Any

from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider
from moto.core.utils import utcnow

from reconciler.sandbox.sqs_queue import CURRENT, World

_LAG = timedelta(seconds=60)
"""AWS: metrics are of the last whole minute."""


class QueueAges(CloudWatchMetricProvider):
    """ApproximateAgeOfOldestMessage of the queues of the sandbox that is asked."""

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[Any]:
        """Return one figure a queue that holds a message; AWS sends none of idle ones for long."""
        world = CURRENT.get()
        with world.lock:
            queues = list(world.queues.get((account_id, region), {}).values())
            return [_age(world, queue) for queue in queues if queue._messages]  # noqa: SLF001 - visible or not


def _age(world: World, queue: Any) -> MetricDatum:
    sent = min(message.sent_timestamp for message in queue._messages)  # noqa: SLF001 - as above
    age = time.time() - sent / 1000 + world.settings["messageAgeSeconds"]
    return MetricDatum(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        float(int(age)),
        [{"Name": "QueueName", "Value": queue.name}],
        utcnow() - _LAG,
        "Seconds",
    )
