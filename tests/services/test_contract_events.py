"""The walk of event buses and routes; numbers are those of EventBridge's wire notes."""

import json

import pytest

from reconciler.core.planning.diff import STACK_MARK
from reconciler.core.provider import Interest
from reconciler.notifications import decode
from reconciler.operate.status import status
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.names import rule_arn
from reconciler.services.sqs.events.specs import EventRoute
from reconciler.services.sqs.rule_grants import rule_of
from tests.listings import (
    ACCOUNT,
    ARN,
    ISSUES,
    REGION,
    RULE,
    STATUS,
    TO_OFFERS,
    admitted,
    delete_destination,
    eventbridge_of,
    events,
    failed,
    operations,
    partner,
    put_by_hand,
    rule,
    settled,
    world,
)
from tests.standing import brought
from tests.worlds import Stack

ANEW = "eventBridge: {account: aws-eu, generation: 2}"


@pytest.fixture
def stack(sandbox, tmp_path):
    return Stack(tmp_path / "declared", sandbox.url)


@pytest.fixture
def eventbridge(sandbox):
    with eventbridge_of(sandbox) as client:
        yield client


def begun(stack, sandbox):
    """Have a listing's way that is applied."""
    stack.declare(world())
    brought(sandbox, world(), lambda: settled(stack, world()))


WAY_IN = (
    *("createDestination", "CreateEventBus", "PutRule", "SetQueueAttributes", "PutTargets"),
    "createSubscription",
)
WAY_OUT = (
    *("deleteSubscriptionById", "RemoveTargets", "DeleteRule", "SetQueueAttributes"),
    *("DeleteEventBus", "deleteDestination"),
)


def test_eventbridge_1_23_26_and_27_each_step_comes_before_what_needs_it(stack, sandbox):
    assert settled(stack, world()) == [
        "create bus.events",
        "create destination.events",
        "create queue.dead",
        "create queue.offers",
        "create route.listings",
        "create subscription.s[de]",
    ]
    assert operations(sandbox, *WAY_IN) == list(WAY_IN)
    name, state, bus = events(sandbox)
    assert state == "ACTIVE"
    assert bus["tags"]["reconciler:stack"] == "acme"
    assert rule(sandbox) == {
        "EventPattern": json.dumps(
            {"detail-type": [STATUS], "source": [name]}, separators=(",", ":")
        ),
        "Description": rule(sandbox)["Description"],
        "State": "ENABLED",
        "tags": {"reconciler:stack": "acme"},
        "targets": [{"Id": "reconciler", "Arn": f"{ARN}offers", "InputPath": "$.detail"}],
    }
    assert admitted(sandbox) == [[RULE]]
    sandbox.clear_calls()
    assert stack.apply(destroying=True).unfinished() == []
    assert operations(sandbox, *WAY_OUT) == list(WAY_OUT)
    assert sandbox.state()["aws"] == {}


def test_a_route_walks_through_its_fields_and_leaves_its_queue_when_it_goes(stack, sandbox):
    begun(stack, sandbox)
    both = f"queue: offers, types: [{STATUS}, {ISSUES}]"
    assert settled(stack, world(both)) == ["update route.listings types"]
    assert settled(stack, world(f"{both}, deadLetter: dead")) == [
        "update route.listings deadLetter grants"
    ]
    assert rule(sandbox)["targets"][0]["DeadLetterConfig"] == {"Arn": f"{ARN}dead"}
    assert admitted(sandbox, "dead") == [[RULE]]
    assert settled(stack, world(both)) == ["update route.listings deadLetter grants"]
    assert admitted(sandbox, "dead") == []
    moved = both.replace("offers", "dead")
    assert settled(stack, world(moved)) == ["update route.listings grants queue"]
    assert (admitted(sandbox), admitted(sandbox, "dead")) == ([], [[RULE]])
    assert settled(stack, world("")) == [f"delete route.aws-eu/{RULE}"]
    assert admitted(sandbox, "dead") == []


def test_a_route_goes_from_a_queue_whose_own_policy_is_declared_since_and_ignored(stack, sandbox):
    begun(stack, sandbox)
    mine = "policy: {Statement: {Effect: Allow, Principal: '*', Action: 'sqs:SendMessage'}}"
    offers = f"{mine}, ignoreChanges: [policy]"
    assert settled(stack, world("", offers=offers)) == [f"delete route.aws-eu/{RULE}"]


