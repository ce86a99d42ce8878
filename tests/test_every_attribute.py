"""One attribute changes behind our back: the plan is that change, and apply mends that alone.

What AWS does is told as the wire notes tell it: [recorded] where they cite a recording validated
against AWS, else from AWS's documentation or unverified. Where moto does otherwise and the sandbox
mends it, the test says so. Nothing here was tried on AWS itself.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from reconciler.reports import as_text
from reconciler.reports.lines import Screen
from tests.outsiders import Outsiders
from tests.worlds import (
    AWS,
    HEAD,
    MWS,
    ONLY_MERCHANT,
    SP_API,
    Stack,
    destinations,
    queues,
    subscriptions,
    writes,
)

WIDE = Screen(width=1000, verbose=True)

ARN = "arn:aws:sqs:eu-west-1:123456789012:"


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def http():
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        yield pool


@pytest.fixture
def sandbox(running):
    running.reset()
    yield running
    defects = [call["defect"] for call in running.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture(scope="module")
def others(running, http):
    people = Outsiders(running, http)
    yield people
    people.close()


@pytest.fixture
def stack(sandbox, tmp_path):
    return Stack(tmp_path / "declared", sandbox.url)


@dataclass
class Case:
    """`declared` are fields of the queue in YAML, `outside` the attributes somebody sets.

    `changes` are (path, live, declared), `sent` what apply sends, `says` how the plan words it,
    `ignore` is the path to ignore where it is not that of the change.
    """

    declared: str
    outside: dict[str, Any]
    changes: list[tuple[str, Any, Any]]
    sent: str
    says: list[str]
    fifo: bool = False
    ignore: str | None = None


def simple(name, attribute, declared, live, default, texts):
    """One number, declared and left to its default."""
    text, value = declared
    there, here, bare = texts
    return {
        f"{name} that is declared": Case(
            f"{name}: {text}",
            {attribute: str(live)},
            [(name, live, value)],
            attribute,
            [f"{name}: {there} → {here}"],
        ),
        f"{name} left to its default": Case(
            "",
            {attribute: str(live)},
            [(name, live, default)],
            attribute,
            [f"{name}: {there} → {bare}"],
        ),
    }


SEND = {
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::444455556666:root"]},
    "Action": ["sqs:SendMessage"],
    "Resource": [f"{ARN}q"],
}
NOTIFIER = {
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::437568002678:root"]},
    "Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
    "Resource": [f"{ARN}q"],
}
DLQ = {"queue": f"{ARN}dlq", "maxReceives": 5}
LETTERS = "deadLetter: {queue: dlq, maxReceives: 5}"
KEY = "encryption: {kmsKey: alias/a, dataKeyReuse: 10m}"


def wire_policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def redrive(queue, count):
    return {"deadLetterTargetArn": f"{ARN}{queue}", "maxReceiveCount": count}


CASES = {
    **simple("visibilityTimeout", "VisibilityTimeout", ("2m", 120), 45, 30, ("45s", "2m", "30s")),
    **simple(
        "messageRetentionPeriod",
        "MessageRetentionPeriod",
        ("14d", 1209600),
        3600,
        345600,
        ("1h", "14d", "4d"),
    ),
    **simple("delay", "DelaySeconds", ("15m", 900), 1, 0, ("1s", "15m", "0s")),
    **simple(
        "receiveMessageWaitTime",
        "ReceiveMessageWaitTimeSeconds",
        ("20s", 20),
        3,
        0,
        ("3s", "20s", "0s"),
    ),
    "maximumMessageSize that is declared": Case(
        "maximumMessageSize: 256KiB",
        {"MaximumMessageSize": "1024"},
        [("maximumMessageSize", 1024, 262144)],
        "MaximumMessageSize",
        ["maximumMessageSize: 1KiB → 256KiB"],
    ),
    "encryption by a key instead of SQS's own": Case(
        "",
        {"KmsMasterKeyId": "alias/a"},
        [("encryption", {"kmsKey": "alias/a", "dataKeyReuse": 300}, "sqs")],
        "KmsMasterKeyId + SqsManagedSseEnabled",
        [
            "encryption: {kmsKey: alias/a, dataKeyReuse: 5m} → sqs",
            "for a moment the queue is not encrypted",
        ],
    ),
    "encryption that was taken away": Case(
        "encryption: sqs",
        {"SqsManagedSseEnabled": "false"},
        [("encryption", "none", "sqs")],
        "SqsManagedSseEnabled",
        ["encryption: none → sqs"],
    ),
    "encryption that was added": Case(
        "encryption: none",
        {"SqsManagedSseEnabled": "true"},
        [("encryption", "sqs", "none")],
        "SqsManagedSseEnabled",
        ["encryption: sqs → none", "weaker"],
    ),
    "encryption by another key": Case(
        KEY,
        {"KmsMasterKeyId": "alias/b"},
        [("encryption.kmsKey", "alias/b", "alias/a")],
        "KmsMasterKeyId",
        ["encryption.kmsKey: alias/b → alias/a"],
        ignore="encryption.kmsKey",
    ),
    "encryption whose data key is reused for longer": Case(
        KEY,
        {"KmsDataKeyReusePeriodSeconds": "86400"},
        [("encryption.dataKeyReuse", 86400, 600)],
        "KmsDataKeyReusePeriodSeconds",
        ["encryption.dataKeyReuse: 1d → 10m"],
        ignore="encryption.dataKeyReuse",
    ),
    "a dead-letter queue that was taken away": Case(
        LETTERS,
        {"RedrivePolicy": ""},
        [("deadLetter", None, DLQ)],
        "RedrivePolicy",
        [f"deadLetter: none → {{queue: {ARN}dlq, maxReceives: 5}}"],
    ),
    "a dead-letter queue that was added": Case(
        "",
        {"RedrivePolicy": redrive("dlq", "5")},
        [("deadLetter", DLQ, None)],
        "RedrivePolicy",
        [f"deadLetter: {{queue: {ARN}dlq, maxReceives: 5}} → none"],
    ),
    "another dead-letter queue": Case(
        LETTERS,
        {"RedrivePolicy": redrive("other", 5)},
        [("deadLetter.queue", f"{ARN}other", f"{ARN}dlq")],
        "RedrivePolicy",
        [f"deadLetter.queue: {ARN}other → {ARN}dlq"],
        ignore="deadLetter.queue",
    ),
    "another number of receives": Case(
        LETTERS,
        {"RedrivePolicy": redrive("dlq", 50)},
        [("deadLetter.maxReceives", 50, 5)],
        "RedrivePolicy",
        ["deadLetter.maxReceives: 50 → 5"],
        ignore="deadLetter.maxReceives",
    ),
    "redriveAllow that is declared": Case(
        "redriveAllow: none",
        {"RedriveAllowPolicy": {"redrivePermission": "allowAll"}},
        [("redriveAllow", "all", "none")],
        "RedriveAllowPolicy",
        ["redriveAllow: all → none"],
    ),
    "redriveAllow left to its default": Case(
        "",
        {"RedriveAllowPolicy": {"redrivePermission": "denyAll"}},
        [("redriveAllow", "none", "all")],
        "RedriveAllowPolicy",
        ["redriveAllow: none → all"],
    ),
    "redriveAllow with another source": Case(
        f"redriveAllow: ['{ARN}a', '{ARN}b']",
        {
            "RedriveAllowPolicy": {
                "redrivePermission": "byQueue",
                "sourceQueueArns": [f"{ARN}c", f"{ARN}b"],
            }
        },
        [("redriveAllow", [f"{ARN}b", f"{ARN}c"], [f"{ARN}a", f"{ARN}b"])],
        "RedriveAllowPolicy",
        ["redriveAllow:", f"- {ARN}c", f"+ {ARN}a"],
    ),
    "a grant that was taken away": Case(
        "grants: [{to: amazon-notifications}, {to: '444455556666', actions: [SendMessage]}]",
        {"Policy": wire_policy(SEND)},
        [("policy", {"Statement": [SEND]}, {"Statement": [NOTIFIER, SEND]})],
        "Policy",
        ["policy:", "+ {Action: [sqs:GetQueueAttributes, sqs:SendMessage]"],
    ),
    "a policy nobody declared": Case(
        "",
        {"Policy": wire_policy(SEND)},
        [("policy", {"Statement": [SEND]}, None)],
        "Policy",
        ["policy: {Statement: [{Action: [sqs:SendMessage]", "→ none"],
    ),
    "a policy that was taken away": Case(
        "policy: {Statement: {Effect: Allow, Principal: {AWS: '444455556666'}, "
        "Action: 'sqs:SendMessage'}}",
        {"Policy": ""},
        [("policy", None, {"Statement": [SEND]})],
        "Policy",
        ["policy: none → {Statement: [{Action: [sqs:SendMessage]"],
    ),
    "contentBasedDeduplication that is declared": Case(
        "contentBasedDeduplication: true",
        {"ContentBasedDeduplication": "false"},
        [("contentBasedDeduplication", False, True)],
        "ContentBasedDeduplication",
        ["contentBasedDeduplication: false → true"],
        fifo=True,
    ),
    "contentBasedDeduplication left to its default": Case(
        "",
        {"ContentBasedDeduplication": "true"},
        [("contentBasedDeduplication", True, False)],
        "ContentBasedDeduplication",
        ["contentBasedDeduplication: true → false"],
        fifo=True,
    ),
    "deduplicationScope that is declared": Case(
        "deduplicationScope: messageGroup",
        {"DeduplicationScope": "queue"},
        [("deduplicationScope", "queue", "messageGroup")],
        "DeduplicationScope",
        ["deduplicationScope: queue → messageGroup"],
        fifo=True,
    ),
    "deduplicationScope left to its default": Case(
        "",
        {"DeduplicationScope": "messageGroup"},
        [("deduplicationScope", "messageGroup", "queue")],
        "DeduplicationScope",
        ["deduplicationScope: messageGroup → queue"],
        fifo=True,
    ),
    "fifoThroughputLimit that is declared": Case(
        "deduplicationScope: messageGroup, fifoThroughputLimit: perMessageGroupId",
        {"FifoThroughputLimit": "perQueue"},
        [("fifoThroughputLimit", "perQueue", "perMessageGroupId")],
        "FifoThroughputLimit",
        ["fifoThroughputLimit: perQueue → perMessageGroupId"],
        fifo=True,
    ),
    "fifoThroughputLimit left to its default": Case(
        "deduplicationScope: messageGroup",
        {"FifoThroughputLimit": "perMessageGroupId"},
        [("fifoThroughputLimit", "perMessageGroupId", "perQueue")],
        "FifoThroughputLimit",
        ["fifoThroughputLimit: perMessageGroupId → perQueue"],
        fifo=True,
    ),
}


def told(plan):
    """Return the changes of the one action of a plan."""
    [action] = plan.actions
    return action, [(change.path, change.before, change.after) for change in action.changes]


def only(plan, address):
    """Return a plan of the one action."""
    mine = [action for action in plan.actions if action.address == address]
    return plan.model_copy(update={"actions": tuple(mine)})


def named(value, name):
    """Return a value of a case, whose queue is called q, as it is of another queue."""
    return json.loads(json.dumps(value).replace(f'{ARN}q"', f'{ARN}{name}"'))


def test_a_live_change_of_one_queue_attribute_is_that_change_and_mended_alone(
    stack, sandbox, others
):
    """Each case has a queue of its own, all in one account."""
    cases = {
        f"q{number}.fifo" if case.fifo else f"q{number}": (key, case)
        for number, (key, case) in enumerate(CASES.items())
    }
    made = {"dlq": "", "other": ""}
    for name, (_, case) in cases.items():
        kind = f"name: {name}" + (", fifo: true" if case.fifo else "")
        made[name.partition(".")[0]] = ", ".join(filter(None, [kind, case.declared]))
    stack.declare(HEAD + AWS + queues(**made))
    assert stack.apply().unfinished() == []
    for name, (_, case) in cases.items():
        others.set(name, **named(case.outside, name))

    sandbox.clear_calls()
    run = stack.apply()
    assert run.unfinished() == []
    assert len(run.plan.actions) == len(cases)
    for name, (key, case) in cases.items():
        address = f"queue.{name.partition('.')[0]}"
        alone = only(run.plan, address)
        action, changes = told(alone)
        expected = [tuple(named(change, name)) for change in case.changes]
        assert (action.action, changes) == ("update", expected), key
        text = as_text.render(alone, WIDE)
        for line in case.says:
            assert line in text, key
    assert writes(sandbox) == sorted(
        f"SetQueueAttributes {name} {sent}"
        for name, (_, case) in cases.items()
        for sent in case.sent.split(" + ")
    )
    assert stack.plan().lines() == []


def test_live_changes_of_ignored_queue_attributes_are_left_alone(stack, others):
    made, deeds = {"dlq": "", "other": ""}, {}
    for number, case in enumerate(CASES.values()):
        name = f"q{number}.fifo" if case.fifo else f"q{number}"
        kind = f"name: {name}" + (", fifo: true" if case.fifo else "")
        ignored = f"ignoreChanges: [{case.ignore or case.changes[0][0]}]"
        made[f"q{number}"] = ", ".join(filter(None, [kind, case.declared, ignored]))
        deeds[name] = case.outside
    stack.declare(HEAD + AWS + queues(**made))
    assert stack.apply().unfinished() == []
    for name, outside in deeds.items():
        others.set(name, **outside)
    assert stack.plan().lines() == []


def test_every_field_of_a_queue_has_a_case():
    from reconciler.services.sqs.kinds import QueueDeclaration

    # Name and kind are identity: AWS holds no queue of the other kind under a name. Marks and
    # consent are no attributes of the queue; tags are told apart below.
    elsewhere = {"account", "name", "fifo", "protect", "ignoreChanges", "tags"}
    fields = {info.alias for info in QueueDeclaration.model_fields.values()}
    tried = {case.changes[0][0].partition(".")[0] for case in CASES.values()}
    assert fields - elsewhere == tried | {"grants"}


def test_quirk_20_a_size_that_is_not_declared_is_left_alone(stack, others):
    # AWS raised the default from 262144 to 1048576 in August 2025; older queues keep theirs [wire
    # notes].
    stack.declare(HEAD + AWS + queues(q=""))
    stack.apply()
    others.set(MaximumMessageSize="262144")
    assert stack.plan().lines() == []


TAGS = {
    "changed": (
        lambda them: them.tag(team="sales"),
        ("tags.team", "sales", "pricing"),
        ["TagQueue q team"],
    ),
    "removed": (
        lambda them: them.untag("q", "team"),
        ("tags.team", None, "pricing"),
        ["TagQueue q team"],
    ),
    "added": (
        lambda them: them.tag(stray=""),
        ("tags.stray", "", None),
        ["UntagQueue q stray"],
    ),
    "our protection lifted": (
        lambda them: them.untag("q", "reconciler:protect"),
        ("tags.reconciler:protect", None, "true"),
        ["TagQueue q reconciler:protect"],
    ),
    "our mark removed": (
        lambda them: them.untag("q", "reconciler:stack"),
        ("tags.reconciler:stack", None, "acme"),
        ["TagQueue q reconciler:stack"],
    ),
}


@pytest.mark.parametrize(("deed", "change", "calls"), TAGS.values(), ids=TAGS)
def test_quirk_45_a_live_change_of_one_tag_is_that_change_and_mended_alone(
    stack, sandbox, others, deed, change, calls
):
    stack.declare(HEAD + AWS + queues(q="tags: {team: pricing, of: all}, protect: true"))
    stack.apply()
    deed(others)
    sandbox.clear_calls()
    _, changes = told(stack.apply().plan)
    assert changes == [change]
    assert writes(sandbox) == calls
    assert stack.plan().lines() == []


def test_ignored_tags_are_left_alone_in_name_and_by_pattern(stack, others):
    stack.declare(HEAD + AWS + queues(q="tags: {team: pricing}, ignoreChanges: [tags.team]"))
    stack.apply()
    others.tag(team="sales", **{"cost-centre": "42"})
    assert stack.plan().lines() == []


POLICY = (
    "policy: {Statement: [{Effect: Allow, Principal: {AWS: ['444455556666', '777788889999']}, "
    "Action: ['sqs:SendMessage', 'sqs:ReceiveMessage'], Condition: {ArnLike: {'aws:SourceArn': "
    "['arn:aws:sns:*:*:a', 'arn:aws:sns:*:*:b']}, Bool: {'aws:SecureTransport': true}}}, "
    "{Effect: Deny, Principal: '*', Action: 'sqs:PurgeQueue'}]}"
)
ALLOW = {
    "Effect": "Allow",
    "Principal": {
        "AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"],
    },
    "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
    "Condition": {
        "ArnLike": {"aws:SourceArn": ["arn:aws:sns:*:*:a", "arn:aws:sns:*:*:b"]},
        "Bool": {"aws:SecureTransport": "true"},
    },
    "Resource": f"{ARN}q",
}
DENY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "sqs:PurgeQueue",
    "Resource": f"{ARN}q",
}
# Section 6 of the wire notes: what AWS may hand back for one and the same policy.
SPELLINGS = {
    "as it was sent": [ALLOW, DENY],
    "statements in another order": [DENY, ALLOW],
    "actions in another order and case, with the prefix in capitals": [
        {**ALLOW, "Action": ["SQS:receivemessage", "SQS:SendMessage"]},
        DENY,
    ],
    "an action twice": [{**ALLOW, "Action": [*ALLOW["Action"], "SQS:SendMessage"]}, DENY],
    "account ids for root ARNs": [
        {**ALLOW, "Principal": {"AWS": ["777788889999", "444455556666"]}},
        DENY,
    ],
    "everyone in short": [ALLOW, {**DENY, "Principal": "*"}],
    "lists of one": [
        ALLOW,
        {**DENY, "Action": ["sqs:PurgeQueue"], "Resource": [f"{ARN}q"]},
    ],
    "condition keys and values in another spelling": [
        {
            **ALLOW,
            "Condition": {
                "Bool": {"AWS:SecureTransport": ["true"]},
                "ArnLike": {"aws:sourcearn": ["arn:aws:sns:*:*:b", "arn:aws:sns:*:*:a"]},
            },
        },
        DENY,
    ],
    "labels": [{**ALLOW, "Sid": "one"}, {**DENY, "Sid": "two"}],
    "the effect in small letters": [{**ALLOW, "Effect": "allow"}, DENY],
}


def test_quirk_37_a_policy_that_aws_hands_back_in_another_spelling_is_no_change(stack, others):
    stack.declare(HEAD + AWS + queues(q=POLICY))
    stack.apply()
    for spelling, statements in SPELLINGS.items():
        others.set(Policy={"Id": "of AWS", "Version": "2012-10-17", "Statement": statements})
        assert stack.plan().lines() == [], spelling


def test_quirk_41_a_policy_without_version_comes_back_as_of_2008_and_is_no_change(stack, others):
    # IAM reads a policy without Version as one of 2008-10-17; that SQS also says so when read back
    # is the sandbox's guess, the wire notes know only that it "may be read back different".
    stack.declare(HEAD + AWS + queues(q=POLICY))
    stack.apply()
    others.set(Policy={"Statement": [ALLOW, DENY]})
    assert json.loads(others.read()["Policy"])["Version"] == "2008-10-17"
    assert stack.plan().lines() == []


OTHERWISE = {
    "a principal that was deleted": (
        {**ALLOW, "Principal": {"AWS": ["AROAEXAMPLEEXAMPLE123", "777788889999"]}},
        "deleted",
    ),
    "a pattern for what it stands for": ({**ALLOW, "Action": "sqs:*"}, ""),
    "another operator": (
        {**ALLOW, "Condition": {"ArnEquals": ALLOW["Condition"]["ArnLike"]}},
        "",
    ),
    "no condition": ({key: ALLOW[key] for key in ALLOW if key != "Condition"}, ""),
    "another resource": ({**ALLOW, "Resource": "*"}, ""),
}


def test_quirk_39_a_statement_with_another_effect_is_a_change_that_shows_that_statement_alone(
    stack, sandbox, others
):
    stack.declare(HEAD + AWS + queues(q=POLICY))
    stack.apply()
    for case, (statement, note) in OTHERWISE.items():
        others.set(Policy=wire_policy(statement, DENY))
        sandbox.clear_calls()
        run = stack.apply()
        assert run.lines() == ["update queue.q policy"], case
        text = as_text.render(run.plan, WIDE)
        assert "sqs:SendMessage" in text, case
        assert "PurgeQueue" not in text, f"{case}: the statement that did not change is shown"
        assert note in text, case
        assert writes(sandbox) == ["SetQueueAttributes q Policy"], case
    assert stack.plan().lines() == []


STATES = {
    "sqs": ("sqs", {"SqsManagedSseEnabled": "true"}),
    "none": ("none", {"SqsManagedSseEnabled": "false"}),
    "key a": ("{kmsKey: alias/a}", {"KmsMasterKeyId": "alias/a"}),
    "key b": ("{kmsKey: alias/b, dataKeyReuse: 1h}", {"KmsMasterKeyId": "alias/b"}),
}
TRANSITIONS = [(one, other) for one in STATES for other in STATES if one != other]


def test_quirk_23_every_change_of_encryption_arrives_and_is_never_unencrypted_unsaid(
    stack, sandbox, others
):
    # AWS: taking the key away leaves the queue without any encryption [recorded]; key and SSE-SQS
    # together in one call are refused [wire notes, no recording]. moto keeps SSE-SQS on beside a
    # key.
    ways = {f"q{number}": way for number, way in enumerate(TRANSITIONS)}
    for side in (0, 1):
        made = {name: f"encryption: {STATES[way[side]][0]}" for name, way in ways.items()}
        stack.declare(HEAD + AWS + queues(**made))
        sandbox.clear_calls()
        run = stack.apply()
        assert run.unfinished() == []
    for name, (before, after) in ways.items():
        text = as_text.render(only(run.plan, f"queue.{name}"), WIDE)
        sent = [
            call["body"]["Attributes"]
            for call in sandbox.calls()
            if call["operation"] == "SetQueueAttributes"
            and call["body"]["QueueUrl"].endswith(f"/{name}")
        ]
        unencrypted = [
            item
            for item in sent
            if item.get("KmsMasterKeyId") == "" or item.get("SqsManagedSseEnabled") == "false"
        ]
        way = f"{before} to {after}"
        assert all(not ({"KmsMasterKeyId", "SqsManagedSseEnabled"} <= set(it)) for it in sent), way
        assert bool(unencrypted) == ("weaker" in text or "not encrypted" in text), way
        assert ("for a moment the queue is not encrypted" in text) == (
            before.startswith("key") and after == "sqs"
        ), way
        held = others.read(name)
        assert STATES[after][1].items() <= held.items(), way
        assert ("KmsMasterKeyId" in held) == after.startswith("key"), way
    assert stack.plan().lines() == []


def mws_world(*, ignore="", enabled="true"):
    return (
        HEAD
        + AWS
        + MWS
        + queues(q="grants: [{to: amazon-notifications}]", r="")
        + destinations(to="account: uk, queue: q")
        + subscriptions(
            s=f"destination: to, notificationType: AnyOfferChanged, enabled: {enabled}{ignore}"
        )
    )


@pytest.mark.parametrize(
    ("enabled", "words"), [("true", "false → true"), ("false", "true → false")]
)
def test_an_mws_subscription_switched_by_somebody_is_switched_back_alone(
    stack, sandbox, others, enabled, words
):
    stack.declare(mws_world(enabled=enabled))
    stack.apply()
    other = {"true": "false", "false": "true"}[enabled]
    others.subscribe_mws("AnyOfferChanged", others.queue(), other, action="UpdateSubscription")
    sandbox.clear_calls()
    run = stack.apply()
    action, changes = told(run.plan)
    assert (action.action, changes) == (
        "update",
        [("enabled", other == "true", enabled == "true")],
    )
    assert f"enabled: {words}" in as_text.render(run.plan, WIDE)
    on = {"true": "on", "false": "off"}[enabled]
    assert writes(sandbox) == [f"UpdateSubscription AnyOfferChanged q {on}"]
    assert stack.plan().lines() == []


def test_an_ignored_switch_of_an_mws_subscription_is_left_alone(stack, others):
    stack.declare(mws_world(ignore=", ignoreChanges: [enabled]"))
    stack.apply()
    others.subscribe_mws("AnyOfferChanged", others.queue(), "false", action="UpdateSubscription")
    assert stack.plan().lines() == []


def test_quirk_56_an_mws_subscription_that_moved_to_another_queue_is_made_anew(
    stack, sandbox, others
):
    # MWS changes nothing of a subscription but its switch, so a move is a delete and a create.
    stack.declare(mws_world())
    stack.apply()
    others.register(others.queue("r"))
    others.unsubscribe_mws("AnyOfferChanged", others.queue())
    others.subscribe_mws("AnyOfferChanged", others.queue("r"))
    sandbox.clear_calls()
    run = stack.apply()
    assert run.lines() == [
        "create subscription.s",
        f"delete destination.uk/{ARN}r",
        f"delete subscription.uk/AnyOfferChanged/{ARN}r",
    ]
    assert "notificationType: AnyOfferChanged" in as_text.render(run.plan, WIDE)
    assert writes(sandbox) == [
        "CreateSubscription AnyOfferChanged q on",
        "DeleteSubscription AnyOfferChanged r",
        "DeregisterDestination r",
    ]
    assert stack.plan().lines() == []


ANY, ORDERS, PARCELS = "ANY_OFFER_CHANGED", "ORDER_CHANGE", "SHIPMENT_TRACKING_MILESTONE_CHANGED"


def event_filter(kind, **fields):
    return {"processingDirective": {"eventFilter": {"eventFilterType": kind, **fields}}}


FILTERS = {
    "marketplaceIds": (
        ANY,
        "filter: {marketplaceIds: [A1PA6795UKMFR9, A13V1IB3VIYZZH]}",
        event_filter(ANY, marketplaceIds=["A13V1IB3VIYZZH"]),
        ("filter.marketplaceIds", ["A13V1IB3VIYZZH"], ["A13V1IB3VIYZZH", "A1PA6795UKMFR9"]),
        "+ A1PA6795UKMFR9",
    ),
    "aggregationTimePeriod": (
        ANY,
        "filter: {aggregationTimePeriod: FiveMinutes}",
        event_filter(ANY, aggregationSettings={"aggregationTimePeriod": "TenMinutes"}),
        ("filter.aggregationTimePeriod", "TenMinutes", "FiveMinutes"),
        "filter.aggregationTimePeriod: TenMinutes → FiveMinutes",
    ),
    "orderChangeTypes": (
        ORDERS,
        "filter: {orderChangeTypes: [OrderStatusChange]}",
        event_filter(ORDERS, orderChangeTypes=["BuyerRequestedChange"]),
        ("filter.orderChangeTypes", ["BuyerRequestedChange"], ["OrderStatusChange"]),
        "+ OrderStatusChange",
    ),
    "trackingIdentifier": (
        PARCELS,
        "filter: {trackingIdentifier: {carrierTracking: {trackingNumber: '1'}}}",
        event_filter(PARCELS, trackingIdentifier={"carrierTracking": {"trackingNumber": "2"}}),
        ("filter.trackingIdentifier.carrierTracking.trackingNumber", "2", "1"),
        "trackingNumber: 2 → 1",
    ),
    "a filter that was taken away": (
        ANY,
        "filter: {aggregationTimePeriod: FiveMinutes}",
        {"processingDirective": None},
        ("filter.aggregationTimePeriod", None, "FiveMinutes"),
        "FiveMinutes",
    ),
    "a filter nobody declared": (
        ANY,
        "",
        event_filter(ANY, marketplaceIds=["A13V1IB3VIYZZH"]),
        ("filter.marketplaceIds", ["A13V1IB3VIYZZH"], None),
        "A13V1IB3VIYZZH",
    ),
}
each_filter = pytest.mark.parametrize(
    ("kind", "declared", "outside", "change", "says"), FILTERS.values(), ids=FILTERS
)


def sp_api_world(kind, *fields):
    more = ", ".join(["", *filter(None, fields)])
    return (
        HEAD
        + AWS
        + SP_API
        + queues(q="grants: [{to: amazon-notifications}]", r="grants: [{to: amazon-notifications}]")
        + destinations(to="account: app, queue: q", other="account: app, queue: r")
        + subscriptions(s=f"destination: to, notificationType: {kind}, sellers: [de]{more}")
    )


@each_filter
def test_a_live_change_of_one_filter_field_is_that_change_and_replaced_alone(
    stack, sandbox, others, kind, declared, outside, change, says
):
    # The SP-API has no update operation (published model), so somebody's change is a new
    # subscription, and so is ours.
    stack.declare(sp_api_world(kind, declared))
    assert stack.apply().unfinished() == []
    wanted = others.application()["subscriptions"][0].get("processingDirective")
    others.resubscribe(kind, **outside)

    sandbox.clear_calls()
    run = stack.apply()
    assert run.unfinished() == []
    action, changes = told(run.plan)
    assert (action.action, action.address) == ("replace", "subscription.s[de]")
    assert changes == [change] or _wholly(changes, change)
    assert says in as_text.render(run.plan, WIDE)
    made = [call for call in sandbox.calls() if call["operation"] == "createSubscription"]
    assert writes(sandbox) == [f"createSubscription {kind}", f"deleteSubscriptionById {kind}"]
    assert made[0]["body"].get("processingDirective") == wanted
    assert stack.plan().lines() == []


def _wholly(changes, change):
    """Say whether a filter came or went as a whole, with that one field in it."""
    path, before, after = change
    [(whole, there, here)] = changes
    name = path.partition(".")[2]
    return whole == "filter" and [
        None if side is None else {key: item for key, item in side.items() if item is not None}
        for side in (there, here)
    ] == [None if side is None else {name: side} for side in (before, after)]


@each_filter
def test_a_live_change_of_an_ignored_filter_is_left_alone(
    stack, others, kind, declared, outside, change, says
):
    stack.declare(sp_api_world(kind, declared, "ignoreChanges: [filter]"))
    stack.apply()
    others.resubscribe(kind, **outside)
    assert stack.plan().lines() == []


def test_a_subscription_somebody_sent_elsewhere_is_brought_back_alone(stack, sandbox, others):
    stack.declare(sp_api_world(ANY))
    stack.apply()
    others.resubscribe(ANY, destinationId=others.destination_id(f"{ARN}r"))
    sandbox.clear_calls()
    run = stack.apply()
    action, changes = told(run.plan)
    assert action.action == "replace"
    assert changes == [("destination", "destination.other", "destination.to")]
    assert "destination: destination.other → destination.to" in as_text.render(run.plan, WIDE)
    assert writes(sandbox) == [f"createSubscription {ANY}", f"deleteSubscriptionById {ANY}"]
    assert stack.plan().lines() == []


def test_a_filter_expression_somebody_rewrote_is_another_subscription(stack, sandbox, others):
    # Several subscriptions to one type may differ in their expressions, so the text is identity.
    stack.declare(sp_api_world(ANY, "filterExpression: \"a == 'x'\""))
    stack.apply()
    others.resubscribe(ANY, processingDirective={"filterExpression": "a == 'y'"})
    assert stack.plan().lines() == [
        "create subscription.s[de]",
        f"delete subscription.app/de/{ANY}/1.0/a == 'y'",
    ]
    sandbox.clear_calls()
    stack.apply()
    assert writes(sandbox) == [f"createSubscription {ANY}", f"deleteSubscriptionById {ANY}"]
    assert stack.plan().lines() == []


def test_a_payload_version_somebody_changed_is_another_subscription(stack, sandbox, others):
    bus = "account: app, eventBridge: {region: eu-west-1, accountId: '123456789012'}"
    kind = "LISTINGS_ITEM_ISSUES_CHANGE"
    stack.declare(
        HEAD
        + AWS
        + SP_API
        + destinations(bus=bus)
        + subscriptions(
            s=f"destination: bus, notificationType: {kind}, sellers: [de], payloadVersion: "
            "2023-12-13"
        )
    )
    stack.apply()
    others.resubscribe(kind, payloadVersion="1.0")
    assert stack.plan().lines() == [
        "create subscription.s[de]",
        f"delete subscription.app/de/{kind}/1.0",
    ]
    stack.apply()
    assert stack.plan().lines() == []


def test_quirk_66_a_destination_under_another_name_is_a_note_and_no_change(stack, sandbox, others):
    stack.declare(
        HEAD
        + AWS
        + SP_API
        + queues(q="grants: [{to: amazon-notifications}]")
        + destinations(to="account: app, queue: q")
    )
    stack.apply()
    others.sp_api("DELETE", f"destinations/{others.destination_id(f'{ARN}q')}")
    spec = {"sqs": {"arn": f"{ARN}q"}}
    others.sp_api("POST", "destinations", body={"name": "theirs", "resourceSpecification": spec})
    sandbox.clear_calls()
    run = stack.apply()
    assert run.lines() == []
    [warning] = [found for found in run.plan.warnings if found.address == "destination.to"]
    assert "cosmetic" in warning.message
    assert "'theirs'" in warning.message
    assert writes(sandbox) == []


def test_an_event_bus_in_another_region_makes_room_first(stack, sandbox):
    # One event bus destination for each AWS account (the service answers 409), so the move between
    # regions deletes first; its subscription goes before it and comes after it.
    def world(region):
        return (
            HEAD
            + AWS
            + SP_API
            + destinations(
                bus=f"account: app, eventBridge: {{region: {region}, accountId: '123456789012'}}"
            )
            + subscriptions(
                s="destination: bus, notificationType: BRANDED_ITEM_CONTENT_CHANGE, sellers: [de]"
            )
        )

    stack.declare(world("eu-west-1"))
    stack.apply()
    stack.declare(world("us-east-1"))
    sandbox.clear_calls()
    run = stack.apply()
    assert run.unfinished() == []
    assert run.lines() == [
        "create destination.bus",
        "delete destination.app/eu-west-1/123456789012",
        "replace subscription.s[de]",
    ]
    order = [call["operation"] for call in sandbox.calls() if call["method"] in ("POST", "DELETE")]
    kept = [name for name in order if name.startswith(("create", "delete"))]
    assert kept == [
        "deleteSubscriptionById",
        "deleteDestination",
        "createDestination",
        "createSubscription",
    ]
    assert stack.plan().lines() == []


def merchant_world(*fields, target="targetAccount: '1'"):
    more = ", ".join(["", *filter(None, fields)])
    return (
        HEAD
        + ONLY_MERCHANT
        + subscriptions(
            s=f"registeredEvent: PRODUCT_STATUS_CHANGE, {target}, "
            f"callBackUri: 'https://hooks.example.com/here'{more}"
        )
    )


def move(others):
    uri = {"callBackUri": "https://hooks.example.com/there"}
    others.merchant("PATCH", f"{others.merchant_name('1')}?updateMask=callBackUri", uri)


def test_quirk_94_a_call_back_somebody_moved_is_patched_back_alone(stack, sandbox, others):
    stack.declare(merchant_world())
    stack.apply()
    move(others)
    sandbox.clear_calls()
    run = stack.apply()
    action, changes = told(run.plan)
    here, there = "https://hooks.example.com/here", "https://hooks.example.com/there"
    assert (action.action, changes) == ("update", [("callBackUri", there, here)])
    assert f"callBackUri: {there} → {here}" in as_text.render(run.plan, WIDE)
    [patch] = [call for call in sandbox.calls() if call["method"] != "GET"]
    assert (patch["query"]["updateMask"], patch["body"]) == ("callBackUri", {"callBackUri": here})
    assert stack.plan().lines() == []


def test_an_ignored_call_back_is_left_alone(stack, others):
    stack.declare(merchant_world("ignoreChanges: [callBackUri]"))
    stack.apply()
    move(others)
    assert stack.plan().lines() == []


MERCHANT_IDENTITY = {
    "another target": {"targetAccount": "accounts/2"},
    "another event": {"registeredEvent": "ACCOUNT_SERVICE_CHANGE"},
    "all managed accounts": {"targetAccount": None, "allManagedAccounts": True},
}


@pytest.mark.parametrize("changes", MERCHANT_IDENTITY.values(), ids=MERCHANT_IDENTITY)
def test_quirk_92_a_merchant_subscription_somebody_exchanged_is_exchanged_back(
    stack, sandbox, others, changes
):
    stack.declare(merchant_world())
    stack.apply()
    others.merchant("DELETE", others.merchant_name("1"))
    wish = {
        "registeredEvent": "PRODUCT_STATUS_CHANGE",
        "targetAccount": "accounts/1",
        "callBackUri": "https://hooks.example.com/here",
        **changes,
    }
    body = {name: value for name, value in wish.items() if value is not None}
    others.merchant("POST", "accounts/5678/notificationsubscriptions", body)
    event, target = wish["registeredEvent"], (wish["targetAccount"] or "").partition("/")[2]
    sandbox.clear_calls()
    run = stack.apply()
    assert run.lines() == [
        "create subscription.s",
        f"delete subscription.shop/{event}/{target or 'allManagedAccounts'}",
    ]
    gap = "has to go first: nothing is delivered in between"
    assert (gap in as_text.render(run.plan, WIDE)) == (not target)
    made = [call["method"] for call in sandbox.calls() if call["method"] != "GET"]
    assert sorted(made) == ["DELETE", "POST"]
    if not target:
        assert made == ["DELETE", "POST"], "all-managed makes room before a partial one"
    assert stack.plan().lines() == []
