"""Queues over real sockets: what is read, made, changed and deleted."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.core.model.errors import Denied, Missing, PlanRefused, Rejected, Unclear
from reconciler.core.model.plan import FieldChange
from reconciler.core.provider import Interest, Scope
from reconciler.credentials.secrets import Secrets
from reconciler.run.halting import Halt, TimeLimit
from reconciler.run.threads import side_by_side
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.client import EventsClient
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.session import AwsKeys, connect
from reconciler.services.sqs.writing import written
from reconciler.transport.patience import on_errand

NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


def everything(world):
    """Declare a queue with every setting, and its dead-letter queue."""
    yaml = {
        "visibilityTimeout": "2m",
        "messageRetentionPeriod": "14d",
        "delay": 5,
        "receiveMessageWaitTime": 20,
        "maximumMessageSize": "256KiB",
        "encryption": {"kmsKey": "alias/offers", "dataKeyReuse": "10m"},
        "deadLetter": {"queue": world.arn("offers-dlq"), "maxReceives": 5},
        "redriveAllow": "none",
        "grants": [{"to": "amazon-notifications"}, {"to": "444455556666", "actions": "all"}],
        "tags": {"team": "pricing", "empty": ""},
    }
    dead = world.want("offers-dlq", {"redriveAllow": [world.arn("offers")]})
    return [dead, world.want("offers", yaml, protect=True)]


def test_quirk_108_what_was_just_created_needs_nothing(world):
    for desired in everything(world):
        created = world.provider.create(desired)

        assert world.differences(desired) == []
        assert created.outputs == world.see(desired)[desired.spec.name].outputs


LABELLED = {
    "Version": "2012-10-17",
    "Id": "offers-policy",
    "Statement": [
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "AllowAmazon",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
            "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        },
    ],
}


def written_policy(world, name="offers"):
    return json.loads(world.stored(name)["attributes"]["Policy"])


def with_resource(world, policy):
    filled = [{**item, "Resource": world.arn("offers")} for item in policy["Statement"]]
    return {**policy, "Statement": filled}


def test_a_policy_is_written_with_its_labels_so_that_they_can_be_named_to_sqs(world):
    desired = world.want("offers", {"policy": LABELLED})
    url = world.provider.create(desired).outputs["url"]

    assert written_policy(world) == with_resource(world, LABELLED)
    world.boto.remove_permission(QueueUrl=url, Label="AllowAmazon")
    assert [change.path for change in world.converge(desired)] == ["policy"]
    assert written_policy(world) == with_resource(world, LABELLED)


def test_a_difference_in_labels_alone_is_no_change(world):
    world.provider.create(world.want("offers", {"policy": LABELLED}))
    bare = [
        {name: value for name, value in statement.items() if name != "Sid"}
        for statement in LABELLED["Statement"]
    ]
    assert world.differences(world.want("offers", {"policy": {"Statement": bare}})) == []


def test_a_live_policy_is_written_into_yaml_with_its_labels(world):
    desired = world.want("offers", {"policy": LABELLED})
    world.provider.create(desired)
    live = world.see(desired)["offers"]

    told = written(live.spec, world.account).fields["policy"]

    assert {**told, "Version": "2012-10-17"} == LABELLED


def test_a_fifo_queue_needs_nothing_after_creation(world):
    desired = world.want(
        "orders",
        {
            "name": "orders.fifo",
            "fifo": True,
            "contentBasedDeduplication": True,
            "deduplicationScope": "messageGroup",
            "fifoThroughputLimit": "perMessageGroupId",
        },
    )
    world.provider.create(desired)

    assert world.differences(desired) == []


def test_a_queue_is_created_in_one_call_and_its_tags_are_read_back(world):
    for desired in everything(world):
        world.provider.create(desired)

    assert world.sandbox.counts() == {
        "aws.CreateQueue": 2,
        "aws.GetCallerIdentity": 1,
        "aws.ListQueues": 1,
        "aws.ListQueueTags": 2,
    }


def test_of_more_than_a_hundred_new_queues_no_tags_are_read_back(world):
    queues = [world.want(f"queue-{n}") for n in range(101)]
    world.see(*queues)
    before = world.sandbox.counts()
    for desired in queues[:2]:
        world.provider.create(desired)
    after = world.sandbox.counts()
    assert {name: after[name] - before.get(name, 0) for name in after} == {
        **dict.fromkeys(after, 0),
        "aws.CreateQueue": 2,
        "aws.ListQueues": 1,
    }


def test_of_two_stacks_that_create_one_queue_at_once_the_second_is_told(world):
    """The other stack's call comes between our look at what is there and our own call."""
    world.provider.create(world.want("first"))
    tags = {"reconciler:stack": "other"}
    world.boto.create_queue(QueueName="offers", Attributes={"DelaySeconds": "5"}, tags=tags)

    with pytest.raises(Rejected, match="bears the mark of the stack 'other'; plan again"):
        world.provider.create(world.want("offers", {"delay": 5}))
    assert world.count("ListQueues") == 1
    assert world.stored("offers")["tags"] == tags


