"""What is told besides plans and drift: the results of validate and apply."""

from typing import Literal

from pydantic import Field

from reconciler.core.model.errors import Problem
from reconciler.core.model.pacing import ActionName
from reconciler.core.model.plan import Finding, Guard
from reconciler.core.model.spec import Frozen


class Located(Frozen):
    """A defect or a warning in the declarations; line and column count from 1.

    They are None where it is about no place inside a file.
    """

    file: str
    line: int | None
    column: int | None
    message: str

    @classmethod
    def of(cls, problem: Problem) -> "Located":
        """Take over a problem found by the reader."""
        return cls(
            file=problem.file,
            line=problem.line or None,
            column=problem.column or None,
            message=problem.message,
        )

    def __str__(self) -> str:
        """Give `file:line:column: message`."""
        return f"{self.place}: {self.message}"

    @property
    def place(self) -> str:
        """Return `file:line:column`, or the file alone."""
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


class Validation(Frozen):
    """The result of validate; `declared` counts objects, fan-out included.

    Of `unlisted` declarations the service alone knows how many objects they are.
    """

    valid: bool
    errors: tuple[Located, ...] = ()
    warnings: tuple[Located, ...] = ()
    declared: int = 0
    unlisted: tuple[str, ...] = ()


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
