"""What rules failed to deliver, as CloudWatch counted it.

Source: "Monitoring Amazon EventBridge": FailedInvocations and InvocationsFailedToBeSentToDlq are
there only where they are not zero; a rule on a bus of its own is named with the bus.
"""

import time
from collections.abc import Iterator, Sequence

from reconciler.core.model.abilities import HOUR, Measured, Metrics
from reconciler.core.model.errors import Denied, ServiceError
from reconciler.core.model.objects import Live
from reconciler.core.text.phrases import counted
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.events.specs import EventRoute
from reconciler.services.sqs.metrics import METRICS_A_CALL, MetricQuery, of_rule, read
from reconciler.services.sqs.rule_grants import rule_of

_DAY = 24 * HOUR
_UNKNOWN = "what it failed to deliver in the last 24 hours"


def failures(client: SqsClient, live: Sequence[Live]) -> Measured:
    """Return how many messages each route of `live` failed to deliver in the last 24 hours."""
    asked = [(item, *named) for item in live for named in _queries(item)]
    sums: dict[str, dict[str, int]] = {}
    lacking = None
    end = time.time() // HOUR * HOUR + HOUR
    try:
        for start in range(0, len(asked), METRICS_A_CALL):
            batch = asked[start : start + METRICS_A_CALL]
            queries = [query for _, _, query in batch]
            for (item, name, _), figures in zip(
                batch, read(client, queries, end - _DAY, end), strict=True
            ):
                if figures is not None:
                    sums.setdefault(item.live_address, {})[name] = int(sum(figures.values()))
    except ServiceError as error:
        more = "; allow cloudwatch:GetMetricData to these credentials to see it"
        why = more if isinstance(error, Denied) else ""
        lacking = f"{error.account}: what routes failed to deliver is not known{why}"
    missing = {
        it.live_address for it, name, _ in asked if name not in sums.get(it.live_address, {})
    }
    if missing and lacking is None:
        routes = counted(len(missing), "route")
        lacking = f"{live[0].account}: CloudWatch did not give all figures of {routes}"
    metrics = {address: Metrics(**found) for address, found in sums.items()}
    return Measured(metrics, lacking, dict.fromkeys(missing, _UNKNOWN))


def _queries(item: Live) -> Iterator[tuple[str, MetricQuery]]:
    rule = rule_of(item.outputs.get("arn", ""))
    if rule is None or not isinstance(item.spec, EventRoute):
        return
    yield "failed", of_rule("FailedInvocations", rule, HOUR)
    if item.spec.dead_letter is not None:
        yield "lost", of_rule("InvocationsFailedToBeSentToDlq", rule, HOUR)
