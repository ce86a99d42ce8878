"""What may be declared for the SP-API, without any network."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from reconciler.core.model.objects import Desired, Position
from reconciler.core.service import Context
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.catalogue import ENDED, ENDING, TYPES, resembling, spelling
from reconciler.services.spapi.kinds import (
    SpApiDestinationDeclaration,
    SpApiSubscriptionDeclaration,
)
from reconciler.services.spapi.service import SERVICE
from reconciler.services.spapi.specs import SpApiDestination, SpApiSubscription

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
BUS = {"region": "eu-west-1", "accountId": "123456789012"}
CREDENTIALS = {"clientId": "env:CLIENT", "clientSecret": "env:SECRET"}


def account(*sellers, **fields):
    return SpApiAccount.model_validate(
        {
            "service": "sp-api",
            "region": "eu",
            "credentials": CREDENTIALS,
            "sellers": {name: {"refreshToken": "env:TOKEN"} for name in sellers},
            **fields,
        }
    )


def context(*sellers, name="offers"):
    return Context("acme", name, "app", account(*sellers))


def destination(**fields):
    [member] = SpApiDestinationDeclaration.model_validate(fields).members(context())
    return member.spec


def subscriptions(*sellers, **fields):
    given = {"destination": "offers", "notificationType": "ANY_OFFER_CHANGED", **fields}
    return list(SpApiSubscriptionDeclaration.model_validate(given).members(context(*sellers)))


def subscription(**fields):
    [member] = subscriptions("de", **fields)
    return member.spec


def live(**fields):
    return SpApiSubscription.model_validate(
        {
            "seller": "de",
            "notificationType": "ANY_OFFER_CHANGED",
            "payloadVersion": "1.0",
            "destination": "offers",
            **fields,
        }
    )


def complaint(model, **fields):
    """Return (place, sentence) of the only thing wrong."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    [error] = caught.value.errors()
    return ".".join(str(part) for part in error["loc"]), error["msg"]


def about_subscription(**fields):
    given = {"destination": "offers", "notificationType": "ANY_OFFER_CHANGED", **fields}
    return complaint(SpApiSubscriptionDeclaration, **given)


def desired(address, spec, **references):
    return Desired(address, "app", spec, "acme", Position("a.yaml", 1, 1), references=references)


def findings(*declared):
    return [(found.address, found.message) for found in SERVICE.invariants(declared)]


class TestAccounts:
    def test_the_host_follows_from_the_region(self):
        assert account(region="fe").base_url == "https://sellingpartnerapi-fe.amazon.com"

    def test_an_endpoint_takes_the_place_of_the_host(self):
        assert account(endpoint="http://127.0.0.1:1/").base_url == "http://127.0.0.1:1"

    def test_the_host_of_another_region_is_refused(self):
        with pytest.raises(ValidationError, match="host for region na, but `region` is eu"):
            account(endpoint="https://sellingpartnerapi-na.amazon.com")

    def test_an_account_without_sellers_may_hold_destinations(self):
        assert account().sellers == {}

    @pytest.mark.parametrize("name", ["", "-de", "acme de", "acme/de", "dé"])
    def test_a_sellers_name_must_fit_into_an_address(self, name):
        with pytest.raises(ValidationError, match="begins with a letter or digit"):
            account(name)

    def test_a_secret_in_the_clear_is_refused_without_repeating_it(self):
        sellers = {"de": {"refreshToken": "Atzr|hush"}}
        with pytest.raises(ValidationError) as caught:
            account(sellers=sellers)
        assert "hush" not in caught.value.errors()[0]["msg"]

    def test_quirk_88_amazons_sandbox_host_is_warned_about(self):
        [warning] = account(endpoint="https://sandbox.sellingpartnerapi-eu.amazon.com").warnings()
        assert "production application" in warning

    def test_quirk_88_production_and_stand_ins_are_not_warned_about(self):
        assert list(account().warnings()) == []
        assert list(account(endpoint="http://127.0.0.1:1").warnings()) == []

    def test_quirk_88_test_notifications_go_to_the_sandbox_beside_the_host(self):
        sandbox = "https://sandbox.sellingpartnerapi-eu.amazon.com"
        assert account().sandbox_url == sandbox
        assert account(endpoint=sandbox).sandbox_url == sandbox
        assert account(endpoint="http://127.0.0.1:1").sandbox_url == "http://127.0.0.1:1"