def test_eventbridge_23_one_statement_lets_in_all_routes_and_grants_change_beside_it(
    stack, sandbox
):
    two = (
        "routes:\n"
        f"  listings: {{from: events, {TO_OFFERS}}}\n"
        f"  issues: {{from: events, queue: offers, types: [{ISSUES}]}}\n"
    )
    settled(stack, world("") + two)
    assert [sorted(rules) for rules in admitted(sandbox)] == [["acme--issues", RULE]]
    amazon = "grants: [{to: amazon-notifications}]"
    assert settled(stack, world("", offers=amazon) + two) == ["update queue.offers policy"]
    assert [sorted(rules) for rules in admitted(sandbox)] == [["acme--issues", RULE]]
    assert settled(stack, world()) == [
        "delete route.aws-eu/acme--issues",
        "update queue.offers policy",
    ]
    assert admitted(sandbox) == [[RULE]]


def test_eventbridge_33_the_bare_notification_arrives_and_reads_as_the_one_in_its_event(way):
    change = {"seller": "sandbox-seller-app-de", "type": STATUS, "payload": {"Sku": "A-1"}}
    found = []
    for hand in (lambda: None, lambda: way.target(InputPath=None)):
        hand()
        [told] = way.sandbox.notify("sp-api", **change)
        assert (told["outcome"], told["queue"]) == ("delivered", f"{ARN}offers")
        [message] = way.aws.sqs.receive_message(QueueUrl=way.url("offers"))["Messages"]
        receipt = message["ReceiptHandle"]
        way.aws.sqs.delete_message(QueueUrl=way.url("offers"), ReceiptHandle=receipt)
        found.append(json.loads(message["Body"]))
    bare, event = found
    assert (bare["NotificationType"], event["detail-type"]) == (STATUS, STATUS)
    read = [decode(json.dumps(body)) for body in found]
    assert [(it.source, it.notification_type, it.payload) for it in read] == [
        ("sp-api", STATUS, {"Sku": "A-1"})
    ] * 2


def test_eventbridge_2_a_name_that_lacks_its_prefix_gets_it(stack, sandbox):
    sandbox.settings(eventSourcePrefix=False)
    settled(stack, world())
    name, state, bus = events(sandbox)
    assert (name.startswith("aws.partner/"), state) == (True, "ACTIVE")
    assert json.loads(bus["rules"][RULE]["EventPattern"])["source"] == [name]


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("PutRule", {"kind": "throttle"}),
        ("PutTargets", {"kind": "error500"}),
        ("CreateEventBus", {"kind": "refused", "code": "ConcurrentModificationException"}),
    ],
)
def test_eventbridge_37_what_passes_is_waited_for(stack, sandbox, fault, operation):
    sandbox.faults([{"service": "aws", "operation": operation, "times": 2, **fault}])
    settled(stack, world())
    assert len(operations(sandbox, operation)) == 3


def test_eventbridge_37_what_is_switched_off_in_a_region_is_not_asked_again(stack, sandbox):
    off = {"kind": "refused", "code": "OperationDisabledException", "times": None}
    sandbox.faults([{"service": "aws", "operation": "CreateEventBus", **off}])
    stack.declare(world())
    why = failed(stack)["bus.events"]
    assert operations(sandbox, "CreateEventBus") == ["CreateEventBus"]
    assert "switched off" in why


def test_eventbridge_13_the_arn_of_a_rule_is_split_at_its_last_slash():
    account = AwsAccount(service="aws", region=REGION, account_id=ACCOUNT)
    bus = f"aws.partner/sellingpartnerapi.amazon.com/{ACCOUNT}/".ljust(256, "b")
    rule = "acme--".ljust(64, "r")
    assert (len(bus), len(rule)) == (256, 64)
    assert rule_of(rule_arn(account, bus, rule)) == (bus, rule)


