"""Apply: hold the plan against what was agreed, ask, carry it out, tell what became of it."""

import logging
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.api import load_plan
from reconciler.cli import exits
from reconciler.cli.interrupts import in_good_order
from reconciler.cli.on_github import SILENT, Reporter
from reconciler.cli.options import ApplyFormat
from reconciler.cli.progress import Ticker
from reconciler.cli.request import RunRequest
from reconciler.cli.screens import screen_of
from reconciler.cli.session import planning, watched
from reconciler.cli.state import State
from reconciler.core.model.errors import Rerouted, SettingsError, WrongUsage
from reconciler.core.model.plan import Action, Plan
from reconciler.core.model.steps import Outcome
from reconciler.core.planning.consent import Agreement
from reconciler.core.planning.terms import Terms
from reconciler.files.journal import Journal
from reconciler.reports import as_json, findings
from reconciler.reports.findings import sentence
from reconciler.reports.lines import Screen, line, wrapped
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.plan_text import verb_counts
from reconciler.reports.record import record_of
from reconciler.run import Applied, Planned, Session, TimeLimit, apply, plan

log = logging.getLogger(__name__)


def agreed(saved: Path | None, fingerprint: str | None) -> Agreement:
    """Return what was agreed to: a saved plan, a fingerprint, or nothing in particular.

    Raises:
        SettingsError: the file cannot be read or is no plan.
        PlanRefused: it was saved in another format, or changed after it was saved.
        WrongUsage: it has another fingerprint than the one expected.
    """
    if saved is None:
        return Agreement(None, fingerprint)
    plan = load_plan(saved)
    if fingerprint not in (None, plan.fingerprint):
        raise WrongUsage(
            f"--expect {fingerprint}: {saved} has a fingerprint of its own, {plan.fingerprint}"
        )
    return Agreement(plan, fingerprint)


@dataclass(frozen=True, slots=True)
class ApplyManner:
    """How to go about it: the format of the result, whether to ask, where to keep a journal.

    `reporter` is told the result besides; `out` is where to keep it for `post`. `wait` are the
    seconds that other shards are waited for; after `limit` nothing more is begun.
    """

    form: ApplyFormat
    yes: bool = False
    journal: Path | None = None
    reporter: Reporter = SILENT
    out: Path | None = None
    wait: int = 600
    limit: TimeLimit | None = None


def carry_out(state: State, request: RunRequest, agreement: Agreement, manner: ApplyManner) -> int:
    """Plan and apply; print the result, tell the reporter and return the exit code."""
    with planning(state, request, agreement) as session:
        planned = _planned(state, session, manner.form)
        application, code = _carried_out(state, session, planned, manner)
    if manner.form == ApplyFormat.json:
        state.result(as_json.render(application))
    else:
        state.report(application)
    if manner.out is not None:
        record = record_of(application, planned.plan, session.terms.limits)
        state.save(manner.out, as_json.render(record))
    return manner.reporter.applied(session, planned, application, code)


def _planned(state: State, session: Session, form: ApplyFormat) -> Planned:
    try:
        with watched(state) as ticker:
            return plan(session, progress=ticker)
    except Rerouted as error:
        if form != ApplyFormat.json:
            message = f"Refused, nothing was changed: {error}"
            state.report(ApplyResult(result="refused", actions=(), summary={}, message=message))
        raise


def _carried_out(
    state: State, session: Session, planned: Planned, manner: ApplyManner
) -> tuple[ApplyResult, int]:
    plan, agreement = planned.plan, session.agreement
    against = agreement.objections(plan)
    if against or (not agreement.given and (plan.actions or plan.problems)):
        state.report_aside(_unrefused(plan, manner.form))
    else:
        # A plan that was seen is not told twice; what it warns of is, and problems by the result.
        for item in plan.warnings:
            state.say(f"{sentence(item)} (warning)")
    if plan.refused() or against:
        return _refusal(plan, against), exits.REFUSED
    # A journal that cannot be kept is told before anybody is asked.
    keeping = Journal(manner.journal, state.secrets.scrub) if manner.journal else None
    with keeping if keeping and plan.actions else nullcontext() as journal:
        if (
            plan.actions
            and not manner.yes
            and not _consent(state, _question(plan, destroying=session.terms.destroying))
        ):
            message = "declined, nothing was changed"
            return _refusal(plan, [message], message), exits.REFUSED
        applied, interrupted = _apply(state, session, planned, journal, manner)
    results = [_result(outcome) for outcome in applied.outcomes]
    results += _not_done(session, plan)
    application = _application(plan, applied, results)
    code = exits.DONE if application.result == "done" else exits.ERROR
    return application, interrupted if applied.interrupted else code


