"""What differs between where accounts led and where they lead now."""

from collections.abc import Iterator, Mapping

from reconciler.core.model.plan import AccountChange, FieldChange
from reconciler.core.routing import Routing


def account_changes(
    former: Mapping[str, Routing], now: Mapping[str, Routing]
) -> tuple[AccountChange, ...]:
    """Return what differs between the accounts as they were declared and as they are now."""
    return tuple(_changed(former, now))


def _changed(former: Mapping[str, Routing], now: Mapping[str, Routing]) -> Iterator[AccountChange]:
    for name in sorted({*former, *now}):
        before, after = former.get(name), now.get(name)
        if before != after:
            yield AccountChange(
                account=name,
                change="added" if before is None else "removed" if after is None else "changed",
                changes=tuple(_differing(before or {}, after or {})),
            )


def _differing(before: Routing, after: Routing) -> Iterator[FieldChange]:
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            yield FieldChange(path=path, before=before.get(path), after=after.get(path))
