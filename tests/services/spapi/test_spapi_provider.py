"""The SP-API provider over real sockets."""

import json

import pytest

from reconciler.core.model.errors import Denied, Rejected, Transient, Unclear
from reconciler.core.model.objects import Live
from reconciler.core.provider import Asked, Scope
from reconciler.services.spapi import answers
from reconciler.services.spapi.catalogue import TYPES
from reconciler.services.spapi.specs import EventBridge, SpApiDestination, SpApiSubscription
from reconciler.services.spapi.wire import SpApiRequest

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
FAILURES = ["throttle", "error500", "error503", "html", "garbage", "cutBefore", "truncate"]
WRITE_FAILURES = [*FAILURES, "cutAfter"]


class TestDestinations:
    def test_what_was_created_is_observed(self, world):
        made = world.destination()
        assert world.destinations() == [made]
        assert made.spec == SpApiDestination(queue=ARN, name="acme-offers")

    def test_quirk_64_nulls_for_other_kinds_are_passed_over(self, world):
        world.destination()
        assert [live.spec.queue for live in world.destinations()] == [ARN]

    def test_quirk_65_only_one_key_is_sent(self, world):
        world.destination()
        world.create(
            SpApiDestination(
                name="events", event_bridge=EventBridge(region="eu-west-1", account_id="1" * 12)
            )
        )
        sent = [call["body"]["resourceSpecification"] for call in world.calls("createDestination")]
        assert sent == [
            {"sqs": {"arn": ARN}},
            {"eventBridge": {"region": "eu-west-1", "accountId": "1" * 12}},
        ]
        assert len(world.destinations()) == 2

    def test_quirk_62_a_conflict_adopts_the_destination_that_is_there(self, world):
        first = world.destination(name="theirs")
        second = world.destination(name="ours")
        assert second.outputs == first.outputs
        assert second.spec.name == "theirs"
        assert len(world.held("destinations")) == 1

    def test_quirk_62_a_conflict_that_is_never_listed_is_explained(self, world):
        there, wanted = (
            SpApiDestination(
                name="events", event_bridge=EventBridge(region=region, account_id="1" * 12)
            )
            for region in ("eu-west-1", "us-east-1")
        )
        world.create(there)
        with pytest.raises(Rejected, match="not listed"):
            world.create(wanted)
        assert len(world.calls("getDestinations")) > 5

    def test_quirk_63_after_an_internal_error_it_looks_before_repeating(self, world):
        world.fault("createDestination", "error500")
        made = world.destination()
        assert [one["destinationId"] for one in world.held("destinations")] == [made.outputs["id"]]
        assert len(world.calls("getDestinations")) >= 1

    def test_a_lost_answer_is_found_and_not_repeated(self, world):
        world.fault("createDestination", "cutAfter")
        world.destination()
        assert len(world.held("destinations")) == 1
        assert len(world.calls("createDestination")) == 1

    def test_what_never_succeeds_is_given_up(self, world):
        world.fault("createDestination", "error500", times=None)
        with pytest.raises(Transient, match=r"createDestination: .* is not there"):
            world.destination()
        assert world.held("destinations") == []

    def test_quirk_69_a_destination_in_use_is_reported_without_trying_again(self, world):
        made = world.destination()
        world.subscribe(made)
        with pytest.raises(Rejected, match="it is in use") as caught:
            world.provider.delete(made)
        assert "every seller" in str(caught.value)
        assert len(world.calls("deleteDestination")) == 1
        assert len(world.calls("client_credentials")) == 1

    def test_deleting_what_is_gone_is_done(self, world):
        made = world.destination()
        world.provider.delete(made)
        world.provider.delete(made)
        assert world.held("destinations") == []

    def test_an_id_with_slashes_stays_one_path_segment(self, world):
        gone = Live("app", SpApiDestination(queue=ARN, name="x"), {"id": "a/b?c"})
        world.provider.delete(gone)
        [call] = world.calls("deleteDestination")
        assert call["status"] == 404

    def test_there_is_no_update(self, world):
        made = world.destination()
        with pytest.raises(Rejected, match="no update"):
            world.provider.update(world.declared(made.spec), made, ())