def _unrefused(plan: Plan, form: ApplyFormat) -> Plan:
    """Return a plan as it is told before its result, which as text tells the refusals itself."""
    return plan.model_copy(update={"guards": ()}) if form == ApplyFormat.text else plan


def _not_done(session: Session, plan: Plan) -> list[ActionResult]:
    """Return what the saved plan says and this run does not do."""
    return [
        ActionResult(
            address=action.address,
            action=action.action,
            outcome="skipped",
            error=_why_skipped(action, plan, session.terms),
        )
        for action in session.agreement.left_out(plan)
    ]


def _why_skipped(action: Action, plan: Plan, terms: Terms) -> str:
    """Say why this run does not do what the saved plan says."""
    undecided = {*plan.unknown, *(item.address for item in plan.problems)}
    if action.address in undecided or (action.action == "delete" and not plan.complete):
        return "not decided, since not everything could be read or brought about"
    if terms.limits:
        return "no longer needed, or not among what this run is limited to"
    if action.action == "delete" and plan.not_looked:
        return f"not found as far as was looked: {findings.not_looked(plan.not_looked)}"
    return "no longer needed: live is as declared"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked before anything is done; `word` has to be typed, None for yes."""

    text: str
    word: str | None = None

    def agreed(self, answer: str) -> bool:
        """Say whether the answer is consent."""
        return answer == self.word if self.word else answer.lower() in ("y", "yes")


def _question(plan: Plan, *, destroying: bool) -> _Question:
    """Return what is asked, with what the plan does in numbers."""
    counts = verb_counts(plan.summary)
    if destroying:
        return _Question(f"Type the stack's name to destroy {plan.stack} ({counts}):", plan.stack)
    return _Question(f"Apply {counts}? [y/N]")


def _consent(state: State, question: _Question) -> bool:
    if not sys.stdin.isatty():
        state.say("there is no terminal to ask on: use --yes to go on without asking")
        return False
    # Not typer's own prompt: it makes one thing of an end of input and of an interrupt.
    asked = "\n".join(wrapped([line(question.text)], screen_of(sys.stderr, Screen())))
    sys.stderr.write(f"\n{asked} ")
    sys.stderr.flush()
    return question.agreed(sys.stdin.readline().strip())


def _apply(
    state: State,
    session: Session,
    planned: Planned,
    journal: Journal | None,
    manner: ApplyManner,
) -> tuple[Applied, int]:
    """Carry the plan out; return besides which exit code tells of the signal that stopped it."""
    if not planned.plan.actions:
        return Applied(()), exits.INTERRUPTED
    with Ticker(quiet=state.wish.quiet) as ticker, in_good_order() as stop:
        if journal is not None:
            journal.run(planned.plan)
        applied = apply(
            session,
            planned,
            wait=manner.wait,
            limit=manner.limit,
            recorder=journal,
            stop=stop,
            progress=ticker,
        )
        if journal is not None:
            _finish_journal(journal, applied)
        return applied, stop.code


def _finish_journal(journal: Journal, applied: Applied) -> None:
    try:
        journal.finish(interrupted=applied.interrupted)
    except SettingsError as error:
        # What was done has to be told all the same.
        log.warning("%s", error)


def _result(outcome: Outcome) -> ActionResult:
    return ActionResult(
        address=outcome.address,
        action=outcome.action,
        outcome=outcome.outcome,
        error=outcome.error,
    )


def _refusal(plan: Plan, reasons: Iterable[str], message: str | None = None) -> ApplyResult:
    results = [
        ActionResult(
            address=action.address, action=action.action, outcome="skipped", error="refused"
        )
        for action in plan.actions
    ]
    because = "; ".join(reasons)
    default = f"Refused, nothing was changed{': ' + because if because else '.'}"
    return ApplyResult(
        result="refused",
        actions=tuple(results),
        summary=_summary(results),
        message=message or default,
        guards=plan.refused(),
        problems=plan.problems,
    )


def _application(plan: Plan, applied: Applied, results: Sequence[ActionResult]) -> ApplyResult:
    undone = any(outcome.outcome != "done" for outcome in applied.outcomes)
    result: Literal["done", "failed"] = "failed" if undone or plan.problems else "done"
    return ApplyResult(
        result=result,
        actions=tuple(results),
        summary=_summary(results),
        problems=plan.problems,
        not_looked=plan.not_looked,
    )


def _summary(results: Sequence[ActionResult]) -> dict[str, int]:
    return {
        name: sum(result.outcome == name for result in results)
        for name in ("done", "failed", "skipped")
    }
