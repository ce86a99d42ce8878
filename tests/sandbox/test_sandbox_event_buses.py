"""EventBridge's calls, through boto3. Numbers are those of the tests that its wire notes list."""

import pytest
from bridges import ARN, refused

OTHER = "aws.partner/example.com/123456789012/shop"


def test_eventbridge_1_a_destination_makes_a_waiting_event_source_of_which_one_bus_can_be_made(
    bridge, sandbox
):
    name = bridge.source()
    found = bridge.events.describe_event_source(Name=name)
    assert found["Arn"] == f"arn:aws:events:eu-west-1::event-source/{name}"
    assert (found["State"], found["CreatedBy"]) == ("PENDING", "sellingpartnerapi.amazon.com")
    assert 604_000 < found["ExpirationTime"].timestamp() - bridge.now() <= 604_800
    made = bridge.events.create_event_bus(Name=name, EventSourceName=name)
    assert made["EventBusArn"] == f"arn:aws:events:eu-west-1:123456789012:event-bus/{name}"
    assert bridge.events.describe_event_bus(Name=name)["Arn"] == made["EventBusArn"]
    assert bridge.events.describe_event_bus(Name=made["EventBusArn"])["Name"] == name
    assert bridge.state(name) == "ACTIVE"
    again = refused(bridge.events.create_event_bus, Name=name, EventSourceName=name)
    assert again == ("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    region = sandbox.state()["aws"]["123456789012"]["eu-west-1"]
    assert region["events"] == {
        "sources": {name: "ACTIVE"},
        "buses": {name: {"tags": {}, "rules": {}}},
    }


def test_eventbridge_1_an_application_id_of_either_form_ends_the_name(bridge, sandbox, application):
    form = "amzn1.sellerapps.app.0a1b"
    sandbox.settings(applicationIds={application.client: form})
    name = bridge.bus()
    assert name == f"aws.partner/sellingpartnerapi.amazon.com/123456789012/{form}"


def test_eventbridge_2_an_answer_may_lack_the_prefix_and_has_nulls_beside_the_bus(bridge, sandbox):
    sandbox.settings(eventSourcePrefix=False)
    resource = bridge.application.event_bridge().json()["payload"]["resource"]
    assert resource["eventBridge"]["name"].startswith("sellingpartnerapi.amazon.com/")
    assert resource["sqs"] is None
    assert bridge.state(f"aws.partner/{resource['eventBridge']['name']}") == "PENDING"


def test_eventbridge_3_a_source_can_become_visible_late(bridge, sandbox):
    sandbox.settings(lagReads={"eventSourceCreated": 2})
    name = bridge.source()
    assert bridge.events.list_event_sources()["EventSources"] == []
    for call in (bridge.events.describe_event_source, bridge.events.create_event_bus):
        named = {"Name": name}
        if call == bridge.events.create_event_bus:
            named["EventSourceName"] = name
        assert refused(call, **named)[0] == "ResourceNotFoundException"
    assert bridge.state(name) == "PENDING"


def test_eventbridge_5_and_8_a_source_without_bus_expires_and_is_gone(bridge):
    name = bridge.source()
    bridge.later(days=6, hours=23)
    assert bridge.state(name) == "PENDING"
    bridge.later(hours=1)
    gone = f"Event source {name} or event bus {name} does not exist."
    describe = bridge.events.describe_event_source
    assert refused(describe, Name=name) == ("ResourceNotFoundException", gone)
    assert bridge.events.list_event_sources()["EventSources"] == []
    answer = bridge.application.send(
        "GET", f"destinations/{bridge.destination}", bridge.application.grantless()
    )
    assert answer.status == 200


def test_eventbridge_6_a_destination_made_again_is_activated_and_rules_stay(bridge):
    bus = bridge.bus()
    bridge.rule(bus)
    application, path = bridge.application, f"destinations/{bridge.destination}"
    assert application.send("DELETE", path, application.grantless()).status == 200
    assert bridge.state(bus) == "DELETED"
    for call in (bridge.events.activate_event_source, bridge.events.deactivate_event_source):
        assert refused(call, Name=bus)[0] == "InvalidStateException"
    assert bridge.source() == bus
    assert bridge.state(bus) == "PENDING"
    bridge.events.activate_event_source(Name=bus)
    assert bridge.state(bus) == "ACTIVE"
    [rule] = bridge.events.list_rules(EventBusName=bus)["Rules"]
    assert rule["Name"] == "acme--listings"


def test_eventbridge_6_a_deactivated_source_waits_again_and_its_owner_can_go_on(bridge):
    bus = bridge.bus()
    bridge.events.deactivate_event_source(Name=bus)
    found = bridge.events.describe_event_source(Name=bus)
    assert (found["State"], "ExpirationTime" in found) == ("PENDING", True)
    bridge.events.activate_event_source(Name=bus)
    assert "ExpirationTime" not in bridge.events.describe_event_source(Name=bus)


@pytest.mark.parametrize(
    ("deed", "with_bus", "left"),
    [("delete", False, None), ("delete", True, "DELETED"), ("expire", False, None)],
)
def test_eventbridge_7_the_partner_deletes_a_source_and_a_bus_stays_behind(
    bridge, sandbox, deed, with_bus, left
):
    name = bridge.bus() if with_bus else bridge.source()
    where = {"account": "123456789012", "region": "eu-west-1", "name": name}
    sandbox.aws("event-sources", deed=deed, **where)
    if left:
        assert bridge.state(name) == left
        bridge.events.delete_event_bus(Name=name)
    found = refused(bridge.events.describe_event_source, Name=name)
    assert found[0] == "ResourceNotFoundException"
    with pytest.raises(ValueError, match="There is no event source"):
        sandbox.aws("event-sources", deed="delete", **where)


def test_eventbridge_9_activating_needs_a_bus_of_the_name(bridge, sandbox):
    name = bridge.source()
    text = f"Event source {name} or event bus {name} does not exist."
    activate = bridge.events.activate_event_source
    assert refused(activate, Name=name) == ("ResourceNotFoundException", text)
    code = "InvalidStateException"
    sandbox.faults(
        [{"service": "aws", "operation": "ActivateEventSource", "kind": "refused", "code": code}]
    )
    assert refused(activate, Name=name)[0] == code


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"Name": OTHER, "EventSourceName": f"{OTHER}2"}, "must be equal"),
        ({"Name": OTHER}, "EventBus name starting with 'aws.' is not valid."),
        ({"Name": "a/b"}, "must not contain '/'"),
        ({"Name": "a b"}, "regular expression pattern"),
        ({"Name": "n" * 257}, "length less than or equal to 256"),
    ],
)
def test_eventbridge_10_a_bus_has_the_name_of_its_source_or_one_of_its_own(bridge, wish, words):
    code, text = refused(bridge.events.create_event_bus, **wish)
    assert code == "ValidationException"
    assert words in text


