"""Whatever is validly declared, on whatever was there before: apply, and the next plan is empty.

Hypothesis draws declarations over every attribute of the contract as the data that YAML holds; they
go through files, reader, providers, engine and real sockets to the sandbox and back.
"""

import json
import string
from itertools import count

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from reconciler.core.manifest.settings import Limit
from tests.drawing import examples
from tests.worlds import Stack

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
FOREIGN = "arn:aws:sqs:eu-west-1:444455556666:theirs"
MARKETS = ["A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P"]
ACCOUNTS = {
    "aws-eu": {"service": "aws", "region": "eu-west-1", "accountId": "123456789012"},
    "uk": {
        "service": "mws",
        "sellerId": "A2EXAMPLE1SELLER",
        "marketplaceId": "A1F83G8C2ARO7P",
        "credentials": {
            "accessKeyId": "env:MWS_ID",
            "secretKey": "env:MWS_KEY",
            "authToken": "env:MWS_TOKEN",
        },
    },
    "app": {
        "service": "sp-api",
        "region": "eu",
        "credentials": {"clientId": "env:LWA_ID", "clientSecret": "env:LWA_SECRET"},
        "sellers": {"de": {"refreshToken": "env:DE"}, "fr": {"refreshToken": "env:FR"}},
    },
    "shop": {"service": "merchant", "accountId": "5678"},
}
# What SP-API documents: notification type -> payload versions ("" for the type's newest).
QUEUE_TYPES = {
    "ANY_OFFER_CHANGED": ["", "1.0"],
    "ORDER_CHANGE": ["", "1.0"],
    "FEED_PROCESSING_FINISHED": ["", "2020-09-04"],
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": ["", "2026-01-30"],
    "EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE": ["1.0", "2026-01-01"],
}
BUS_TYPES = {
    "BRANDED_ITEM_CONTENT_CHANGE": ["", "1.0"],
    "LISTINGS_ITEM_ISSUES_CHANGE": ["1.0", "2023-12-13"],
}
ROUTED = [*BUS_TYPES, "LISTINGS_ITEM_STATUS_CHANGE"]
MWS_TYPES = ["AnyOfferChanged", "FeedProcessingFinished", "ReportProcessingFinished"]
EVENTS = ["PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE"]

names = st.text(string.ascii_letters + string.digits + "._-/ :=+@", min_size=1, max_size=12)


def duration(least, most):
    """Draw seconds, as a number or in units that come to a whole."""

    def spelt(seconds):
        units = [(60, "m"), (3600, "h"), (86400, "d")]
        whole = [f"{seconds // size}{unit}" for size, unit in units if seconds % size == 0]
        return st.sampled_from([seconds, f"{seconds}s", *whole])

    steps = [size for size in (least, most, 60, 3600, 86400) if least <= size <= most]
    return (st.sampled_from(steps) | st.integers(least, most)).flatmap(spelt)


