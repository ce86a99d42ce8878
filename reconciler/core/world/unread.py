"""What could not be read, and what is left alone because of it: not seen is not absent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.model.objects import Live
from reconciler.core.model.plan import Finding
from reconciler.core.model.references import references
from reconciler.core.model.spec import live_address
from reconciler.core.provider import Scope


@dataclass(frozen=True, slots=True)
class Unread:
    """A scope that could not be read, and why, in one sentence."""

    scope: Scope
    reason: str

    def finding(self) -> Finding:
        """Return it as reports tell it."""
        return Finding(address=str(self.scope), message=self.reason)


Behind = Mapping[tuple[str, str, str], str]


def held(live: Iterable[Live], unread: Sequence[Unread], unknown: Iterable[Live]) -> frozenset[str]:
    """Return live addresses of what must neither be deleted nor replaced.

    That is what something unread may refer to, what rests on something unread, directly or through
    others (whose it is may hang on that), and all that these and the `unknown` ones refer to
    themselves.
    """
    if not unread:
        return frozenset()
    objects = {live_address(item.spec, item.account): item for item in live}
    behind = _behind(objects)
    needed = _needed(unread)
    found = _resting(objects, behind, _hidden(unread)) | {
        address
        for address, item in objects.items()
        if not needed.isdisjoint({(item.spec.kind, item.account), (item.spec.kind, "")})
    }
    waiting = [*unknown, *(objects[address] for address in found)]
    while waiting:
        more = {behind[key] for key in _keys(waiting.pop()) & behind.keys()} - found
        found |= more
        waiting += [objects[address] for address in more]
    return frozenset(found)


def _needed(unread: Iterable[Unread]) -> set[tuple[str, str]]:
    """Return kinds and accounts (or none) of what something unread may refer to."""
    return {
        (reference.kind, each.scope.account if reference.same_account else "")
        for each in unread
        for kind in each.scope.kinds
        for reference in kind.refs.values()
    }


def _behind(objects: Mapping[str, Live]) -> Behind:
    """Return live addresses by kind, account (or none) and handle."""
    return {
        (item.spec.kind, scope, item.spec.handle(item.account, item.outputs)): address
        for address, item in objects.items()
        for scope in (item.account, "")
    }


def _keys(live: Live) -> set[tuple[str, str, str]]:
    """Return what an object refers to: kind, account (or none) and handle."""
    return {
        (reference.kind, live.account if reference.same_account else "", handle)
        for _, reference, handle in references(live.spec)
    }


def _hidden(unread: Iterable[Unread]) -> set[tuple[str, str]]:
    """Return kinds and accounts (or none) of what may be there unseen."""
    return {
        (kind.kind, account)
        for each in unread
        for kind in each.scope.kinds
        for account in (each.scope.account, "")
    }


def _resting(
    objects: Mapping[str, Live], behind: Behind, hidden: Collection[tuple[str, str]]
) -> set[str]:
    """Return what refers to something that was not seen and may be in what was not read.

    And what refers to that, and so on.
    """
    keys = {address: _keys(item) for address, item in objects.items()}
    found = {
        address
        for address, mine in keys.items()
        if any(key[:2] in hidden and key not in behind for key in mine)
    }
    more = found
    while more:
        more = {
            address
            for address, mine in keys.items()
            if address not in found and any(behind.get(key) in more for key in mine)
        }
        found |= more
    return found