def test_eventbridge_10_a_bus_of_a_source_that_there_is_not_is_not_made(bridge):
    found = refused(bridge.events.create_event_bus, Name=OTHER, EventSourceName=OTHER)
    assert found[0] == "ResourceNotFoundException"


def test_eventbridge_12_tags_at_creation_can_be_unsupported_or_denied(bridge, sandbox):
    name = bridge.source()
    wish = {
        "Name": name,
        "EventSourceName": name,
        "Tags": [{"Key": "reconciler:stack", "Value": "acme"}],
    }
    sandbox.settings(eventTagsOnCreate=False)
    assert refused(bridge.events.create_event_bus, **wish)[0] == "ValidationException"
    sandbox.settings(eventTagsOnCreate=True, awsDenied=["events:TagResource"])
    code, text = refused(bridge.events.create_event_bus, **wish)
    assert (code, "events:TagResource" in text) == ("AccessDeniedException", True)
    sandbox.settings(awsDenied=[])
    arn = bridge.events.create_event_bus(**wish)["EventBusArn"]
    bridge.events.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": ""}])
    bridge.events.untag_resource(ResourceARN=arn, TagKeys=["reconciler:stack", "other"])
    found = bridge.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert found == [{"Key": "team", "Value": ""}]
    reserved = [{"Key": "aws:x", "Value": ""}]
    tag = bridge.events.tag_resource
    assert refused(tag, ResourceARN=arn, Tags=reserved)[0] == "ValidationException"
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert refused(tag, ResourceARN=arn, Tags=many)[0] == "ValidationException"
    none = refused(tag, ResourceARN=arn.replace("partner", "other"), Tags=[])
    assert none[0] == "ResourceNotFoundException"


