"""`reconciler status --arrivals`: what arrived, what went quiet, and what it costs to know.

Numbers are those of the wire notes' tests.
"""

import json
import time
from datetime import UTC, datetime

import pytest

from tests.worlds import EVERYWHERE, HEAD

HOUR, DAY = 3600, 86_400
QUEUES = """
queues:
  offers: {deadLetter: {queue: dead, maxReceives: 5}, grants: [{to: amazon-notifications}]}
  dead: {}
  orders: {grants: [{to: amazon-notifications}]}
  idle: {}
destinations:
  offers: {account: app, queue: offers}
  orders: {account: app, queue: orders}
subscriptions:
  offers: {destination: offers, notificationType: ANY_OFFER_CHANGED, sellers: all}
  orders: {destination: orders, notificationType: FEED_PROCESSING_FINISHED, sellers: [de]}
"""


class Queues:
    """Declared queues that are ninety days old, and what arrived in them."""

    def __init__(self, cli, sandbox, path):
        self.cli, self.sandbox, self.path = cli, sandbox, path
        self.begun = time.time() // HOUR * HOUR

    def apply(self, days=90):
        self.sandbox.settings(clockAheadSeconds=-days * DAY)
        assert self.cli("apply", self.path, "--yes", "--sandbox", self.sandbox.url).code == 0
        self.sandbox.settings(clockAheadSeconds=0)

    def arrive(self, queue, hours, value=2):
        """Let messages arrive so many hours ago."""
        moments = (datetime.fromtimestamp(self.begun - hour * HOUR, UTC) for hour in hours)
        self.sandbox.aws(
            "metrics",
            account="123456789012",
            region="eu-west-1",
            namespace="AWS/SQS",
            metric="NumberOfMessagesSent",
            dimensions={"QueueName": queue},
            points=[[moment.isoformat(), value] for moment in moments],
        )

    def status(self, *options):
        return self.cli("status", self.path, *options, "--sandbox", self.sandbox.url)

    def found(self, *options):
        ended = self.status(*options, "--format", "json")
        told = json.loads(ended.out)
        things = [*told["queues"], *told["subscriptions"]]
        return ended, {item["address"]: item.get("arrivals") for item in things}


@pytest.fixture
def queues(cli, sandbox, world):
    made = Queues(cli, sandbox, world(QUEUES, head=HEAD + EVERYWHERE))
    made.apply()
    return made


def busy_until(hours):
    return range(hours, 40 * 24)


def test_cloudtrail_cloudwatch_24_and_28_what_arrived_is_told_of_each_queue(queues):
    queues.arrive("offers", busy_until(2))
    ended, found = queues.found("--arrivals")
    assert ended.code == 0
    offers = found["queue.offers"]
    assert (offers["state"], offers["quietness"]) == ("arrived", "as usual")
    assert (offers["perDay"], offers["usualPerDay"]) == (pytest.approx(48, abs=2), 48)
    assert offers["lastArrived"].startswith(
        f"{datetime.fromtimestamp(queues.begun - 2 * HOUR, UTC):%Y-%m-%dT%H:00}"
    )
    assert (found["queue.idle"]["state"], found["queue.idle"]["arrived"]) == ("zero", 0)
    assert found["queue.dead"] is None, "its depth tells (28)"


def test_cloudtrail_cloudwatch_30_the_price_is_told_first_and_without_the_option_none_is_paid(
    queues,
):
    ended = queues.status("--arrivals", "14d")
    told = "asking aws-eu: GetMetricData for 3 metrics, about 0.00003 USD\n"
    assert ended.err.startswith(told)
    queues.sandbox.clear_calls()
    _, found = queues.found()
    assert set(found.values()) == {None}
    assert "GetMetricData" not in {call["operation"] for call in queues.sandbox.calls()}


def test_what_is_quieter_than_usual_is_an_answer_and_a_problem_only_where_it_was_asked_for(queues):
    queues.arrive("offers", busy_until(50))
    queues.arrive("orders", range(50, 80 * 24, 24 * 7))
    ended, found = queues.found("--arrivals", "--check")
    assert (ended.code, found["queue.offers"]["quietness"]) == (0, "quieter than usual")
    assert found["queue.orders"]["quietness"] == "as usual", "quiet by nature"
    ended = queues.status("--check", "--max-quiet", "2x")
    assert ended.code == 2
    assert "✗ queue.offers" in ended.out
    assert "✓ queue.orders" in ended.out
    assert queues.status("--check", "--max-quiet", "60").code == 0


