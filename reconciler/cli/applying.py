"""Apply: hold the plan against what was agreed, ask, carry it out, tell what became of it."""

import logging
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, Self

from pydantic import ValidationError

from reconciler.cli import exits
from reconciler.cli.interrupts import in_good_order
from reconciler.cli.on_github import SILENT, Reporter
from reconciler.cli.options import ApplyFormat
from reconciler.cli.progress import Ticker
from reconciler.cli.screens import screen_of
from reconciler.cli.session import RunRequest, Session, planned
from reconciler.cli.state import State
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import PlanRefused, SettingsError
from reconciler.core.model.plan import Action, Plan
from reconciler.core.model.steps import Outcome
from reconciler.core.planning.agreement import excess, fingerprint_of, no_longer_needed, rerouted
from reconciler.core.planning.plan import FORMAT_VERSION
from reconciler.core.planning.terms import SavedPlan
from reconciler.files.journal import Journal
from reconciler.reports import as_json, looked
from reconciler.reports.findings import sentence
from reconciler.reports.lines import Screen, line, wrapped
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.plan_text import verb_counts
from reconciler.reports.record import record_of
from reconciler.run import Applied, ShardWait, TimeLimit
from reconciler.run import apply as apply_steps

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the run may do at most: a saved plan, or exactly the plan with a fingerprint."""

    saved: SavedPlan | None = None
    fingerprint: str | None = None

    @classmethod
    def load(cls, saved: Path | None, fingerprint: str | None) -> Self:
        """Read a saved plan.

        Raises:
            SettingsError: the file cannot be read or is no plan.
            PlanRefused: it was saved in another format, or changed after it was saved.
            WrongUsage: it has another fingerprint than the one expected.
        """
        if saved is None:
            return cls(None, fingerprint)
        try:
            plan = SavedPlan.model_validate_json(saved.read_bytes())
        except OSError as error:
            raise SettingsError(f"{saved} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise SettingsError(f"{saved} is not a plan: make one with `plan --out`") from error
        if plan.format_version != FORMAT_VERSION:
            raise PlanRefused(f"{saved} was made by another version of this tool: plan again")
        if plan.fingerprint != fingerprint_of(plan):
            raise PlanRefused(
                f"{saved} is not what was planned: its fingerprint is of other actions, "
                "declarations or accounts; plan again"
            )
        if not plan.sound():
            raise PlanRefused(
                f"{saved} is not what was planned: its limits or overrides were changed; plan again"
            )
        if fingerprint not in (None, plan.fingerprint):
            raise exits.WrongUsage(
                f"--expect {fingerprint}: {saved} has a fingerprint of its own, {plan.fingerprint}"
            )
        return cls(plan, fingerprint)

    def request(self, request: RunRequest) -> RunRequest:
        """Return what is asked for; a saved plan brings its limits and overrides along.

        Raises:
            WrongUsage: some were given beside it.
        """
        if self.saved is None:
            return request
        given = request.terms.given()
        if given:
            raise exits.WrongUsage(
                f"{', '.join(given)}: a saved plan brings its own limits and overrides, so none go "
                "beside --plan; plan again with these"
            )
        terms = self.saved.terms
        return replace(
            request,
            targets=terms.targets,
            accounts=terms.accounts,
            shard=terms.shard,
            overrides=terms.overrides,
        )

    @property
    def given(self) -> bool:
        """Say whether the plan was seen before."""
        return self.saved is not None or self.fingerprint is not None

    def rerouted(self, declared: Declarations) -> list[str]:
        """Return which accounts lead elsewhere than was agreed to; empty if none does."""
        if self.saved is None or self.saved.stack != declared.stack:
            return []
        return rerouted(self.saved, declared.routing)

    def check(self, plan: Plan) -> list[str]:
        """Return why `plan` is not what was agreed to; empty if it is."""
        found: list[str] = []
        if self.fingerprint is not None and plan.fingerprint != self.fingerprint:
            found.append(
                f"the plan is not the one expected any more (its fingerprint is {plan.fingerprint})"
            )
        if self.saved is not None and self.saved.stack != plan.stack:
            found.append(f"the saved plan is of stack {self.saved.stack}, not of {plan.stack}")
        elif self.saved is not None:
            found += excess(self.saved, plan)
        return found


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
    request = agreement.request(request)
    consider = partial(_consider, state, agreement, manner.form)
    with planned(state, request, consider=consider) as session:
        application, code = _carried_out(state, request, session, agreement, manner)
    if manner.form == ApplyFormat.json:
        state.result(as_json.render(application))
    else:
        state.report(application)
    if manner.out is not None:
        record = record_of(application, session.plan, request.limits)
        state.save(manner.out, as_json.render(record))
    return manner.reporter.applied(session, application, code)


def _consider(
    state: State, agreement: Agreement, form: ApplyFormat, declared: Declarations
) -> None:
    """Refuse accounts that lead elsewhere than was agreed to, before they are asked anything.

    Raises:
        PlanRefused: names them, and what differs.
    """
    against = "; ".join(agreement.rerouted(declared))
    if not against:
        return
    if form != ApplyFormat.json:
        message = f"Refused, nothing was changed: {against}"
        application = ApplyResult(result="refused", actions=(), summary={}, message=message)
        state.report(application)
    raise PlanRefused(against)


def _carried_out(
    state: State, request: RunRequest, session: Session, agreement: Agreement, manner: ApplyManner
) -> tuple[ApplyResult, int]:
    plan = session.plan
    against = agreement.check(plan)
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
            and not _consent(state, _question(plan, destroying=request.overrides.destroying))
        ):
            message = "declined, nothing was changed"
            return _refusal(plan, [message], message), exits.REFUSED
        applied, interrupted = _apply(state, session, journal, manner)
    results = [_result(outcome) for outcome in applied.outcomes]
    if agreement.saved:
        results += _not_done(agreement.saved, plan, request)
    application = _application(plan, applied, results)
    code = exits.DONE if application.result == "done" else exits.ERROR
    return application, interrupted if applied.interrupted else code


def _unrefused(plan: Plan, form: ApplyFormat) -> Plan:
    """Return a plan as it is told before its result, which as text tells the refusals itself."""
    return plan.model_copy(update={"guards": ()}) if form == ApplyFormat.text else plan


def _not_done(saved: Plan, plan: Plan, request: RunRequest) -> list[ActionResult]:
    """Return what the saved plan says and this run does not do."""
    return [
        ActionResult(
            address=action.address,
            action=action.action,
            outcome="skipped",
            error=_why_skipped(action, plan, request),
        )
        for action in no_longer_needed(saved, plan)
    ]


def _why_skipped(action: Action, plan: Plan, request: RunRequest) -> str:
    """Say why this run does not do what the saved plan says."""
    undecided = {*plan.unknown, *(item.address for item in plan.problems)}
    if action.address in undecided or (action.action == "delete" and not plan.complete):
        return "not decided, since not everything could be read or brought about"
    if request.targets or request.accounts or request.shard:
        return "no longer needed, or not among what this run is limited to"
    if action.action == "delete" and plan.not_looked:
        return f"not found as far as was looked: {looked.sentence(plan.not_looked)}"
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
    state: State, session: Session, journal: Journal | None, manner: ApplyManner
) -> tuple[Applied, int]:
    """Carry the plan out; return besides which exit code tells of the signal that stopped it."""
    if not session.plan.actions:
        return Applied(()), exits.INTERRUPTED
    with Ticker(quiet=state.wish.quiet) as ticker, in_good_order() as stop:
        if journal is not None:
            journal.run(session.plan)
        applied = apply_steps(
            session.prepared,
            session.providers,
            progress=ticker,
            recorder=journal,
            stop=stop,
            patience=ShardWait(manner.wait, state.say),
            limit=manner.limit,
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