def test_many_queues_take_hardly_more_than_a_call_each(world, threads):
    queues = [world.want(f"queue-{n}", {"tags": {"n": str(n)}}) for n in range(60)]
    threads(world.provider.create, queues)
    world.sandbox.clear_calls()

    seen = world.see(*queues, each=threads)

    assert len(seen) == 60
    assert world.count("GetQueueAttributes") == 60
    assert sum(world.sandbox.counts().values()) <= 1.15 * 60


def test_our_marks_are_tags_and_no_tags_of_the_user(world):
    (_, desired) = everything(world)
    world.provider.create(everything(world)[0])
    world.provider.create(desired)

    live = world.see(desired)["offers"]

    assert (live.owner, live.protected) == ("acme", True)
    assert live.spec.tags == {"team": "pricing", "empty": ""}
    assert world.stored("offers")["tags"] == {
        "empty": "",
        "reconciler:protect": "true",
        "reconciler:stack": "acme",
        "team": "pricing",
    }


def test_queues_of_others_are_seen_without_their_details(world):
    world.boto.create_queue(QueueName="theirs", Attributes={"DelaySeconds": "7"}, tags={"a": "b"})
    world.boto.create_queue(QueueName="foreign", tags={"reconciler:stack": "other"})

    seen = world.see()

    assert {name: (live.detailed, live.owner) for name, live in seen.items()} == {
        "theirs": (False, None),
        "foreign": (False, "other"),
    }
    assert seen["theirs"].spec.tags == {"a": "b"}
    assert world.count("GetQueueAttributes") == 0


def test_undeclared_queues_of_our_stack_are_read_in_full(world):
    world.boto.create_queue(
        QueueName="old", Attributes={"DelaySeconds": "7"}, tags={"reconciler:stack": "acme"}
    )

    live = world.see()["old"]

    assert (live.detailed, live.spec.delay, live.owner) == (True, 7, "acme")


def test_messages_of_every_state_count_as_waiting(world):
    desired = world.want("offers")
    url = world.provider.create(desired).outputs["url"]
    for delay in (0, 0, 60):
        world.boto.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay)
    world.boto.receive_message(QueueUrl=url)

    assert world.see(desired)["offers"].waiting == 3


def test_quirk_14_an_account_without_queues_is_empty(world):
    assert world.see() == {}


def test_quirk_13_every_page_is_read_and_asks_for_the_next(world):
    pages = [
        [f"https://sqs.eu-west-1.amazonaws.com/123456789012/{p}{n}" for n in range(3)] for p in "ab"
    ]
    world.middleman.answers(
        "ListQueues", {"QueueUrls": pages[0], "NextToken": "more"}, {"QueueUrls": pages[1]}
    )

    assert sorted(world.see()) == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert world.middleman.bodies("ListQueues") == [
        {"MaxResults": 1000},
        {"MaxResults": 1000, "NextToken": "more"},
    ]


def test_a_declared_queue_is_read_once_and_while_the_names_are_still_listed(world):
    desired = world.want("offers")
    url = world.provider.create(desired).outputs["url"]
    world.middleman.clear()
    first, again = {"QueueUrls": [url], "NextToken": "more"}, {"QueueUrls": [url]}
    world.middleman.answers("ListQueues", first, again)

    assert list(world.see(desired)) == ["offers"]
    read = [operation for operation, _ in world.middleman.seen]
    read.remove("ListEventBuses")  # at the same time
    assert read == ["GetResources", "ListQueues", "GetQueueAttributes", "ListQueues"]


def test_buses_that_are_not_told_keep_no_thread_that_others_share(world, monkeypatch):
    asked_on = []
    with ThreadPoolExecutor(1) as shared:
        asked_on += [shared.submit(threading.get_ident).result(), threading.get_ident()]
        monkeypatch.setattr(EventsClient, "buses", lambda _: asked_on.append(threading.get_ident()))
        world.see(each=side_by_side(shared))
    assert len({*asked_on}) == 3


def test_buses_are_listed_once_while_queues_are_read(world):
    interest = Interest("acme", (), False, print)
    for scope in world.provider.scopes():
        list(world.provider.observe(scope, interest))
        assert world.count("ListEventBuses") == 1


