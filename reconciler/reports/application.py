"""What became of an apply: as a result, and as a file for another job.

That job believes the file no more than it has to.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import ValidationError

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.plan import Action, Plan
from reconciler.core.model.spec import Frozen
from reconciler.reports import findings
from reconciler.reports.discretion import discreet_application
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.run import Applied, Planned, Session

RECORD_BYTES = 64 * 1024 * 1024


def applied(session: Session, planned: Planned, done: Applied) -> ApplyResult:
    """Return the result of an apply, with what the plan that was agreed to says beyond it."""
    plan = planned.plan
    results = [
        ActionResult(
            address=outcome.address,
            action=outcome.action,
            outcome=outcome.outcome,
            error=outcome.error,
        )
        for outcome in done.outcomes
    ]
    results += [
        _skipped(action, _why_skipped(action, session, planned))
        for action in session.agreement.left_out(plan)
    ]
    undone = any(outcome.outcome != "done" for outcome in done.outcomes)
    result: Literal["done", "failed"] = "failed" if undone or plan.problems else "done"
    return ApplyResult(
        result=result,
        actions=tuple(results),
        summary=_summary(results),
        problems=plan.problems,
        not_looked=plan.not_looked,
        limits=plan.limits,
        cut_short=done.cut_short
        and not (plan.problems or any(it.held_back for it in plan.actions)),
        examined=plan.examined,
    )


def refusal(plan: Plan, reasons: Iterable[str], message: str | None = None) -> ApplyResult:
    """Return the result of an apply that did not begin."""
    results = [_skipped(action, "refused") for action in plan.actions]
    because = "; ".join(reasons)
    default = f"Refused, nothing was changed{': ' + because if because else '.'}"
    return ApplyResult(
        result="refused",
        actions=tuple(results),
        summary=_summary(results),
        message=message or default,
        guards=plan.refused(),
        problems=plan.problems,
        limits=plan.limits,
    )


def _skipped(action: Action, why: str) -> ActionResult:
    return ActionResult(address=action.address, action=action.action, outcome="skipped", error=why)


def _why_skipped(action: Action, session: Session, planned: Planned) -> str:
    """Say why this run does not do what the saved plan says."""
    plan, declared = planned.plan, planned.prepared.world.declarations.desired
    undecided = {*plan.unknown, *(item.address for item in plan.problems)}
    if action.address in undecided or (action.action == "delete" and not plan.complete):
        return "not decided, since not everything could be read or brought about"
    if action.action != "delete" and action.address not in {item.address for item in declared}:
        base = action.address.partition("[")[0]
        if any(item.address == base for item in session.declarations.unlisted):
            return "not linked any more, as the service tells it"
        return "declared no more"
    if session.terms.limits:
        return "no longer needed, or not among what this run is limited to"
    if action.action == "delete" and plan.not_looked:
        return f"not found as far as was looked: {findings.not_looked(plan.not_looked)}"
    return "no longer needed: live is as declared"


def _summary(results: Sequence[ActionResult]) -> dict[str, int]:
    outcomes = [result.outcome for result in results]
    return {name: outcomes.count(name) for name in ("done", "failed", "skipped")}


class Record(Frozen):
    """The result of an apply of a stack, or of the part of it that `limits` name.

    `in_sync` says that everything is as declared now; what was not looked for is not. What is not
    ours is not named.
    """

    format_version: Literal[1] = 1
    stack: str
    limits: tuple[str, ...] = ()
    in_sync: bool
    application: ApplyResult


def record_of(application: ApplyResult, plan: Plan) -> Record:
    """Return what is to be kept of an apply."""
    looked = plan.complete and not (plan.problems or plan.unknown or plan.not_looked)
    return Record(
        stack=plan.stack,
        limits=plan.limits,
        in_sync=looked and application.result == "done",
        application=discreet_application(application, plan),
    )


def parse_record(content: bytes, name: str) -> Record:
    """Read a record that another job wrote; its result has its limits, and counts of its actions.

    Raises:
        SettingsError: it is none.
    """
    try:
        found = Record.model_validate_json(content)
    except ValidationError as error:
        raise SettingsError(f"{name} is no result of `apply --out`") from error
    told = {"summary": _summary(found.application.actions), "limits": found.limits}
    application = found.application.model_copy(update=told)
    return found.model_copy(update={"application": application})
