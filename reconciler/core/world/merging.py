"""Several snapshots of one stack → one: as old as the oldest, each account from one of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.finding import Finding
from reconciler.core.model.spec import Frozen
from reconciler.core.routing import differing
from reconciler.core.world.snapshot import Snapshot

F = TypeVar("F", bound=Frozen)


def merge(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return what all of these (at least one) saw.

    An account that several saw is taken from the newest that could read all of it.

    Raises:
        PlanRefused: they are of several stacks, or an account is not the same one in all of them.
    """
    first = snapshots[0]
    for other in snapshots[1:]:
        if other.stack != first.stack:
            raise PlanRefused(
                f"one of the snapshots is of stack {other.stack!r}, another of {first.stack!r}: "
                "merge those of one stack"
            )
    _ensure_alike("is another account", [each.accounts for each in snapshots])
    _ensure_alike("leads elsewhere", [each.routing for each in snapshots])
    source = {name: _best(name, snapshots) for each in snapshots for name in each.accounts}
    chosen = [(each, {n for n, best in source.items() if best is each}) for each in snapshots]
    return first.model_copy(
        update={
            "taken_at": min(each.taken_at for each in snapshots),
            "accounts": {name: source[name].accounts[name] for name in sorted(source)},
            "routing": _united(each.routing for each in snapshots),
            "scopes": _sorted(
                it for each, own in chosen for it in each.scopes if it.account in own
            ),
            "live": _sorted(it for each, own in chosen for it in each.live if it.account in own),
            "warnings": _findings((each.warnings, own) for each, own in chosen),
            "not_looked": _findings((each.not_looked, own) for each, own in chosen),
            "linked": _united(
                {name: names for name, names in each.linked.items() if name in own}
                for each, own in chosen
            ),
            "calls": _united(
                {name: number for name, number in each.calls.items() if name in own}
                for each, own in chosen
            ),
        }
    ).sealed()


def lacking(merged: Snapshot) -> list[Finding]:
    """Return what none of the snapshots that were merged could read, or was about."""
    found = [
        Finding(address="/".join(filter(None, (it.account, it.part))), message=it.reason)
        for it in merged.scopes
        if it.reason is not None
    ]
    held = {it.account for it in merged.scopes}
    return found + [
        Finding(address=name, message="none of these snapshots is about it")
        for name in merged.routing
        if name not in held
    ]


def _ensure_alike(complaint: str, stated: Sequence[Mapping[str, object]]) -> None:
    known: dict[str, object] = {}
    for each in stated:
        for name, what in sorted(each.items()):
            if known.setdefault(name, what) != what:
                raise PlanRefused(
                    f"account {name!r} {complaint} in one of the snapshots (they differ in "
                    f"{differing(known[name], what)}): take them with the same declarations"
                )


def _best(name: str, snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the newest snapshot that read an account whole, else the newest that tried."""

    def rank(snapshot: Snapshot) -> tuple[bool, float]:
        failed = any(it.account == name and it.reason is not None for it in snapshot.scopes)
        return not failed, snapshot.taken_at.timestamp()

    return max((each for each in snapshots if name in each.accounts), key=rank)


def _united(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    whole = {name: value for part in parts for name, value in part.items()}
    return dict(sorted(whole.items()))


def _sorted(items: Iterable[F]) -> tuple[F, ...]:
    def key(item: F) -> str:
        return json.dumps(item.model_dump(mode="json"), sort_keys=True)

    return tuple(sorted(items, key=key))


def _findings(parts: Iterable[tuple[Sequence[Finding], set[str]]]) -> tuple[Finding, ...]:
    """Return findings once; what is about an account comes from where that was taken from."""
    chosen = list(parts)
    known = {name for _, own in chosen for name in own}
    found = {
        item
        for taken, own in chosen
        for item in taken
        if (account := item.address.partition("/")[0]) in own or account not in known
    }
    return _sorted(found)
