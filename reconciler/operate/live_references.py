"""What refers to what, live and declared, and whether it is there. Pure."""

from collections.abc import Iterable, Iterator

from reconciler.core.model.addresses import Handle
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Reference, references
from reconciler.core.world.index import Index
from reconciler.core.world.remote import RemoteReferences
from reconciler.core.world.unread import Unread


class LiveReferences:
    """Looks up what references lead to; `live` hold handles in theirs."""

    def __init__(
        self,
        desired: Iterable[Desired],
        live: Iterable[Live],
        unread: Iterable[Unread],
        remote: RemoteReferences,
    ) -> None:
        self._remote = remote
        self._unread = tuple(unread)
        self._live = Index(live)
        self._declared = Index(desired)

    def unread(self, item: Desired) -> bool:
        """Say whether a declared object would not have been seen, were it there.

        Nor would one that is known by something that was not read: only that tells its name.
        """
        if not self._unread:
            return False
        if any(it.scope.covers(item.account, item.spec) for it in self._unread):
            return True
        known_by = [
            self.declared(reference.kind, handle)
            for path, reference, handle in references(item.spec)
            if path in item.spec.identity and self.referred(item.account, reference, handle) is None
        ]
        return any(other is not None and self.unread(other) for other in known_by)

    def referred(self, account: str, reference: Reference, handle: Handle) -> Live | None:
        """Return the live object that a reference of an object in `account` leads to."""
        return self._live.named(reference.key(account, handle))

    def there(self, account: str, reference: Reference, handle: Handle) -> bool | None:
        """Say whether what a reference leads to exists, None if that cannot be told."""
        if self.referred(account, reference, handle) is not None:
            return True
        declared = self.declared(reference.kind, handle)
        if declared is not None:
            return None if self.unread(declared) else False
        return False if self._remote.sight(reference.kind, handle).state == "gone" else None

    def leads_somewhere(self, item: Live) -> bool | None:
        """Say whether all that a live object refers to exists, None if that cannot be told."""
        verdicts = {self.there(item.account, *it[1:]) for it in references(item.spec)}
        return False if False in verdicts else None if None in verdicts else True

    def unseen(self, item: Live) -> Iterator[str]:
        """Yield what a live object leads to, or comes from, that nobody could look at."""
        for _, reference, handle in references(item.spec):
            # Of a dead-letter queue its messages are what matters.
            seen = reference.rejects or self.there(item.account, reference, handle) is not None
            if not seen:
                declared = self.declared(reference.kind, handle)
                name = declared.address if declared else f"the {reference.kind} {handle}"
                yield f"whether {name} is there"

    def missing(self, item: Live) -> str | None:
        """Return the name of something that a live object refers to and that is not there."""
        gone = (it for it in references(item.spec) if self.there(item.account, *it[1:]) is False)
        first = next(gone, None)
        return self.name(first[1].kind, first[2]) if first else None

    def declared(self, kind: str, handle: Handle) -> Desired | None:
        """Return what is declared under this handle."""
        return self._declared.named((kind, "", handle))

    def name(self, kind: str, handle: Handle) -> str:
        """Return the address of what has this handle where it is declared, else the handle."""
        declared = self.declared(kind, handle)
        return declared.address if declared else handle
