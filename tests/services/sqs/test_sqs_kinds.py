"""What may be declared, what it stands for, and how it meets what SQS reports."""

import json
import subprocess
import sys
import tracemalloc

import pytest
from pydantic import ValidationError

from reconciler.core.model.objects import Desired, Position
from reconciler.core.service import Context
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.attributes import check, queue_from, to_create, to_set
from reconciler.services.sqs.events.specs import EventBus
from reconciler.services.sqs.kinds import QueueDeclaration
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.reading import live_queue
from reconciler.services.sqs.service import SERVICE

ACCOUNT = AwsAccount(service="aws", region="eu-west-1", account_id="123456789012")
ARN = "arn:aws:sqs:eu-west-1:123456789012:"
FRESH = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "CreatedTimestamp": "1700000000",
    "DelaySeconds": "0",
    "LastModifiedTimestamp": "1700000000",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "QueueArn": f"{ARN}offers",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
FRESH_FIFO = {
    **FRESH,
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


def declared(yaml=None, key="offers", account=ACCOUNT):
    (member,) = QueueDeclaration.model_validate(yaml or {}).members(
        Context("acme", key, "aws-eu", account)
    )
    return member


def spec(yaml=None, key="offers"):
    return declared(yaml, key).spec


def live(key="offers", **attributes):
    return queue_from(ACCOUNT, key, {**FRESH, **attributes}, {})


def same_but_size(queue, other):
    return queue == other.model_copy(update={"maximum_message_size": queue.maximum_message_size})


def test_a_fresh_queue_equals_a_declaration_of_nothing():
    assert same_but_size(spec(), live())


def test_a_fresh_fifo_queue_equals_a_declaration_of_nothing_but_fifo():
    fresh = queue_from(ACCOUNT, "offers.fifo", FRESH_FIFO, {})

    assert same_but_size(spec({"fifo": True, "name": "offers.fifo"}), fresh)


KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
SAME = {
    "quirk_17_numbers_are_text": ({"visibilityTimeout": 120}, {"VisibilityTimeout": "120"}),
    "durations": ({"visibilityTimeout": "2m"}, {"VisibilityTimeout": "120"}),
    "days": ({"messageRetentionPeriod": "14d"}, {"MessageRetentionPeriod": "1209600"}),
    "delay": ({"delay": "90s"}, {"DelaySeconds": "90"}),
    "waits": ({"receiveMessageWaitTime": 20}, {"ReceiveMessageWaitTimeSeconds": "20"}),
    "sizes": ({"maximumMessageSize": "256KiB"}, {"MaximumMessageSize": "262144"}),
    "unencrypted": ({"encryption": "none"}, {"SqsManagedSseEnabled": "false"}),
    "quirk_22_a_key_turns_managed_encryption_off": (
        {"encryption": {"kmsKey": "alias/x"}},
        {
            "SqsManagedSseEnabled": "false",
            "KmsMasterKeyId": "alias/x",
            "KmsDataKeyReusePeriodSeconds": "300",
        },
    ),
    "own_alias_by_arn": (
        {"encryption": {"kmsKey": "alias/x"}},
        {"KmsMasterKeyId": "arn:aws:kms:eu-west-1:123456789012:alias/x"},
    ),
    "own_key_by_arn": (
        {"encryption": {"kmsKey": KEY}},
        {"KmsMasterKeyId": f"arn:aws:kms:eu-west-1:123456789012:key/{KEY}"},
    ),
    "own_key_by_id": (
        {"encryption": {"kmsKey": f"arn:aws:kms:eu-west-1:123456789012:key/{KEY}"}},
        {"KmsMasterKeyId": KEY.upper()},
    ),
    "own_alias_by_name": (
        {"encryption": {"kmsKey": "arn:aws:kms:eu-west-1:123456789012:alias/x"}},
        {"KmsMasterKeyId": "alias/x"},
    ),
    "key_reuse_default": (
        {"encryption": {"kmsKey": "alias/x", "dataKeyReuse": "5m"}},
        {"KmsMasterKeyId": "alias/x"},
    ),
    "quirk_27_counts_are_numbers_or_text": (
        {"deadLetter": {"queue": f"{ARN}dlq", "maxReceives": 5}},
        {"RedrivePolicy": f'{{"maxReceiveCount":"5","deadLetterTargetArn":"{ARN}dlq"}}'},
    ),
    "quirk_28_white_space_and_key_order": (
        {"deadLetter": {"queue": f"{ARN}dlq", "maxReceives": 5}},
        {"RedrivePolicy": f'{{ "deadLetterTargetArn" : "{ARN}dlq", "maxReceiveCount":5 }}'},
    ),
    "quirk_29_all_is_the_default": (
        {"redriveAllow": "all"},
        {"RedriveAllowPolicy": '{"redrivePermission":"allowAll","sourceQueueArns":null}'},
    ),
    "nobody_may_redrive": (
        {"redriveAllow": "none"},
        {"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'},
    ),
    "quirk_29_sources_in_any_order": (
        {"redriveAllow": [f"{ARN}b", f"{ARN}a"]},
        {
            "RedriveAllowPolicy": '{"sourceQueueArns":'
            f'["{ARN}a","{ARN}b"],"redrivePermission":"byQueue"}}'
        },
    ),
    "quirk_40_no_policy": ({"policy": None}, {"Policy": ""}),
    "quirk_40_an_empty_policy": ({"policy": {}}, {"Policy": "{}"}),
    "no_grants": ({"grants": []}, {}),
    "quirk_33_unknown_attributes": ({}, {"Shininess": "full"}),
}


def test_whether_an_alias_and_a_key_are_the_same_is_said_to_be_unknown():
    alias, key = (spec({"encryption": {"kmsKey": name}}) for name in ("alias/x", KEY))
    for before, after in ((alias, key), (key, alias)):
        assert any("only KMS knows" in note for note in after.notes(before))
    assert not any("only KMS" in note for note in key.notes(spec({"encryption": "none"})))
    assert not any("only KMS" in note for note in alias.notes(alias))


POLICY = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:PurgeQueue"}]}


@pytest.mark.parametrize(
    ("yaml", "advice"),
    [
        ({}, "add `grants: [{to: amazon-notifications}]` to it"),
        ({"grants": [{"to": "444455556666", "actions": "all"}]}, "add `grants: [{to: amazon-"),
        ({"policy": POLICY}, 'add the statement `{Effect: Allow, Principal: {AWS: "437568002678"}'),
    ],
)
def test_advice_fits_what_is_declared(yaml, advice):
    queue = spec(yaml)
    [obstacle] = queue.delivery.obstacles(queue, "437568002678")
    assert advice in obstacle
    assert ("grants" in obstacle) is ("policy" not in yaml)


@pytest.mark.parametrize(("yaml", "attributes"), SAME.values(), ids=SAME.keys())
def test_spellings_of_the_same_setting_are_equal(yaml, attributes):
    assert same_but_size(spec(yaml), live(**attributes))


DIFFERENT = {
    "another_number": ({"delay": 1}, {}),
    "a_foreign_alias": (
        {"encryption": {"kmsKey": "alias/x"}},
        {"KmsMasterKeyId": "arn:aws:kms:eu-west-1:999999999999:alias/x"},
    ),
    "a_foreign_key": (
        {"encryption": {"kmsKey": KEY}},
        {"KmsMasterKeyId": f"arn:aws:kms:eu-west-1:999999999999:key/{KEY}"},
    ),
    "a_key_of_another_region": (
        {"encryption": {"kmsKey": KEY}},
        {"KmsMasterKeyId": f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"},
    ),
    "no_encryption": ({}, {"SqsManagedSseEnabled": "false"}),
    "quirk_16_an_undeclared_setting": ({}, {"VisibilityTimeout": "60"}),
    "fewer_receives": (
        {"deadLetter": {"queue": f"{ARN}dlq", "maxReceives": 5}},
        {"RedrivePolicy": f'{{"maxReceiveCount":4,"deadLetterTargetArn":"{ARN}dlq"}}'},
    ),
}


@pytest.mark.parametrize(("yaml", "attributes"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_settings_are_not_equal(yaml, attributes):
    assert not same_but_size(spec(yaml), live(**attributes))


def test_quirk_20_a_size_that_is_not_declared_stays_unsaid():
    assert spec().maximum_message_size is None
    assert "maximumMessageSize" in Queue.optional
    assert spec({"maximumMessageSize": 1048576}).maximum_message_size == 1048576


def test_quirk_16_only_declared_settings_are_sent_on_create():
    assert to_create(spec()) == {}
    assert to_create(spec({"visibilityTimeout": 30, "policy": None, "deadLetter": None})) == {
        "VisibilityTimeout": "30"
    }


def test_quirk_18_fifo_attributes_are_sent_for_fifo_queues_only():
    fifo = spec({"fifo": True, "name": "offers.fifo", "contentBasedDeduplication": True})

    assert to_create(fifo) == {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    assert not {"FifoQueue", "ContentBasedDeduplication"} & set(to_set(spec(), Queue.model_fields))


def test_quirk_26_nothing_is_written_as_nothing():
    cleared = to_set(spec(), {"dead_letter", "policy"})

    assert cleared == {"RedrivePolicy": "", "Policy": ""}


def test_quirk_29_no_sources_are_sent_where_none_are_named():
    assert to_set(spec({"redriveAllow": "none"}), {"redrive_allow"}) == {
        "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'
    }


def test_quirk_24_a_key_and_managed_encryption_are_never_sent_together():
    key = to_set(spec({"encryption": {"kmsKey": "alias/x"}}), {"encryption"})

    assert key == {"KmsMasterKeyId": "alias/x", "KmsDataKeyReusePeriodSeconds": "300"}
    assert to_set(spec(), {"encryption"}) == {"SqsManagedSseEnabled": "true"}


def test_a_queue_survives_a_snapshot():
    yaml = {
        "deadLetter": {"queue": f"{ARN}dlq", "maxReceives": 5},
        "encryption": {"kmsKey": "alias/x"},
        "grants": [{"to": "amazon-notifications"}],
        "redriveAllow": [f"{ARN}b", f"{ARN}a"],
        "tags": {"b": "2", "a": "1"},
    }

    held = spec(yaml).model_dump(mode="json", exclude_unset=True)
    assert Queue.model_validate(held) == spec(yaml)


def test_a_live_queue_takes_less_than_4_kib():
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
                "Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
                "Resource": f"{ARN}KEY",
            }
        ],
    }
    redrive = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 5})

    def make(number):
        key = f"offers-{number:03}"
        told = FRESH | {
            "RedrivePolicy": redrive,
            "Policy": json.dumps(policy).replace("KEY", key),
            "QueueArn": ARN + key,
        }
        outputs = {"arn": ARN + key, "url": f"https://sqs/{key}"}
        item = live_queue("aws-eu", ACCOUNT, outputs, told, {"team": "pricing"})
        return item, item.live_address, item.handle

    make(0)  # what the first one brings with it is kept once
    tracemalloc.start()
    try:
        kept = [make(number) for number in range(1, 151)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(kept) < 4096


def test_arn_and_url_are_known_before_the_queue_exists():
    at_home = AwsAccount(
        service="aws", region="eu-west-1", account_id="123456789012", endpoint="http://127.0.0.1:5/"
    )

    assert declared().outputs == {
        "arn": f"{ARN}offers",
        "url": "https://sqs.eu-west-1.amazonaws.com/123456789012/offers",
    }
    assert declared(account=at_home).outputs["url"] == "http://127.0.0.1:5/123456789012/offers"


@pytest.mark.parametrize(
    ("region", "arn", "host"),
    [
        ("cn-north-1", "arn:aws-cn:sqs", "https://sqs.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "arn:aws-us-gov:sqs", "https://sqs.us-gov-west-1.amazonaws.com/"),
    ],
)
def test_partitions_follow_from_the_region(region, arn, host):
    account = AwsAccount(service="aws", region=region, account_id="123456789012")

    assert account.queue_outputs("x")["arn"].startswith(arn)
    assert account.queue_outputs("x")["url"].startswith(host)


def test_a_queue_is_referred_to_by_its_arn():
    member = declared({"deadLetter": {"queue": f"{ARN}dlq", "maxReceives": 5}})

    assert member.spec.handle("aws-eu", member.outputs) == f"{ARN}offers"


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("visibilityTimeout", {"visibilityTimeout": "seconds"}),
        ("maximumMessageSize", {"maximumMessageSize": "bytes"}),
        ("encryption", {"encryption.dataKeyReuse": "seconds"}),
        ("encryption.dataKeyReuse", {"encryption.dataKeyReuse": "seconds"}),
        ("fifo", {}),
    ],
)
def test_durations_and_sizes_know_their_unit(path, units):
    assert Queue.units(path) == units


GRANTS = {
    "the notifications": (
        {"to": "amazon-notifications"},
        "arn:aws:iam::437568002678:root",
        ["sqs:GetQueueAttributes", "sqs:SendMessage"],
    ),
    "an account with all rights": (
        {"to": "444455556666", "actions": "all"},
        "arn:aws:iam::444455556666:root",
        ["sqs:*"],
    ),
    "everyone": ({"to": "*", "actions": ["receivemessage"]}, "*", ["sqs:ReceiveMessage"]),
    "a role": (
        {"to": "arn:aws:iam::444455556666:role/a/b", "actions": ["SendMessage"]},
        "arn:aws:iam::444455556666:role/a/b",
        ["sqs:SendMessage"],
    ),
}


@pytest.mark.parametrize(("grant", "who", "actions"), GRANTS.values(), ids=GRANTS.keys())
def test_a_grant_is_a_statement_of_the_policy(grant, who, actions):
    assert spec({"grants": [grant]}).policy == {
        "Statement": [
            {
                "Action": actions,
                "Effect": "Allow",
                "Principal": {"AWS": [who]},
                "Resource": [f"{ARN}offers"],
            }
        ]
    }


def test_quirk_41_a_declared_policy_without_version_is_written_with_the_current_one():
    raw = {
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Condition": {"StringLike": {"aws:userid": "${aws:userid}"}},
        }
    }

    assert spec({"policy": raw}).policy["Version"] == "2012-10-17"


