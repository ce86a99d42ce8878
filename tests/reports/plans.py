"""Plans and drift that hold everything, and one of ten thousand changes, for what reports show."""

from functools import cache

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import (
    AccountChange,
    Action,
    Estimate,
    FieldChange,
    Guard,
    Plan,
    PlannedWave,
    Unmanaged,
)

VERBS = ("create", "update", "replace", "delete")
ARN = "arn:aws:sqs:eu-west-1:123456789012:"
PARTNER = "arn:aws:iam::444455556666:root"
ACCOUNTS = {
    "aws-eu": {"service": "aws", "region": "eu-west-1"},
    "acme-app": {"service": "sp-api", "region": "eu"},
    "acme-shop": {"service": "merchant", "accountId": "5678"},
}


def change(path, before, after):
    return FieldChange(path=path, before=before, after=after)


def statement(*actions, principal=PARTNER):
    return {
        "Action": list(actions),
        "Effect": "Allow",
        "Principal": {"AWS": [principal]},
        "Resource": [f"{ARN}acme-offers"],
    }


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def action(verb, address, account, identity, *changes, **more):
    return Action(
        action=verb,
        address=address,
        kind=address.partition(".")[0],
        account=account,
        identity=identity,
        changes=changes,
        **more,
    )


def plan(*actions, **more):
    counts = {verb: sum(item.action == verb for item in actions) for verb in VERBS}
    return Plan(
        **{
            "format_version": 1,
            "stack": "acme-notifications",
            "declarations_digest": "sha256:" + "0" * 64,
            "fingerprint": "sha256:" + "f1" * 32,
            "complete": True,
            "summary": {**counts, "unchanged": 7, "unmanaged": 0},
            "guards": (),
            "estimate": Estimate(calls=len(actions), seconds=len(actions) / 2),
            "actions": actions,
            "unmanaged": (),
            "accounts": ACCOUNTS,
            **more,
        }
    )


def subscription(seller, kind="ANY_OFFER_CHANGED", verb="create", **more):
    return action(
        verb,
        f"subscription.offers[{seller}]",
        "acme-app",
        {"seller": seller, "notificationType": kind, "payloadVersion": "1.0"},
        change("destination", None, "destination.offers-sp"),
        change("notificationType", None, kind),
        change("payloadVersion", None, "1.0"),
        change("seller", None, seller),
        **more,
    )


