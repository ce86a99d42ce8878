"""What could not be read, and what is left alone because of it: not seen is not absent."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.model.addresses import LiveAddress, ReferenceKey
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import references
from reconciler.core.provider import Scope
from reconciler.core.world.index import Index


@dataclass(frozen=True, slots=True)
class Unread:
    """A scope that could not be read, and why, in one sentence."""

    scope: Scope
    reason: str

    def finding(self) -> Finding:
        """Return it as reports tell it."""
        return Finding(address=str(self.scope), message=self.reason)


_NAMED = 3
"""Scopes that are named where many were not read for one reason."""


def by_cause(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Tell once for an account and its parts what kept them from being read."""
    scopes: dict[tuple[str, str], dict[str, None]] = {}
    for item in findings:
        account = item.address.partition("/")[0]
        about = account if item.message.startswith(f"{account}: ") else item.address
        scopes.setdefault((about, item.message), {})[item.address] = None
    return tuple(
        Finding(address=next(iter(names)), message=message)
        if len(names) == 1
        else Finding(address=_listed(list(names)), message=message.removeprefix(f"{about}: "))
        for (about, message), names in scopes.items()
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


def must_stay(
    live: Iterable[Live], unread: Sequence[Unread], unknown: Iterable[Live]
) -> frozenset[LiveAddress]:
    """Return live addresses of what must neither be deleted nor replaced.

    That is what lies in something unread (that much of it was seen), what something unread may
    refer to, what rests on something unread, directly or through others (whose it is may hang on
    that), and all that these and the `unknown` ones refer to themselves.
    """
    if not unread:
        return frozenset()
    index = Index(live)
    needed = _needed(unread)
    found = (
        _resting(index, hidden(unread))
        | _within(index, unread)
        | {
            item.live_address
            for item in index
            if not needed.isdisjoint({(item.spec.kind, item.account), (item.spec.kind, "")})
        }
    )
    waiting = [*unknown, *(item for item in index if item.live_address in found)]
    while waiting:
        found_there = (index.named(key) for key in _keys(waiting.pop()))
        more = [item for item in found_there if item is not None and item.live_address not in found]
        found |= {item.live_address for item in more}
        waiting += more
    return frozenset(found)


def _within(index: Index[Live], unread: Iterable[Unread]) -> set[LiveAddress]:
    """Return what was seen of the scopes that were not read whole."""
    scopes: dict[tuple[str, str | None], list[Scope]] = {}
    for each in unread:
        scopes.setdefault((each.scope.account, each.scope.part), []).append(each.scope)
    return {
        item.live_address
        for item in index
        for part in {None, item.spec.partition()}
        for scope in scopes.get((item.account, part), ())
        if scope.covers(item.account, item.spec)
    }


def _needed(unread: Iterable[Unread]) -> set[tuple[str, str]]:
    """Return kinds and accounts (or none) of what something unread may refer to."""
    return {
        (reference.kind, each.scope.account if reference.same_account else "")
        for each in unread
        for kind in each.scope.kinds
        for reference in kind.refs.values()
    }


def _keys(live: Live) -> set[ReferenceKey]:
    """Return what an object refers to."""
    return {reference.key(live.account, handle) for _, reference, handle in references(live.spec)}


def hidden(unread: Iterable[Unread]) -> frozenset[tuple[str, str]]:
    """Return kinds and accounts (or none) of what may be there unseen."""
    return frozenset(
        (kind.kind, account)
        for each in unread
        for kind in each.scope.kinds
        for account in (each.scope.account, "")
    )


def _resting(index: Index[Live], unseen: Collection[tuple[str, str]]) -> set[LiveAddress]:
    """Return what refers to something that was not seen and may be in what was not read.

    And what refers to that, and so on.
    """
    more = [
        item
        for item in index
        if any(key[:2] in unseen and index.named(key) is None for key in _keys(item))
    ]
    found = {item.live_address for item in more}
    while more:
        referrers = (referrer for item in more for referrer, _ in index.referring(item))
        more = list({id(it): it for it in referrers if it.live_address not in found}.values())
        found |= {item.live_address for item in more}
    return found