class TestCatalogue:
    def test_every_type_is_in_the_spelling_it_asks_for(self):
        assert [name for name in (*TYPES, *ENDED) if spelling(name) != name] == []

    @pytest.mark.parametrize(
        ("camel", "snake"),
        [
            ("AnyOfferChanged", "ANY_OFFER_CHANGED"),
            ("FBAOutboundShipmentStatus", "FBA_OUTBOUND_SHIPMENT_STATUS"),
            ("any-offer-changed", "ANY_OFFER_CHANGED"),
        ],
    )
    def test_mws_spellings_are_translated(self, camel, snake):
        assert spelling(camel) == snake

    def test_a_typing_error_resembles_what_was_meant(self):
        assert resembling("ANY_OFER_CHANGED") == "ANY_OFFER_CHANGED"
        assert resembling("MADE_UP") is None


class TestDestinations:
    def test_a_name_follows_from_stack_and_key(self):
        assert destination(queue=ARN) == SpApiDestination(name="acme--offers", queue=ARN)

    def test_a_key_too_long_for_a_name_asks_for_one(self):
        declaration = SpApiDestinationDeclaration.model_validate({"queue": ARN})
        with pytest.raises(ValueError, match="set `name`"):
            list(declaration.members(context(name="x" * 252)))

    def test_a_given_name_has_at_most_256_characters(self):
        assert destination(queue=ARN, name="x" * 256).name == "x" * 256
        assert complaint(SpApiDestinationDeclaration, queue=ARN, name="x" * 257)[0] == "name"

    def test_an_event_bus_is_identified_by_region_and_account(self):
        assert destination(eventBridge=BUS).identity_values() == {"eventBridge": BUS}

    @pytest.mark.parametrize("fields", [{}, {"queue": ARN, "eventBridge": BUS}])
    def test_exactly_one_target_is_needed(self, fields):
        assert "exactly one of" in complaint(SpApiDestinationDeclaration, **fields)[1]

    @pytest.mark.parametrize(
        ("arn", "reason"),
        [
            (ARN + ".fifo", "FIFO"),
            (ARN.replace("aws", "aws-cn"), "outside aws-cn"),
            (ARN.replace("aws", "aws-us-gov"), "outside aws-us-gov"),
        ],
    )
    def test_quirk_79_unreachable_queue_arns_are_refused(self, arn, reason):
        place, message = complaint(SpApiDestinationDeclaration, queue=arn)
        assert place == "queue"
        assert reason in message

    def test_quirk_79_a_fifo_queue_behind_a_name_is_refused(self):
        fifo = SpApiDestination(name="acme-x", queue=ARN + ".fifo")
        [(address, message)] = findings(desired("destination.x", fifo))
        assert address == "destination.x"
        assert "FIFO" in message

    def test_a_queue_url_is_refused(self):
        url = "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"
        assert "ARN" in complaint(SpApiDestinationDeclaration, queue=url)[1]

    @pytest.mark.parametrize(
        ("field", "value"), [("region", "europe"), ("accountId", "1234"), ("accountId", 12)]
    )
    def test_an_event_bus_needs_a_region_and_an_account_id(self, field, value):
        place, _ = complaint(SpApiDestinationDeclaration, eventBridge={**BUS, field: value})
        assert place == f"eventBridge.{field}"

    def test_quirk_85_a_second_event_bus_for_an_aws_account_is_refused(self):
        first = SpApiDestination(name="a", event_bridge=BUS)
        second = SpApiDestination(name="b", event_bridge={**BUS, "region": "us-east-1"})
        found = findings(desired("destination.a", first), desired("destination.b", second))
        assert [address for address, _ in found] == ["destination.b"]
        assert "destination.a is one for 123456789012" in found[0][1]

    def test_event_buses_of_two_aws_accounts_are_fine(self):
        first = SpApiDestination(name="a", event_bridge=BUS)
        second = SpApiDestination(name="b", event_bridge={**BUS, "accountId": "210987654321"})
        assert findings(desired("destination.a", first), desired("destination.b", second)) == []

    def test_destinations_are_created_and_deleted_at_the_applications_rate(self):
        spec = SpApiDestination(name="a", queue=ARN)
        assert spec.cost.bucket(spec, "create") == "createDestination:grantless"
        assert spec.cost.bucket(spec, "delete") == "deleteDestination:grantless"

    def test_a_new_event_bus_tells_what_remains_to_be_done(self):
        spec = SpApiDestination(name="a", event_bridge=BUS, by_hand=True)
        assert "associated" in next(spec.notes(None))
        assert list(spec.notes(spec)) == []


