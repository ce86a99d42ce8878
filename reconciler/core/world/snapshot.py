"""Live state as a file: dated, digested, free of secrets, and good for planning without a network.

A snapshot is the stream of `Live` written down, together with what was looked at: not seen is not
absent, so a plan made of it treats whatever it does not cover as unknown.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, ValidationError

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import Frozen, Spec
from reconciler.core.provider import Asked, Scope
from reconciler.core.routing import differing
from reconciler.core.service import Service
from reconciler.core.text.veil import AS_SHOWN
from reconciler.core.world.coverage import Coverage, ScopeRecord
from reconciler.core.world.discovery import (
    EVERYTHING,
    Discovery,
    left_behind,
    left_over,
    seen_topics,
)
from reconciler.core.world.effort import Effort
from reconciler.core.world.observation import Observation

FORMAT_VERSION = 4


class Outdated(PlanRefused):
    """The snapshot was made by another version of this tool."""


class LiveRecord(Frozen):
    """One live object; `spec` holds its fields by YAML name, references as remote values."""

    service: str
    kind: str
    account: str
    spec: dict[str, Any]
    outputs: dict[str, str]
    owner: str | None = None
    protected: bool = False
    waiting: int | None = None
    detailed: bool = True


class Snapshot(Frozen):
    """The live state of the declared accounts at a moment (`taken_at`, UTC).

    `accounts` identifies the real accounts that were read, `routing` says where each declared one
    led, `calls` how many reading each took, `linked` what its service listed of what is linked to
    it; `digest` seals everything else.
    """

    format_version: int
    taken_at: datetime
    stack: str
    accounts: dict[str, Any]
    routing: dict[str, dict[str, Any]] = Field(default_factory=dict)
    scopes: tuple[ScopeRecord, ...]
    live: tuple[LiveRecord, ...]
    warnings: tuple[Finding, ...] = ()
    not_looked: tuple[Finding, ...] = ()
    calls: dict[str, int] = Field(default_factory=dict)
    linked: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    digest: str = ""

    def sealed(self) -> "Snapshot":
        """Return the snapshot with its digest."""
        return self.model_copy(update={"digest": self._digest()})

    def intact(self) -> bool:
        """Say whether the content still is what was sealed."""
        return self.digest == self._digest()

    def age(self, now: datetime) -> float:
        """Return seconds since it was taken."""
        return max(0.0, (now - self.taken_at).total_seconds())

    def _digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"digest"})
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def take(
    declarations: Declarations,
    observation: Observation,
    scopes: Iterable[Scope],
    accounts: Mapping[str, Any],
    now: datetime,
    discovery: Discovery = EVERYTHING,
) -> Snapshot:
    """Write down what was observed; `scopes` are all that were tried, `discovery` how far."""
    reasons = {item.scope: item.reason for item in observation.unread}
    topics = None if discovery.everything else declarations.topics()
    return Snapshot(
        format_version=FORMAT_VERSION,
        taken_at=now.astimezone(UTC).replace(microsecond=0),
        stack=declarations.stack,
        accounts=dict(accounts),
        routing={name: dict(routing) for name, routing in declarations.routing.items()},
        scopes=tuple(
            sorted(
                (
                    _scope_record(scope, observation.asked.get(scope), topics, reasons.get(scope))
                    for scope in scopes
                ),
                key=lambda item: (item.account, item.kinds, item.part or ""),
            )
        ),
        live=tuple(
            sorted(
                (_live_record(item) for item in observation.live),
                key=lambda item: json.dumps(item.model_dump(mode="json"), sort_keys=True),
            )
        ),
        warnings=observation.warnings,
        not_looked=observation.not_looked,
        calls=dict(observation.effort.calls),
        linked=dict(sorted(observation.listed.items())),
    ).sealed()


def _scope_record(
    scope: Scope,
    asked: Asked | None,
    declared: Mapping[str, Iterable[str]] | None,
    reason: str | None,
) -> ScopeRecord:
    """Write down how far a scope was looked at; `declared` are topics, None if all were asked for.

    What a reader tells of it counts more: there may be nothing but what was asked for.
    """
    topics: tuple[str, ...] | None = None
    refused: dict[str, str] = {}
    number = 0
    if asked is not None:
        number = len(asked.topics)
        topics = tuple(sorted(asked.topics)) if asked.passed_over else None
        refused = {**asked.refused, **{name: str(error) for name, error in asked.denied.items()}}
    elif declared is not None and any(kind.topical for kind in scope.kinds):
        topics = tuple(sorted(declared.get(scope.account, ())))
    return ScopeRecord(
        account=scope.account,
        kinds=tuple(sorted(kind.kind for kind in scope.kinds)),
        part=scope.part,
        topics=topics,
        asked=number,
        refused=dict(sorted(refused.items())),
        reason=reason,
    )


def _live_record(item: Live) -> LiveRecord:
    return LiveRecord(
        service=item.spec.service,
        kind=item.spec.kind,
        account=item.account,
        spec=item.spec.model_dump(mode="json", exclude_unset=True),
        outputs=dict(item.outputs),
        owner=item.owner,
        protected=item.protected,
        waiting=item.waiting,
        detailed=item.detailed,
    )


def recall(snapshot: Snapshot, services: Sequence[Service]) -> tuple[Live, ...]:
    """Return what was live then, also in accounts that are declared no more."""
    kinds = _kinds(services)
    return tuple(_live(item, kinds) for item in snapshot.live)


def opened(text: bytes) -> Snapshot:
    """Read a snapshot.

    Raises:
        PlanRefused: it is no snapshot, or was changed since it was made.
        Outdated: it was made by another version of this tool.
    """
    try:
        snapshot = Snapshot.model_validate_json(text)
    except ValidationError:
        raise PlanRefused("this is not a snapshot: make one with `reconciler snapshot`") from None
    if snapshot.format_version != FORMAT_VERSION:
        raise Outdated("the snapshot was made by another version of this tool: take a new one")
    if not snapshot.intact():
        raise PlanRefused("the snapshot was changed after it was taken: take a new one")
    return snapshot


def unseal(
    text: bytes,
    declarations: Declarations,
    services: Sequence[Service],
    accounts: Mapping[str, Any],
) -> tuple[Snapshot, Observation]:
    """Read a snapshot and return what it observed of the declared accounts.

    `accounts` identifies the real accounts to tell about; others are left out, as they are by a
    plan that reads live. What is declared in them but lies outside of what was looked at is
    reported as unread, and so is an account that is another one now.

    Raises:
        PlanRefused: it is no snapshot, was changed since it was made, or is of another stack.
        Outdated: it was made by another version of this tool.
    """
    snapshot = opened(text)
    if snapshot.stack != declarations.stack:
        raise PlanRefused(
            f"the snapshot is of stack {snapshot.stack!r}, the declarations are of stack "
            f"{declarations.stack!r}: take one with these declarations"
        )
    kinds = _kinds(services)
    covered = {name: target for name, target in accounts.items() if name in snapshot.accounts}
    same = {name for name, target in covered.items() if snapshot.accounts[name] == target}
    then = [_live(item, kinds) for item in snapshot.live if item.account in same]
    # A plan that reads live cannot see what a part that is declared no more left behind.
    gone = {id(item) for item in left_behind(then, declarations.accounts)}
    live = tuple(item for item in then if id(item) not in gone)
    others = {
        name: differing(snapshot.accounts[name], target)
        for name, target in covered.items()
        if name not in same
    }
    listed = {name: names for name, names in snapshot.linked.items() if name in same}
    coverage = Coverage(snapshot.scopes, declarations.listed(listed), services, others)
    unread = tuple(coverage.unread(accounts))
    looked_at = frozenset(record.account for record in snapshot.scopes) & same
    recalled = tuple(item for item in snapshot.not_looked if item.address in looked_at)
    recalled += (*left_over(then, declarations.accounts), *coverage.not_looked(accounts))
    effort = _effort(snapshot, looked_at, declarations, live, kinds)
    seen = Observation(live, unread, snapshot.warnings, looked_at, recalled=recalled, effort=effort)
    return snapshot, replace(seen, listed=listed)


def _effort(
    snapshot: Snapshot,
    accounts: Collection[str],
    declarations: Declarations,
    live: Iterable[Live],
    kinds: Mapping[tuple[str, str], type[Spec]],
) -> Effort:
    """Return what reading takes today: as it did then, but for what the policy leaves out."""
    topics = {
        Scope(
            record.account,
            tuple(kinds[declarations.accounts[record.account].service, it] for it in record.kinds),
            record.part,
        ): record.asked
        for record in snapshot.scopes
        if record.account in accounts and record.asked
    }
    calls = {name: snapshot.calls[name] for name in accounts if name in snapshot.calls}
    effort = Effort(calls, topics)
    if declarations.policy.discover == "all":
        return effort
    declared, seen, nothing = declarations.topics(), seen_topics(live), frozenset[str]()
    return effort.for_topics(
        {
            scope: len(declared.get(scope.account, nothing) | seen.get(scope.account, nothing))
            for scope in topics
        }
    )


def _kinds(services: Sequence[Service]) -> dict[tuple[str, str], type[Spec]]:
    return {
        (service.name, name): kind for service in services for name, kind in service.kinds.items()
    }


def _live(record: LiveRecord, kinds: Mapping[tuple[str, str], type[Spec]]) -> Live:
    try:
        spec = kinds[(record.service, record.kind)].model_validate(record.spec, context=AS_SHOWN)
    except (KeyError, ValidationError):
        raise PlanRefused(
            "the snapshot holds an object that this version does not know: take a new one"
        ) from None
    return Live(
        account=record.account,
        spec=spec,
        outputs=remote_values(**record.outputs),
        owner=record.owner,
        protected=record.protected,
        waiting=record.waiting,
        detailed=record.detailed,
    )