class TestSubscriptions:
    def test_what_was_created_is_observed_where_it_is_declared(self, world):
        made = world.subscribe(world.destination())
        assert world.subscriptions(made.spec) == [made]
        assert world.subscriptions() == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"filter": {"marketplaceIds": ["B", "A"], "aggregationTimePeriod": "TenMinutes"}},
            {"filterExpression": "a.b == 'c'"},
            {"notificationType": "ORDER_CHANGE", "filter": {"orderChangeTypes": []}},
            {
                "notificationType": "SHIPMENT_TRACKING_MILESTONE_CHANGED",
                "payloadVersion": "2026-01-30",
                "filter": {"trackingIdentifier": {"carrierTracking": {"trackingNumber": "1"}}},
            },
        ],
    )
    def test_quirk_108_directives_come_back_equal(self, world, fields):
        made = world.subscribe(world.destination(), **fields)
        assert [live.spec for live in world.subscriptions(made.spec)] == [made.spec]

    def test_an_order_filter_for_every_change_is_sent_in_full(self, world):
        world.subscribe(world.destination(), notificationType="ORDER_CHANGE", filter={})
        [call] = world.calls("createSubscription")
        sent = call["body"]["processingDirective"]["eventFilter"]
        assert sent["eventFilterType"] == "ORDER_CHANGE"
        assert len(sent["orderChangeTypes"]) == 3

    def test_discovery_sees_undeclared_types_of_this_seller_only(self, world):
        target = world.destination()
        made = world.subscribe(target, notificationType="PRICING_HEALTH")
        world.subscribe(target, notificationType="PRICING_HEALTH", seller="fr")
        assert world.subscriptions(discover_all=True) == [made]
        assert len(world.calls("getSubscriptions")) == len(TYPES)

    @pytest.mark.parametrize(
        ("queue", "bus"), [(True, False), (False, True), (True, True), (False, False)]
    )
    def test_only_types_that_a_live_destination_could_receive_are_asked_for(
        self, world, queue, bus
    ):
        place = EventBridge(region="eu-west-1", account_id="1" * 12)
        beside = [world.destination()] if queue else []
        beside += [world.create(SpApiDestination(name="events", event_bridge=place))] if bus else []
        world.subscriptions(discover_all=True, beside=tuple(beside))
        workflows = [name for name, there in (("SQS", queue), ("EventBridge", bus)) if there]
        possible = {name for name, known in TYPES.items() if known.workflow in workflows}
        assert world.types_asked_for() == possible

    def test_without_a_live_destination_nobody_is_asked_but_whether_the_seller_lets_us_in(
        self, world
    ):
        gone = Live("app", SpApiDestination(queue=ARN, name="acme-offers"), {"id": "gone"})
        declared = world.subscription(gone)
        assert world.subscriptions(declared, discover_all=True, beside=()) == []
        assert (world.types_asked_for(), len(world.calls("refresh_token"))) == (set(), 1)
        world.fault("refresh_token", "denied")
        with pytest.raises(Denied):
            world.subscriptions(declared, seller="fr", beside=())

    def test_what_is_declared_is_asked_for_wherever_there_is_a_destination(self, world):
        declared = world.subscription(world.destination(), notificationType="NOT_KNOWN_HERE")
        world.subscriptions(declared, topics=["PRICING_HEALTH"], beside=(world.destination(),))
        assert world.types_asked_for() == {"NOT_KNOWN_HERE", "PRICING_HEALTH"}

    def test_what_was_asked_for_before_is_not_asked_for_again(self, world):
        known = {"ANY_OFFER_CHANGED", "PRICING_HEALTH"}
        world.subscriptions(discover_all=True, known=known, beside=(world.destination(),))
        queue_types = {name for name, it in TYPES.items() if it.workflow == "SQS"}
        assert world.types_asked_for() == queue_types - known
        [asked] = world.asked
        assert (asked.topics, asked.passed_over) == (queue_types, frozenset())

    def test_types_declared_for_other_sellers_are_looked_for_and_the_rest_is_said_to_be_unseen(
        self, world
    ):
        target = world.destination()
        left_over = world.subscribe(target, notificationType="PRICING_HEALTH")
        world.subscribe(target, notificationType="ANY_OFFER_CHANGED")
        assert world.subscriptions(topics=["PRICING_HEALTH"]) == [left_over]
        assert len(world.calls("getSubscriptions")) == 1
        [asked] = world.asked
        assert (asked.topics, asked.passed_over | asked.topics) == ({"PRICING_HEALTH"}, set(TYPES))
        assert world.warnings == []

    def test_discovery_leaves_nothing_out(self, world):
        world.subscriptions(discover_all=True)
        assert (world.warnings, world.asked) == ([], [Asked(frozenset(TYPES))])

    def test_every_subscription_of_a_type_is_seen_over_all_pages(self, world):
        target = world.destination()
        texts = [f"a == {number}" for number in range(101)]
        made = [world.subscribe(target, filterExpression=text) for text in texts]
        seen = world.subscriptions(made[0].spec)
        assert {live.spec.filter_expression for live in seen} == set(texts)

    def test_quirk_74_pages_have_100_items_of_one_type(self, world):
        world.subscriptions(world.subscription(world.destination()))
        [call] = world.calls("getSubscriptions")
        assert call["query"] == {"notificationTypes": "ANY_OFFER_CHANGED", "pageSize": "100"}

    def test_quirk_74_without_the_route_known_versions_are_asked_for(self, world):
        world.sandbox.settings(getSubscriptionsRoute=False)
        bus = EventBridge(region="eu-west-1", account_id="1" * 12)
        target = world.create(SpApiDestination(name="events", event_bridge=bus))
        old, new = (
            world.subscribe(
                target, notificationType="LISTINGS_ITEM_ISSUES_CHANGE", payloadVersion=version
            )
            for version in ("1.0", "2023-12-13")
        )
        assert world.subscriptions(old.spec) == [old, new]
        [asked] = world.asked
        assert "(getSubscriptions)" in asked.remarks[0]

    def test_quirk_73_absence_is_only_proved_version_by_version(self, world):
        world.sandbox.settings(getSubscriptionsRoute=False)
        world.subscriptions(discover_all=True)
        asked = [call["query"] for call in world.calls("getSubscription")]
        versions = [len(known.versions) or 1 for known in TYPES.values()]
        assert len(asked) == sum(versions)
        assert sum("payloadVersion" not in query for query in asked) == 1

    def test_quirk_72_not_found_is_absent(self, world):
        world.sandbox.settings(getSubscriptionsRoute=False)
        assert world.subscriptions(world.subscription(world.destination())) == []

    def test_quirk_72_a_refused_declared_type_is_not_permitted_and_hides_no_other(self, world):
        target = world.destination()
        refused = world.subscription(target)
        permitted = world.subscribe(target, notificationType="PRICING_HEALTH")
        world.fault("getSubscriptions", "denied")
        assert world.subscriptions(refused, permitted.spec) == [permitted]
        [asked] = world.asked
        assert asked.denied.keys() == {"ANY_OFFER_CHANGED"}
        assert "has the role for this notification type" in str(asked.denied["ANY_OFFER_CHANGED"])

    def test_quirk_72_refused_undeclared_types_are_told_as_not_seen(self, world):
        made = world.subscribe(world.destination(), notificationType="PRICING_HEALTH")
        world.fault("getSubscriptions", "denied", times=2)
        assert world.subscriptions(discover_all=True) == [made]
        [asked] = world.asked
        assert (len(asked.refused), asked.denied, world.warnings) == (2, {}, [])
        assert "(403)" in next(iter(asked.refused.values()))

    def test_being_refused_every_type_is_not_read_as_none(self, world):
        world.fault("getSubscriptions", "denied", times=None)
        with pytest.raises(Denied):
            world.subscriptions(discover_all=True)

    def test_a_type_the_service_does_not_have_is_absent(self, world):
        spec = world.subscription(world.destination(), notificationType="MADE_UP")
        assert world.subscriptions(spec) == []

    def test_quirk_87_a_type_only_the_service_knows_works(self, world):
        world.sandbox.settings(notificationTypes={"BRAND_NEW": ["7"]})
        made = world.subscribe(
            world.destination(), notificationType="BRAND_NEW", payloadVersion="7"
        )
        assert world.subscriptions(made.spec) == [made]

    def test_quirk_67_an_equal_subscription_is_adopted(self, world):
        target = world.destination()
        first = world.subscribe(target, filter={"marketplaceIds": ["A"]})
        assert world.subscribe(target, filter={"marketplaceIds": ["A"]}) == first

    def test_quirk_67_a_different_subscription_is_said_to_be_there(self, world):
        target, other = world.destination(), world.destination(queue=ARN + "-2")
        world.subscribe(other)
        with pytest.raises(Rejected, match=f"destination {other.outputs['id']}"):
            world.subscribe(target)

    def test_a_lost_answer_is_found_and_not_repeated(self, world):
        world.fault("createSubscription", "cutAfter")
        world.subscribe(world.destination())
        assert len(world.calls("createSubscription")) == 1

    def test_quirk_71_the_sellers_token_is_tried_after_a_refusal(self, world):
        made = world.subscribe(world.destination())
        world.sandbox.settings(deleteByIdToken="seller")
        world.provider.delete(made)
        assert world.held("subscriptions") == []
        assert len(world.calls("deleteSubscriptionById")) == 2

    def test_quirk_71_the_second_refusal_stands(self, world):
        made = world.subscribe(world.destination())
        world.fault("deleteSubscriptionById", "denied", times=2)
        with pytest.raises(Denied, match="deleteSubscriptionById"):
            world.provider.delete(made)
        assert len(world.calls("deleteSubscriptionById")) == 2

    def test_deleting_what_is_gone_is_done(self, world):
        made = world.subscribe(world.destination())
        world.provider.delete(made)
        world.provider.delete(made)
        assert world.held("subscriptions") == []

    def test_each_seller_is_a_scope_of_its_own(self, world):
        assert world.provider.scopes() == (
            Scope("app", (SpApiDestination,)),
            Scope("app", (SpApiSubscription,), part="de"),
            Scope("app", (SpApiSubscription,), part="fr"),
        )


