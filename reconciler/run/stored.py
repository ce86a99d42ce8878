"""Snapshots that somebody keeps: in the place of the services, or as a memory of what they had."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import PlanRefused, Problem
from reconciler.core.model.finding import Finding
from reconciler.core.routing import Routing
from reconciler.core.service import Account
from reconciler.core.text.phrases import age
from reconciler.core.world.discovery import Discovery, left_over, seen_topics
from reconciler.core.world.observation import Observation
from reconciler.core.world.snapshot import Snapshot, recall, unseal
from reconciler.run.reach import Services

_NOT_COVERED = (
    "the snapshot is not of this account, so that what may point from there at what is removed is "
    "not seen; apply looks for itself"
)


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot that is kept somewhere: what messages call it, and how its content is had.

    `read` raises a SettingsError where it cannot be had.
    """

    name: str
    read: Callable[[], bytes]

    def open(
        self, declared: Declarations, services: Services, strays: Iterable[Problem] = ()
    ) -> "Recalled":
        """Read it, to stand in for the services; `strays` are told as warnings of the plan.

        Raises:
            SettingsError: it cannot be read.
            PlanRefused: it is not a sound snapshot of these declarations' stack.
        """
        content = self.read()
        snapshot, _ = self.unsealed(content, declared, services, {})
        return Recalled(self, content, snapshot, declared, services, tuple(strays))

    def discovery(self, declared: Declarations, services: Services) -> Discovery:
        """Return what the objects that it saw tell of where to look.

        Raises:
            SettingsError: it cannot be read.
            Outdated: another version of this tool made it.
            PlanRefused: it is not a sound snapshot of these declarations' stack.
        """
        identities = {name: account.identity() for name, account in declared.accounts.items()}
        snapshot, seen = self.unsealed(self.read(), declared, services, identities)
        renamed = {name for name, it in snapshot.accounts.items() if it in identities.values()}
        then = (
            item
            for item in recall(snapshot, services)
            if item.account in declared.accounts or item.account not in renamed
        )
        return Discovery(seen=seen_topics(seen.live), left=left_over(then, declared.accounts))

    def unsealed(
        self,
        content: bytes,
        declared: Declarations,
        services: Services,
        identities: Mapping[str, Any],
    ) -> tuple[Snapshot, Observation]:
        """Return a content of it, and what it observed of the accounts in `identities`.

        Raises:
            Outdated: another version of this tool made it.
            PlanRefused: it is not a sound snapshot of these declarations' stack.
        """
        try:
            return unseal(content, declared, services, identities)
        except PlanRefused as error:
            raise type(error)(f"{self.name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Recalled:
    """A sound snapshot that stands in for the services. `strays` are where accounts lead astray."""

    stored: StoredSnapshot
    content: bytes
    snapshot: Snapshot
    declared: Declarations
    services: Services
    strays: tuple[Problem, ...] = ()

    @property
    def taken_at(self) -> datetime:
        """Return when it was taken."""
        return self.snapshot.taken_at

    @property
    def routing(self) -> Mapping[str, Routing]:
        """Return where the accounts led when it was taken."""
        return self.snapshot.routing

    def introduction(self, now: datetime | None = None) -> str:
        """Return the sentence that says what is planned against, and how old it is."""
        old = age(self.snapshot.age(now or datetime.now(UTC)))
        when = self.taken_at.isoformat().replace("+00:00", "Z")
        return f"planning against the snapshot {self.stored.name}, taken {when}, {old} ago"

    def look(self, accounts: Mapping[str, Account]) -> Observation:
        """Return what was observed of these accounts.

        Raises:
            PlanRefused: it is no snapshot of these declarations.
        """
        identities = {name: account.identity() for name, account in accounts.items()}
        _, seen = self.stored.unsealed(self.content, self.declared, self.services, identities)
        found = tuple(map(_as_finding, self.strays))
        return seen.beside(Observation(warnings=found, accounts=frozenset()))

    def look_beside(self, accounts: Mapping[str, Account]) -> Observation:
        """Return what was observed of those that it covers; say of the others that it does not.

        A snapshot of one shard is still good for planning, since what is applied is planned live.
        """
        covered = {name: accounts[name] for name in accounts if name in self.snapshot.accounts}
        unseen = tuple(
            Finding(address=name, message=_NOT_COVERED) for name in accounts if name not in covered
        )
        return self.look(covered).beside(Observation(warnings=unseen, accounts=frozenset()))


def _as_finding(problem: Problem) -> Finding:
    address, _, message = problem.message.partition(": ")
    return Finding(address=address, message=message)
