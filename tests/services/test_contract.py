"""The walk: for each service one sequence of declared worlds, over real sockets.

After each step the plan says exactly what was expected, the wire carried exactly the calls that
were expected, and planning again asks for nothing. Steps build on each other: the live state that
one leaves is what the next one meets.
"""

from typing import NamedTuple

import pytest

from reconciler import run
from tests.worlds import (
    AWS,
    HEAD,
    MWS,
    ONLY_MERCHANT,
    SP_API,
    Run,
    Stack,
    destinations,
    queues,
    subscriptions,
    writes,
)


class Step(NamedTuple):
    """`plan` are lines "action address fields", `calls` what changes something on the wire."""

    why: str
    world: str
    plan: list[str]
    calls: list[str]


@pytest.fixture
def walk(sandbox, tmp_path):
    """Go through steps; the last world stays declared."""
    stack = Stack(tmp_path / "declared", sandbox.url)

    def go(head, steps):
        for step in steps:
            stack.declare(head + step.world)
            _take(stack, sandbox, step)

    return go


def _take(stack, sandbox, step):
    sandbox.clear_calls()
    with stack.session(destroying=step.world == "") as session:
        planned = run.plan(session)
        assert Run(planned.plan).lines() == sorted(step.plan), step.why
        assert writes(sandbox) == [], f"{step.why}: a plan wrote"
        applied = Run(planned.plan, run.apply(session, planned).outcomes)
    assert applied.unfinished() == [], step.why
    assert writes(sandbox) == sorted(step.calls), step.why
    sandbox.clear_calls()
    again = stack.apply(destroying=step.world == "")
    assert (again.lines(), again.problems(), again.plan.complete) == ([], [], True), step.why
    assert writes(sandbox) == [], f"{step.why}: a second apply wrote"


def setting(field, value, attribute):
    """One field of a lone queue changes, and one attribute is sent."""
    return Step(
        f"{field} becomes {value}",
        queues(q=f"{field}: {value}"),
        [f"update queue.q {field}"],
        [f"SetQueueAttributes q {attribute}"],
    )


SIMPLE = [
    ("visibilityTimeout", "2m", "VisibilityTimeout"),
    ("messageRetentionPeriod", "14d", "MessageRetentionPeriod"),
    ("delay", "5s", "DelaySeconds"),
    ("receiveMessageWaitTime", "20s", "ReceiveMessageWaitTimeSeconds"),
    ("redriveAllow", "none", "RedriveAllowPolicy"),
    ("redriveAllow", '["arn:aws:sqs:eu-west-1:123456789012:x"]', "RedriveAllowPolicy"),
    ("policy", '{Statement: [{Effect: Deny, Principal: "*", Action: "sqs:*"}]}', "Policy"),
]


def test_a_queue_field_changes_alone_and_returns_to_its_default_when_left_out(walk):
    """Each of them in a queue of its own."""
    names = {f"q{number}": case for number, case in enumerate(SIMPLE)}
    bare = queues(**dict.fromkeys(names, ""))
    plan = [f"update queue.{name} {field}" for name, (field, _, _) in names.items()]
    calls = [f"SetQueueAttributes {name} {sent}" for name, (_, _, sent) in names.items()]
    there = queues(**{name: f"{field}: {value}" for name, (field, value, _) in names.items()})
    walk(
        HEAD + AWS,
        [
            Step(
                "bare queues",
                bare,
                [f"create queue.{name}" for name in names],
                [f"CreateQueue {name} reconciler:stack" for name in names],
            ),
            Step("each with its field", there, plan, calls),
            Step("the fields are left out again", bare, plan, calls),
        ],
    )


BARE_QUEUE = Step(
    "a bare queue", queues(q=""), ["create queue.q"], ["CreateQueue q reconciler:stack"]
)


def test_several_fields_of_a_queue_change_in_one_call(walk):
    world = queues(q="visibilityTimeout: 2m, delay: 5s, receiveMessageWaitTime: 20s")
    sent = "DelaySeconds ReceiveMessageWaitTimeSeconds VisibilityTimeout"
    fields = "delay receiveMessageWaitTime visibilityTimeout"
    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            Step("all", world, [f"update queue.q {fields}"], [f"SetQueueAttributes q {sent}"]),
        ],
    )