class TestFailures:
    @pytest.mark.parametrize("kind", FAILURES)
    def test_a_failed_read_is_repeated(self, world, kind):
        made = world.subscribe(world.destination())
        world.fault("getDestinations", kind)
        world.fault("getSubscriptions", kind)
        assert len(world.destinations()) == 1
        assert world.subscriptions(made.spec) == [made]

    @pytest.mark.parametrize("kind", FAILURES)
    def test_a_read_that_keeps_failing_is_never_read_as_empty(self, world, kind):
        world.fault("getDestinations", kind, times=None)
        with pytest.raises((Transient, Unclear), match="getDestinations"):
            world.destinations()

    @pytest.mark.parametrize("kind", WRITE_FAILURES)
    def test_a_failed_write_happens_once(self, world, kind):
        for operation in ("createDestination", "createSubscription"):
            world.fault(operation, kind)
        world.subscribe(world.destination())
        assert len(world.held("destinations")) == len(world.held("subscriptions")) == 1

    @pytest.mark.parametrize("kind", WRITE_FAILURES)
    def test_a_failed_deletion_is_done_all_the_same(self, world, kind):
        target = world.destination()
        made = world.subscribe(target)
        for operation in ("deleteDestination", "deleteSubscriptionById"):
            world.fault(operation, kind)
        world.provider.delete(made)
        world.provider.delete(target)
        assert world.held("destinations") == world.held("subscriptions") == []

    def test_quirk_112_a_page_of_html_is_reported_with_status_and_first_bytes(self, world):
        world.fault("getDestinations", "html", times=None)
        with pytest.raises(Transient, match="HTTP 503: <"):
            world.destinations()

    def test_a_path_that_does_not_exist_is_told_from_a_missing_right(self, world):
        request = SpApiRequest("unknown", "GET", "/subscriptions/a/b/c")
        with pytest.raises(Rejected, match="check `endpoint`"):
            world.provider._client._wire.call(request, answers.nothing)

    def test_quirk_84_reads_keep_to_five_at_once_and_one_a_second(self, world):
        world.sandbox.settings(rateLimits={"sp-api": {"rate": 1, "burst": 1000}})
        for _ in range(8):
            world.destinations()
        assert sum(world.clock.slept) == pytest.approx(3)

    def test_quirk_84_sellers_do_not_wait_for_each_other(self, world):
        spec = world.subscription(world.destination())
        for seller in ("de", "fr"):
            for _ in range(5):
                world.subscriptions(spec, seller=seller)
        assert sum(world.clock.slept) == 0

    def test_quirk_84_a_throttled_call_backs_off(self, world):
        world.fault("getDestinations", "throttle")
        assert world.destinations() == []
        assert sum(world.clock.slept) > 0

    def test_a_wish_to_wait_is_granted(self, world):
        world.fault("getDestinations", "throttle", retryAfter=17)
        world.destinations()
        assert sum(world.clock.slept) == pytest.approx(17)

    def test_failures_name_account_operation_and_request(self, world):
        world.fault("getDestinations", "denied")
        with pytest.raises(Denied) as caught:
            world.destinations()
        assert (caught.value.account, caught.value.operation) == ("app", "getDestinations")
        assert caught.value.code == "Unauthorized"
        assert caught.value.request_id in str(caught.value)
        assert caught.value.request_id