REFUSED = {
    "fifo as text": ({"fifo": "yes"}, ("fifo",), ""),
    "deduplication on a standard queue": (
        {"contentBasedDeduplication": False},
        ("contentBasedDeduplication",),
        "only FIFO queues",
    ),
    "scope on a standard queue": (
        {"deduplicationScope": "queue"},
        ("deduplicationScope",),
        "only FIFO queues",
    ),
    "quirk_30 a limit that does not fit its scope": (
        {"fifo": True, "name": "x.fifo", "fifoThroughputLimit": "perMessageGroupId"},
        ("fifoThroughputLimit",),
        "needs `deduplicationScope: messageGroup`",
    ),
    "quirk_10 .fifo on a standard queue": ({"name": "x.fifo"}, ("name",), "needs `fifo: true`"),
    "quirk_10 no .fifo on a FIFO queue": (
        {"fifo": True, "name": "x"},
        ("name",),
        "must end in .fifo",
    ),
    "quirk_10 81 characters": ({"name": "x" * 81}, ("name",), "at most 80"),
    "quirk_10 81 characters with suffix": (
        {"fifo": True, "name": "x" * 76 + ".fifo"},
        ("name",),
        "at most 80",
    ),
    "a dot in the name": ({"name": "a.b"}, ("name",), "letters, digits"),
    "an empty name": ({"name": ""}, ("name",), "letters, digits"),
    "a long timeout": ({"visibilityTimeout": "13h"}, ("visibilityTimeout",), "0s to 12h"),
    "a short retention": (
        {"messageRetentionPeriod": 59},
        ("messageRetentionPeriod",),
        "1m to 14d",
    ),
    "a long delay": ({"delay": 901}, ("delay",), "0s to 15m"),
    "a long poll": ({"receiveMessageWaitTime": 21}, ("receiveMessageWaitTime",), "0s to 20s"),
    "quirk_20 a big message": (
        {"maximumMessageSize": 1048577},
        ("maximumMessageSize",),
        "1KiB to 1MiB",
    ),
    "a negative duration": ({"delay": -1}, ("delay",), "0s to 15m"),
    "an unknown encryption": ({"encryption": "kms"}, ("encryption",), "expected sqs, none"),
    "encryption without key": ({"encryption": {"dataKeyReuse": 60}}, ("encryption", "kmsKey"), ""),
    "an unknown key in encryption": (
        {"encryption": {"kmsKey": "alias/x", "key": 1}},
        ("encryption", "key"),
        "",
    ),
    "a key that is none": ({"encryption": {"kmsKey": "x"}}, ("encryption",), "alias/NAME"),
    "a short reuse": (
        {"encryption": {"kmsKey": "alias/x", "dataKeyReuse": 59}},
        ("encryption",),
        "1m to 1d",
    ),
    "no receives": (
        {"deadLetter": {"queue": "dlq", "maxReceives": 0}},
        ("deadLetter",),
        "1 to 1000",
    ),
    "receives as truth": (
        {"deadLetter": {"queue": "dlq", "maxReceives": True}},
        ("deadLetter", "maxReceives"),
        "a valid integer",
    ),
    "half a dead letter": ({"deadLetter": {"queue": "dlq"}}, ("deadLetter", "maxReceives"), ""),
    "redrive for some": ({"redriveAllow": "some"}, ("redriveAllow",), "expected all, none"),
    "redrive for none by list": ({"redriveAllow": []}, ("redriveAllow",), "1 to 10 queues, not 0"),
    "a tag of AWS": ({"tags": {"aws:x": "1"}}, ("tags",), "reserved by AWS"),
    "a tag of ours": ({"tags": {"reconciler:stack": "x"}}, ("tags",), "by the reconciler itself"),
    "a tag without key": ({"tags": {"": "x"}}, ("tags",), "1 to 128"),
    "a long tag": ({"tags": {"x": "y" * 257}}, ("tags",), "over 256"),
    "many tags": ({"tags": {str(n): "" for n in range(49)}}, ("tags",), "at most 48"),
    "a tag that is a number": ({"tags": {"x": 1}}, ("tags", "x"), ""),
    "a grant of nothing": (
        {"grants": [{"to": "444455556666"}]},
        ("grants", 0, "actions"),
        "say which actions",
    ),
    "a grant to a number": (
        {"grants": [{"to": 444455556666, "actions": "all"}]},
        ("grants", 0, "to"),
        "in quotes",
    ),
    "a grant to a name": (
        {"grants": [{"to": "amazon", "actions": "all"}]},
        ("grants", 0, "to"),
        "expected amazon-notifications",
    ),
    "a grant of one word": (
        {"grants": [{"to": "*", "actions": "SendMessage"}]},
        ("grants", 0, "actions"),
        "expected all, or a list",
    ),
    "a grant of an unknown action": (
        {"grants": [{"to": "*", "actions": ["Send"]}]},
        ("grants", 0, "actions"),
        "is not an SQS action",
    ),
    "a grant of no action": (
        {"grants": [{"to": "*", "actions": []}]},
        ("grants", 0, "actions"),
        "1 to 7 actions",
    ),
    "a policy that is a list": ({"policy": []}, ("policy",), ""),
    "a policy without effect": (
        {"policy": {"Statement": [{"Principal": "*", "Action": "sqs:*"}]}},
        ("policy",),
        "'Effect' is missing",
    ),
    "an unknown key": ({"visibilitytimeout": 1}, ("visibilitytimeout",), ""),
}


