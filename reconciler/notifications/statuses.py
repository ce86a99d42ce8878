"""What holds now, from pushes that repeat and overtake one another."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from reconciler.notifications.model import MerchantNotification, ResourceChange

_NEVER = datetime.min.replace(tzinfo=UTC)


class StatusPlace(NamedTuple):
    """Where a value holds: a resource, or one of its regions and reporting contexts."""

    account: str
    resource: str | None
    region_code: str | None
    reporting_context: str | None


def latest_changes(pushes: Iterable[MerchantNotification]) -> dict[StatusPlace, ResourceChange]:
    """Return the change with the greatest time of each place, however often and in which order.

    A push without time counts as older than any other.
    """
    oldest_first = sorted(pushes, key=lambda push: push.moment or _NEVER)
    return {
        StatusPlace(
            push.payload.account,
            push.payload.resource or push.payload.resource_id,
            change.region_code,
            change.reporting_context,
        ): change
        for push in oldest_first
        for change in push.payload.changes
    }