def test_eventbridge_21_a_fifo_queue_gets_one_message_group(stack, sandbox, eventbridge):
    fifo = "name: offers.fifo, fifo: true, contentBasedDeduplication: true"
    settled(stack, world(offers=fifo))
    [target] = rule(sandbox)["targets"]
    assert target["SqsParameters"] == {"MessageGroupId": "notifications"}
    changed = {**target, "SqsParameters": {"MessageGroupId": "another"}}
    where = {"Rule": RULE, "EventBusName": events(sandbox)[0]}
    eventbridge.put_targets(Targets=[changed], **where)
    assert settled(stack, world(offers=fifo)) == ["update route.listings messageGroup"]
    assert rule(sandbox)["targets"] == [target]


def test_eventbridge_24_a_queue_with_a_policy_of_its_own_is_given_no_grant(stack, sandbox):
    raw = "policy: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage'}]}"
    settled(stack, world(offers=raw))
    assert admitted(sandbox) == []


def test_eventbridge_3_a_source_that_appears_late_is_waited_for(stack, sandbox):
    sandbox.settings(lagReads={"eventSourceCreated": 2})
    settled(stack, world())
    assert operations(sandbox, "CreateEventBus") == ["CreateEventBus"]


def test_eventbridge_4_a_source_that_never_appears_is_not_yet_there_and_nothing_is_made_twice(
    stack, sandbox
):
    sandbox.settings(lagReads={"eventSourceCreated": 1000})
    stack.declare(world())
    left = failed(stack)
    assert left.keys() == {"bus.events", "route.listings", "subscription.s[de]"}
    assert "is not there yet" in left["bus.events"]
    sandbox.settings(lagReads={})
    sandbox.clear_calls()
    partner(sandbox, "create")
    settled(stack, world())
    assert operations(sandbox, *WAY_IN) == [name for name in WAY_IN if name != "createDestination"]


def test_eventbridge_6_a_waiting_source_with_a_bus_is_activated(stack, sandbox, eventbridge):
    begun(stack, sandbox)
    before = events(sandbox)[2]
    eventbridge.deactivate_event_source(Name=events(sandbox)[0])
    planned = stack.plan()
    assert planned.lines() == ["update bus.events state"]
    assert any("goes if it waits past" in note for note in planned.plan.actions[0].notes)
    sandbox.clear_calls()
    settled(stack, world())
    assert operations(sandbox, "CreateEventBus", "ActivateEventSource") == ["ActivateEventSource"]
    assert events(sandbox)[1:] == ("ACTIVE", before)


def test_eventbridge_7_a_source_that_went_with_its_destination_comes_back_with_it(stack, sandbox):
    settled(stack, world(sub=""))
    name, _, before = events(sandbox)
    delete_destination(sandbox)
    assert events(sandbox)[1] == "DELETED"
    with stack.session() as session:
        [bus] = [item for item in status(session).everything if item.address == "bus.events"]
    assert bus.problems[0] == "destination.events does not exist"
    assert stack.plan().lines() == ["create destination.events", "update bus.events state"]
    settled(stack, world(sub=""))
    assert events(sandbox) == (name, "ACTIVE", before)


@pytest.mark.parametrize("with_bus", [True, False])
def test_eventbridge_8_a_source_that_is_gone_is_told_and_comes_back_by_consent_only(way, with_bus):
    stack, sandbox = way.stack, way.sandbox
    if with_bus:
        way.lose_its_source()
    else:
        way.lose_source()
    assert (way.proof().verdict, way.proof().link) == ("unproven", "event source")
    assert "remove the destination, apply, and declare it again" in way.proof().reason
    sandbox.clear_calls()
    left = failed(stack)
    assert "is not there yet" in left["bus.events"]
    assert operations(sandbox, "createDestination", "deleteDestination", "DeleteEventBus") == []
    settled(stack, world("", bus="", sub=""))
    assert "events" not in sandbox.state()["aws"][ACCOUNT][REGION]
    settled(stack, world())
    assert (events(sandbox)[1], way.proof().verdict) == ("ACTIVE", "plausible")


def test_eventbridge_9_where_activating_is_refused_the_step_fails_and_no_bus_is_deleted(
    stack, sandbox, eventbridge
):
    begun(stack, sandbox)
    eventbridge.deactivate_event_source(Name=events(sandbox)[0])
    refused = {"kind": "refused", "code": "InvalidStateException", "times": None}
    sandbox.faults([{"service": "aws", "operation": "ActivateEventSource", **refused}])
    [(address, why)] = failed(stack).items()
    assert address == "bus.events"
    assert "the bus was left as it is" in why
    assert "raise `eventBridge.generation`" in why
    assert events(sandbox)[2] is not None
    settled(stack, world(bus=ANEW))
    assert events(sandbox)[1] == "ACTIVE"