class TestSellers:
    def test_the_only_seller_goes_without_saying_and_without_member(self):
        assert [(one.spec.seller, one.member) for one in subscriptions("de")] == [("de", None)]

    def test_a_list_makes_members_even_of_one(self):
        found = subscriptions("de", "fr", sellers=["fr"])
        assert [(one.spec.seller, one.member) for one in found] == [("fr", "fr")]

    def test_all_means_every_seller_of_the_account(self):
        assert [one.member for one in subscriptions("fr", "de", sellers="all")] == ["de", "fr"]

    @pytest.mark.parametrize(
        ("known", "sellers", "reason"),
        [
            ((), None, "has no sellers"),
            ((), "all", "has no sellers"),
            (("de", "fr"), None, "the account has 2"),
            (("de", "fr"), [], "is empty"),
            (("de", "fr"), ["de", "de"], "names de twice"),
            (("acme-de", "acme-fr"), ["acme-dee"], "did you mean 'acme-de'"),
            (("de", "fr"), ["somebody"], "it has de, fr"),
        ],
    )
    def test_sellers_must_be_clear(self, known, sellers, reason):
        with pytest.raises(ValueError, match=reason):
            subscriptions(*known, sellers=sellers)

    @pytest.mark.parametrize("sellers", ["acme-de", {"de": {}}, 3])
    def test_sellers_are_a_list_or_all(self, sellers):
        place, message = about_subscription(sellers=sellers)
        assert place == "sellers"
        assert "a list" in message


class TestSubscriptions:
    def test_the_newest_payload_version_is_the_default(self):
        assert subscription().payload_version == "1.0"
        bus_type = subscription(notificationType="LISTINGS_ITEM_ISSUES_CHANGE")
        assert bus_type.payload_version == "2023-12-13"

    def test_quirk_87_an_unknown_type_passes_with_a_warning(self):
        spec = subscription(notificationType="ANY_OFFER_CHANGES", payloadVersion="2.0")
        [note] = spec.notes(None)
        assert "did you mean ANY_OFFER_CHANGED?" in note
        assert list(spec.notes(spec)) == []

    def test_quirk_87_an_unknown_payload_version_passes_with_a_warning(self):
        [note] = subscription(payloadVersion="2.0").notes(None)
        assert "2.0 is no payload version" in note
        assert 'payloadVersion: "1.0"' in note

    def test_a_known_type_and_version_raise_no_doubts(self):
        assert list(subscription().notes(None)) == []

    def test_a_payload_version_that_ends_is_told_with_dates_and_its_successor(self):
        spec = subscription(notificationType="LISTINGS_ITEM_ISSUES_CHANGE", payloadVersion="1.0")
        [note] = spec.notes(None)
        assert "28 February 2024" in note
        assert "29 January 2025" in note
        assert 'use payloadVersion: "2023-12-13"' in note
        newer = subscription(
            notificationType="LISTINGS_ITEM_ISSUES_CHANGE", payloadVersion="2023-12-13"
        )
        assert list(newer.notes(None)) == []

    def test_every_version_that_ends_has_a_known_successor(self):
        assert [pair for pair in ENDING if TYPES[pair[0]].versions[-1] == pair[1]] == []

    def test_a_type_without_known_version_needs_one(self):
        name = "EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE"
        assert "payloadVersion is needed" in about_subscription(notificationType=name)[1]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("PROCESS_REPORT_FINISHED", "did you mean REPORT_PROCESSING_FINISHED?"),
            ("ORDER_CHANGES", "did you mean ORDER_CHANGE?"),
            ("MADE_UP", "the nearest known ones are "),
            ("APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY", "without a subscription"),
            ("APPLICATION_OAUTH_CLIENT_NEW_SECRET", "the application's own queue"),
        ],
    )
    def test_an_unknown_type_is_told_as_unknown_before_its_version_is_asked_for(self, name, said):
        message = about_subscription(notificationType=name)[1]
        assert "unknown" in message
        assert f"'{name}'" in message
        assert said in message
        assert "payloadVersion is needed" not in message

    @pytest.mark.parametrize("name", ENDED)
    def test_ended_types_are_refused_with_their_successor(self, name):
        assert "use ORDER_CHANGE" in about_subscription(notificationType=name)[1]

    def test_the_spelling_of_mws_is_refused_with_that_of_the_sp_api(self):
        place, message = about_subscription(notificationType="AnyOfferChanged")
        assert place == "notificationType"
        assert "write ANY_OFFER_CHANGED" in message

    def test_identity_needs_no_expression(self):
        assert subscription().identity_values() == {
            "seller": "de",
            "notificationType": "ANY_OFFER_CHANGED",
            "payloadVersion": "1.0",
        }

    def test_several_expressions_make_several_identities(self):
        one, two = (subscription(filterExpression=text) for text in ("a == 1", "a == 2"))
        assert one.identity_values() != two.identity_values()

    def test_a_live_empty_expression_is_none(self):
        assert live(filterExpression="") == live()

    def test_a_subscription_belongs_to_its_seller(self):
        assert subscription().partition() == "de"

    def test_creations_wait_for_the_seller_and_deletions_for_the_application(self):
        one = subscription()
        assert one.cost.bucket(one, "create") == "createSubscription:de"
        assert one.cost.bucket(one, "delete") == "deleteSubscriptionById:grantless"


