"""What is decided about objects, and the writes that this takes."""

from dataclasses import dataclass
from typing import Literal

from reconciler.core.model.addresses import Address
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.pacing import ActionName
from reconciler.core.model.plan import FieldChange

Verb = Literal["create", "update", "delete"]


Phase = Literal["prepare", "clear", "build", "prune"]


StepId = tuple[Address, Verb]


PHASES: tuple[Phase, ...] = ("prepare", "clear", "build", "prune")


@dataclass(frozen=True, slots=True)
class Change:
    """A decision about one object; a create has no live side, a delete no desired one."""

    action: ActionName
    address: Address
    desired: Desired | None = None
    live: Live | None = None
    changes: tuple[FieldChange, ...] = ()
    adopts: bool = False
    caused_by: Address | None = None

    @property
    def wanted(self) -> Desired:
        """Return the declared side of a create, update or replace."""
        if self.desired is None:
            raise AssertionError(f"{self.action} {self.address} has no declared side")
        return self.desired

    @property
    def former(self) -> Live:
        """Return the live side of an update, replace or delete."""
        if self.live is None:
            raise AssertionError(f"{self.action} {self.address} has no live side")
        return self.live

    @property
    def subject(self) -> Desired | Live:
        """Return the declared side, or else the live one."""
        return self.desired or self.former


@dataclass(frozen=True, slots=True)
class Step:
    """One write: a create, an update or a delete. A replace is a delete and a create.

    It is begun when all steps in `needs` have succeeded; a prune step also waits until every other
    step has ended one way or the other, and may be held back (see `succession`).
    """

    address: Address
    verb: Verb
    phase: Phase
    change: Change
    needs: tuple[StepId, ...]

    @property
    def id(self) -> StepId:
        """Identify the step within its plan."""
        return self.address, self.verb


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action; `error` says why it failed or was skipped."""

    address: str
    action: ActionName
    outcome: Literal["done", "failed", "skipped"]
    error: str | None = None