def test_a_message_size_that_is_no_longer_declared_is_left_alone(walk, sandbox):
    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            setting("maximumMessageSize", "64KiB", "MaximumMessageSize"),
            Step("left out", queues(q=""), [], []),
        ],
    )
    assert held_queue(sandbox)["attributes"]["MaximumMessageSize"] == "65536"


def held_queue(sandbox, name="q"):
    return sandbox.state()["aws"]["123456789012"]["eu-west-1"]["queues"][name]


def test_encryption_walks_through_every_kind_of_key_and_none(walk, sandbox):
    def step(why, value, plan, *calls):
        calls = [f"SetQueueAttributes q {call}" for call in calls]
        return Step(why, queues(q=f"encryption: {value}"), [f"update queue.q {plan}"], calls)

    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            step(
                "sqs to a key",
                "{kmsKey: alias/offers}",
                "encryption",
                "KmsDataKeyReusePeriodSeconds KmsMasterKeyId",
            ),
            step(
                "the key is reused longer",
                "{kmsKey: alias/offers, dataKeyReuse: 10m}",
                "encryption.dataKeyReuse",
                "KmsDataKeyReusePeriodSeconds",
            ),
            step(
                "another key",
                "{kmsKey: alias/others, dataKeyReuse: 10m}",
                "encryption.kmsKey",
                "KmsMasterKeyId",
            ),
            step("a key to sqs", "sqs", "encryption", "KmsMasterKeyId", "SqsManagedSseEnabled"),
            step("sqs to none", "none", "encryption", "SqsManagedSseEnabled"),
            step(
                "none to a key",
                "{kmsKey: alias/offers}",
                "encryption",
                "KmsDataKeyReusePeriodSeconds KmsMasterKeyId",
            ),
            step("a key to none", "none", "encryption", "KmsMasterKeyId"),
            step("none to sqs", "sqs", "encryption", "SqsManagedSseEnabled"),
        ],
    )
    assert held_queue(sandbox)["attributes"]["SqsManagedSseEnabled"] == "true"


TO = "deadLetter: {queue: %s, maxReceives: %d}"
DEAD = "SetQueueAttributes q RedrivePolicy"


def test_a_dead_letter_queue_is_added_moved_and_removed_in_the_right_order(walk):
    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            Step(
                "one is added and pointed at",
                queues(q=TO % ("one", 5), one=""),
                ["create queue.one", "update queue.q deadLetter"],
                ["CreateQueue one reconciler:stack", DEAD],
            ),
            Step(
                "sooner",
                queues(q=TO % ("one", 3), one=""),
                ["update queue.q deadLetter.maxReceives"],
                [DEAD],
            ),
            Step(
                "another takes its place",
                queues(q=TO % ("two", 3), two=""),
                ["create queue.two", "delete queue.aws-eu/one", "update queue.q deadLetter.queue"],
                ["CreateQueue two reconciler:stack", DEAD, "DeleteQueue one"],
            ),
            Step(
                "it goes",
                queues(q=""),
                ["delete queue.aws-eu/two", "update queue.q deadLetter"],
                [DEAD, "DeleteQueue two"],
            ),
            Step("everything goes", "", ["delete queue.aws-eu/q"], ["DeleteQueue q"]),
        ],
    )


def test_a_chain_of_dead_letter_queues_is_created_and_deleted_in_one_run(walk):
    names = [f"queue.aws-eu/{name}" for name in ("a", "b", "c")]
    walk(
        HEAD + AWS,
        [
            Step(
                "three at once",
                queues(a=TO % ("b", 5), b=TO % ("c", 5), c=""),
                ["create queue.a", "create queue.b", "create queue.c"],
                [
                    "CreateQueue a RedrivePolicy reconciler:stack",
                    "CreateQueue b RedrivePolicy reconciler:stack",
                    "CreateQueue c reconciler:stack",
                ],
            ),
            Step(
                "all gone",
                "",
                [f"delete {name}" for name in names],
                ["DeleteQueue a", "DeleteQueue b", "DeleteQueue c"],
            ),
        ],
    )