class TestFilters:
    def test_quirk_77_the_order_of_lists_is_no_difference(self):
        declared = subscription(filter={"marketplaceIds": ["B", "A", "B"]})
        assert declared == live(filter={"marketplaceIds": ["A", "B"]})

    @pytest.mark.parametrize("nothing", [None, {}, {"marketplaceIds": []}])
    def test_quirk_77_missing_null_and_empty_are_equal(self, nothing):
        assert subscription(filter=nothing) == live(filter=nothing) == live()

    def test_a_live_order_filter_without_list_means_every_change(self):
        every = ["OrderStatusChange", "DeliveryTipChange", "BuyerRequestedChange"]
        declared = subscription(notificationType="ORDER_CHANGE", filter={"orderChangeTypes": every})
        assert declared == live(notificationType="ORDER_CHANGE", filter={})

    @pytest.mark.parametrize("nothing", [{}, {"filter": {}}, {"filter": {"orderChangeTypes": []}}])
    def test_quirk_75_order_changes_need_a_directive(self, nothing):
        place, message = about_subscription(notificationType="ORDER_CHANGE", **nothing)
        assert place == "filter"
        assert "without a filter" in message

    def test_quirk_75_order_changes_have_no_marketplaces(self):
        _, message = about_subscription(
            notificationType="ORDER_CHANGE", filter={"marketplaceIds": ["A"]}
        )
        assert "does not take marketplaceIds" in message
        assert "it takes orderChangeTypes" in message

    def test_an_expression_is_directive_enough_for_order_changes(self):
        spec = subscription(notificationType="ORDER_CHANGE", filterExpression="a == 1")
        assert spec.filter_expression == "a == 1"

    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            ("PRICING_HEALTH", "use filterExpression"),
            ("DATA_KIOSK_QUERY_PROCESSING_FINISHED", "cannot be filtered"),
        ],
    )
    def test_types_without_filter_say_what_to_do_instead(self, name, advice):
        filtered = {"aggregationTimePeriod": "FiveMinutes"}
        assert advice in about_subscription(notificationType=name, filter=filtered)[1]

    def test_quirk_76_filter_and_expression_exclude_each_other(self):
        _, message = about_subscription(filter={"marketplaceIds": ["A"]}, filterExpression="a == 1")
        assert "exclude each other" in message

    def test_quirk_76_another_filter_type_is_refused(self):
        _, message = about_subscription(filter={"eventFilterType": "ORDER_CHANGE"})
        assert "eventFilterType is ORDER_CHANGE" in message

    def test_quirk_76_the_implied_filter_type_may_be_written(self):
        given = {"eventFilterType": "ANY_OFFER_CHANGED", "marketplaceIds": ["A"]}
        assert subscription(filter=given) == live(filter={"marketplaceIds": ["A"]})

    def test_quirk_76_an_expression_has_at_most_256_characters(self):
        text = "a == " + "1" * 251
        assert subscription(filterExpression=text).filter_expression == text
        assert "this has 257" in about_subscription(filterExpression=text + "1")[1]

    def test_an_expressions_surrounding_space_does_not_count(self):
        assert subscription(filterExpression=" a == 1\n") == live(filterExpression="a == 1")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "1 to 256"),
            ("a + 1 == 2", "no arithmetic"),
            ("a - 1 == 2", "no arithmetic"),
            ("a.b[0] == 2", "cannot pick"),
            ("x()['k'] == 2", "cannot pick"),
            ("a == 'open", "quotation mark"),
            ("(a == 1", "bracket"),
        ],
    )
    def test_what_the_api_leaves_out_of_cel_is_refused(self, text, reason):
        place, message = about_subscription(filterExpression=text)
        assert place == "filterExpression"
        assert reason in message

    @pytest.mark.parametrize(
        "text",
        [
            "a in ['x', 'y']",
            "a.b == 'c+d-e[0]'",
            "a == -1",
            'has(a.b) && a.all(x, x.y != "it\'s")',
        ],
    )
    def test_what_the_api_supports_passes(self, text):
        assert subscription(filterExpression=text).filter_expression == text

    def test_a_bad_type_is_complained_of_once(self):
        place, _ = about_subscription(
            notificationType="anyOfferChanged", filter={"orderChangeTypes": []}
        )
        assert place == "notificationType"

    def test_a_type_without_expressions_refuses_one(self):
        name = "LISTINGS_ITEM_STATUS_CHANGE"
        place, _ = about_subscription(notificationType=name, filterExpression="a == 1")
        assert place == "filterExpression"

    @pytest.mark.parametrize(
        "identifier", [{}, {"id": "1", "acsin": "2"}, {"id": None, "aftn": None}]
    )
    def test_one_tracking_identifier_is_needed(self, identifier):
        _, message = about_subscription(
            notificationType="SHIPMENT_TRACKING_MILESTONE_CHANGED",
            filter={"trackingIdentifier": identifier},
        )
        assert "exactly one of id, acsin" in message

    @pytest.mark.parametrize(
        "filtered", [{"aggregationTimePeriod": "Hour"}, {"marketplaces": ["A"]}]
    )
    def test_only_what_the_api_knows_may_be_written(self, filtered):
        assert about_subscription(filter=filtered)[0] == f"filter.{next(iter(filtered))}"


