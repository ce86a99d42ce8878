"""What can go wrong, by who must act.

ReconcilerError
├─ DeclarationError   the author of the YAML: all problems at once, file:line:column
├─ SettingsError      whoever runs it: names of missing variables, never values
├─ PlanRefused        the reviewer: guard, circle, more than was agreed, wrong account
│  └─ Misdirected     an account leads to a host that nobody allowed: file:line:column, all at once
├─ OutOfTime          whoever set a time limit: it ended while live state was being read
├─ DecodeError        whoever sent or saved the message: it holds no notification
└─ ServiceError       account, operation, request id; the cause kept
   ├─ Transient       not done: wait and try again
   ├─ Unreachable     not done: somebody must mend network, proxy or certificates first
   ├─ Unclear         may have been done: look before trying again
   ├─ Denied          whoever holds the credentials; what they do allow goes on
   ├─ Rejected        the service will never accept this
   └─ Missing         already gone
"""

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong (or worth a warning) in the declarations; line and column count from 1.

    Both are 0 where it is about no place inside a file: one that is not there, or not read.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Give `file:line:column: message`, the form editors jump to."""
        return f"{self.place}: {self.message}"

    @property
    def place(self) -> str:
        """Return `file:line:column`, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class ReconcilerError(Exception):
    """Everything this tool raises on purpose; its text is one sentence for the one who must act."""


class DeclarationError(ReconcilerError):
    """The declarations are wrong; `problems` holds every one that was found, in file order.

    `stack` is whose declarations they are, empty if not even that could be read.
    """

    def __init__(self, problems: Iterable[Problem], stack: str = "") -> None:
        self.problems = tuple(sorted(set(problems)))
        self.stack = stack
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Defect(NamedTuple):
    """One defect of a declared value: what is wrong, and at which `path` inside the value.

    `at_key`: the last name of the path is itself what is wrong, not what stands under it. `field`
    is the declaration's field in which it is, where that is not the one that was looked at.
    """

    sentence: str
    path: tuple[str | int, ...] = ()
    at_key: bool = False
    field: str = ""

    def below(self, *path: str | int) -> "Defect":
        """Return the same of the value around it, in which this one stands at `path`."""
        return self._replace(path=(*path, *self.path))


class Defects(ValueError):
    """Several defects of one declared value; each is reported by itself, where it stands."""

    def __init__(self, found: Iterable[str | Defect]) -> None:
        self.found = tuple(Defect(item) if isinstance(item, str) else item for item in found)
        super().__init__("; ".join(item.sentence for item in self.found))


class SettingsError(ReconcilerError):
    """The surroundings lack something: a variable, a file, a profile. Never holds a value."""


class PlanRefused(ReconcilerError):
    """Refused before anything was changed: a guard, a circle, a wrong account."""


class Rerouted(PlanRefused):
    """Refused before anything was asked: an account leads elsewhere than was agreed to."""


class Misdirected(PlanRefused):
    """Refused before a secret was read or anything sent; `problems` says where each host stands."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class OutOfTime(ReconcilerError):
    """A time limit ended while live state was being read: nothing was changed."""


class WrongUsage(ReconcilerError):
    """What was asked for means nothing for these declarations, such as an address of nothing."""


class DecodeError(ReconcilerError):
    """A message holds no notification that is known, or more than any real one would."""


class ServiceError(ReconcilerError):
    """A service call failed for `account` during `operation`."""

    def __init__(
        self,
        account: str,
        operation: str,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
    ) -> None:
        self.account = account
        self.operation = operation
        self.message = message.rstrip(".")
        self.code = code
        self.request_id = request_id
        self.given_up = ""
        """Why it was not tried again although it might be, empty where nothing kept it."""
        super().__init__(account, operation, message)

    def give_up(self, why: str) -> None:
        """Have it said that it was not tried again, and why, once however deep it was raised."""
        if not self.given_up:
            self.given_up = why
            self.message += f"; not tried again, since {why}"

    def __str__(self) -> str:
        """Give one sentence naming account, operation and, where known, the request id."""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.account}: {self.operation}: {self.message}{request}"


class Transient(ServiceError):
    """Not done; the same call may succeed later. `retry_after` is the service's wish in seconds."""

    def __init__(
        self,
        account: str,
        operation: str,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(account, operation, message, code=code, request_id=request_id)
        self.retry_after = retry_after


class Unreachable(ServiceError):
    """Not done, and trying again will not help: proxy, certificate or name must be put right."""


class Unclear(ServiceError):
    """The answer was lost: it may have been done. Look before trying again.

    `passing`: another answer may be had by trying again.
    """

    def __init__(
        self,
        account: str,
        operation: str,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        passing: bool = True,
    ) -> None:
        super().__init__(account, operation, message, code=code, request_id=request_id)
        self.passing = passing


class Denied(ServiceError):
    """The credentials do not allow it; their holder must act.

    Other steps go on, those of the same account too: rights are given by operation and object.
    """


class Rejected(ServiceError):
    """The service will never accept this request as it stands."""


class Missing(ServiceError):
    """The object is not there (any more)."""