def test_the_policy_follows_grants_and_reads_alike_however_it_is_written(walk):
    amazon = "{to: amazon-notifications}"
    arn = "arn:aws:sqs:eu-west-1:123456789012:q"
    raw = (
        "policy: {Version: '2012-10-17', Statement: {Sid: any, Effect: Allow, Principal: "
        f"{{AWS: '437568002678'}}, Resource: {arn}, Action: [SQS:SendMessage, "
        "sqs:GetQueueAttributes]}}"
    )

    def step(why, inside):
        plan = ["update queue.q policy"]
        return Step(why, queues(q=inside), plan, ["SetQueueAttributes q Policy"])

    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            step("Amazon may send", f"grants: [{amazon}]"),
            Step("the same as a raw policy", queues(q=raw), [], []),
            step(
                "a partner may do all", f"grants: [{amazon}, {{to: '444455556666', actions: all}}]"
            ),
            step(
                "he may only receive",
                f"grants: [{amazon}, {{to: '444455556666', actions: [ReceiveMessage]}}]",
            ),
            step("all may send", "grants: [{to: '*', actions: [SendMessage]}]"),
            step("nobody may", ""),
        ],
    )


def test_tags_are_added_changed_and_removed_one_by_one(walk):
    def step(why, inside, plan, *calls):
        return Step(why, queues(q=inside), [f"update queue.q {plan}"], list(calls))

    walk(
        HEAD + AWS,
        [
            BARE_QUEUE,
            step(
                "added", "tags: {team: a, unit: x}", "tags.team tags.unit", "TagQueue q team unit"
            ),
            step("changed", "tags: {team: b, unit: x}", "tags.team", "TagQueue q team"),
            step(
                "swapped",
                "tags: {unit: x, tier: c}",
                "tags.team tags.tier",
                "TagQueue q tier",
                "UntagQueue q team",
            ),
            step("gone", "", "tags.tier tags.unit", "UntagQueue q tier unit"),
            step(
                "protected",
                "protect: true",
                "tags.reconciler:protect",
                "TagQueue q reconciler:protect",
            ),
            step("no more", "", "tags.reconciler:protect", "UntagQueue q reconciler:protect"),
        ],
    )


def test_a_fifo_queue_walks_through_its_own_settings(walk):
    def world(inside=""):
        return queues(f=f"name: f.fifo, fifo: true{inside}")

    def step(inside, field, attribute):
        return Step(
            inside,
            world(inside),
            [f"update queue.f {field}"],
            [f"SetQueueAttributes f.fifo {attribute}"],
        )

    scope = ", deduplicationScope: messageGroup"
    walk(
        HEAD + AWS,
        [
            Step(
                "made",
                world(),
                ["create queue.f"],
                ["CreateQueue f.fifo FifoQueue reconciler:stack"],
            ),
            step(
                ", contentBasedDeduplication: true",
                "contentBasedDeduplication",
                "ContentBasedDeduplication",
            ),
            step("", "contentBasedDeduplication", "ContentBasedDeduplication"),
            step(scope, "deduplicationScope", "DeduplicationScope"),
            step(
                f"{scope}, fifoThroughputLimit: perMessageGroupId",
                "fifoThroughputLimit",
                "FifoThroughputLimit",
            ),
            Step("gone", "", ["delete queue.aws-eu/f.fifo"], ["DeleteQueue f.fifo"]),
        ],
    )


