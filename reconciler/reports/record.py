"""What became of an apply, as a file for another job, which believes it no more than it has to."""

from typing import Literal

from pydantic import ValidationError

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.plan import Plan
from reconciler.core.model.spec import Frozen
from reconciler.reports.discretion import discreet_application
from reconciler.reports.model import ApplyResult

RECORD_BYTES = 64 * 1024 * 1024


class Record(Frozen):
    """The result of an apply of a stack, or of the part of it that `limits` name.

    `in_sync` says that everything is as declared now. What is not ours is not named.
    """

    format_version: Literal[1] = 1
    stack: str
    limits: tuple[str, ...] = ()
    in_sync: bool
    application: ApplyResult


def record_of(application: ApplyResult, plan: Plan, limits: tuple[str, ...]) -> Record:
    """Return what is to be kept of an apply."""
    looked = plan.complete and not (plan.problems or plan.unknown)
    return Record(
        stack=plan.stack,
        limits=limits,
        in_sync=looked and application.result == "done",
        application=discreet_application(application, plan),
    )


def parse_record(content: bytes, name: str) -> Record:
    """Read a record that another job wrote; its counts are those of its actions.

    Raises:
        SettingsError: it is none.
    """
    try:
        found = Record.model_validate_json(content)
    except ValidationError as error:
        raise SettingsError(f"{name} is no result of `apply --out`") from error
    outcomes = [item.outcome for item in found.application.actions]
    summary = {name: outcomes.count(name) for name in ("done", "failed", "skipped")}
    application = found.application.model_copy(update={"summary": summary})
    return found.model_copy(update={"application": application})