def test_cloudtrail_cloudwatch_27_who_could_have_sent_is_named_and_of_several_none_did(queues):
    for queue in ("offers", "orders"):
        queues.arrive(queue, busy_until(50))
    ended = queues.status("--max-quiet", "2x")
    assert "nothing of subscription.orders[de] has arrived for 2d" in ended.told
    assert (
        "before: none of subscription.offers[de], subscription.offers[fr] sent anything"
        in ended.told
    )
    _, found = queues.found("--arrivals")
    assert found["subscription.orders[de]"] == found["queue.orders"]
    assert found["subscription.offers[de]"] is None, "cannot be told from the other's"


def test_cloudtrail_cloudwatch_26_a_queue_made_this_minute_is_not_silent(queues, cli):
    assert cli("destroy", queues.path, "--yes", "--sandbox", queues.sandbox.url).code == 0
    queues.apply(days=0)
    queues.arrive("offers", busy_until(50))
    assert queues.status("--check", "--max-quiet", "2x").code == 0


def test_cloudtrail_cloudwatch_29_without_the_right_all_else_is_told_and_silence_is_unknown(queues):
    queues.sandbox.settings(awsDenied=["cloudwatch:GetMetricData"])
    ended, found = queues.found("--arrivals")
    offers = found["queue.offers"]
    assert (ended.code, offers["state"], offers["quietness"]) == (0, "unknown", "not comparable")
    figures = ("lastArrived", "arrived", "perDay", "usualPerDay", "quietSeconds", "timesUsual")
    assert [offers[name] for name in figures] == [None] * 6
    assert "note: aws-eu: what arrived is not known; allow cloudwatch:GetMetricData" in ended.err
    ended = queues.status("--check", "--max-quiet", "2x")
    assert ended.code == 1, "not told is not fine"
    assert "arrivals: unknown" in ended.told
    assert "not known: what arrived" in ended.told
    assert "All healthy" not in ended.told
    assert queues.status("--check", "--max-quiet", "2x", "--allow-unknown").code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--arrivals", "30m"), "1h to 84d"),
        (("--arrivals", "85d"), "1h to 84d"),
        (("--max-quiet", "0.5x"), "from 1x"),
        (("--max-quiet", "often"), "from 1x"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(cli, options, words):
    ended = cli("status", *options)
    assert ended.code == 64
    assert words in ended.err


def test_a_path_may_follow_the_option_without_a_value(queues, cli):
    ended = cli("status", "--arrivals", queues.path, "--sandbox", queues.sandbox.url)
    assert ended.code == 0
    assert "arrivals: zero" in ended.told


ROUTED = """
queues: {offers: {}, failed: {}}
destinations: {events: {account: app, eventBridge: {account: aws-eu}}}
routes: {listings: {from: events, queue: offers, types: [LISTINGS_ITEM_STATUS_CHANGE],
                    deadLetter: failed}}
subscriptions:
  s: {destination: events, notificationType: LISTINGS_ITEM_STATUS_CHANGE, sellers: [de]}
"""


def test_cloudtrail_cloudwatch_32_a_route_is_told_by_its_rule_on_its_bus(cli, sandbox, world):
    made = Queues(cli, sandbox, world(ROUTED, head=HEAD + EVERYWHERE))
    made.apply()
    events = sandbox.state()["aws"]["123456789012"]["eu-west-1"]["events"]
    [bus] = events["sources"]

    def invoked(**dimensions):
        moment = datetime.fromtimestamp(made.begun - HOUR, UTC).isoformat()
        place = {"account": "123456789012", "region": "eu-west-1", "namespace": "AWS/Events"}
        named = {"metric": "Invocations", "dimensions": dimensions}
        sandbox.aws("metrics", **place, **named, points=[[moment, 3]])

    def routed():
        ended = made.status("--arrivals", "--format", "json")
        [route] = [it for it in json.loads(ended.out)["others"] if it["kind"] == "route"]
        return route["arrivals"]

    invoked(RuleName="acme--listings")
    assert routed()["state"] == "no data", "that is a rule of the default bus"
    invoked(RuleName="acme--listings", EventBusName=bus)
    assert (routed()["state"], routed()["arrived"]) == ("arrived", 3)
    assert "arrived 3 (0.4 a day)" in made.status("--arrivals").told
    failed, offers = json.loads(made.status("--arrivals", "--format", "json").out)["queues"]
    assert offers["arrivals"]["senders"] == ["route.listings"]
    assert "arrivals" not in failed, "of a route's dead-letter queue depth tells, too"