def test_quirk_12_a_queue_is_known_by_its_name_whatever_the_host_of_its_url(world):
    desired = world.want("offers")
    world.provider.create(desired)
    old = "http://eu-west-1.queue.amazonaws.com/123456789012/offers"
    world.middleman.answers("ListQueues", {"QueueUrls": [old]})

    seen = world.see(desired)

    assert list(seen) == ["offers"]
    assert seen["offers"].outputs["arn"] == world.arn("offers")


def test_quirk_46_a_deleted_queue_in_the_tag_index_is_gone(world):
    world.sandbox.settings(taggingLagSeconds=600)
    url = world.boto.create_queue(QueueName="old", tags={"reconciler:stack": "acme"})["QueueUrl"]
    world.boto.delete_queue(QueueUrl=url)

    assert world.see() == {}


def test_quirk_47_a_new_queue_that_the_tag_index_lacks_is_found_with_its_tags(world):
    world.sandbox.settings(taggingLagSeconds=600)
    desired = world.want("offers", {"tags": {"team": "pricing"}})
    world.provider.create(desired)
    world.sandbox.clear_calls()

    assert world.differences(desired) == []
    assert world.count("ListQueueTags") == 1


def test_tags_that_the_index_knows_otherwise_are_asked_of_the_queue(world):
    desired = world.want("offers", {"tags": {"team": "pricing"}})
    world.provider.create(desired)
    world.middleman.answers(
        "GetResources",
        {
            "ResourceTagMappingList": [
                {
                    "ResourceARN": world.arn("offers"),
                    "Tags": [
                        {"Key": "team", "Value": "old"},
                        {"Key": "reconciler:stack", "Value": "acme"},
                    ],
                }
            ],
            "PaginationToken": "",
        },
    )

    assert world.differences(desired) == []


def test_quirk_48_an_empty_page_with_a_token_is_not_the_last(world):
    world.provider.create(world.want("offers"))
    world.middleman.answers("GetResources", {"ResourceTagMappingList": [], "PaginationToken": "a"})
    world.middleman.passes("GetResources")

    assert world.see()["offers"].owner == "acme"


def test_quirk_48_an_expired_token_restarts_the_listing(world):
    world.provider.create(world.want("offers"))
    world.middleman.answers("GetResources", {"ResourceTagMappingList": [], "PaginationToken": "a"})
    world.middleman.refuses("GetResources", "PaginationTokenExpiredException")
    world.middleman.passes("GetResources")

    assert world.see()["offers"].owner == "acme"


def test_quirk_48_a_listing_that_never_ends_is_an_error(world):
    world.middleman.refuses("GetResources", "PaginationTokenExpiredException", times=3)

    with pytest.raises(Rejected, match="PaginationTokenExpired"):
        world.see()


def test_quirk_49_without_the_tagging_api_every_queue_is_asked_and_the_plan_warned(world):
    desired = world.want("offers")
    world.provider.create(desired)
    world.boto.create_queue(QueueName="old", tags={"reconciler:stack": "acme"})
    world.middleman.refuses("GetResources", "AccessDeniedException", "User x may not")

    seen = world.see(desired)

    assert {name: live.owner for name, live in seen.items()} == {"offers": "acme", "old": "acme"}
    assert seen["old"].detailed
    (warning,) = world.warnings
    assert "tag:GetResources" in warning


@pytest.mark.parametrize("code", [NO_QUEUE, "QueueDoesNotExist"])
@pytest.mark.parametrize("operation", ["GetQueueAttributes", "ListQueueTags"])
def test_quirk_9_a_listed_queue_that_is_gone_is_not_reported(world, code, operation):
    world.sandbox.settings(taggingLagSeconds=600)
    desired = world.want("offers")
    world.provider.create(desired)
    world.middleman.refuses(operation, code)

    assert world.see(desired) == {}


def test_quirk_19_an_empty_answer_is_not_read_as_defaults(world):
    desired = world.want("offers", {"delay": 5})
    world.provider.create(desired)
    world.middleman.answers("GetQueueAttributes", {}, {"Attributes": {}})

    assert world.differences(desired) == []
    assert len(world.middleman.bodies("GetQueueAttributes")) == 3


def test_quirk_19_attributes_are_always_asked_for_by_name(world):
    desired = world.want("offers")
    world.provider.create(desired)
    world.see(desired)

    assert all(body["AttributeNames"] == ["All"] for body in world.sent("GetQueueAttributes"))