def test_eventbridge_13_the_arn_of_a_rule_names_its_bus_but_the_default_one(bridge):
    bus = bridge.bus()
    arn = bridge.rule(bus, "r" * 64)
    assert arn == f"arn:aws:events:eu-west-1:123456789012:rule/{bus}/{'r' * 64}"
    tags = [{"Key": "a", "Value": "b"}]
    bridge.events.tag_resource(ResourceARN=arn, Tags=tags)
    assert bridge.events.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    plain = bridge.events.put_rule(Name="r", EventPattern='{"source":["x"]}')["RuleArn"]
    assert plain == "arn:aws:events:eu-west-1:123456789012:rule/r"
    bridge.events.tag_resource(ResourceARN=plain, Tags=tags)
    by_arn = f"arn:aws:events:eu-west-1:123456789012:event-bus/{bus}"
    assert bridge.events.describe_rule(Name="r" * 64, EventBusName=by_arn)["Arn"] == arn


def test_eventbridge_14_a_call_without_bus_means_the_default_one(bridge):
    bus = bridge.bus()
    bridge.rule(bus)
    bridge.events.delete_rule(Name="acme--listings")
    assert bridge.events.list_rules()["Rules"] == []
    assert len(bridge.events.list_rules(EventBusName=bus)["Rules"]) == 1
    unknown = refused(bridge.events.describe_rule, Name="acme--listings")
    text = "Rule acme--listings does not exist on EventBus default."
    assert unknown == ("ResourceNotFoundException", text)
    found = refused(bridge.events.list_rules, EventBusName="none")
    assert found == ("ResourceNotFoundException", "Event bus none does not exist.")
    assert refused(bridge.events.delete_event_bus, Name="default")[0] == "ValidationException"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"Name": "r" * 65}, "length less than or equal to 64"),
        ({"Name": "a/b"}, "regular expression pattern"),
        ({"Description": "d" * 513}, "length less than or equal to 512"),
        ({"State": "ON"}, "enum value set"),
        ({"EventPattern": None}, "EventPattern or ScheduleExpression must be specified"),
        ({"ScheduleExpression": "rate(1 day)"}, "only on the default event bus"),
    ],
)
def test_eventbridge_15_names_and_fields_of_rules_have_limits(bridge, wish, words):
    bus = bridge.bus()
    whole = {"Name": "r", "EventBusName": bus, "EventPattern": '{"source":["x"]}', **wish}
    sent = {name: value for name, value in whole.items() if value is not None}
    code, text = refused(bridge.events.put_rule, **sent)
    assert code == "ValidationException"
    assert words in text