class TestWorkflows:
    QUEUE = desired("destination.q", SpApiDestination(name="q", queue=ARN))
    EVENTS = desired("destination.b", SpApiDestination(name="b", event_bridge=BUS))

    def to(self, target, name):
        spec = live(notificationType=name)
        return desired("subscription.s", spec, destination=target)

    def test_quirk_78_an_event_bus_type_is_refused_on_a_queue(self):
        offered = self.to("destination.q", "LISTINGS_ITEM_STATUS_CHANGE")
        [(address, message)] = findings(self.QUEUE, offered)
        assert address == "subscription.s"
        assert "delivered through EventBridge only" in message

    def test_quirk_78_a_queue_type_is_refused_on_an_event_bus(self):
        [(_, message)] = findings(self.EVENTS, self.to("destination.b", "ANY_OFFER_CHANGED"))
        assert "delivered through SQS only" in message

    def test_matching_and_unknown_types_pass(self):
        offered = [
            self.to("destination.q", "ANY_OFFER_CHANGED"),
            self.to("destination.b", "LISTINGS_ITEM_STATUS_CHANGE"),
            self.to("destination.q", "MADE_UP"),
            self.to("destination.undeclared", "LISTINGS_ITEM_STATUS_CHANGE"),
        ]
        assert findings(self.QUEUE, self.EVENTS, *offered) == []


def test_validation_loads_no_sdk():
    code = (
        "import sys, reconciler.services.spapi.kinds;"
        "print([name for name in ('boto3', 'urllib3', 'googleapiclient') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