def test_a_setting_of_the_future_is_refused_not_misread(world):
    desired = world.want("o", {"name": "o.fifo", "fifo": True})
    url = world.provider.create(desired).outputs["url"]
    found = world.boto.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    world.middleman.answers(
        "GetQueueAttributes", {"Attributes": {**found, "DeduplicationScope": "x"}}
    )

    with pytest.raises(Rejected, match="does not know"):
        world.see(desired)


# Creating


def test_quirk_1_a_queue_whose_creation_was_not_answered_is_found_and_kept(world):
    (dead, desired) = everything(world)
    world.provider.create(dead)
    world.sandbox.faults([{"service": "aws", "operation": "CreateQueue", "kind": "cutAfter"}])

    created = world.provider.create(desired)

    assert created == world.see(desired)["offers"]
    assert world.count("CreateQueue") == 2
    assert world.differences(desired) == []


def test_quirk_1_a_queue_that_was_not_made_is_made(world):
    world.sandbox.faults([{"service": "aws", "operation": "CreateQueue", "kind": "cutBefore"}])
    desired = world.want("offers", {"tags": {"a": "b"}})

    world.provider.create(desired)

    assert world.differences(desired) == []


def test_quirk_1_a_create_that_is_never_answered_is_unclear(world):
    fault = {"service": "aws", "operation": "CreateQueue", "kind": "cutBefore", "times": None}
    world.sandbox.faults([fault])

    with pytest.raises(Unclear):
        world.provider.create(world.want("offers"))
    assert world.queues() == {}


def test_quirk_2_an_existing_queue_with_the_same_attributes_is_success(world):
    world.boto.create_queue(QueueName="offers", Attributes={"VisibilityTimeout": "30"})
    desired = world.want("offers", {"visibilityTimeout": 30, "tags": {"a": "b"}}, protect=True)

    created = world.provider.create(desired)

    assert created == world.see(desired)["offers"]
    assert world.differences(desired) == []


def test_quirk_2_a_queue_without_a_mark_that_differs_in_what_was_not_sent_is_not_ours(world):
    world.boto.create_queue(QueueName="offers", Attributes={"DelaySeconds": "7"})

    with pytest.raises(Rejected, match="is not ours; plan again"):
        world.provider.create(world.want("offers", {"visibilityTimeout": 30}))
    assert world.stored("offers")["tags"] == {}
    assert world.count("TagQueue") == 0


def test_quirk_2_a_queue_of_another_stack_with_the_same_attributes_is_not_taken_for_created(world):
    tags = {"reconciler:stack": "other", "team": "theirs"}
    world.boto.create_queue(QueueName="offers", Attributes={"DelaySeconds": "5"}, tags=tags)

    with pytest.raises(Rejected, match="bears the mark of the stack 'other'; plan again"):
        world.provider.create(world.want("offers", {"delay": 5, "tags": {"team": "pricing"}}))
    assert world.stored("offers")["tags"] == tags
    assert world.count("CreateQueue") == 2


def test_quirk_2_our_queue_that_turned_up_gets_its_new_tags_and_protection(world):
    tags = {"reconciler:stack": "acme", "team": "old", "kept": "1"}
    world.boto.create_queue(QueueName="offers", Attributes={"DelaySeconds": "5"}, tags=tags)
    desired = world.want("offers", {"delay": 5, "tags": {"team": "pricing"}}, protect=True)

    created = world.provider.create(desired)

    assert created == world.see(desired)["offers"]
    assert world.stored("offers")["tags"] == {
        "kept": "1",
        "reconciler:protect": "true",
        "reconciler:stack": "acme",
        "team": "pricing",
    }
    assert world.count("SetQueueAttributes") == 0


def test_quirk_3_our_queue_with_another_value_is_finished_as_an_update(world):
    world.boto.create_queue(
        QueueName="offers",
        Attributes={"DelaySeconds": "7", "MaximumMessageSize": "2048"},
        tags={"reconciler:stack": "acme", "team": "old"},
    )
    desired = world.want("offers", {"delay": 5, "tags": {"team": "pricing"}}, protect=True)

    world.provider.create(desired)

    assert world.differences(desired) == []
    assert world.stored("offers")["attributes"]["MaximumMessageSize"] == "2048"
    assert world.sent("SetQueueAttributes") == [
        {
            "QueueUrl": world.see(desired)["offers"].outputs["url"],
            "Attributes": {"DelaySeconds": "5"},
        }
    ]


def test_quirk_4_a_queue_that_was_changed_since_its_creation_is_changed_back(world):
    desired = world.want("offers", {"delay": 5})
    url = world.provider.create(desired).outputs["url"]
    world.boto.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})

    world.provider.create(desired)

    assert world.differences(desired) == []
    assert world.count("DeleteQueue") == 0


