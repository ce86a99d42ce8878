"""One line a message, the same for all sources: time, source, type, who, what changed."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from reconciler.core.visible import visible
from reconciler.notifications.model import (
    MerchantNotification,
    MerchantPayload,
    Notification,
    ResourceChange,
)

_WIDTH = 80
_CHANGES = 3
_FIELDS = 4
_LOOKED_AT = 200
_WHO = ("sellerid", "merchantid", "accountid", "partnerid")
_WHAT = (
    "asin",
    "sku",
    "sellersku",
    "amazonorderid",
    "sellerfulfillmentorderid",
    "feedid",
    "feedsubmissionid",
    "feedtype",
    "reportid",
    "reportrequestid",
    "reporttype",
    "queryid",
    "processingstatus",
    "feedprocessingstatus",
    "reportprocessingstatus",
    "orderstatus",
    "fulfillmentorderstatus",
    "currentaccountstatus",
    "status",
    "itemcondition",
    "marketplaceid",
)


def summary(notification: Notification) -> str:
    """Return a notification on one line; what it does not tell is `-`."""
    who: str | None
    if isinstance(notification, MerchantNotification):
        who, what = notification.payload.account, _merchant(notification.payload)
    else:
        found = _fields(notification.payload)
        who = getattr(notification.metadata, "seller_id", None) or _first(found)
        what = ", ".join(f"{name}={_short(text)}" for name, text in _chosen(found)) or "-"
    head = (notification.time, notification.source, notification.notification_type, who)
    return " ".join((*(_short(part or "-") for part in head), what))


def _merchant(payload: MerchantPayload) -> str:
    changes = [_change(change) for change in payload.changes[:_CHANGES]]
    if len(payload.changes) > _CHANGES:
        changes.append(f"and {len(payload.changes) - _CHANGES} more")
    resource = _short(payload.resource_id or payload.resource or "-")
    return f"{resource}: {'; '.join(changes)}" if changes else resource


def _change(change: ResourceChange) -> str:
    old, new = _short(change.old_value or ""), _short(change.new_value or "")
    match bool(old), bool(new):
        case True, True:
            what = f"{old} → {new}"
        case False, True:
            what = f"created as {new}"
        case True, False:
            what = f"deleted, was {old}"
        case _:
            what = "changed"
    place = ", ".join(
        _short(part) for part in (change.region_code, change.reporting_context) if part
    )
    return f"{what} ({place})" if place else what


def _fields(payload: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the outermost scalar of each name as {lower name: (name, text)}."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in islice(_scalars(payload), _LOOKED_AT):
        found.setdefault(name.lower(), (name, value))
    return found


def _scalars(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    level = [payload]
    while level:
        for name, value in (pair for item in level for pair in item.items()):
            if isinstance(value, str | int | float) and value != "":
                yield name, str(value)
        level = [inner for item in level for inner in item.values() if isinstance(inner, Mapping)]


def _first(found: Mapping[str, tuple[str, str]]) -> str | None:
    return next((found[name][1] for name in _WHO if name in found), None)


def _chosen(found: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return islice((found[name] for name in _WHAT if name in found), _FIELDS)


def _short(text: str) -> str:
    """Return text that can neither move a terminal's cursor nor fill its screen."""
    shown = visible(text[: _WIDTH + 1])
    return shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]}…"