def test_renaming_a_yaml_key_changes_nothing_live(walk):
    amazon = "name: n, grants: [{to: amazon-notifications}]"
    made = ["create destination.d", "create destination.m", "create queue.q"]
    made += ["create subscription.s", "create subscription.t[de]"]
    walk(
        HEAD + AWS + MWS + SP_API,
        [
            Step(
                "under one name",
                queues(q=amazon)
                + destinations(d="account: uk, queue: q", m="account: app, queue: q, name: acme-x")
                + subscriptions(
                    s="destination: d, notificationType: AnyOfferChanged",
                    t="destination: m, notificationType: ANY_OFFER_CHANGED, sellers: [de]",
                ),
                made,
                [
                    "CreateQueue n Policy reconciler:stack",
                    "CreateSubscription AnyOfferChanged n on",
                    "RegisterDestination n",
                    "createDestination acme-x",
                    "createSubscription ANY_OFFER_CHANGED",
                ],
            ),
            Step(
                "under another",
                queues(other=amazon)
                + destinations(
                    e="account: uk, queue: other", f="account: app, queue: other, name: acme-x"
                )
                + subscriptions(
                    u="destination: e, notificationType: AnyOfferChanged",
                    v="destination: f, notificationType: ANY_OFFER_CHANGED, sellers: [de]",
                ),
                [],
                [],
            ),
        ],
    )


A, B = "arn:aws:sqs:eu-west-1:123456789012:a", "arn:aws:sqs:eu-west-1:123456789012:b"
TWO = queues(a="grants: [{to: amazon-notifications}]", b="grants: [{to: amazon-notifications}]")
TWO_MADE = [f"CreateQueue {name} Policy reconciler:stack" for name in "ab"]


def test_mws_walks_from_the_first_registration_to_the_last_deletion(walk):
    def world(offers="", feeds="", to_a="account: uk, queue: a", to_b=""):
        given = {key: body for key, body in {"to_a": to_a, "to_b": to_b}.items() if body}
        subs = {key: body for key, body in {"offers": offers, "feeds": feeds}.items() if body}
        return TWO + destinations(**given) + subscriptions(**subs)

    offers = "destination: to-a, notificationType: AnyOfferChanged"
    feeds = "destination: to-a, notificationType: FeedProcessingFinished"
    to_b = "account: uk, queue: b"
    live = "subscription.uk/AnyOfferChanged/"
    walk(
        HEAD + AWS + MWS,
        [
            Step(
                "queues, a destination and a subscription",
                world(offers),
                [
                    "create destination.to-a",
                    "create queue.a",
                    "create queue.b",
                    "create subscription.offers",
                ],
                [*TWO_MADE, "RegisterDestination a", "CreateSubscription AnyOfferChanged a on"],
            ),
            Step(
                "disabled",
                world(f"{offers}, enabled: false"),
                ["update subscription.offers enabled"],
                ["UpdateSubscription AnyOfferChanged a off"],
            ),
            Step(
                "enabled again",
                world(offers),
                ["update subscription.offers enabled"],
                ["UpdateSubscription AnyOfferChanged a on"],
            ),
            Step(
                "a second type, disabled from the start",
                world(offers, f"{feeds}, enabled: false"),
                ["create subscription.feeds"],
                ["CreateSubscription FeedProcessingFinished a off"],
            ),
            Step(
                "the queue by its ARN is the same queue",
                world(offers, f"{feeds}, enabled: false", f"account: uk, queue: {A!r}"),
                [],
                [],
            ),
            Step(
                "one moves to another destination",
                world(offers.replace("-a", "-b"), f"{feeds}, enabled: false", to_b=to_b),
                ["create destination.to-b", "create subscription.offers", f"delete {live}{A}"],
                [
                    "RegisterDestination b",
                    "CreateSubscription AnyOfferChanged b on",
                    "DeleteSubscription AnyOfferChanged a",
                ],
            ),
            Step(
                "the other goes, and its destination with it",
                world(offers.replace("-a", "-b"), "", "", to_b),
                [
                    f"delete destination.uk/{A}",
                    f"delete subscription.uk/FeedProcessingFinished/{A}",
                ],
                ["DeleteSubscription FeedProcessingFinished a", "DeregisterDestination a"],
            ),
            Step(
                "the destination itself moves back",
                world(offers),
                [
                    "create destination.to-a",
                    "create subscription.offers",
                    f"delete destination.uk/{B}",
                    f"delete {live}{B}",
                ],
                [
                    "RegisterDestination a",
                    "CreateSubscription AnyOfferChanged a on",
                    "DeleteSubscription AnyOfferChanged b",
                    "DeregisterDestination b",
                ],
            ),
            Step(
                "everything goes, leaf to root",
                "",
                [
                    f"delete destination.uk/{A}",
                    f"delete {live}{A}",
                    "delete queue.aws-eu/a",
                    "delete queue.aws-eu/b",
                ],
                [
                    "DeleteSubscription AnyOfferChanged a",
                    "DeregisterDestination a",
                    "DeleteQueue a",
                    "DeleteQueue b",
                ],
            ),
        ],
    )


