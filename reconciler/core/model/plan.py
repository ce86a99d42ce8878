"""A plan as a value: actions, guards' verdicts, findings, the estimate."""

from typing import Any, Literal

from pydantic import Field

from reconciler.core.model.finding import Finding
from reconciler.core.model.pacing import ActionName
from reconciler.core.model.spec import Frozen
from reconciler.core.model.units import UnitName


class FieldChange(Frozen):
    """One differing field: `before` is live, `after` is desired; seconds and bytes as numbers."""

    path: str
    before: Any
    after: Any


class AccountChange(Frozen):
    """What differs in how an account is declared: where it leads, by which references."""

    account: str
    change: Literal["added", "changed", "removed"]
    changes: tuple[FieldChange, ...]


class Action(Frozen):
    """What a plan does to one object. `identity` is live identity, `depends_on` are addresses.

    `gap_seconds` estimates how long what is replaced is missing, by the services' rate limits.
    `waits_for` are addresses of declared objects that have to be there before this is deleted;
    `held_back` says why one of them will not be, so that this run leaves it.
    """

    action: ActionName
    address: str
    kind: str
    account: str
    identity: dict[str, Any]
    adopts: bool = False
    changes: tuple[FieldChange, ...] = ()
    depends_on: tuple[str, ...] = ()
    caused_by: str | None = None
    units: dict[str, UnitName] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    gap_seconds: float | None = None
    waits_for: tuple[str, ...] = ()
    held_back: str | None = None


class Guard(Frozen):
    """The verdict of one guard over a plan; a refused one names its override in the message.

    `allow` are the lines of YAML, below `policy.allow`, that would let the plan pass it.
    """

    guard: str
    refused: bool
    message: str
    allow: tuple[str, ...] = ()


class Unmanaged(Frozen):
    """A live object that is not ours: never touched, only listed."""

    kind: str
    account: str
    identity: dict[str, Any]


class Estimate(Frozen):
    """API calls an apply makes and the seconds its slowest rate limit needs for them.

    `reading_calls` and `reading_seconds` are those of the reading before that.
    """

    calls: int
    seconds: float
    reading_calls: int = 0
    reading_seconds: float = 0.0


class PlannedWave(Frozen):
    """What a wave of a plan does: counts by action, for sellers or targets (`members`).

    `verified`: the next one begins only where this one delivers.
    """

    name: str
    summary: dict[str, int]
    members: tuple[str, ...] = ()
    verified: bool = False


class Plan(Frozen):
    """What apply would do: a value that is compared, stored as JSON and reviewed.

    `problems` make a run exit 1 (unread scopes, foreign objects and what depends on them);
    `warnings` do not. `unknown` are declared objects that were not read, or that refer to such,
    `not_looked` says what else may be live that nobody declared.
    `accounts` holds what `Account.identity()` says of each account that was looked at, by its name,
    `routing` where each declared account leads. `account_changes` is how that differs from what it
    was in the snapshot that was planned against. `limits` are the options that left out part of
    what is declared (`--target queue.offers`). `waves` are those of the policy, in their order.
    """

    format_version: int
    stack: str
    declarations_digest: str
    fingerprint: str
    complete: bool
    limits: tuple[str, ...] = ()
    summary: dict[str, int]
    account_changes: tuple[AccountChange, ...] = ()
    guards: tuple[Guard, ...]
    estimate: Estimate
    actions: tuple[Action, ...]
    waves: tuple[PlannedWave, ...] = Field(default=(), exclude_if=lambda waves: not waves)
    unmanaged: tuple[Unmanaged, ...]
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()
    not_looked: tuple[Finding, ...] = ()
    accounts: dict[str, Any] = Field(default_factory=dict)
    routing: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def compared(self) -> bool:
        """Say whether there was an object to compare."""
        return bool(self.actions or self.summary["unchanged"])

    @property
    def examined(self) -> bool:
        """Say whether anything was looked at: the shard of a small stack may have no account."""
        return self.compared or bool(self.accounts)

    def refused(self) -> tuple[Guard, ...]:
        """Return the guards that refuse this plan."""
        return tuple(guard for guard in self.guards if guard.refused)
