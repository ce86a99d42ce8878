"""What is told of each object, and that each broken link shows where it is broken."""

import re

from operated import DLQ, QUEUES, REST, WORLD, by_address, ill

from tests.worlds import AWS

SELLER_FR = "sandbox-seller-app-fr"


METRICS = {"*": {"acknowledgedMessagesCount": 7}}


def unknown(status):
    """Return what is not known of everything of which something is not, by address."""
    return {item.address: item.unknown for item in status.everything if item.unknown}


def test_a_world_as_declared_is_healthy(world):
    world.apply()
    world.sandbox.settings(merchantHealth=METRICS)
    found = world.status()
    assert (found.healthy, found.complete, ill(found), unknown(found)) == (True, True, {}, {})
    assert found.verdict == "healthy"
    states = {name: item.state for name, item in by_address(found).items()}
    assert states == {
        "queue.dead": "present",
        "queue.offers": "present",
        "destination.to-mws": "present",
        "destination.to-sp": "present",
        "subscription.new[de]": "enabled",
        "subscription.new[fr]": "enabled",
        "subscription.old": "enabled",
        "subscription.shop": "enabled",
    }
    assert all(item.alive and item.leads_to == "queue.offers" for item in found.destinations)


def test_messages_are_told_apart_by_state_and_dead_ones_at_their_source(world):
    world.apply()
    world.send("offers", 4)
    world.send("offers", 2, DelaySeconds=900)
    world.send("dead", 3)
    world.sqs.receive_message(QueueUrl=world.url("offers"), MaxNumberOfMessages=1)
    queue = by_address(world.status())["queue.offers"]
    assert (queue.visible, queue.in_flight, queue.delayed) == (3, 1, 2)
    assert queue.dead_letters == 3
    assert by_address(world.status())["queue.dead"].dead_letters is None


def test_messages_in_a_dead_letter_queue_of_others_count_too(world):
    world.sqs.create_queue(QueueName="of-others")
    world.send("of-others", 2)
    world.apply(f"queues:\n  offers: {{deadLetter: {{queue: '{DLQ}', maxReceives: 3}}}}\n", AWS)
    assert by_address(world.status())["queue.offers"].dead_letters == 2


def test_the_oldest_message_is_as_old_as_cloudwatch_says(world):
    world.apply()
    world.sandbox.settings(messageAgeSeconds=900)
    world.send("offers")
    found = by_address(world.status())
    assert 900 <= found["queue.offers"].oldest_seconds < 960
    assert found["queue.dead"].oldest_seconds == 0
    asked = [call for call in world.sandbox.calls() if call["operation"] == "GetMetricData"]
    assert len(asked) == 1, "only queues that hold something are asked about, which costs money"


def test_an_age_that_may_not_be_read_is_unknown_and_the_permission_is_named(world):
    world.apply()
    world.send("offers")
    world.send("dead", 3)
    world.sandbox.settings(awsDenied=["cloudwatch:GetMetricData"], merchantHealth=METRICS)
    found = world.status(dead_letters=3)
    assert by_address(found)["queue.offers"].oldest_seconds is None
    [note] = [text for text in found.notes if text.startswith("aws-eu")]
    assert "allow cloudwatch:GetMetricData" in note
    assert unknown(found) == {"queue.offers": ("how long its oldest message waits",)}
    assert (found.healthy, found.verdict) == (False, "unknown")


def test_each_limit_of_a_queue_that_is_passed_is_told(world):
    world.apply()
    world.sandbox.settings(messageAgeSeconds=900)
    world.send("offers", 3)
    world.send("dead")
    assert ill(world.status(waiting=3, age=3600, dead_letters=1)) == {}
    [(address, problems)] = ill(world.status(waiting=2, age=600, dead_letters=0)).items()
    assert address == "queue.offers"
    dead, waiting, age = problems
    assert dead == "1 message in its dead-letter queue"
    assert waiting == "3 messages waiting, more than 2"
    assert age.startswith("the oldest message waits for 15m")
    assert age.endswith(", longer than 10m")


