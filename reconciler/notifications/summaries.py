"""One line a message, the same for all sources: time, source, type, who, what changed."""

from reconciler.core.text.visible import visible
from reconciler.notifications.facts import Facts, facts_of
from reconciler.notifications.model import (
    MerchantNotification,
    MerchantPayload,
    Notification,
    ResourceChange,
)

_WIDTH = 80
_CHANGES = 3


def summary(notification: Notification) -> str:
    """Return a notification on one line; what it does not tell is `-`."""
    who: str | None
    if isinstance(notification, MerchantNotification):
        who, what = notification.payload.account, _merchant(notification.payload)
    else:
        facts = facts_of(notification.payload)
        who = notification.seller or facts.who
        what = _sentence(facts)
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


def _sentence(facts: Facts) -> str:
    parts = [f"{_short(name)}={_short(text)}" for name, text in facts.what.items()]
    if facts.more:
        number, name = facts.more
        parts.append(f"and {number} more of {_short(name)}")
    return ", ".join(parts) or "-"


def _short(text: str) -> str:
    """Return text that can neither move a terminal's cursor nor fill its screen."""
    shown = visible(text[: _WIDTH + 1])
    return shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]}…"