def test_eventbridge_16_and_17_put_rule_replaces_all_but_tags_and_keeps_the_pattern_as_given(
    bridge,
):
    bus = bridge.bus()
    first = [{"Key": "a", "Value": "1"}]
    bridge.rule(bus, State="DISABLED", Description="from acme", Tags=first)
    spaced = '{ "source": ["x", "x"] }'
    again = {"Name": "acme--listings", "EventBusName": bus, "EventPattern": spaced}
    arn = bridge.events.put_rule(**again, Tags=[{"Key": "a", "Value": "2"}])["RuleArn"]
    found = bridge.events.describe_rule(Name="acme--listings", EventBusName=bus)
    assert (found["EventPattern"], found["State"]) == (spaced, "ENABLED")
    assert "Description" not in found
    assert bridge.events.list_tags_for_resource(ResourceARN=arn)["Tags"] == first
    bridge.events.disable_rule(Name="acme--listings", EventBusName=bus)
    assert bridge.events.list_rules(EventBusName=bus)["Rules"][0]["State"] == "DISABLED"
    bridge.events.enable_rule(Name="acme--listings", EventBusName=bus)
    assert bridge.events.list_rules(EventBusName=bus)["Rules"][0]["State"] == "ENABLED"


def test_eventbridge_18_failed_entries_come_with_200_and_can_be_ordered(bridge, sandbox):
    bus = bridge.bus()
    bridge.rule(bus)
    code = "ConcurrentModificationException"
    sandbox.faults(
        [{"service": "aws", "operation": "PutTargets", "kind": "failedEntries", "code": code}]
    )
    found = bridge.target(bus)
    assert found["FailedEntryCount"] == 1
    assert [(entry["TargetId"], entry["ErrorCode"]) for entry in found["FailedEntries"]] == [
        ("queue", code)
    ]
    assert bridge.target(bus)["FailedEntryCount"] == 0
    remove = bridge.events.remove_targets
    gone = remove(Rule="acme--listings", EventBusName=bus, Ids=["queue", "other"])
    assert [entry["TargetId"] for entry in gone["FailedEntries"]] == ["other"]


def test_eventbridge_19_and_20_targets_are_added_by_id_up_to_five(bridge):
    bus = bridge.bus()
    bridge.rule(bus)
    for number in range(5):
        bridge.target(bus, Id=f"t{number}")
    bridge.target(bus, Id="t0", InputPath="$.detail.Payload")
    names = {"Rule": "acme--listings", "EventBusName": bus}
    found = bridge.events.list_targets_by_rule(**names)["Targets"]
    assert [target["Id"] for target in found] == ["t0", "t1", "t2", "t3", "t4"]
    assert found[0]["InputPath"] == "$.detail.Payload"
    assert refused(bridge.target, bus=bus, Id="t5")[0] == "LimitExceededException"
    many = [{"Id": f"x{number}", "Arn": f"{ARN}a"} for number in range(11)]
    sixth = refused(bridge.events.put_targets, **names, Targets=many)
    assert sixth[0] == "ValidationException"
    by_target = bridge.events.list_rule_names_by_target
    assert by_target(TargetArn=f"{ARN}offers", EventBusName=bus)["RuleNames"] == ["acme--listings"]
    assert by_target(TargetArn=f"{ARN}offers")["RuleNames"] == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"Input": "{}"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Arn": f"{ARN}a.fifo"}, "SqsParameters must be specified for target: queue."),
        ({"Arn": "queue"}, "Provided Arn is not in correct format"),
        ({"Arn": "arn:aws:sqs:us-east-1:123456789012:a"}, "another region"),
        ({"DeadLetterConfig": {"Arn": f"{ARN}d.fifo"}}, "standard queue"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:1:d"}}, "another region"),
        ({"SqsParameters": {"MessageGroupId": "g" * 101}}, "less than or equal to 100"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185"),
        ({"InputPath": "detail"}, "InputPath"),
    ],
)
def test_eventbridge_21_and_22_what_a_target_must_be(bridge, target, words):
    bus = bridge.bus()
    bridge.rule(bus)
    code, text = refused(bridge.target, bus=bus, **target)
    assert code == "ValidationException"
    assert words in text