BRANDED = "notificationType: BRANDED_ITEM_CONTENT_CHANGE"
ANY = "notificationType: ANY_OFFER_CHANGED"
SUBSCRIBE, UNSUBSCRIBE = (
    "createSubscription ANY_OFFER_CHANGED",
    "deleteSubscriptionById ANY_OFFER_CHANGED",
)


def test_sp_api_walks_from_the_first_destination_to_the_last_deletion(walk):
    def world(subscription, to="account: app, queue: a", **more):
        return TWO + destinations(to=to, **more) + subscriptions(s=subscription)

    one = f"destination: to, {ANY}, sellers: [de]"
    both = f"destination: to, {ANY}, sellers: [de, fr]"
    german = f"{one}, filter: {{marketplaceIds: [A1PA6795UKMFR9]}}"
    wider = f"{one}, filter: {{marketplaceIds: [A1PA6795UKMFR9, A13V1IB3VIYZZH]}}"
    slower = f"{one}, filter: {{aggregationTimePeriod: TenMinutes}}"
    elsewhere = one.replace("to,", "other,")
    bus = "account: app, eventBridge: {region: eu-west-1, accountId: '123456789012'}"
    live = "subscription.app/de/ANY_OFFER_CHANGED/1.0"
    walk(
        HEAD.replace("discover: declared", "discover: all") + AWS + SP_API,
        [
            Step(
                "queues, a destination and one seller",
                world(one),
                [
                    "create destination.to",
                    "create queue.a",
                    "create queue.b",
                    "create subscription.s[de]",
                ],
                [*TWO_MADE, "createDestination acme--to", SUBSCRIBE],
            ),
            Step("a seller joins", world(both), ["create subscription.s[fr]"], [SUBSCRIBE]),
            Step(
                "all sellers are those two", world(f"destination: to, {ANY}, sellers: all"), [], []
            ),
            Step(
                "a seller leaves",
                world(one),
                ["delete subscription.app/fr/ANY_OFFER_CHANGED/1.0"],
                [UNSUBSCRIBE],
            ),
            Step(
                "a filter", world(german), ["replace subscription.s[de]"], [UNSUBSCRIBE, SUBSCRIBE]
            ),
            Step(
                "a wider one",
                world(wider),
                ["replace subscription.s[de]"],
                [UNSUBSCRIBE, SUBSCRIBE],
            ),
            Step(
                "another field",
                world(slower),
                ["replace subscription.s[de]"],
                [UNSUBSCRIBE, SUBSCRIBE],
            ),
            Step("no filter", world(one), ["replace subscription.s[de]"], [UNSUBSCRIBE, SUBSCRIBE]),
            Step(
                "to another destination, and the first one goes",
                TWO + destinations(other="account: app, queue: b") + subscriptions(s=elsewhere),
                [
                    "create destination.other",
                    f"delete destination.app/{A}",
                    "replace subscription.s[de]",
                ],
                ["createDestination acme--other", "deleteDestination", UNSUBSCRIBE, SUBSCRIBE],
            ),
            Step(
                "another name is cosmetic",
                TWO
                + destinations(other="account: app, queue: b, name: new")
                + subscriptions(s=elsewhere),
                [],
                [],
            ),
            Step(
                "the destination moves to the other queue",
                TWO + destinations(other="account: app, queue: a") + subscriptions(s=elsewhere),
                [
                    "create destination.other",
                    f"delete destination.app/{B}",
                    "replace subscription.s[de]",
                ],
                ["createDestination acme--other", "deleteDestination", UNSUBSCRIBE, SUBSCRIBE],
            ),
            Step(
                "an event bus beside it, for a type that goes there only",
                TWO
                + destinations(other="account: app, queue: a", bus=bus)
                + subscriptions(
                    s=elsewhere,
                    c=f"destination: bus, {BRANDED}, sellers: [de]",
                ),
                ["create destination.bus", "create subscription.c[de]"],
                ["createDestination acme--bus", "createSubscription BRANDED_ITEM_CONTENT_CHANGE"],
            ),
            Step(
                "the bus goes",
                TWO + destinations(other="account: app, queue: a") + subscriptions(s=elsewhere),
                [
                    "delete destination.app/eu-west-1/123456789012",
                    "delete subscription.app/de/BRANDED_ITEM_CONTENT_CHANGE/1.0",
                ],
                ["deleteDestination", "deleteSubscriptionById BRANDED_ITEM_CONTENT_CHANGE"],
            ),
            Step(
                "everything goes, leaf to root",
                "",
                [
                    f"delete destination.app/{A}",
                    f"delete {live}",
                    "delete queue.aws-eu/a",
                    "delete queue.aws-eu/b",
                ],
                [UNSUBSCRIBE, "deleteDestination", "DeleteQueue a", "DeleteQueue b"],
            ),
        ],
    )


