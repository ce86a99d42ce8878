"""How live differs from declared, told from a plan."""

import operator
from typing import Any, Literal

from pydantic import Field

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Action, FieldChange, Plan, Unmanaged
from reconciler.core.model.spec import Frozen
from reconciler.core.model.units import UnitName
from reconciler.core.verdicts.health import Status as Health

Status = Literal["missing", "changed", "undeclared"]
_STATUS: dict[str, Status] = {
    "create": "missing",
    "update": "changed",
    "replace": "changed",
    "delete": "undeclared",
}


class Resource(Frozen):
    """One object that differs; `before` in its changes is live, `after` is declared.

    `account` and `identity` are for reports to group by; no document holds them.
    """

    address: str
    status: Status
    changes: tuple[FieldChange, ...]
    units: dict[str, UnitName] = Field(default_factory=dict)
    account: str = Field(default="", exclude=True)
    identity: dict[str, Any] = Field(default_factory=dict, exclude=True)


class Drift(Frozen):
    """Every difference, and what is live without being ours.

    `unapplied` says that everything was looked for and nothing of the stack is live: it was not
    applied yet, or all of it is gone. `quiet` is what is quieter than usual, which is no drift, and
    `unheard` of what it could not be told; both only where it was asked, which `listened` says.
    `compared` says whether there was an object to compare, `accounts` are those of the plan; no
    document holds these three. `limits` are the options that left out part of what is declared.
    """

    stack: str
    drifted: bool
    complete: bool
    limits: tuple[str, ...] = ()
    unapplied: bool = False
    resources: tuple[Resource, ...]
    unmanaged: tuple[Unmanaged, ...]
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()
    not_looked: tuple[Finding, ...] = ()
    quiet: tuple[Finding, ...] = Field(default=(), exclude_if=operator.not_)
    unheard: tuple[Finding, ...] = Field(default=(), exclude_if=operator.not_)
    listened: bool = Field(default=False, exclude=True)
    compared: bool = Field(default=True, exclude=True)
    accounts: dict[str, Any] = Field(default_factory=dict, exclude=True)

    @property
    def examined(self) -> bool:
        """Say whether anything was looked at: the shard of a small stack may have no account."""
        return self.compared or bool(self.accounts)

    @property
    def heard_all(self) -> bool:
        """Say whether it was asked what is quieter than usual, and told of everything."""
        return self.listened and not self.unheard


def with_silence(drift: Drift, status: Health | str) -> Drift:
    """Return drift that also tells what a status found to be quieter than usual.

    A text in its place says why there is none.
    """
    if isinstance(status, str):
        nothing = Finding(address="status", message=status)
        return drift.model_copy(update={"unheard": (nothing,), "listened": True})
    asked = [(item.address, item.arrivals) for item in status.everything if item.arrivals]
    quiet = [
        Finding(address=address, message=found.silence) for address, found in asked if found.silence
    ]
    unheard = [
        Finding(address=address, message="what arrived could not be told")
        for address, found in asked
        if found.state == "unknown"
    ]
    silence = {"quiet": tuple(quiet), "unheard": tuple(unheard), "listened": True}
    return drift.model_copy(update=silence)


def _differences(action: Action) -> tuple[FieldChange, ...]:
    """Leave out what is written only because the object behind it is replaced."""
    return tuple(change for change in action.changes if change.before != change.after)


def is_live(plan: Plan) -> bool:
    """Say whether anything that a stack declares or owns was live when it was planned."""
    return plan.summary["unchanged"] > 0 or any(item.action != "create" for item in plan.actions)


def drift_of(plan: Plan) -> Drift:
    """Read a plan as differences instead of actions."""
    resources = tuple(
        Resource(
            address=action.address,
            status=_STATUS[action.action],
            changes=_differences(action),
            units=action.units,
            account=action.account,
            identity=action.identity,
        )
        for action in sorted(plan.actions, key=lambda action: action.address)
        if action.action in ("create", "delete") or _differences(action)
    )
    return Drift(
        stack=plan.stack,
        drifted=bool(resources),
        complete=plan.complete,
        limits=plan.limits,
        unapplied=bool(resources)
        and plan.complete
        and not (plan.problems or plan.unknown or is_live(plan)),
        resources=resources,
        unmanaged=plan.unmanaged,
        problems=plan.problems,
        warnings=plan.warnings,
        unknown=plan.unknown,
        not_looked=plan.not_looked,
        compared=plan.compared,
        accounts=plan.accounts,
    )