@pytest.mark.parametrize("tags", [{}, {"reconciler:stack": "other"}])
def test_a_queue_of_someone_else_that_turns_up_during_a_create_is_not_touched(world, tags):
    world.boto.create_queue(QueueName="offers", Attributes={"DelaySeconds": "7"}, tags=tags)

    with pytest.raises(Rejected, match="plan again"):
        world.provider.create(world.want("offers", {"delay": 5}))
    assert world.stored("offers")["attributes"]["DelaySeconds"] == "7"
    assert world.stored("offers")["tags"] == tags


def test_ignored_fields_of_a_queue_that_turns_up_are_left_alone(world):
    world.boto.create_queue(
        QueueName="offers",
        Attributes={"DelaySeconds": "7", "VisibilityTimeout": "9"},
        tags={"reconciler:stack": "acme"},
    )
    desired = world.want("offers", {"delay": 5, "visibilityTimeout": 60})
    desired = type(desired)(
        **{
            name: getattr(desired, name)
            for name in desired.__dataclass_fields__
            if name != "ignore"
        },
        ignore=frozenset({"delay"}),
    )

    world.provider.create(desired)

    stored = world.stored("offers")["attributes"]
    assert (stored["DelaySeconds"], stored["VisibilityTimeout"]) == ("7", "60")


def test_quirk_5_the_name_of_a_deleted_queue_is_waited_for(world, caplog):
    world.sandbox.settings(queueQuarantineSeconds=3600)
    desired = world.want("offers")
    world.provider.delete(world.provider.create(desired))
    world.clock.at[80.0] = lambda: world.sandbox.settings(queueQuarantineSeconds=0)

    with caplog.at_level(logging.WARNING):
        world.provider.create(desired)

    assert list(world.queues()) == ["offers"]
    assert world.clock.now() >= 80
    assert "rest for 60 seconds" in caplog.text


def test_quirk_5_a_name_that_is_not_free_after_90_seconds_is_explained(world):
    world.sandbox.settings(queueQuarantineSeconds=3600)
    desired = world.want("offers")
    world.provider.delete(world.provider.create(desired))

    with pytest.raises(Rejected, match="rest for 60 seconds"):
        world.provider.create(desired)
    assert 90 <= world.clock.now() <= 120


def test_quirk_6_a_queue_that_is_there_but_not_readable_yet_is_waited_for(world):
    desired = world.want("offers", {"delay": 5})
    url = world.provider.create(desired).outputs["url"]
    world.boto.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})
    world.middleman.refuses("GetQueueUrl", NO_QUEUE, times=2)
    world.middleman.passes("GetQueueUrl")
    world.middleman.refuses("GetQueueAttributes", NO_QUEUE)

    world.provider.create(desired)

    assert world.differences(desired) == []


def test_quirk_38_a_policy_with_a_new_role_is_tried_again_for_a_minute(world):
    role = "arn:aws:iam::123456789012:role/made-just-now"
    desired = world.want("offers", {"grants": [{"to": role, "actions": ["SendMessage"]}]})
    refusal = "Invalid value for the parameter Policy."
    world.middleman.refuses("CreateQueue", "InvalidAttributeValue", refusal, times=4)

    world.provider.create(desired)

    assert world.differences(desired) == []
    assert world.clock.now() > 0


def test_quirk_38_a_role_that_never_appears_is_explained(world):
    role = "arn:aws:iam::123456789012:role/missing"
    refusal = "Invalid value for the parameter Policy."
    live = world.provider.create(world.want("offers"))
    world.middleman.refuses("SetQueueAttributes", "InvalidAttributeValue", refusal, times=100)
    desired = world.want("offers", {"grants": [{"to": role, "actions": ["SendMessage"]}]})

    with pytest.raises(Rejected, match="a principal that does not exist"):
        world.provider.update(desired, live, [FieldChange(path="policy", before=None, after={})])
    assert 55 <= world.clock.now() <= 65
    world.middleman.clear()


@pytest.mark.parametrize("message", ["Invalid value for the parameter Policy.", "Nonsense."])
def test_quirk_35_an_invalid_value_is_not_tried_again(world, message):
    world.middleman.refuses("CreateQueue", "InvalidAttributeValue", message)

    with pytest.raises(Rejected):
        world.provider.create(world.want("offers", {"grants": [{"to": "amazon-notifications"}]}))
    assert len(world.middleman.bodies("CreateQueue")) == 1