def test_a_bus_is_made_anew_with_its_rules_where_that_is_declared_and_its_destination_stays(way):
    way.stack.declare(world(bus=ANEW))
    planned = way.stack.plan()
    assert planned.lines() == ["replace bus.events", "replace route.listings"]
    [bus, route] = sorted(planned.plan.actions, key=lambda action: action.address)
    assert [(it.path, it.before, it.after) for it in bus.changes] == [("generation", 1, 2)]
    assert any("what is sent meanwhile is dropped" in note for note in bus.notes)
    assert route.caused_by == "bus.events"
    way.sandbox.clear_calls()
    settled(way.stack, world(bus=ANEW))
    assert operations(way.sandbox, *WAY_IN, *WAY_OUT) == [
        *("RemoveTargets", "DeleteRule", "SetQueueAttributes", "DeleteEventBus"),
        *("CreateEventBus", "PutRule", "SetQueueAttributes", "PutTargets"),
    ]
    assert events(way.sandbox)[2]["tags"]["reconciler:generation"] == "2"
    assert (events(way.sandbox)[1], way.proof().verdict) == ("ACTIVE", "plausible")


@pytest.mark.parametrize("managed", [True, False])
def test_a_bus_with_a_rule_of_others_is_never_made_anew(way, managed):
    if managed:
        order = {"name": "theirs", "managedBy": "events.amazonaws.com"}
        way.sandbox.aws("event-rules", account=ACCOUNT, region=REGION, bus=way.bus, **order)
    else:
        pattern = '{"source": ["x"]}'
        way.eventbridge.put_rule(Name="theirs", EventBusName=way.bus, EventPattern=pattern)
    before = events(way.sandbox)
    way.stack.declare(world(bus=ANEW))
    done = way.stack.apply(allow_referenced=True)
    assert done.lines() == []
    assert any("route.aws-eu/theirs, which is not ours" in text for text in done.problems())
    assert events(way.sandbox) == before


def refused_anew(stack, sandbox):
    """Have the bus declared anew, hold that it stays, and return why."""
    before = events(sandbox)[2]
    stack.declare(world(bus=ANEW, sub=""))
    done = stack.apply()
    assert events(sandbox)[2] == before
    assert not any(line.endswith(" bus.events") for line in done.lines())
    return next(text for text in done.problems() if text.startswith("it has to be replaced"))


def test_a_bus_whose_source_is_gone_is_not_deleted_to_be_made_anew(way):
    way.lose_its_source()
    why = refused_anew(way.stack, way.sandbox)
    assert why.endswith("remove the destination, apply, and declare it again")


def test_a_bus_is_not_deleted_to_be_made_anew_before_its_destination_is_there(stack, sandbox):
    settled(stack, world(sub=""))
    delete_destination(sandbox)
    why = refused_anew(stack, sandbox)
    assert why.endswith(
        "destination.events, which this run creates: apply again once that is there"
    )
    done = settled(stack, world(bus=ANEW, sub=""))
    assert done == ["replace bus.events", "replace route.listings"]


def test_a_bus_made_by_hand_is_made_anew_by_consent_only(way):
    way.eventbridge.untag_resource(
        ResourceARN=way.eventbridge.describe_event_bus(Name=way.bus)["Arn"],
        TagKeys=["reconciler:stack", "reconciler:destination"],
    )
    way.stack.declare(world(bus=ANEW))
    assert [guard.guard for guard in way.stack.plan().plan.guards if guard.refused] == ["adopt"]
    assert settled(way.stack, world(bus=ANEW), adopt=("bus.events",)) == [
        "replace bus.events",
        "replace route.listings",
    ]
    assert events(way.sandbox)[2]["tags"]["reconciler:stack"] == "acme"


