"""Which MWS subscriptions move to the SP-API, and what they become there. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Origin
from reconciler.core.model.objects import Desired
from reconciler.migration.applications import SuccessorApplications

_ENVELOPE = "the payload has the same elements as JSON fields; check them against Amazon's schema"


@dataclass(frozen=True, slots=True)
class Successor:
    """The type and payload version that take over, and what consumers of it must change.

    `by_marketplace`: the type can be narrowed to marketplaces, as MWS subscriptions were.
    """

    name: str
    version: str
    changes: str = _ENVELOPE
    by_marketplace: bool = False


SUCCESSORS = {
    "AnyOfferChanged": Successor(
        "ANY_OFFER_CHANGED",
        "1.0",
        "AnyOfferChangedNotification lies in Payload; the attributes condition and "
        "fulfillmentChannel are fields, repeated elements are lists, amounts are numbers",
        by_marketplace=True,
    ),
    "FBAOutboundShipmentStatus": Successor("FBA_OUTBOUND_SHIPMENT_STATUS", "1.0"),
    "FeePromotion": Successor("FEE_PROMOTION", "1.0"),
    "FeedProcessingFinished": Successor(
        "FEED_PROCESSING_FINISHED",
        "2020-09-04",
        "FeedSubmissionId is feedId, a feed of the SP-API; FeedProcessingStatus _DONE_ is "
        "processingStatus DONE, and it may be FATAL; names begin with a small letter",
    ),
    "FulfillmentOrderStatus": Successor("FULFILLMENT_ORDER_STATUS", "1.0"),
    "ReportProcessingFinished": Successor(
        "REPORT_PROCESSING_FINISHED",
        "2020-09-04",
        "ReportRequestId and ReportId are reportId, a report of the SP-API; ReportProcessingStatus "
        "_DONE_ is processingStatus DONE; names begin with a small letter",
    ),
}
"""By MWS notification type."""


SP_API_QUEUES = "arn:aws:sqs:"
"""How the ARNs of queues begin that the SP-API can send to: no other partition than aws."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What only people can decide: `sellers` are SP-API names by MWS seller id.

    `keep_first`: of several queues for one type the first by name gets everything.
    """

    sellers: Mapping[str, str] = field(default_factory=dict)
    keep_first: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """An MWS subscription on its way; `queue` is the name or ARN, `arn` the handle."""

    address: str
    former: str
    successor: Successor
    origin: Origin
    region: str
    queue: str
    arn: str


@dataclass(frozen=True, slots=True, order=True)
class MigratedSubscription:
    """A subscription to be written, but for its sellers."""

    account: str
    arn: str
    type: str
    version: str
    marketplaces: tuple[str, ...]


def migrations_of(
    declarations: Declarations, origins: Mapping[str, Origin]
) -> tuple[list[Migration], list[str]]:
    """Return the MWS subscriptions that move, and of each other one a note that says why not."""
    migrations, notes = [], []
    destinations = {item.address: item for item in declarations.desired}
    for item in declarations.desired:
        if item.account in origins and item.spec.kind == "subscription":
            destination = destinations[item.references["destination"]]
            found = _migration(item, destination, origins[item.account])
            if isinstance(found, Migration):
                migrations.append(found)
            else:
                notes.append(f"{item.address}: {found}")
    return migrations, notes


def _migration(item: Desired, destination: Desired, origin: Origin) -> Migration | str:
    """Return where a subscription moves, or why it does not."""
    fields = item.spec.fields()
    former, arn = fields["notificationType"], fields["destination"]
    successor = SUCCESSORS.get(former)
    if not fields["enabled"]:
        return "it is disabled, which the SP-API does not know, so nothing takes over from it"
    if successor is None:
        return f"{former} has no successor known here among the types of the SP-API"
    if origin.region is None:
        return f"no SP-API region known here serves marketplace {origin.marketplace}"
    if not arn.startswith(SP_API_QUEUES):
        return f"the SP-API sends to queues of the partition aws only, not to {arn}"
    queue = name_in(destination.references.get("queue")) or arn
    return Migration(item.address, former, successor, origin, origin.region, queue, arn)


def rows_of(
    migrations: Iterable[Migration],
    applications: SuccessorApplications,
    declarations: Declarations,
    choices: Choices,
) -> tuple[dict[MigratedSubscription, list[str]], list[str]]:
    """Return sellers by the subscription that is to be written for them, and notes."""
    grouped: dict[tuple[str, str, str], list[Migration]] = {}
    for migration in migrations:
        key = (migration.region, migration.origin.seller, migration.successor.name)
        grouped.setdefault(key, []).append(migration)
    rows: dict[MigratedSubscription, list[str]] = {}
    notes: list[str] = []
    for (region, seller, _), group in sorted(grouped.items()):
        notes += _flagged(group, choices)
        if len({migration.arn for migration in group}) > 1 and not choices.keep_first:
            continue
        account, name = applications.of(seller, region)
        row = _row(account, group)
        covering = _covering(row, name, declarations)
        if covering is None:
            rows.setdefault(row, []).append(name)
        else:
            notes.append(_covered(covering, row, group))
    return rows, notes


def _row(account: str, group: Sequence[Migration]) -> MigratedSubscription:
    """Return what a group of moves becomes: one queue, and all marketplaces."""
    first = min(group, key=lambda migration: migration.queue)
    marketplaces = sorted({migration.origin.marketplace for migration in group})
    narrowed = tuple(marketplaces) if first.successor.by_marketplace else ()
    return MigratedSubscription(
        account, first.arn, first.successor.name, first.successor.version, narrowed
    )


def _flagged(group: Iterable[Migration], choices: Choices) -> Iterator[str]:
    """Yield what the SP-API does otherwise with subscriptions of one seller to one type."""
    migrations = sorted(group, key=lambda migration: migration.queue)
    names, successor = (
        ", ".join(migration.address for migration in migrations),
        migrations[0].successor,
    )
    queues = sorted({migration.queue for migration in migrations})
    if len(queues) > 1:
        kept = (
            f"all of it goes to {queues[0]}, forward it from there"
            if choices.keep_first
            else "nothing is written for them; run again with --keep-first to take the first one, "
            "and forward from there"
        )
        yield (
            f"{names}: {successor.name} goes to {' and '.join(queues)}, but without filter "
            f"expressions a seller has one SP-API subscription to a type; {kept}"
        )
    elif not successor.by_marketplace:
        yield f"{names}: {successor.name} comes for all marketplaces of the region at once"


def _covering(row: MigratedSubscription, seller: str, declarations: Declarations) -> Desired | None:
    """Return the declared subscription in whose place the row would stand."""
    identity = {
        "seller": seller,
        "notificationType": row.type,
        "payloadVersion": row.version,
    }
    return next(
        (
            item
            for item in declarations.desired
            if item.account == row.account and item.spec.identity_values() == identity
        ),
        None,
    )


def _covered(covering: Desired, row: MigratedSubscription, group: Iterable[Migration]) -> str:
    names = ", ".join(sorted(migration.address for migration in group))
    wanted = f" with marketplaces {', '.join(row.marketplaces)}" if row.marketplaces else ""
    return (
        f"{names}: {covering.address} is declared for {row.type} already, and a seller has one; "
        f"see that it covers this too (to {row.arn}{wanted})"
    )


def name_in(address: str | None) -> str:
    """Return the name in a declared address: `offers` of `queue.offers`."""
    return (address or "").partition(".")[2].partition("[")[0]