def test_eventbridge_27_rules_and_buses_go_when_they_are_empty_and_maybe_a_little_later(
    bridge, sandbox
):
    sandbox.settings(lagReads={"targetRemoved": 1, "ruleDeleted": 1})
    bus = bridge.bus()
    bridge.rule(bus)
    bridge.target(bus)
    names = {"Name": "acme--listings", "EventBusName": bus}
    has_targets = ("ValidationException", "Rule can't be deleted since it has targets.")
    has_rules = ("ValidationException", "EventBus can't be deleted since it has rules.")
    assert refused(bridge.events.delete_rule, **names) == has_targets
    assert refused(bridge.events.delete_event_bus, Name=bus) == has_rules
    bridge.events.remove_targets(Rule="acme--listings", EventBusName=bus, Ids=["queue"])
    assert refused(bridge.events.delete_rule, **names) == has_targets
    bridge.events.delete_rule(**names)
    bridge.events.delete_rule(**names)
    assert refused(bridge.events.delete_event_bus, Name=bus) == has_rules
    bridge.events.delete_event_bus(Name=bus)
    bridge.events.delete_event_bus(Name=bus)
    assert bridge.state(bus) == "PENDING"
    text = f"Event bus {bus} does not exist."
    assert refused(bridge.events.delete_rule, **names) == ("ResourceNotFoundException", text)


def test_eventbridge_28_a_managed_rule_is_not_written_and_holds_its_bus(bridge, sandbox):
    bus = bridge.bus()
    by = "events.amazonaws.com"
    where = {"account": "123456789012", "region": "eu-west-1", "bus": bus}
    sandbox.aws("event-rules", **where, name="theirs", managedBy=by)
    names = {"Name": "theirs", "EventBusName": bus}
    assert bridge.events.describe_rule(**names)["ManagedBy"] == by
    for call in (
        lambda: bridge.events.delete_rule(**names),
        lambda: bridge.events.disable_rule(**names),
        lambda: bridge.rule(bus, "theirs"),
        lambda: bridge.target(bus, name="theirs"),
    ):
        assert refused(call)[0] == "ManagedRuleException"
    assert refused(bridge.events.delete_event_bus, Name=bus)[0] == "ValidationException"
    bridge.events.delete_rule(**names, Force=True)
    bridge.events.delete_event_bus(Name=bus)
    with pytest.raises(ValueError, match="Event bus aws"):
        sandbox.aws("event-rules", **where, name="theirs", managedBy=by)


def test_eventbridge_35_lists_end_with_their_last_page(bridge):
    bus = bridge.bus()
    for number in range(101):
        bridge.rule(bus, f"r{number:03}")
    pages = bridge.events.get_paginator("list_rules").paginate(EventBusName=bus)
    names = [[rule["Name"] for rule in page["Rules"]] for page in pages]
    assert [len(page) for page in names] == [100, 1]
    few = bridge.events.list_rules(EventBusName=bus, NamePrefix="r00", Limit=3)
    assert [rule["Name"] for rule in few["Rules"]] == ["r000", "r001", "r002"]
    wrong = refused(bridge.events.list_rules, EventBusName=bus, NextToken="other")
    assert wrong[0] == "ValidationException"
    assert bridge.events.list_event_buses(NamePrefix="aws.")["EventBuses"][0]["Name"] == bus
    sources = bridge.events.list_event_sources(NamePrefix="aws.partner/")["EventSources"]
    assert [source["Name"] for source in sources] == [bus]


def test_update_event_bus_replaces_what_describes_it(bridge):
    bus = bridge.bus(Description="one")
    assert bridge.events.describe_event_bus(Name=bus)["Description"] == "one"
    bridge.events.update_event_bus(Name=bus, KmsKeyIdentifier="alias/a")
    found = bridge.events.describe_event_bus(Name=bus)
    assert ("Description" in found, found["KmsKeyIdentifier"]) == (False, "alias/a")


def test_limits_of_buses_and_rules(bridge):
    create = bridge.events.create_event_bus
    for number in range(99):
        create(Name=f"b{number}")
    assert refused(create, Name="b99")[0] == "LimitExceededException"