def test_eventbridge_10_and_11_a_bus_made_by_hand_is_used_and_stays_theirs(
    stack, sandbox, eventbridge
):
    settled(stack, world("", sub=""))
    name = events(sandbox)[0]
    eventbridge.delete_event_bus(Name=name)
    eventbridge.create_event_bus(Name=name, EventSourceName=name)
    assert settled(stack, world()) == ["create route.listings", "create subscription.s[de]"]
    assert events(sandbox)[2]["tags"] == {}
    assert stack.apply(destroying=True).unfinished() == []
    assert events(sandbox)[1:] == ("DELETED", {"tags": {}, "rules": {}})


def test_eventbridge_12_tags_that_are_refused_at_creation_follow_it(stack, sandbox):
    sandbox.settings(eventTagsOnCreate=False)
    settled(stack, world())
    assert events(sandbox)[2]["tags"]["reconciler:stack"] == "acme"
    assert rule(sandbox)["tags"] == {"reconciler:stack": "acme"}


def test_a_rule_made_by_hand_that_bears_our_name_is_changed_by_consent_only(way):
    arn = way.eventbridge.describe_rule(Name=RULE, EventBusName=way.bus)["Arn"]
    way.eventbridge.untag_resource(ResourceARN=arn, TagKeys=[STACK_MARK])
    put_by_hand(way.eventbridge, way.bus, State="DISABLED")
    before = rule(way.sandbox)
    [guard] = [it for it in way.stack.plan().plan.guards if it.refused]
    assert (guard.guard, "route.listings" in guard.message) == ("adopt", True)
    way.stack.declare(world(""))
    assert way.stack.plan().lines() == []
    assert rule(way.sandbox) == before
    settled(way.stack, world(), adopt=("route.listings",))
    assert rule(way.sandbox)["tags"] == {STACK_MARK: "acme"}


def test_eventbridge_14_a_rule_of_the_same_name_on_the_default_bus_stays(
    stack, sandbox, eventbridge
):
    eventbridge.put_rule(Name=RULE, EventPattern='{"source": ["theirs"]}')
    settled(stack, world())
    assert stack.apply(destroying=True).unfinished() == []
    [left] = eventbridge.list_rules()["Rules"]
    assert (left["Name"], left["EventPattern"]) == (RULE, '{"source": ["theirs"]}')


@pytest.mark.parametrize(
    ("by_hand", "field"),
    [
        ({"EventPattern": '{ "source": [SOURCE, SOURCE], "detail-type": [STATUS] }'}, None),
        ({"EventPattern": '{"source": [SOURCE], "detail-type": [ISSUES]}'}, "types"),
        ({"EventPattern": '{"source": [SOURCE]}'}, "pattern types"),
        ({"State": "DISABLED"}, "state"),
        ({"Description": None}, "description"),
    ],
)
def test_eventbridge_16_and_17_a_rule_changed_by_hand_is_put_back_whole(
    stack, sandbox, eventbridge, by_hand, field
):
    begun(stack, sandbox)
    name, before = events(sandbox)[0], rule(sandbox)
    meant = {"SOURCE": name, "STATUS": STATUS, "ISSUES": ISSUES}
    for word, value in meant.items():
        by_hand = {
            key: text and text.replace(word, json.dumps(value)) for key, text in by_hand.items()
        }
    put_by_hand(eventbridge, name, **by_hand)
    assert settled(stack, world()) == ([f"update route.listings {field}"] if field else [])
    assert (rule(sandbox) == before) is (field is not None)


@pytest.mark.parametrize(
    ("code", "times", "wrong"),
    [
        ("InternalException", 99, "the target reconciler was not taken"),
        ("ConcurrentModificationException", 99, "ConcurrentModificationException"),
        ("ConcurrentModificationException", 2, None),
    ],
)
def test_eventbridge_18_a_target_that_was_not_taken_is_an_error_whatever_the_status(
    stack, sandbox, code, times, wrong
):
    fault = {"service": "aws", "operation": "PutTargets", "kind": "failedEntries", "code": code}
    sandbox.faults([{**fault, "times": times}])
    stack.declare(world())
    left = failed(stack)
    assert left.keys() == ({"route.listings", "subscription.s[de]"} if wrong else set())
    assert wrong is None or wrong in left["route.listings"]