def test_filter_expressions_of_one_type_live_side_by_side_and_are_told_apart_by_their_text(walk):
    def world(**expressions):
        order = "destination: to, notificationType: ORDER_CHANGE, sellers: [de]"
        subs = {key: f"{order}, filterExpression: {text!r}" for key, text in expressions.items()}
        return TWO + destinations(to="account: app, queue: a") + subscriptions(**subs)

    fba, fbm = "fulfillmentType == 'AFN'", "fulfillmentType == 'MFN'"
    create, delete = "createSubscription ORDER_CHANGE", "deleteSubscriptionById ORDER_CHANGE"
    walk(
        HEAD + AWS + SP_API,
        [
            Step(
                "two expressions",
                world(x=fba, y=fbm),
                [
                    "create destination.to",
                    "create queue.a",
                    "create queue.b",
                    "create subscription.x[de]",
                    "create subscription.y[de]",
                ],
                [*TWO_MADE, "createDestination acme--to", create, create],
            ),
            Step("the keys change places", world(x=fbm, y=fba), [], []),
            Step(
                "one text changes",
                world(x=fbm, y=f"{fba} || {fbm}"),
                ["create subscription.y[de]", f"delete subscription.app/de/ORDER_CHANGE/1.0/{fba}"],
                [create, delete],
            ),
        ],
    )