def test_a_wait_ends_when_the_refusal_becomes_another(world):
    role = "arn:aws:iam::123456789012:role/made-just-now"
    desired = world.want("offers", {"grants": [{"to": role, "actions": ["SendMessage"]}]})
    refusal = "Invalid value for the parameter Policy."
    world.middleman.refuses("CreateQueue", "InvalidAttributeValue", refusal)
    world.middleman.refuses("CreateQueue", "InvalidAddress")

    with pytest.raises(Rejected, match="InvalidAddress"):
        world.provider.create(desired)


# Updating


CHANGES = {
    "a number": ({"delay": 5}, {"delay": 6}, {"DelaySeconds"}),
    "back to the default": ({"delay": 5}, {}, {"DelaySeconds"}),
    "two numbers": (
        {},
        {"visibilityTimeout": 1, "receiveMessageWaitTime": 2},
        {"VisibilityTimeout", "ReceiveMessageWaitTimeSeconds"},
    ),
    "a message size": (
        {"maximumMessageSize": 2048},
        {"maximumMessageSize": 4096},
        {"MaximumMessageSize"},
    ),
    "a policy": ({}, {"grants": [{"to": "amazon-notifications"}]}, {"Policy"}),
    "quirk_40 no more policy": ({"grants": [{"to": "amazon-notifications"}]}, {}, {"Policy"}),
    "redrive for nobody": ({}, {"redriveAllow": "none"}, {"RedriveAllowPolicy"}),
    "redrive for all again": ({"redriveAllow": "none"}, {}, {"RedriveAllowPolicy"}),
    "a key": (
        {},
        {"encryption": {"kmsKey": "alias/x"}},
        {"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"},
    ),
    "another reuse": (
        {"encryption": {"kmsKey": "alias/x"}},
        {"encryption": {"kmsKey": "alias/x", "dataKeyReuse": 600}},
        {"KmsDataKeyReusePeriodSeconds"},
    ),
    "no encryption": ({}, {"encryption": "none"}, {"SqsManagedSseEnabled"}),
    "encryption again": ({"encryption": "none"}, {}, {"SqsManagedSseEnabled"}),
    "no key and no encryption": (
        {"encryption": {"kmsKey": "alias/x"}},
        {"encryption": "none"},
        {"KmsMasterKeyId"},
    ),
}


@pytest.mark.parametrize(("before", "after", "sent"), CHANGES.values(), ids=CHANGES.keys())
def test_an_update_sends_exactly_what_changed(world, before, after, sent):
    world.provider.create(world.want("offers", before))
    desired = world.want("offers", after)

    assert world.converge(desired)

    assert world.differences(desired) == []
    (body,) = world.sent("SetQueueAttributes")
    assert set(body["Attributes"]) == sent


def test_fifo_settings_change_together(world):
    name = {"name": "o.fifo", "fifo": True}
    world.provider.create(world.want("o", name))
    groups = {"deduplicationScope": "messageGroup", "fifoThroughputLimit": "perMessageGroupId"}

    for yaml in ({**name, **groups, "contentBasedDeduplication": True}, name):
        world.converge(world.want("o", yaml))

        assert world.differences(world.want("o", yaml)) == []


def test_quirk_23_from_a_key_to_managed_encryption_takes_two_calls_and_a_look(world):
    world.provider.create(world.want("offers", {"encryption": {"kmsKey": "alias/x"}}))
    desired = world.want("offers", {"delay": 5})
    live = world.see(desired)["offers"]
    world.sandbox.clear_calls()

    world.provider.update(
        desired,
        live,
        [
            FieldChange(path="delay", before=0, after=5),
            FieldChange(path="encryption", before={"kmsKey": "alias/x"}, after="sqs"),
        ],
    )

    assert [body["Attributes"] for body in world.sent("SetQueueAttributes")] == [
        {"DelaySeconds": "5", "KmsMasterKeyId": ""},
        {"SqsManagedSseEnabled": "true"},
    ]
    # One look that the encryption is on, two that the delay shows.
    assert world.count("GetQueueAttributes") == 3
    assert world.differences(desired) == []


def test_quirk_31_encryption_that_does_not_show_is_a_warning(world, caplog):
    live = world.provider.create(world.want("offers", {"encryption": {"kmsKey": "alias/x"}}))
    found = world.boto.get_queue_attributes(QueueUrl=live.outputs["url"], AttributeNames=["All"])[
        "Attributes"
    ]
    world.middleman.answers("GetQueueAttributes", *[{"Attributes": found}] * 13)

    with caplog.at_level(logging.WARNING):
        world.provider.update(
            world.want("offers"), live, [FieldChange(path="encryption", before={}, after="sqs")]
        )

    assert "does not show yet" in caplog.text
    assert 55 <= world.clock.now() <= 65