def test_eventbridge_19_and_20_targets_of_others_stay_and_may_leave_no_room(
    stack, sandbox, eventbridge
):
    begun(stack, sandbox)
    name = events(sandbox)[0]
    theirs = [{"Id": f"t{number}", "Arn": f"{ARN}dead"} for number in range(5)]
    eventbridge.put_targets(Rule=RULE, EventBusName=name, Targets=theirs[:1])
    whole = {"Id": "reconciler", "Arn": f"{ARN}offers"}
    eventbridge.put_targets(Rule=RULE, EventBusName=name, Targets=[whole])
    assert settled(stack, world()) == ["update route.listings inputPath"]
    assert len(rule(sandbox)["targets"]) == 2
    eventbridge.remove_targets(Rule=RULE, EventBusName=name, Ids=["reconciler"])
    eventbridge.put_targets(Rule=RULE, EventBusName=name, Targets=theirs)
    sandbox.clear_calls()
    [why] = failed(stack).values()
    assert "5 are all that it may have" in why
    assert operations(sandbox, "PutTargets") == []


@pytest.mark.parametrize("theirs", ["theirs", "acme--by-hand"])
def test_eventbridge_28_a_rule_of_others_keeps_our_bus_and_the_rest_goes(
    stack, sandbox, eventbridge, theirs
):
    begun(stack, sandbox)
    name = events(sandbox)[0]
    eventbridge.put_rule(Name=theirs, EventBusName=name, EventPattern='{"source": ["x"]}')
    done = stack.apply(destroying=True, allow_referenced=True)
    left = {item.address: item.error for item in done.unfinished()}
    assert f"the rule {theirs} on it is not ours" in left.pop("bus.events")
    assert list(events(sandbox)[2]["rules"]) == [theirs]


def test_eventbridge_27_what_lingers_after_a_removal_is_waited_for(stack, sandbox):
    begun(stack, sandbox)
    sandbox.settings(lagReads={"targetRemoved": 2, "ruleDeleted": 2})
    assert stack.apply(destroying=True).unfinished() == []
    assert sandbox.state()["aws"] == {}


def test_eventbridge_34_a_changed_destination_name_plans_nothing(stack):
    settled(stack, world())
    stack.declare(world(bus="eventBridge: {account: aws-eu}, name: other"))
    assert stack.plan().lines() == []


def test_eventbridge_35_rules_beyond_a_page_are_read(stack, sandbox, eventbridge):
    begun(stack, sandbox)
    name = events(sandbox)[0]
    for number in range(120):
        eventbridge.put_rule(Name=f"a{number}", EventBusName=name, EventPattern='{"source": ["x"]}')
    planned = stack.plan()
    assert (planned.lines(), len(planned.plan.unmanaged)) == ([], 120)


def test_eventbridge_36_what_may_not_be_read_is_unknown_and_left_alone(stack, sandbox):
    begun(stack, sandbox)
    sandbox.settings(awsDenied=["events:ListEventSources"])
    stack.declare(world(f"queue: offers, types: [{ISSUES}]"))
    planned = stack.plan()
    assert (planned.lines(), planned.plan.complete) == ([], False)
    assert {"bus.events", "route.listings"} <= set(planned.plan.unknown)


READS = ("ListEventBuses", "ListEventSources", "ListRules", "ListTargetsByRule")


@pytest.mark.parametrize("operation", [*READS, "ListTagsForResource"])
def test_a_read_that_fails_is_one_sentence_and_what_is_not_events_is_planned(way, operation):
    fresh = f"routes:\n  fresh: {{from: events, queue: offers, types: [{STATUS}]}}\n"
    way.stack.declare(world("", offers="delay: 5s") + fresh)
    for kind in ("denied", "error500", "throttle", "garbage", "cutBefore"):
        order = {"service": "aws", "operation": operation, "kind": kind, "times": None}
        way.sandbox.faults([order])
        found = way.stack.plan()
        way.sandbox.clear_faults()
        assert (found.lines(), found.plan.complete) == (["update queue.offers delay"], False)
        [sentence] = found.problems()
        assert sentence.startswith("aws-eu: ")
        assert (kind, operation in sentence) == (kind, True)
        assert len(sentence) < 600
        assert "\n" not in sentence
    assert way.stack.plan().lines() == [
        "create route.fresh",
        f"delete route.aws-eu/{RULE}",
        "update queue.offers delay",
    ]