def test_what_lies_in_a_dead_letter_queue_may_lie_long(world):
    world.apply()
    world.sandbox.settings(messageAgeSeconds=900)
    world.send("dead", 3)
    assert ill(world.status(waiting=1, age=10, dead_letters=3)) == {}


def test_a_missing_queue_makes_its_destinations_and_subscriptions_dead(world):
    world.apply()
    world.sqs.delete_queue(QueueUrl=world.url("offers"))
    found = world.status()
    assert ill(found) == {
        "queue.offers": ("declared, but not there: apply creates it",),
        "destination.to-mws": ("queue.offers does not exist",),
        "destination.to-sp": ("queue.offers does not exist",),
        **dict.fromkeys(
            ("subscription.new[de]", "subscription.new[fr]", "subscription.old"),
            ("its destination is dead, so that nothing arrives",),
        ),
    }
    assert {item.alive for item in found.destinations} == {False}


def test_missing_destinations_and_subscriptions_are_told(world):
    world.apply(QUEUES)
    world.declare()
    found = world.status()
    missing = ("declared, but not there: apply creates it",)
    assert ill(found) == dict.fromkeys(
        set(by_address(found)) - {"queue.offers", "queue.dead"}, missing
    )
    assert {item.alive for item in found.destinations} == {False}


def test_a_subscription_switched_off_is_told_unless_declared_so(world):
    off = WORLD.replace("AnyOfferChanged}", "AnyOfferChanged, enabled: false}")
    world.apply(off)
    found = world.status()
    assert by_address(found)["subscription.old"].state == "disabled"
    assert ill(found) == {}
    world.declare()
    [(address, [problem])] = ill(world.status()).items()
    assert address == "subscription.old"
    assert "switched off" in problem


def test_withdrawn_consent_is_an_answer_and_shows_at_each_subscription_of_that_seller(world):
    world.apply()
    world.sandbox.settings(revoked=[SELLER_FR])
    found = world.status()
    [(address, [problem])] = ill(found).items()
    assert address == "subscription.new[fr]"
    assert "seller fr has withdrawn consent" in problem
    states = {it.address: (it.state, it.consent) for it in found.subscriptions}
    assert states["subscription.new[fr]"] == ("unauthorised", False)
    assert states["subscription.new[de]"] == ("enabled", True)
    assert states["subscription.old"] == ("enabled", None)
    assert found.complete


def test_a_live_policy_that_shuts_the_sender_out_shows_at_the_destinations(world):
    world.apply()
    world.sqs.set_queue_attributes(QueueUrl=world.url("offers"), Attributes={"Policy": ""})
    found = ill(world.status())
    assert found.keys() == {"destination.to-mws", "destination.to-sp"}
    [problem] = found["destination.to-sp"]
    assert "queue.offers does not let the AWS account 437568002678 call" in problem
    assert problem.endswith(": apply, which brings it back")
    world.declare(WORLD.replace("    grants: [{to: amazon-notifications}]\n", ""))
    [problem] = ill(world.status())["destination.to-sp"]
    assert ": add `grants: [{to: amazon-notifications}]` to it, or where it has a" in problem


def test_an_account_that_cannot_be_read_is_unknown_and_the_rest_is_judged(world):
    world.apply()
    world.sandbox.faults(
        [{"service": "aws", "operation": "ListQueues", "kind": "denied", "times": None}]
    )
    found = world.status()
    assert (found.complete, found.healthy) == (False, False)
    [reason] = found.unread
    assert reason.startswith("aws-eu: ListQueues: permission is missing")
    told = by_address(found)
    assert told["queue.offers"].state == "unknown"
    assert told["destination.to-sp"].state == "present"
    assert told["destination.to-sp"].alive is None
    assert told["subscription.new[de]"].state == "enabled"
    assert ill(found) == {}


def test_a_seller_that_cannot_be_asked_is_unknown_not_shut(world):
    world.apply()
    fault = {"service": "lwa", "operation": "refresh_token", "kind": "error503", "times": None}
    world.sandbox.faults([fault])
    found = world.status()
    states = {it.address: (it.state, it.consent) for it in found.subscriptions}
    assert states["subscription.new[fr]"] == ("unknown", None)
    assert not found.complete


