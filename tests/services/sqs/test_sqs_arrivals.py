"""What CloudWatch counted into queues. Numbers are those of the wire notes' tests."""

from datetime import UTC, datetime

import pytest

from reconciler.core.model.abilities import HOUR, HourSpan
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import live_address
from reconciler.services.sqs.metrics import METRICS_A_CALL

START = 1_790_000_000 // HOUR * HOUR
SPAN = HourSpan(START, START + 48 * HOUR)


def queues(world, *names):
    return [Live("aws-eu", (it := world.want(name)).spec, it.outputs) for name in names]


def results(*found, token=None):
    """Make an answer of (index, {hours after the start: figure}, status)."""
    told = [
        {
            "Id": f"q{index}",
            "Timestamps": [float(START + hours * HOUR) for hours in figures],
            "Values": list(figures.values()),
            "StatusCode": status,
        }
        for index, figures, status in found
    ]
    return {"MetricDataResults": told, **({"NextToken": token} if token else {})}


def look(world, live):
    found = world.provider.arrivals(live).look(SPAN)
    names = {live_address(item.spec, "aws-eu"): item.spec.name for item in live}
    hours = {
        names[address]: {(hour - START) // HOUR: value for hour, value in figures.items()}
        for address, figures in found.counts.items()
    }
    return hours, found.lacking


def test_cloudtrail_cloudwatch_22_and_30_so_many_metrics_in_calls_of_500_and_their_price(world):
    live = queues(world, *(f"Q-{number}_x" for number in range(METRICS_A_CALL + 1)))
    asked = world.provider.arrivals(live)
    assert asked.cost == "GetMetricData for 501 metrics, about 0.00501 USD"
    assert world.middleman.seen == [], "nothing is asked before its price was told"
    world.middleman.answers(
        "GetMetricData",
        results((0, {1: 2.0}, "Complete"), (499, {}, "Complete")),
        results((0, {3: 4.0}, "Complete")),
    )
    hours, lacking = look(world, live)
    assert hours == {"Q-0_x": {1: 2.0}, "Q-499_x": {}, "Q-500_x": {3: 4.0}}
    assert lacking == "aws-eu: CloudWatch did not give all figures of 498 metrics"
    bodies = world.middleman.bodies("GetMetricData")
    assert [len(body["MetricDataQueries"]) for body in bodies] == [METRICS_A_CALL, 1]


def test_cloudtrail_cloudwatch_25_whole_hours_are_asked_for(world):
    world.middleman.answers("GetMetricData", results((0, {}, "Complete")))
    look(world, queues(world, "offers"))
    [body] = world.middleman.bodies("GetMetricData")
    times = [body[name] for name in ("StartTime", "EndTime")]
    times = [it.timestamp() if isinstance(it, datetime) else it for it in times]
    assert times == [SPAN.start, SPAN.end]
    [query] = body["MetricDataQueries"]
    assert query["MetricStat"]["Period"] == HOUR
    assert query["MetricStat"]["Stat"] == "Sum"


def test_cloudtrail_cloudwatch_23_pages_are_put_together_and_a_part_is_not_taken_for_all(world):
    live = queues(world, "whole", "part", "late")
    world.middleman.answers(
        "GetMetricData",
        results(
            (0, {5: 1.0}, "PartialData"),
            (1, {5: 1.0}, "PartialData"),
            (2, {}, "Complete"),
            token="more",
        ),
        results((0, {4: 2.0}, "Complete"), (1, {4: 2.0}, "PartialData")),
    )
    hours, lacking = look(world, live)
    assert hours == {"whole": {5: 1.0, 4: 2.0}, "late": {}}
    assert lacking == "aws-eu: CloudWatch did not give all figures of 1 metric"


@pytest.mark.parametrize("status", ["Forbidden", "InternalError"])
def test_cloudtrail_cloudwatch_24_what_cloudwatch_does_not_tell_is_unknown(world, status):
    world.middleman.answers("GetMetricData", results((0, {}, status)))
    assert look(world, queues(world, "offers"))[0] == {}


def test_cloudtrail_cloudwatch_29_without_the_right_it_is_said_what_to_allow(world):
    world.sandbox.settings(awsDenied=["cloudwatch:GetMetricData"])
    hours, lacking = look(world, queues(world, "offers"))
    assert hours == {}
    assert lacking == (
        "aws-eu: what arrived is not known; allow cloudwatch:GetMetricData to these credentials "
        "to see it"
    )


def test_cloudtrail_cloudwatch_31_an_account_without_queues_is_not_asked(world):
    assert world.provider.arrivals([]) is None


def test_what_was_sent_is_counted_in_its_hour_and_since_when_the_queue_is_there_is_known(world):
    want = world.want("offers")
    world.provider.create(want)
    live = world.see(want)["offers"]
    assert abs(live.created - datetime.now(UTC).timestamp()) < 300
    hour = live.created // HOUR * HOUR
    asked = world.provider.arrivals([live])
    span = HourSpan(hour - 24 * HOUR, hour + 2 * HOUR)
    assert set(asked.look(span).counts[live.live_address].values()) == {0.0}
    world.boto.send_message(QueueUrl=live.outputs["url"], MessageBody="a")
    assert sum(asked.look(span).counts[live.live_address].values()) == 1