@pytest.mark.parametrize(("yaml", "where", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_sqs_would_refuse_is_refused_offline(yaml, where, sentence):
    with pytest.raises(ValidationError) as refused:
        QueueDeclaration.model_validate(yaml)

    (problem,) = refused.value.errors()
    assert problem["loc"] == where
    assert sentence in problem["msg"]


@pytest.mark.parametrize(
    "yaml",
    [
        {"name": "x" * 80},
        {"name": "x" * 75 + ".fifo", "fifo": True},
        {"maximumMessageSize": "1MiB"},
        {"visibilityTimeout": "12h", "messageRetentionPeriod": "14d", "delay": "15m"},
        {
            "fifo": True,
            "name": "x.fifo",
            "deduplicationScope": "messageGroup",
            "fifoThroughputLimit": "perMessageGroupId",
        },
        {"encryption": {"kmsKey": "arn:aws:kms:eu-west-1:999999999999:key/ab-1"}},
        {"encryption": {"kmsKey": "1234abcd-12ab-34cd-56ef-1234567890ab"}},
        {"tags": {str(n): "" for n in range(48)}},
    ],
)
def test_quirk_10_what_is_just_within_the_limits_is_accepted(yaml):
    assert declared(yaml).spec


@pytest.mark.parametrize(
    ("key", "yaml", "advice"),
    [
        ("offers", {"fifo": True}, "write `name: offers.fifo`"),
        ("offers.fifo", {}, "needs `fifo: true`"),
        ("my offers", {}, "write `name: NAME`"),
    ],
)
def test_a_key_that_is_no_queue_name_needs_a_name(key, yaml, advice):
    with pytest.raises(ValueError, match="without `name`") as refused:
        declared(yaml, key)

    assert advice in str(refused.value)


def test_quirk_43_a_policy_over_the_limits_is_refused_with_its_queue_known():
    grants = [{"to": f"{n:012}", "actions": "all"} for n in range(21)]

    with pytest.raises(ValueError, match="21 statements, and SQS allows 20"):
        declared({"grants": grants})


ACCOUNT_FAULTS = {
    "an id that is a number": ({"accountId": 123456789012}, "accountId", "in quotes"),
    "a short id": ({"accountId": "1234"}, "accountId", "12 digits"),
    "no region": ({"region": "europe"}, "region", "such as eu-west-1"),
    "a role that is none": ({"roleArn": "reconciler"}, "roleArn", "the ARN of a role"),
    "an endpoint in the clear": ({"endpoint": "http://sqs.example.com"}, "endpoint", "use https"),
}


@pytest.mark.parametrize(
    ("yaml", "where", "sentence"), ACCOUNT_FAULTS.values(), ids=ACCOUNT_FAULTS.keys()
)
def test_an_account_that_cannot_be_is_refused(yaml, where, sentence):
    sound = {"service": "aws", "region": "eu-west-1", "accountId": "123456789012"}

    with pytest.raises(ValidationError) as refused:
        AwsAccount.model_validate({**sound, **yaml})

    (problem,) = refused.value.errors()
    assert problem["loc"] == (where,)
    assert sentence in problem["msg"]


def desired(key, yaml, name=None):
    member = declared(yaml, name or key)
    return Desired(
        f"queue.{key}",
        "aws-eu",
        member.spec,
        "acme",
        Position("queues.yaml", 1, 1),
        outputs=member.outputs,
    )


def dead(target):
    return {"deadLetter": {"queue": target, "maxReceives": 3}}


DEAD_LETTERS = {
    "a willing queue": (dead(f"{ARN}dlq"), {}, None),
    "a queue that names its sources": (
        dead(f"{ARN}dlq"),
        {"redriveAllow": [f"{ARN}offers"]},
        None,
    ),
    "itself": (dead(f"{ARN}offers"), {}, "its own dead-letter queue"),
    "a FIFO queue": (dead(f"{ARN}x.fifo"), {}, "a standard queue a standard one"),
    "another region": (dead(f"{ARN}x".replace("eu-west-1", "eu-west-2")), {}, "account and region"),
    "an unwilling queue": (
        dead(f"{ARN}dlq"),
        {"redriveAllow": "none"},
        "for `redriveAllow: none` there",
    ),
    "a queue for others": (
        dead(f"{ARN}dlq"),
        {"redriveAllow": [f"{ARN}prices"]},
        "add it to redriveAllow there",
    ),
}


@pytest.mark.parametrize(
    ("source", "target", "sentence"), DEAD_LETTERS.values(), ids=DEAD_LETTERS.keys()
)
def test_a_dead_letter_queue_is_of_the_same_kind_place_and_willing(source, target, sentence):
    found = list(SERVICE.invariants([desired("offers", source), desired("dlq", target)]))

    assert [item.address for item in found] == ([] if sentence is None else ["queue.offers"])
    assert all(sentence in item.message for item in found)


NOTES = {
    "quirk_32 a shorter retention": (
        {"messageRetentionPeriod": "14d"},
        {"messageRetentionPeriod": "1d"},
        "may be lost",
    ),
    "no more encryption": ({"encryption": "sqs"}, {"encryption": "none"}, "becomes weaker"),
    "no more key": ({"encryption": {"kmsKey": "alias/x"}}, {}, "becomes weaker"),
    "quirk_44 all rights for a stranger": (
        {},
        {"grants": [{"to": "444455556666", "actions": "all"}]},
        "do anything with the queue",
    ),
    "quirk_80 a key that others cannot use": (
        {},
        {
            "encryption": {"kmsKey": "alias/aws/sqs"},
            "grants": [{"to": "amazon-notifications"}],
        },
        "other accounts cannot send",
    ),
}


@pytest.mark.parametrize(("before", "after", "note"), NOTES.values(), ids=NOTES.keys())
def test_changes_with_consequences_are_noted(before, after, note):
    assert any(note in text for text in spec(after).notes(spec(before)))
    assert not list(spec(after).notes(spec(after))) or "other accounts" in note


def test_quirk_39_a_deleted_principal_is_noted():
    role = "arn:aws:iam::123456789012:role/x"
    mine = spec({"grants": [{"to": role, "actions": ["SendMessage"]}]})
    theirs = live(
        Policy='{"Statement":{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},'
        f'"Action":"SQS:SendMessage","Resource":"{ARN}offers"}}}}'
    )

    assert mine.policy != theirs.policy
    assert any("was deleted" in note for note in mine.notes(theirs))


@pytest.mark.parametrize(
    "broken",
    [
        {"VisibilityTimeout": ""},
        {"ApproximateNumberOfMessages": "many"},
        {"Policy": "{"},
        {"RedrivePolicy": "[]"},
    ],
)
def test_quirk_19_half_an_answer_is_not_read_as_defaults(broken):
    check(FRESH)
    with pytest.raises(ValueError, match="the answer has no readable"):
        check({**FRESH, **broken})


def test_declarations_are_read_without_loading_an_sdk():
    code = (
        "import sys, reconciler.services.sqs.kinds;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('boto3', 'botocore')])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({}, []),
        ({"state": "PENDING", "expires": "2026-12-01 10:00 UTC"}, ["waits past 2026-12-01 10:00"]),
        ({"state": "DELETED"}, ["the partner deleted the event source"]),
        ({"state": "ABSENT"}, ["there is no event source of the bus"]),
        ({"generation": 2}, ["deleted and associated anew"]),
    ],
)
def test_what_a_bus_is_found_without_is_noted_alone(before, told):
    wanted = EventBus(source="aws.partner/example/x")
    notes = [*wanted.notes(wanted.model_copy(update=before))]
    assert [any(words in note for note in notes) for words in told] == [True] * len(notes)
    assert [*wanted.notes(None)] == []