def test_quirk_31_a_change_is_waited_for_until_two_reads_in_a_row_show_it(world, caplog):
    live = world.provider.create(world.want("offers"))
    old = world.boto.get_queue_attributes(QueueUrl=live.outputs["url"], AttributeNames=["All"])
    new = {**old["Attributes"], "VisibilityTimeout": "90"}
    stale, fresh = ({"Attributes": found} for found in (old["Attributes"], new))
    world.middleman.answers("GetQueueAttributes", fresh, stale, stale, fresh, fresh, fresh)

    with caplog.at_level(logging.WARNING):
        world.provider.update(
            world.want("offers", {"visibilityTimeout": 90}),
            live,
            [FieldChange(path="visibilityTimeout", before=30, after=90)],
        )

    assert caplog.text == ""
    assert 0 < world.clock.now() <= 60


@pytest.mark.parametrize(("limit", "reads", "seconds"), [(None, 26, 60), (20, 8, 15)])
def test_quirk_31_a_change_that_never_shows_is_a_warning_after_a_minute_or_at_the_time_limit(
    world, caplog, limit, reads, seconds
):
    live = world.provider.create(world.want("offers"))
    old = world.boto.get_queue_attributes(QueueUrl=live.outputs["url"], AttributeNames=["All"])
    stale = {"Attributes": old["Attributes"]}
    world.middleman.answers("GetQueueAttributes", *[stale] * reads)
    ending = limit and Halt(threading.Event(), TimeLimit(limit, world.clock.now))

    with caplog.at_level(logging.WARNING), on_errand(ending):
        world.provider.update(
            world.want("offers", {"visibilityTimeout": 90}),
            live,
            [FieldChange(path="visibilityTimeout", before=30, after=90)],
        )

    assert "the new visibilityTimeout" in caplog.text
    assert world.clock.now() == seconds


def test_quirk_26_a_removed_dead_letter_queue_is_cleared_with_an_empty_text(world):
    world.provider.create(world.want("dlq"))
    dead = {"deadLetter": {"queue": world.arn("dlq"), "maxReceives": 5}}
    world.provider.create(world.want("offers", dead))

    world.converge(world.want("offers"))

    (body,) = world.sent("SetQueueAttributes")
    assert body["Attributes"] == {"RedrivePolicy": ""}
    assert "RedrivePolicy" not in world.stored("offers")["attributes"]


def test_quirk_27_another_count_of_receives_is_sent_with_its_queue(world):
    world.provider.create(world.want("dlq"))
    for count in (5, 6):
        dead = {"deadLetter": {"queue": world.arn("dlq"), "maxReceives": count}}
        desired = world.want("offers", dead)
        if count == 5:
            world.provider.create(desired)
        else:
            changes = world.converge(desired)

    assert [change.path for change in changes] == ["deadLetter.maxReceives"]
    assert world.differences(desired) == []


def test_quirk_45_exactly_the_changed_tags_are_written_and_removed(world):
    url = world.boto.create_queue(
        QueueName="offers", tags={"same": "1", "other": "1", "gone": "1", "a.b": "1"}
    )["QueueUrl"]
    desired = world.want("offers", {"tags": {"same": "1", "other": "", "new": "1"}}, protect=True)

    world.converge(desired)

    (tagged,), (untagged,) = world.sent("TagQueue"), world.sent("UntagQueue")
    assert set(tagged["Tags"]) == {"other", "new", "reconciler:stack", "reconciler:protect"}
    assert untagged == {
        "QueueUrl": url.replace(world.sandbox.url, world.middleman.url),
        "TagKeys": ["a.b", "gone"],
    }
    assert world.count("SetQueueAttributes") == 0
    assert world.differences(desired) == []


@pytest.mark.parametrize(
    ("before", "after"), [({}, {"a": "1", "b": ""}), ({"a": "1"}, {}), ({"a": "1"}, {"b": "2"})]
)
def test_quirk_45_tags_may_change_as_a_whole(world, before, after):
    live = world.provider.create(world.want("offers", {"tags": before}, protect=True))
    desired = world.want("offers", {"tags": after}, protect=True)
    change = FieldChange(path="tags", before=before, after=after)

    world.provider.update(desired, live, [change])

    assert world.differences(desired) == []


def test_a_protection_that_is_lifted_loses_its_mark(world):
    world.provider.create(world.want("offers", protect=True))

    world.converge(world.want("offers"))

    assert world.stored("offers")["tags"] == {"reconciler:stack": "acme"}