def maybe(**fields):
    """Draw some of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


sizes = st.integers(1024, 1048576) | st.sampled_from(["1KiB", "256KiB", "1MiB"])
kms_keys = st.sampled_from(
    [
        "alias/offers",
        "arn:aws:kms:eu-west-1:123456789012:alias/offers",
        "arn:aws:kms:eu-west-1:444455556666:alias/theirs",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
    ]
)
encryption = st.sampled_from(["sqs", "none"]) | st.fixed_dictionaries(
    {"kmsKey": kms_keys}, optional={"dataKeyReuse": duration(60, 86400)}
)
actions = st.lists(
    st.sampled_from(["SendMessage", "ReceiveMessage", "getqueueattributes", "PurgeQueue"]),
    min_size=1,
    max_size=4,
)
someone = st.sampled_from(["444455556666", "arn:aws:iam::444455556666:role/a/b", "*"])
grants = st.lists(
    st.just({"to": "amazon-notifications"})
    | st.fixed_dictionaries({"to": someone, "actions": actions | st.just("all")}),
    max_size=3,
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.sampled_from(
            ["*", {"AWS": "444455556666"}, {"AWS": ["*"]}, {"Service": "sns.amazonaws.com"}]
        ),
        "Action": st.sampled_from(["sqs:SendMessage", "SQS:*", ["sqs:sendmessage", "sqs:Get*"]]),
    },
    optional={
        "Sid": st.sampled_from(["one", "two"]),
        "Resource": st.sampled_from(["*", [f"{ARN}q1"]]),
        "Condition": st.sampled_from(
            [
                {"Bool": {"aws:SecureTransport": False}},
                {"ArnLike": {"aws:SourceArn": ["arn:aws:sns:*:*:b", "arn:aws:sns:*:*:a"]}},
                {"StringLike": {"aws:userid": "${aws:userid}"}},
            ]
        ),
    },
)
policies = st.none() | st.fixed_dictionaries(
    {
        "Statement": statements
        | st.lists(
            statements, min_size=1, max_size=3, unique_by=lambda one: one.get("Sid", id(one))
        )
    },
    optional={"Version": st.sampled_from(["2008-10-17", "2012-10-17"]), "Id": names},
)
tags = st.dictionaries(
    names.filter(lambda key: not key.lower().startswith(("aws:", "reconciler:"))),
    st.text(string.printable.strip(), max_size=8),
    max_size=3,
)
plain = maybe(
    account=st.just("aws-eu"),
    visibilityTimeout=duration(0, 43200),
    messageRetentionPeriod=duration(60, 1209600),
    delay=duration(0, 900),
    receiveMessageWaitTime=duration(0, 20),
    maximumMessageSize=sizes,
    encryption=encryption,
    tags=tags,
    protect=st.booleans(),
    ignoreChanges=st.lists(
        st.sampled_from(["visibilityTimeout", "policy", "tags", "encryption"]), unique=True
    ),
)
fifo_fields = maybe(contentBasedDeduplication=st.booleans()).flatmap(
    lambda fields: st.sampled_from(
        [
            {},
            {"deduplicationScope": "queue"},
            {"deduplicationScope": "messageGroup", "fifoThroughputLimit": "perQueue"},
            {"deduplicationScope": "messageGroup", "fifoThroughputLimit": "perMessageGroupId"},
        ]
    ).map(lambda more: {**fields, **more})
)


@st.composite
def worlds(draw):
    """Draw declarations of all four services that refer to each other."""
    made = draw_queues(draw)
    standard = [key for key, queue in made.items() if not queue.get("fifo")]
    places = draw_destinations(draw, standard)
    routes = (
        draw_routes(draw, made) if "account" in places.get("bus", {}).get("eventBridge", {}) else {}
    )
    return {
        "stack": "acme",
        "owns": {"callBackUris": ["https://hooks.example.com/"]},
        # Histories may leave objects without evidence (a destination on a foreign queue under a
        # name of its own), which a later world declares again.
        "policy": {
            "prune": True,
            "maxDeletes": 0,
            "adopt": True,
            "discover": "all",
            "ignoreTags": ["cost-*"],
        },
        "accounts": ACCOUNTS,
        "defaults": {
            "queues": draw(maybe(messageRetentionPeriod=st.just("5d"), tags=st.just({"of": "all"})))
        },
        "queues": made,
        "destinations": places,
        "routes": routes,
        "subscriptions": {
            **draw_mws_subscriptions(draw, places),
            **draw_sp_api_subscriptions(draw, places),
            **draw_merchant_subscriptions(draw),
        },
    }


def draw_queues(draw):
    """Draw queues whose dead letters go to earlier ones of their kind that let them in."""
    made = {}
    for index in range(draw(st.integers(1, 4))):
        key, fifo = f"q{index}", draw(st.integers(0, 3)) == 0
        queue = draw(plain)
        if fifo:
            queue |= {"fifo": True, "name": f"{key}.fifo", **draw(fifo_fields)}
        elif draw(st.booleans()):
            queue |= {"fifo": False, "name": draw(st.sampled_from([key, f"Other_{key}"]))}
        queue |= draw(st.sampled_from(["", "grants", "policy"]).flatmap(permissions))
        queue |= draw(maybe(redriveAllow=st.sampled_from(["all", "none", [f"{ARN}elsewhere"]])))
        targets = [
            name
            for name, other in made.items()
            if other.get("fifo", False) == fifo and other.get("redriveAllow", "all") == "all"
        ]
        if targets and draw(st.booleans()):
            target = draw(st.sampled_from(targets))
            arn = ARN + made[target].get("name", target)
            queue["deadLetter"] = {
                "queue": draw(st.sampled_from([target, arn])),
                "maxReceives": draw(st.integers(1, 1000)),
            }
            if draw(st.booleans()):
                # No other source may follow: only this one is let in.
                made[target]["redriveAllow"] = [ARN + queue.get("name", key)]
        made[key] = queue
    return narrowed(made)


def narrowed(made):
    """Let every dead-letter queue with a list of sources list all of them."""
    for target, queue in made.items():
        if not isinstance(queue.get("redriveAllow"), list):
            continue
        names_of_it = {target, ARN + queue.get("name", target)}
        # By name and by ARN in turn, which mean the same.
        sources = [
            key if len(key) % 2 else ARN + other.get("name", key)
            for key, other in made.items()
            if other.get("deadLetter", {}).get("queue") in names_of_it
        ]
        queue["redriveAllow"] = sorted({*queue["redriveAllow"], *sources})
    return made


def permissions(field):
    """Draw the one field, or none."""
    return {
        "": st.just({}),
        "grants": st.fixed_dictionaries({"grants": grants}),
        "policy": st.fixed_dictionaries({"policy": policies}),
    }[field]


def draw_destinations(draw, standard):
    """Draw destinations on declared queues, on a foreign one, and on an event bus."""
    places = {}
    for account in ("uk", "app"):
        ends = st.lists(st.sampled_from([*standard, FOREIGN]), unique=True, min_size=1, max_size=3)
        for key in draw(ends):
            name = f"{account}-{'theirs' if key == FOREIGN else key}"
            places[name] = {"account": account, "queue": key}
            if account == "app":
                places[name] |= draw(maybe(name=names.filter(lambda text: text == text.strip())))
    if draw(st.booleans()):
        theirs = {"region": "us-east-1", "accountId": "123456789012"}
        bus = draw(st.sampled_from([{"account": "aws-eu"}, {"account": "aws-eu"}, theirs]))
        places["bus"] = {"account": "app", "eventBridge": bus}
    return places


def draw_routes(draw, made):
    """Draw routes of which no two send a type to the same queue."""
    fit = [
        key
        for key, queue in made.items()
        if not queue.get("fifo") or queue.get("contentBasedDeduplication")
    ]
    standard = [key for key, queue in made.items() if not queue.get("fifo")]
    found, taken = {}, set()
    for index in range(draw(st.integers(0, 3)) if fit else 0):
        queue = draw(st.sampled_from(fit))
        some = st.lists(st.sampled_from(sorted(ROUTED)), unique=True, min_size=1, max_size=3)
        types = [kind for kind in draw(some) if (queue, kind) not in taken]
        taken |= {(queue, kind) for kind in types}
        if types:
            more = {"deadLetter": st.sampled_from(standard)} if standard else {}
            target = draw(st.sampled_from([queue, ARN + made[queue].get("name", queue)]))
            route = {"from": "bus", "queue": target, "types": types}
            found[f"r{index}"] = {**route, **draw(maybe(protect=st.booleans(), **more))}
    return found


def draw_mws_subscriptions(draw, places):
    found = {}
    for place in [key for key in places if key.startswith("uk-")]:
        for kind in draw(st.lists(st.sampled_from(MWS_TYPES), unique=True, max_size=2)):
            found[f"{place}-{kind}"] = {
                "destination": place,
                "notificationType": kind,
                **draw(maybe(enabled=st.booleans())),
            }
    return found


sellers = st.sampled_from(["all", ["de"], ["fr"], ["fr", "de"]])


def draw_sp_api_subscriptions(draw, places):
    """Draw subscriptions of which no two have the same identity."""
    found, numbers = {}, count()
    for types, prefix in ((QUEUE_TYPES, "app-"), (BUS_TYPES, "bus")):
        targets = [key for key in places if key.startswith(prefix)]
        if not targets:
            continue
        some = st.lists(st.sampled_from(sorted(types)), unique=True, min_size=1, max_size=3)
        for kind in draw(some | st.just(sorted(types)[:2])):
            for narrowing in draw(directives(kind)):
                version = draw(st.sampled_from(types[kind]))
                found[f"sp-{next(numbers)}"] = {
                    "destination": draw(st.sampled_from(targets)),
                    "notificationType": kind,
                    "sellers": draw(sellers),
                    **({"payloadVersion": version} if version else {}),
                    **narrowing,
                }
    return found


def directives(kind):
    """Draw the narrowings of a type's subscriptions: one plain or filtered, or two expressions."""
    expressions = st.lists(
        st.sampled_from(["a == 'x'", "b in ['x', 'y']", "has(c) && !d"]),
        unique=True,
        min_size=1,
        max_size=2,
    ).map(lambda texts: [{"filterExpression": text} for text in texts])
    fields = {
        "ANY_OFFER_CHANGED": st.fixed_dictionaries(
            {"marketplaceIds": st.permutations(MARKETS) | st.lists(st.sampled_from(MARKETS))},
            optional={"aggregationTimePeriod": st.sampled_from(["FiveMinutes", "TenMinutes"])},
        )
        | st.just({"aggregationTimePeriod": "TenMinutes"}),
        "ORDER_CHANGE": st.fixed_dictionaries(
            {
                "orderChangeTypes": st.lists(
                    st.sampled_from(["OrderStatusChange", "BuyerRequestedChange"]), min_size=1
                )
            }
        ),
        "SHIPMENT_TRACKING_MILESTONE_CHANGED": st.sampled_from(
            [
                {"trackingIdentifier": {"acsin": "A1"}},
                {"trackingIdentifier": {"carrierTracking": {"trackingNumber": "1"}}},
            ]
        ),
    }
    filtered = fields.get(kind, st.nothing()).map(lambda fields: [{"filter": fields}])
    bare = st.just([{}])
    if kind == "ORDER_CHANGE":
        return filtered | expressions
    if kind == "SHIPMENT_TRACKING_MILESTONE_CHANGED":
        return filtered | bare
    return bare if kind in BUS_TYPES else filtered | bare | expressions