def everything():
    """Return a plan in which everything occurs that a plan can hold."""
    return plan(
        action(
            "create",
            "queue.offers-dlq",
            "aws-eu",
            {"name": "acme-offers-dlq"},
            change("messageRetentionPeriod", None, 1209600),
            change("name", None, "acme-offers-dlq"),
            change("tags", None, {"team": "pricing"}),
            units={"messageRetentionPeriod": "seconds"},
        ),
        action(
            "update",
            "queue.offers",
            "aws-eu",
            {"name": "acme-offers"},
            change("visibilityTimeout", 30, 120),
            change("messageRetentionPeriod", 345600, 1209600),
            change("deadLetter", None, {"queue": f"{ARN}acme-offers-dlq", "maxReceives": 5}),
            change(
                "policy",
                policy(
                    statement("sqs:SendMessage"),
                    statement("sqs:PurgeQueue", principal="arn:aws:iam::999988887777:root"),
                ),
                policy(
                    statement("sqs:ReceiveMessage", "sqs:SendMessage"),
                    statement("sqs:SendMessage", principal="arn:aws:iam::437568002678:root"),
                ),
            ),
            units={"visibilityTimeout": "seconds", "messageRetentionPeriod": "seconds"},
            notes=("the policy lets arn:aws:iam::444455556666:root receive messages",),
        ),
        action(
            "update",
            "queue.価格-新着",
            "aws-eu",
            {"name": "価格-新着"},
            change("tags", {"team": "価格"}, {"team": "価格", "[bold]note[/bold]": "🚚"}),
            adopts=True,
        ),
        subscription("acme-de"),
        subscription("acme-fr", notes=("it waits for what may take its place",)),
        action(
            "replace",
            "destination.offers-sp",
            "acme-app",
            {"queue": f"{ARN}acme-offers"},
            change("name", "acme--old", "acme-notifications--offers-sp"),
            gap_seconds=3.0,
            notes=("it is deleted and created again: nothing is delivered in between",),
        ),
        action(
            "replace",
            "subscription.orders[acme-de]",
            "acme-app",
            {"seller": "acme-de", "notificationType": "ORDER_CHANGE", "payloadVersion": "1.0"},
            change("destination", "destination.offers-sp", "destination.offers-sp"),
            caused_by="destination.offers-sp",
            gap_seconds=3.4,
        ),
        action(
            "delete",
            "queue.aws-eu/acme-old",
            "aws-eu",
            {"name": "acme-old"},
            change("name", "acme-old", None),
            waits_for=("queue.offers-dlq",),
            notes=("it waits for what may take its place: queue.offers-dlq",),
        ),
        action(
            "delete",
            "subscription.acme-shop/PRODUCT_STATUS_CHANGE/1234",
            "acme-shop",
            {"registeredEvent": "PRODUCT_STATUS_CHANGE", "targetAccount": "1234"},
            change("callBackUri", "https://hooks.example.com/merchant/1234", None),
            held_back="what would take its place is not there",
        ),
        waves=(
            PlannedWave(name="acme-d*", summary={"create": 2, "replace": 2}, members=("acme-de",)),
            PlannedWave(name="10%", summary={}),
            PlannedWave(
                name="100%", summary={"create": 1, "delete": 2}, members=("1234", "acme-fr")
            ),
        ),
        complete=False,
        summary={
            "create": 3,
            "update": 2,
            "replace": 2,
            "delete": 2,
            "unchanged": 7,
            "unmanaged": 2,
        },
        account_changes=(
            AccountChange(
                account="acme-app",
                change="changed",
                changes=(
                    change("endpoint", None, "https://proxy.example.net"),
                    change("sellers.acme-fr.refreshToken", "env:FR", "file:/run/fr"),
                ),
            ),
            AccountChange(
                account="acme-us", change="added", changes=(change("region", None, "us-east-1"),)
            ),
        ),
        guards=(
            Guard(
                guard="maxDeletes",
                refused=True,
                message="4 of 12 owned objects would be deleted or replaced (33%), the policy "
                "allows 30%: raise it, or give --max-deletes 4",
                allow=("- {guard: maxDeletes, upTo: 4, until: 2026-12-05}",),
            ),
            Guard(guard="protect", refused=False, message="nothing protected goes"),
        ),
        unmanaged=(
            Unmanaged(kind="queue", account="aws-eu", identity={"name": "of-others"}),
            Unmanaged(
                kind="subscription",
                account="acme-shop",
                identity={"registeredEvent": "ACCOUNT_SERVICE_CHANGE", "allManagedAccounts": True},
            ),
        ),
        problems=(
            Finding(
                address="aws-us",
                message="aws-us: ListQueues: the credentials may not call it (AccessDenied): "
                "allow sqs:ListQueues",
            ),
        ),
        warnings=(Finding(address="queue.offers", message="messages outlive their dead letters"),),
        unknown=("queue.us-offers", "subscription.us-offers"),
        not_looked=(
            Finding(
                address="acme-app",
                message="subscriptions of 17 types were not asked for (discover: declared); "
                "--since SNAPSHOT or --discover all finds what a changed declaration left there",
            ),
        ),
        estimate=Estimate(calls=14, seconds=6.5, reading_calls=48, reading_seconds=13.0),
    )


SELLERS = [f"acme-{number:03}" for number in range(1, 401)]
KINDS = [f"TYPE_{number:02}_CHANGE" for number in range(25)]


@cache
def fleet():
    """Return a plan of 10,000 changes at 400 sellers, a few of them unlike the others."""
    made = [subscription(seller, kind) for kind in KINDS[:20] for seller in SELLERS]
    gone = [
        action(
            "delete",
            f"subscription.acme-app/{seller}/{kind}/1.0",
            "acme-app",
            {"seller": seller, "notificationType": kind, "payloadVersion": "1.0"},
        )
        for kind in KINDS[20:23]
        for seller in SELLERS
    ]
    moved = [
        action(
            "update",
            f"subscription.products[{number}]",
            "acme-shop",
            {"registeredEvent": "PRODUCT_STATUS_CHANGE", "targetAccount": str(number)},
            change("callBackUri", f"https://a.example/{number}/X", f"https://b.example/{number}/X"),
        )
        for number in range(1, 799)
    ]
    alone = [
        action(
            "update",
            f"queue.{name}",
            "aws-eu",
            {"name": name},
            change("visibilityTimeout", 30, seconds),
            units={"visibilityTimeout": "seconds"},
        )
        for name, seconds in (("offers", 120), ("orders", 300))
    ]
    return plan(*alone, *made, *moved, *gone)