def test_merchant_walks_from_the_first_subscription_to_the_last_deletion(walk):
    def sub(event, target, path="hook"):
        return (
            f"registeredEvent: {event}, {target}, callBackUri: 'https://hooks.example.com/{path}'"
        )

    product, service = "PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE"
    own = sub(product, "targetAccount: '5678'")
    two = sub(product, "targetAccounts: ['1', '2']", "{targetAccount}/{registeredEvent}")
    three = sub(product, "targetAccounts: ['3', '2', '1']", "{targetAccount}/{registeredEvent}")
    last = sub(product, "targetAccount: '3'", "3/PRODUCT_STATUS_CHANGE")
    everyone = sub(product, "allManagedAccounts: true", "all")
    services = sub(service, "allManagedAccounts: true", "services")
    walk(
        HEAD + ONLY_MERCHANT,
        [
            Step(
                "our own account",
                subscriptions(own=own),
                ["create subscription.own"],
                [f"create {product} accounts/5678"],
            ),
            Step(
                "the call back moves, and the PATCH names just that",
                subscriptions(own=sub(product, "targetAccount: '5678'", "moved")),
                ["update subscription.own callBackUri"],
                ["patch updateMask"],
            ),
            Step(
                "members, and all managed accounts for the other event",
                subscriptions(own=own, m=two, all=services),
                [
                    "create subscription.all",
                    "create subscription.m[1]",
                    "create subscription.m[2]",
                    "update subscription.own callBackUri",
                ],
                [
                    f"create {product} accounts/1",
                    f"create {product} accounts/2",
                    f"create {service} all",
                    "patch updateMask",
                ],
            ),
            Step(
                "a member joins; the order of the list means nothing",
                subscriptions(own=own, m=three, all=services),
                ["create subscription.m[3]"],
                [f"create {product} accounts/3"],
            ),
            Step(
                "members leave; the one that stays is declared on its own",
                subscriptions(own=own, single=last, all=services),
                [f"delete subscription.shop/{product}/{number}" for number in (1, 2)],
                ["delete", "delete"],
            ),
            Step(
                "from some to all managed accounts: the former make room",
                subscriptions(own=own, everyone=everyone, all=services),
                ["create subscription.everyone", f"delete subscription.shop/{product}/3"],
                ["delete", f"create {product} all"],
            ),
            Step(
                "from all back to some",
                subscriptions(own=own, m=two, all=services),
                [
                    "create subscription.m[1]",
                    "create subscription.m[2]",
                    f"delete subscription.shop/{product}/allManagedAccounts",
                ],
                ["delete", f"create {product} accounts/1", f"create {product} accounts/2"],
            ),
            Step(
                "both events change sides at once",
                subscriptions(own=own, p=everyone, s=sub(service, "targetAccounts: ['1', '2']")),
                ["create subscription.p", "create subscription.s[1]", "create subscription.s[2]"]
                + [f"delete subscription.shop/{service}/allManagedAccounts"]
                + [f"delete subscription.shop/{product}/{number}" for number in (1, 2)],
                ["delete"] * 3
                + [
                    f"create {product} all",
                    f"create {service} accounts/1",
                    f"create {service} accounts/2",
                ],
            ),
            Step(
                "everything goes",
                "",
                [
                    f"delete subscription.shop/{product}/5678",
                    f"delete subscription.shop/{product}/allManagedAccounts",
                ]
                + [f"delete subscription.shop/{service}/{number}" for number in (1, 2)],
                ["delete"] * 4,
            ),
        ],
    )


def test_a_merchant_patch_names_exactly_the_call_back_uri(sandbox, tmp_path):
    stack = Stack(tmp_path / "declared", sandbox.url)
    world = (
        "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: 'https://%s/x'"
    )
    stack.declare(HEAD + ONLY_MERCHANT + subscriptions(s=world % "hooks.example.com"))
    stack.apply()
    stack.declare(HEAD + ONLY_MERCHANT + subscriptions(s=world % "elsewhere.example.com"))
    stack.apply()
    [patch] = [call for call in sandbox.calls() if call["operation"] == "patch"]
    assert patch["method"] == "PATCH"
    assert patch["query"]["updateMask"] == "callBackUri"
    assert patch["body"] == {"callBackUri": "https://elsewhere.example.com/x"}


def test_fields_under_ignore_changes_are_declared_at_creation_and_then_left_alone(walk, sandbox):
    ignored = "ignoreChanges: [visibilityTimeout, tags.team]"
    walk(
        HEAD + AWS,
        [
            Step(
                "created as declared",
                queues(q=f"visibilityTimeout: 2m, tags: {{team: a}}, {ignored}"),
                ["create queue.q"],
                ["CreateQueue q VisibilityTimeout reconciler:stack team"],
            ),
            Step(
                "declared otherwise",
                queues(q=f"visibilityTimeout: 3m, tags: {{team: b}}, {ignored}"),
                [],
                [],
            ),
        ],
    )
    assert held_queue(sandbox)["attributes"]["VisibilityTimeout"] == "120"


def test_the_bundled_sample_is_in_sync_after_one_apply(sandbox, tmp_path):
    from pathlib import Path

    stack = Stack(Path(__file__).parents[2] / "subscriptions", sandbox.url)
    assert stack.apply().unfinished() == []
    again = stack.plan()
    assert (again.lines(), again.problems()) == ([], [])
    assert again.plan.summary["unchanged"] == 11
