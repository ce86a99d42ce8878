"""What is told besides plans and drift: what became of an apply, or of a command that failed."""

from typing import Literal

from pydantic import Field

from reconciler.core.model.finding import Finding
from reconciler.core.model.pacing import ActionName
from reconciler.core.model.plan import Guard
from reconciler.core.model.spec import Frozen
from reconciler.reports.validation import Located


class ActionResult(Frozen):
    """What became of one action."""

    address: str
    action: ActionName
    outcome: Literal["done", "failed", "skipped"]
    error: str | None = None


class ApplyResult(Frozen):
    """The result of apply; `guards` refused it, `problems` could not be planned.

    `limits` are the options that left out part of what is declared. `cut_short`: what was left is
    all that keeps it from being done, and another run goes on there. `examined` says whether
    anything was looked at; no document holds it.
    """

    result: Literal["done", "failed", "refused"]
    actions: tuple[ActionResult, ...]
    summary: dict[str, int]
    message: str | None = None
    guards: tuple[Guard, ...] = ()
    problems: tuple[Finding, ...] = ()
    not_looked: tuple[Finding, ...] = ()
    limits: tuple[str, ...] = ()
    cut_short: bool = False
    examined: bool = Field(default=True, exclude=True)


class FailedCommand(Frozen):
    """A command that came to no result: why, and what is wrong with the declarations, if they are.

    It has the fields of a result of apply, since that is what scripts look at first.
    """

    result: Literal["failed", "refused"]
    error: str
    errors: tuple[Located, ...] = ()
    actions: tuple[ActionResult, ...] = ()
    summary: dict[str, int] = Field(default_factory=dict)
