"""apply and destroy: hold the plan against what was agreed, ask, carry it out, tell the outcome.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import logging
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.asking import asked
from reconciler.cli.exits import in_good_order
from reconciler.cli.on_github import (
    SILENT,
    Reporter,
    refuse_old_declarations,
    refuse_old_run,
    reporting,
)
from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AdoptOption,
    AllowHostOption,
    ApplyFormat,
    DiscoverOption,
    FullOption,
    GithubOption,
    JournalOption,
    MaxDeletesOption,
    MaxUpdatesOption,
    NewestOption,
    NonEmptyOption,
    PathArgument,
    QuietOption,
    ReferencedOption,
    SandboxOption,
    ShardOption,
    SinceOption,
    TargetOption,
    TimeLimitOption,
    UnprotectOption,
    VerboseOption,
    WaitOption,
    YesOption,
)
from reconciler.cli.screens import screen_of
from reconciler.cli.state import State, state_of
from reconciler.core.model.errors import Rerouted, SettingsError, WrongUsage
from reconciler.reports.lines import Screen, line, wrapped

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.plan import Plan
    from reconciler.core.planning.consent import Agreement
    from reconciler.files.journal import Journal
    from reconciler.reports.model import ApplyResult
    from reconciler.run import Applied, Planned, Session, TimeLimit

log = logging.getLogger(__name__)


def apply(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ApplyFormat, typer.Option("--format", help="How to write the result.")
    ] = ApplyFormat.text,
    yes: YesOption = False,
    saved: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Do at most what this plan (from `plan --out`) says; it brings its limits and "
            "overrides along.",
        ),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="Go on only if the plan is exactly this one."),
    ] = None,
    journal: JournalOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the result, for `post` in another job."),
    ] = None,
    target: TargetOption = [],  # noqa: B006 - typer makes a new list for each run
    account: AccountOption = [],  # noqa: B006 - as above
    shard: ShardOption = None,
    wait: WaitOption = "10m",  # type: ignore[assignment]  # typer parses defaults too
    time_limit: TimeLimitOption = None,
    discover: DiscoverOption = None,
    since: SinceOption = None,
    max_deletes: MaxDeletesOption = None,
    max_updates: MaxUpdatesOption = None,
    adopt: AdoptOption = [],  # noqa: B006 - as above
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    newest: NewestOption = False,
    github: GithubOption = False,
    _full: FullOption = False,
    _verbose: VerboseOption = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Plan, ask, and carry the plan out."""
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.terms import Terms
    from reconciler.run import TimeLimit

    limit = TimeLimit(time_limit) if time_limit is not None else None
    terms = Terms(
        targets=tuple(target),
        accounts=tuple(account),
        shard=shard,
        max_deletes=max_deletes,
        max_updates=max_updates,
        adopt=tuple(adopt),
        unprotect=tuple(unprotect),
        allow_non_empty=allow_non_empty,
        allow_referenced=allow_referenced,
    )
    request = RunRequest(path, sandbox, tuple(allow_host), terms, None, discover, since)
    state = state_of(context)
    with reporting(state, "apply", request, github=github) as reporter:
        if expect is None:
            refuse_old_run(state, github=github)
        if newest:
            refuse_old_declarations(state, path)
        agreement = agreed(saved, expect)
        manner = ApplyManner(form, yes, journal, reporter, out, wait, limit)
        return carry_out(state, request, agreement, manner)


