"""What a snapshot looked at and what it therefore tells nothing of: not seen is not absent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Frozen, Spec
from reconciler.core.provider import Scope
from reconciler.core.service import Service
from reconciler.core.world.unread import Unread

_LOOKS = "a plan without --live looks now, and so does apply after the merge"
_NOT_COVERED = f"the snapshot does not hold it, as where it was declared only afterwards: {_LOOKS}"
_NOT_LISTED = (
    "the snapshot does not tell which accounts are linked, since nothing was declared for all of "
    f"them then: {_LOOKS}"
)
_NOT_ASKED = (
    "the snapshot did not ask for this (it was taken with --discover declared): take one that asks "
    "for all, which `reconciler snapshot` does"
)


class ScopeRecord(Frozen):
    """One part of an account; `reason` says why it could not be read, None that it was.

    `topics` are what was asked for where a service lists only what it is asked for (notification
    types); None: everything. `asked` is their number, also then. `refused` are those that it does
    not show, with the reason.
    """

    account: str
    kinds: tuple[str, ...]
    part: str | None = None
    topics: tuple[str, ...] | None = None
    asked: int = 0
    refused: dict[str, str] = Field(default_factory=dict)
    reason: str | None = None


class Coverage:
    """What a snapshot's scopes tell of the accounts that are declared now.

    `others` are accounts that were other ones then, with the fields in which they differ.
    """

    def __init__(
        self,
        records: Iterable[ScopeRecord],
        declarations: Declarations,
        services: Sequence[Service],
        others: Mapping[str, str],
    ) -> None:
        self._declarations = declarations
        self._others = others
        self._kinds = {
            service.name: {name: kind for name, kind in service.kinds.items() if not kind.local}
            for service in services
        }
        self._desired: dict[str, list[Desired]] = {}
        for item in declarations.desired:
            self._desired.setdefault(item.account, []).append(item)
        self._records: dict[str, list[ScopeRecord]] = {}
        self._by_part: dict[tuple[str, str, str | None], list[ScopeRecord]] = {}
        for record in records:
            self._records.setdefault(record.account, []).append(record)
            for kind in record.kinds:
                self._by_part.setdefault((record.account, kind, record.part), []).append(record)

    def unread(self, accounts: Iterable[str]) -> Iterator[Unread]:
        """Yield what of these accounts could not be read then, or was not looked at."""
        for name in accounts:
            if name in self._others or name not in self._records:
                yield self._whole(name)
            else:
                missing = list(self._missing_parts(name))
                yield from (*self._failed(name), *missing)
                yield from self._missing_objects(name, [item.scope for item in missing])
                yield from self._missing_members(name)

    def not_looked(self, accounts: Iterable[str]) -> Iterator[Finding]:
        """Yield what was not looked for, since the program that took the snapshot knew no such."""
        for name in accounts:
            if kinds := sorted(self._unknown_kinds(name)):
                message = f"kinds that the snapshot does not know: {', '.join(kinds)}"
                yield Finding(address=name, message=message)

    def _unknown_kinds(self, name: str) -> set[str]:
        """Return the kinds of which nothing is declared and no record of the account tells."""
        if name in self._others or name not in self._records:
            return set()
        known = {kind for record in self._records[name] for kind in record.kinds}
        declared = {item.spec.kind for item in self._desired.get(name, ())}
        return set(self._kinds_of(name)) - known - declared

    def _whole(self, name: str) -> Unread:
        reason = _NOT_COVERED
        if name in self._others:
            differing = f"they differ in {self._others[name]}"
            reason = f"the snapshot is of another account ({differing}): {_LOOKS}"
        return Unread(Scope(name, tuple(self._kinds_of(name).values())), f"{name}: {reason}")

    def _failed(self, name: str) -> Iterator[Unread]:
        kinds = self._kinds_of(name)
        for record in self._records[name]:
            if record.reason is not None:
                scope = Scope(name, tuple(kinds[kind] for kind in record.kinds), record.part)
                yield Unread(scope, record.reason)

    def _missing_parts(self, name: str) -> Iterator[Unread]:
        parts: dict[str | None, list[type[Spec]]] = {}
        unknown = self._unknown_kinds(name)
        for kind, spec_type in self._kinds_of(name).items():
            for part in self._declarations.accounts[name].parts(kind):
                if kind not in unknown and not self._about(name, kind, part):
                    parts.setdefault(part, []).append(spec_type)
        for part, missing in parts.items():
            scope = Scope(name, tuple(missing), part)
            yield Unread(scope, f"{scope}: {_NOT_COVERED}")

    def _missing_objects(self, name: str, covered: Collection[Scope]) -> Iterator[Unread]:
        """Yield what is declared now and was not asked for then, beyond what is `told` already."""
        missing: dict[tuple[type[Spec], str | None], dict[str, str]] = {}
        for item in self._desired.get(name, ()):
            kind, part = type(item.spec), item.spec.partition()
            if any(each.covers(name, item.spec) for each in covered):
                continue
            reason = _silence(self._about(name, kind.kind, part), item.spec)
            if reason is not None:
                missing.setdefault((kind, part), {})[item.spec.topic()] = reason
        for (kind, part), topics in missing.items():
            for reason in sorted(set(topics.values())):
                those = frozenset(topic for topic in topics if topics[topic] == reason)
                scope = Scope(name, (kind,), part, those if kind.topical else None)
                yield Unread(scope, f"{scope}: {reason}")

    def _missing_members(self, name: str) -> Iterator[Unread]:
        """Yield what is declared for members that the snapshot does not list."""
        kinds = {type(it.specimen.spec) for it in self._declarations.unlisted if it.account == name}
        if kinds and not any(self._failed(name)):
            scope = Scope(name, tuple(sorted(kinds, key=lambda kind: kind.kind)))
            yield Unread(scope, f"{name}: {_NOT_LISTED}")

    def _kinds_of(self, name: str) -> Mapping[str, type[Spec]]:
        return self._kinds[self._declarations.accounts[name].service]

    def _about(self, account: str, kind: str, part: str | None) -> list[ScopeRecord]:
        if part is None:
            return [record for record in self._records[account] if kind in record.kinds]
        keys = ((account, kind, None), (account, kind, part))
        return [record for key in keys for record in self._by_part.get(key, ())]


def _silence(records: Sequence[ScopeRecord], spec: Spec) -> str | None:
    """Return why none of the records tells of an object, None if one does."""
    if not spec.topical or not records:
        return None if records else _NOT_COVERED
    topic, reason = spec.topic(), _NOT_ASKED
    for record in records:
        if topic in record.refused:
            reason = record.refused[topic]
        elif record.reason or record.topics is None or topic in record.topics:
            return None
    return reason
