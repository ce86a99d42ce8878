"""What a snapshot looked at and what it therefore tells nothing of: not seen is not absent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, Frozen, Spec
from reconciler.core.provider import Scope, Service
from reconciler.core.unread import Unread

_NOT_HELD = "the snapshot does not tell: take a new one"


class ScopeRecord(Frozen):
    """One part of an account; `reason` says why it could not be read, None that it was.

    `topics` are what was asked for where a service lists only what it is asked for (notification
    types); None: everything.
    """

    account: str
    kinds: tuple[str, ...]
    part: str | None = None
    topics: tuple[str, ...] | None = None
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
            service.name: {
                shape.spec_type.kind: shape.spec_type for shape in service.declarations.values()
            }
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

    def _whole(self, name: str) -> Unread:
        reason = _NOT_HELD
        if name in self._others:
            differing = f"they differ in {self._others[name]}"
            reason = f"the snapshot is of another account ({differing}): take a new one"
        return Unread(Scope(name, tuple(self._kinds_of(name).values())), f"{name}: {reason}")

    def _failed(self, name: str) -> Iterator[Unread]:
        kinds = self._kinds_of(name)
        for record in self._records[name]:
            if record.reason is not None:
                scope = Scope(name, tuple(kinds[kind] for kind in record.kinds), record.part)
                yield Unread(scope, record.reason)

    def _missing_parts(self, name: str) -> Iterator[Unread]:
        parts: dict[str | None, list[type[Spec]]] = {}
        for kind, spec_type in self._kinds_of(name).items():
            for part in self._declarations.accounts[name].parts(kind):
                if not self._about(name, kind, part):
                    parts.setdefault(part, []).append(spec_type)
        for part, missing in parts.items():
            scope = Scope(name, tuple(missing), part)
            yield Unread(scope, f"{scope}: {_NOT_HELD}")

    def _missing_objects(self, name: str, told: Collection[Scope]) -> Iterator[Unread]:
        """Yield what is declared now and was not asked for then, beyond what is `told` already."""
        missing: dict[tuple[type[Spec], str | None], Scope] = {}
        for item in self._desired.get(name, ()):
            kind, part = type(item.spec), item.spec.partition()
            if (kind, part) in missing or any(each.covers(name, item.spec) for each in told):
                continue
            if not any(_tells(it, item.spec) for it in self._about(name, kind.kind, part)):
                missing[kind, part] = Scope(name, (kind,), part)
        for scope in missing.values():
            yield Unread(scope, f"{scope}: {_NOT_HELD}")

    def _kinds_of(self, name: str) -> Mapping[str, type[Spec]]:
        return self._kinds[self._declarations.accounts[name].service]

    def _about(self, account: str, kind: str, part: str | None) -> list[ScopeRecord]:
        if part is None:
            return [record for record in self._records[account] if kind in record.kinds]
        keys = ((account, kind, None), (account, kind, part))
        return [record for key in keys for record in self._by_part.get(key, ())]


def _tells(record: ScopeRecord, spec: Spec) -> bool:
    return record.topics is None or not spec.topical or spec.topic() in record.topics