def destroy(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ApplyFormat, typer.Option("--format", help="How to write the result.")
    ] = ApplyFormat.text,
    yes: YesOption = False,
    journal: JournalOption = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    max_deletes: MaxDeletesOption = None,
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    _full: FullOption = False,
    _verbose: VerboseOption = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Delete everything the stack owns, through the same guards."""
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.consent import WHATEVER
    from reconciler.core.planning.terms import DestroyTerms

    terms = DestroyTerms(
        accounts=tuple(account),
        max_deletes=max_deletes,
        unprotect=tuple(unprotect),
        allow_non_empty=allow_non_empty,
        allow_referenced=allow_referenced,
    )
    request = RunRequest(path, sandbox, tuple(allow_host), terms)
    return carry_out(state_of(context), request, WHATEVER, ApplyManner(form, yes, journal))


def agreed(saved: Path | None, fingerprint: str | None) -> "Agreement":
    """Return what was agreed to: a saved plan, a fingerprint, or nothing in particular.

    Raises:
        SettingsError: the file cannot be read or is no plan.
        PlanRefused: it was saved in another format, or changed after it was saved.
        WrongUsage: it has another fingerprint than the one expected.
    """
    from reconciler.api import load_plan
    from reconciler.core.planning.consent import Agreement

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
    limit: "TimeLimit | None" = None


def carry_out(
    state: State, request: "RunRequest", agreement: "Agreement", manner: ApplyManner
) -> int:
    """Plan and apply; print the result, tell the reporter and return the exit code."""
    from reconciler.cli.session import planning
    from reconciler.reports import as_json
    from reconciler.reports.application import record_of

    with planning(state, request, agreement) as session:
        planned = _planned(state, session, manner)
        application, code = _carried_out(state, session, planned, manner)
    if manner.form == ApplyFormat.json:
        state.result(as_json.render(application))
    else:
        state.report(application)
    if manner.out is not None:
        record = record_of(application, planned.plan)
        state.save(manner.out, as_json.render(record))
    return manner.reporter.applied(session, planned, application, code)


def _planned(state: State, session: "Session", manner: ApplyManner) -> "Planned":
    from reconciler.cli.session import watched
    from reconciler.reports.model import ApplyResult
    from reconciler.run import plan

    try:
        with watched(state) as ticker:
            return plan(session, limit=manner.limit, progress=ticker)
    except Rerouted as error:
        if manner.form != ApplyFormat.json:
            message = f"Refused, nothing was changed: {error}"
            state.report(ApplyResult(result="refused", actions=(), summary={}, message=message))
        raise


def _carried_out(
    state: State, session: "Session", planned: "Planned", manner: ApplyManner
) -> "tuple[ApplyResult, int]":
    from reconciler.core.world.unread import by_cause
    from reconciler.files.journal import Journal
    from reconciler.reports.application import applied, refusal
    from reconciler.reports.findings import sentence

    plan, agreement = planned.plan, session.agreement
    against = agreement.objections(plan)
    if against or (not agreement.given and (plan.actions or plan.problems)):
        state.report_aside(_unrefused(plan, manner.form))
    else:
        # A plan that was seen is not told twice; what it warns of is, and problems by the result.
        for item in by_cause(plan.warnings):
            state.say(f"{sentence(item)} (warning)")
    if plan.refused() or against:
        return refusal(plan, against), exits.REFUSED
    # A journal that cannot be kept is told before anybody is asked.
    keeping = Journal(manner.journal, state.secrets.scrub) if manner.journal else None
    with keeping if keeping and plan.actions else nullcontext() as journal:
        if (
            plan.actions
            and not manner.yes
            and not _consent(state, _question(plan, destroying=session.terms.destroying))
        ):
            message = "declined, nothing was changed"
            return refusal(plan, [message], message), exits.REFUSED
        done, interrupted = _apply(state, session, planned, journal, manner)
    application = applied(session, planned, done)
    code = exits.DONE if application.result == "done" else exits.ERROR
    return application, interrupted if done.interrupted else code


def _unrefused(plan: "Plan", form: ApplyFormat) -> "Plan":
    """Return a plan as it is told before its result, which as text tells the refusals itself."""
    return plan.model_copy(update={"guards": ()}) if form == ApplyFormat.text else plan


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked before anything is done; `word` has to be typed, None for yes."""

    text: str
    word: str | None = None

    def agreed(self, answer: str) -> bool:
        """Say whether the answer is consent."""
        return answer == self.word if self.word else answer.lower() in ("y", "yes")


def _question(plan: "Plan", *, destroying: bool) -> _Question:
    """Return what is asked, with what the plan does in numbers."""
    from reconciler.reports.findings import verb_counts

    counts = verb_counts(plan.summary)
    if held := sum(item.held_back is not None for item in plan.actions):
        counts += f", of which {held:,} {'is' if held == 1 else 'are'} held back"
    if destroying:
        return _Question(f"Type the stack's name to destroy {plan.stack} ({counts}):", plan.stack)
    return _Question(f"Apply {counts}? [y/N]")


def _consent(state: State, question: _Question) -> bool:
    if not sys.stdin.isatty():
        state.say("there is no terminal to ask on: use --yes to go on without asking")
        return False
    # Not typer's own prompt: it makes one thing of an end of input and of an interrupt.
    text = "\n".join(wrapped([line(question.text, "bold")], screen_of(sys.stderr, Screen())))
    answer = asked(f"\n{text} ")
    if not answer.endswith("\n"):
        sys.stderr.write("\n")  # Ctrl-D leaves the cursor behind the question
    return question.agreed(answer.strip())


def _apply(
    state: State,
    session: "Session",
    planned: "Planned",
    journal: "Journal | None",
    manner: ApplyManner,
) -> "tuple[Applied, int]":
    """Carry the plan out; return besides which exit code tells of the signal that stopped it."""
    from reconciler.cli.progress import Ticker
    from reconciler.run import Applied
    from reconciler.run import apply as apply_plan

    if not planned.plan.actions:
        return Applied(()), exits.INTERRUPTED
    with Ticker(quiet=state.wish.quiet) as ticker, in_good_order() as stop:
        if journal is not None:
            journal.run(planned.plan)
        applied = apply_plan(
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


def _finish_journal(journal: "Journal", applied: "Applied") -> None:
    try:
        journal.finish(interrupted=applied.interrupted)
    except SettingsError as error:
        # What was done has to be told all the same.
        log.warning("%s", error)