class TestSandboxOperations:
    def test_a_test_notification_needs_a_scenario(self, world):
        target = world.destination().outputs["id"]
        with pytest.raises(Rejected, match="Could not match input arguments"):
            world.provider.send_test_notification(
                "ANY_OFFER_CHANGED", "1.0", destination=target, scenario=""
            )

    def test_a_test_notification_names_its_destination(self, world):
        target = world.destination().outputs["id"]
        world.provider.send_test_notification(
            "ANY_OFFER_CHANGED", "1.0", destination=target, scenario="any"
        )
        [call] = world.calls("sendTestNotification")
        assert call["body"]["destinationId"] == target

    def test_single_objects_can_be_read_by_id(self, world):
        target = world.destination()
        made = world.subscribe(target)
        client = world.provider._client
        assert client.get_destination(target.outputs["id"]).queue == ARN
        name, key = made.spec.notification_type, made.outputs["id"]
        assert client.get_subscription_by_id("de", name, key).id == key


def test_quirk_111_no_secret_is_in_what_is_returned_or_raised(world):
    made = world.subscribe(world.destination())
    world.fault("getDestinations", "denied")
    with pytest.raises(Denied) as caught:
        world.destinations()
    told = json.dumps([str(caught.value), repr(caught.value), repr(made)])
    assert "hush" not in told
    assert "Atc|" not in told
    assert "Atza|" not in told