@st.composite
def merchant_targets(draw):
    """Draw targets that Google lets coexist: itself, and all that are managed or some."""
    own = draw(st.sampled_from([[], [{"targetAccount": "5678"}]]))
    some = draw(st.lists(st.sampled_from(["1", "2", "3"]), unique=True, max_size=3))
    others = draw(
        st.sampled_from(
            [
                [{"allManagedAccounts": True}],
                [{"targetAccounts": some}] if some else [],
                [{"targetAccount": number} for number in some],
            ]
        )
    )
    return own + others


def draw_merchant_subscriptions(draw):
    found, numbers = {}, count()
    for event in draw(st.lists(st.sampled_from(EVENTS), unique=True)):
        for target in draw(merchant_targets()):
            paths = ["a", "b/{registeredEvent}"]
            if "allManagedAccounts" not in target:
                paths.append("c/{targetAccount}")
            found[f"shop-{next(numbers)}"] = {
                "account": "shop",
                "registeredEvent": event,
                "callBackUri": f"https://hooks.example.com/{draw(st.sampled_from(paths))}",
                **target,
            }
    return found


def backwards(value):
    """Write the same in another order: no list of the contract means its order."""
    if isinstance(value, dict):
        return {key: backwards(item) for key, item in reversed(value.items())}
    return [backwards(item) for item in reversed(value)] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@given(first=worlds(), second=worlds())
@settings(
    max_examples=examples(6, 80),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_whatever_is_declared_after_whatever_was_there_one_apply_brings_about(
    running, tmp_path, first, second
):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    for world in (first, second):
        text = json.dumps(world, indent=1)  # which is YAML too, with every text in quotes
        note(text)
        stack.declare(text)
        applied = stack.apply(max_deletes=Limit(count=1000), unprotect=("*",))
        assert (applied.problems(), applied.unfinished()) == ([], [])
        again = stack.plan()
        assert (again.lines(), again.problems(), again.plan.complete) == ([], [], True)
    stack.declare(json.dumps(backwards(second)))
    assert stack.plan().lines() == [], "the same in another order"
    defects = [call["defect"] for call in running.calls() if "defect" in call]
    assert not defects, defects[0]
