"""The result of validate: what is wrong with declarations, and where."""

from reconciler.core.model.errors import Problem
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