def test_accounts_that_are_not_asked_for_are_read_but_not_shown(world):
    world.apply()
    found = world.status("app")
    assert found.queues == ()
    assert [item.alive for item in found.destinations] == [True]
    assert {item.account for item in found.subscriptions} == {"app"}


def test_an_event_bus_leads_to_no_queue(world):
    bus = '{account: app, eventBridge: {region: eu-west-1, accountId: "123456789012"}}'
    world.apply(f"destinations:\n  bus: {bus}\n")
    [item] = world.status().destinations
    assert (item.alive, item.leads_to, item.problems) == (True, None, ())


def test_merchant_metrics_are_shown_and_judged_where_the_service_offers_them(world):
    world.apply()
    metrics = {
        "acknowledgedMessagesCount": 7,
        "undeliveredMessagesCount": 101,
        "oldestUnacknowledgedMessageWaitingTime": 3601,
    }
    world.sandbox.settings(merchantHealth={"*": metrics})
    found = world.status()
    health = by_address(found)["subscription.shop"].health
    assert (health.acknowledged, health.undelivered, health.oldest_seconds) == (7, 101, 3601)
    assert ill(found) == {
        "subscription.shop": (
            "101 messages not acknowledged by its callBackUri, more than 100",
            "the oldest message waits for 1h 1s, longer than 1h",
        )
    }
    assert ill(world.status(undelivered=101, age=3601)) == {}


def test_quirk_101_missing_merchant_metrics_are_said_once_and_asked_for_once(world):
    several = REST.replace('targetAccount: "5678"', 'targetAccounts: ["1", "2", "3"]')
    world.apply(QUEUES + several)
    found = world.status()
    shops = [item for item in found.subscriptions if item.account == "shop"]
    assert [item.health for item in shops] == [None] * 3
    assert len([note for note in found.notes if note.startswith("shop")]) == 1
    asked = [call for call in world.sandbox.calls() if call["operation"] == "getHealth"]
    assert len(asked) == 1
    pushes = ("whether its pushes are acknowledged",)
    assert unknown(found) == {item.address: pushes for item in shops}
    assert (found.healthy, found.complete, found.verdict) == (False, True, "unknown")


def test_metrics_that_may_not_be_read_are_no_good_ones(world):
    world.apply()
    fault = {"service": "merchant", "operation": "getHealth", "kind": "denied", "times": None}
    world.sandbox.faults([fault])
    found = world.status()
    assert unknown(found) == {"subscription.shop": ("its figures",)}
    assert found.verdict == "unknown"


def test_what_nobody_could_look_at_is_not_known_to_be_there(world):
    world.apply()
    denied = {"service": "aws", "operation": "ListQueues", "kind": "denied", "times": None}
    hidden = {"service": "sp-api", "operation": "getDestinations", "kind": "denied", "times": None}
    world.sandbox.faults([denied, hidden])
    found = unknown(world.status("app", "uk"))
    assert found["destination.to-mws"] == ("whether queue.offers is there",)
    [told] = found["subscription.new[de]"]
    assert re.fullmatch(r"whether the destination [-0-9a-f]{36} is there", told)


def test_messages_in_a_dead_letter_queue_that_nobody_could_look_into_are_unknown(world):
    world.sqs.create_queue(QueueName="of-others")
    dead = f"queues:\n  offers: {{deadLetter: {{queue: '{DLQ}', maxReceives: 3}}}}\n"
    world.apply(dead, AWS)
    world.sandbox.faults(
        [{"service": "aws", "operation": "GetQueueAttributes", "kind": "denied", "skip": 1}]
    )
    found = world.status()
    assert by_address(found)["queue.offers"].dead_letters is None
    assert unknown(found) == {"queue.offers": ("how many messages wait in its dead-letter queue",)}


def test_where_nothing_is_declared_nothing_is_healthy(world):
    world.declare("", AWS)
    found = world.status()
    assert (found.healthy, found.verdict) == (False, "nothing")