def test_an_update_leaves_what_it_does_not_name_alone(world):
    world.boto.create_queue(
        QueueName="offers", Attributes={"DelaySeconds": "7", "Policy": ""}, tags={"mine": "1"}
    )
    desired = world.want("offers", {"visibilityTimeout": 60})
    live = world.see(desired)["offers"]

    after = world.provider.update(
        desired, live, [FieldChange(path="visibilityTimeout", before=30, after=60)]
    )

    assert after.spec == live.spec.model_copy(update={"visibility_timeout": 60})
    assert world.stored("offers")["attributes"]["DelaySeconds"] == "7"
    assert world.stored("offers")["tags"] == {"mine": "1"}


def test_a_queue_that_vanished_cannot_be_updated(world):
    live = world.provider.create(world.want("offers"))
    world.provider.delete(live)

    with pytest.raises(Missing):
        world.provider.update(
            world.want("offers"), live, [FieldChange(path="delay", before=0, after=5)]
        )


# Deleting


def test_quirk_7_deleting_what_is_gone_is_done(world):
    live = world.provider.create(world.want("offers"))

    world.provider.delete(live)
    world.provider.delete(live)

    assert world.queues() == {}
    assert world.count("DeleteQueue") == 2


def test_quirk_42_a_permission_added_by_hand_needs_nothing(world):
    desired = world.want("offers", {"grants": [{"to": "amazon-notifications"}]})
    url = world.boto.create_queue(QueueName="offers", tags={"reconciler:stack": "acme"})["QueueUrl"]
    world.boto.add_permission(
        QueueUrl=url,
        Label="sellers",
        AWSAccountIds=["437568002678"],
        Actions=["SendMessage", "GetQueueAttributes"],
    )

    assert world.differences(desired) == []


# The right account


NOTHING = Scope("aws-eu", (Queue,)), Interest("acme", (), False, print)
WRITES = {
    "observe": lambda world, provider, live: list(provider.observe(*NOTHING)),
    "create": lambda world, provider, live: provider.create(world.want("offers")),
    "update": lambda world, provider, live: provider.update(
        world.want("offers"), live, [FieldChange(path="delay", before=0, after=5)]
    ),
    "delete": lambda world, provider, live: provider.delete(live),
}


@pytest.mark.parametrize("verb", WRITES.values(), ids=WRITES.keys())
def test_nothing_is_read_or_written_in_another_account(world, verb):
    live = world.provider.create(world.want("old"))
    world.sandbox.clear_calls()
    wrong = world.another(world.account, AwsKeys("999988887777", "secret"))

    with pytest.raises(PlanRefused) as refused:
        verb(world, wrong, live)

    assert world.sandbox.counts() == {"aws.GetCallerIdentity": 1}
    for part in ("999988887777", "123456789012", "accounts.aws-eu"):
        assert part in str(refused.value)
    wrong.close()


def test_the_account_is_verified_once(world, threads):
    threads(world.provider.create, [world.want(f"q{n}") for n in range(8)])
    world.see()

    assert world.count("GetCallerIdentity") == 1


def test_a_role_is_assumed_with_the_profiles_own_credentials(world, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text(
        "[profile acme]\naws_access_key_id = 999988887777\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    account = AwsAccount(
        **{
            **world.account.model_dump(by_alias=False),
            "profile": "acme",
            "role_arn": "arn:aws:iam::123456789012:role/reconciler",
        }
    )
    provider = type(world.provider)("aws-eu", account, clock=world.clock, secrets=Secrets())

    provider.create(world.want("offers"))
    provider.close()

    assert list(world.queues()) == ["offers"]
    assert world.count("AssumeRole") == 1


def test_a_role_that_may_not_be_assumed_is_named(world, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999988887777")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    world.sandbox.faults([{"service": "aws", "operation": "AssumeRole", "kind": "denied"}])
    role = "arn:aws:iam::123456789012:role/reconciler"
    account = world.account.model_copy(update={"role_arn": role})
    provider = type(world.provider)("aws-eu", account, clock=world.clock, secrets=Secrets())

    with pytest.raises(Denied, match="AssumeRole"):
        list(provider.observe(*NOTHING))
    provider.close()


def test_an_account_that_is_not_answered_for_keeps_no_thread_that_others_share(world):
    clients = connect(world.account, AwsKeys("123456789012", "secret"), Secrets(), None)
    with ThreadPoolExecutor(1) as shared:
        asked_on = clients.get_ready(threading.get_ident, side_by_side(shared))
    assert asked_on == threading.get_ident()
    assert {"sqs", "events"} <= clients.made.keys()
    clients.close()