@pytest.mark.parametrize("how", ["denied", "unknown"])
def test_where_nothing_is_declared_and_looking_is_not_possible_that_is_said(stack, sandbox, how):
    if how == "denied":
        sandbox.settings(awsDenied=["events:ListEventBuses"])
    else:
        order = {"service": "aws", "operation": "ListEventBuses", "kind": "refused"}
        sandbox.faults([{**order, "code": "UnknownOperationException"}])
    stack.declare(world("", bus="", sub=""))
    planned = stack.plan()
    assert planned.plan.complete
    [told] = planned.plan.not_looked
    assert "event buses and routes were not looked for" in told.message


def test_a_grant_that_is_left_over_from_a_rule_goes(stack, sandbox, eventbridge):
    begun(stack, sandbox)
    name = events(sandbox)[0]
    eventbridge.remove_targets(Rule=RULE, EventBusName=name, Ids=["reconciler"])
    eventbridge.delete_rule(Name=RULE, EventBusName=name)
    assert settled(stack, world("")) == [f"delete route.aws-eu/{RULE}"]
    assert admitted(sandbox) == []


def test_a_bus_that_came_since_they_were_listed_is_seen_where_a_queue_lets_in_a_rule_of_it(
    stack, sandbox
):
    stack.declare(world())
    with stack.session() as early:
        aws = early.providers(["aws-eu"])["aws-eu"]
        queues, rest = aws.scopes()
        assert list(aws.observe(queues, Interest("acme", (), False, print))) == []
        begun(stack, sandbox)
        with stack.session() as late:
            read = late.providers(["aws-eu"])["aws-eu"]
            beside = tuple(read.observe(queues, Interest("acme", (), False, print)))
        route = EventRoute(name=RULE, bus=events(sandbox)[0])
        found = aws.observe(rest, Interest("acme", (route,), False, print, beside=beside))
    assert [(it.spec.kind, it.spec.state) for it in found] == [
        ("bus", "ACTIVE"),
        ("route", "ENABLED"),
    ]


def test_a_bus_that_went_since_they_were_listed_is_gone_and_the_others_are_read(
    stack, sandbox, eventbridge
):
    begun(stack, sandbox)
    with stack.session() as session:
        aws = session.providers(["aws-eu"])["aws-eu"]
        queues, rest = aws.scopes()
        list(aws.observe(queues, Interest("acme", (), False, print)))
        name = events(sandbox)[0]
        eventbridge.remove_targets(Rule=RULE, EventBusName=name, Ids=["reconciler"])
        eventbridge.delete_rule(Name=RULE, EventBusName=name)
        eventbridge.delete_event_bus(Name=name)
        route = EventRoute(name=RULE, bus=name)
        assert aws.observe(rest, Interest("acme", (route,), False, print, beside=())) == []


NOWHERE = "arrives at bus.events, and nothing declared takes it on from there"


def hints(stack, text):
    stack.declare(text)
    with stack.session() as session:
        return [problem.message for problem in session.declarations.hints]


def test_eventbridge_31_types_without_a_route_and_routes_without_a_subscription_are_warned_of(
    stack,
):
    assert hints(stack, world()) == []
    assert hints(stack, world(sub=ISSUES)) == [
        f"route.listings: nothing declared subscribes {STATUS}, so that none of it arrives here",
        f"subscription.s: {ISSUES} {NOWHERE}",
    ]


def test_a_route_that_leaves_to_its_queue_what_that_did_not_take_is_warned_of(stack):
    [hint] = hints(stack, world(f"{TO_OFFERS}, deadLetter: offers"))
    assert "name another one as `deadLetter`" in hint


def test_eventbridge_24_and_25_what_may_keep_a_route_out_is_warned_of(stack):
    [key] = hints(stack, world(offers="encryption: {kmsKey: alias/own}"))
    assert "lets events.amazonaws.com use kms:Decrypt and kms:GenerateDataKey" in key
    shut = (
        "policy: {Statement: [{Effect: Allow, Principal: {AWS: '437568002678'}, Action: 'sqs:*'}]}"
    )
    assert any(
        "does not let events.amazonaws.com send" in hint
        for hint in hints(stack, world(offers=shut))
    )
