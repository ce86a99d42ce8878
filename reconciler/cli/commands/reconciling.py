"""Commands that compare live with declared, and bring it into line.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AdoptOption,
    AllowHostOption,
    ApplyFormat,
    DiscoverOption,
    Format,
    FormatOption,
    GithubOption,
    JournalOption,
    LiveOption,
    MaxDeletesOption,
    MaxUpdatesOption,
    NewestOption,
    NonEmptyOption,
    PathArgument,
    ReferencedOption,
    SandboxOption,
    ShardOption,
    SinceOption,
    TargetOption,
    TimeLimitOption,
    UnprotectOption,
    WaitOption,
    YesOption,
)
from reconciler.cli.state import State, state_of
from reconciler.cli.text_options import FullOption, QuietOption, VerboseOption

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.plan import Plan
    from reconciler.core.verdicts.drift import Drift
    from reconciler.run import Planned, Session


ReportOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keep a report page too (see `report`); in a GitHub Actions job it names nothing of "
        "others, and what is told there links to the run's artifacts.",
    ),
]


def plan(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the plan, for `apply --plan`.")
    ] = None,
    live: LiveOption = None,
    target: TargetOption = [],  # noqa: B006 - typer makes a new list for each run
    account: AccountOption = [],  # noqa: B006 - as above
    shard: ShardOption = None,
    discover: DiscoverOption = None,
    since: SinceOption = None,
    max_deletes: MaxDeletesOption = None,
    max_updates: MaxUpdatesOption = None,
    adopt: AdoptOption = [],  # noqa: B006 - as above
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes.")
    ] = False,
    newest: NewestOption = False,
    report: ReportOption = None,
    github: GithubOption = False,
    _full: FullOption = False,
    _verbose: VerboseOption = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Read live state and show what apply would do."""
    from reconciler.cli.on_github import refuse_old_declarations, reporting
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import planning, watched
    from reconciler.core.planning.consent import SavedPlan
    from reconciler.core.planning.terms import Terms
    from reconciler.reports import as_json
    from reconciler.run import plan as plan_of

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
    request = RunRequest(path, sandbox, tuple(allow_host), terms, live, discover, since, report)
    state = state_of(context)
    with reporting(state, "plan", request, github=github) as reporter:
        if newest:
            refuse_old_declarations(state, path)
        with planning(state, request) as session:
            with watched(state) as ticker:
                planned = plan_of(session, progress=ticker)
            found = planned.plan
            _keep_page(state, request, session, planned, drifted=False)
        kept = SavedPlan.of(found, terms)
        if out is not None:
            state.save(out, as_json.render(kept))
        _show(state, kept if form == Format.json else found, form)
        code = exits.DIFFERENT if detailed_exitcode and found.actions else exits.DONE
        if not found.complete or found.problems:
            code = exits.ERROR
        return reporter.planned(session, planned, code)


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
    from reconciler.cli.applying import ApplyManner, agreed, carry_out
    from reconciler.cli.on_github import refuse_old_declarations, refuse_old_run, reporting
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
    from reconciler.cli.applying import ApplyManner, carry_out
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


def drift(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    live: LiveOption = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    shard: ShardOption = None,
    discover: DiscoverOption = None,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A former snapshot: where it holds something of the stack, and nothing is live "
            "now, that is drift and not a stack that was not applied yet. Types that it has seen "
            "are asked for too.",
        ),
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What `status --max-quiet --format json` wrote: what went quiet is told too.",
        ),
    ] = None,
    report: ReportOption = None,
    github: GithubOption = False,
    _full: FullOption = False,
    _verbose: VerboseOption = False,
    _quiet: QuietOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Show how live differs from declared; exit with 2 if it does."""
    from reconciler.cli.on_github import reporting
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import planning, watched
    from reconciler.cli.silence import told
    from reconciler.core.planning.terms import Terms
    from reconciler.run import drift as drift_of
    from reconciler.run import plan as plan_of

    terms = Terms(accounts=tuple(account), shard=shard)
    request = RunRequest(path, sandbox, tuple(allow_host), terms, live, discover, since, report)
    state = state_of(context)
    with reporting(state, "drift", request, github=github) as reporter:
        with planning(state, request) as session:
            with watched(state) as ticker:
                planned = plan_of(session, unasked="all", progress=ticker)
            _keep_page(state, request, session, planned, drifted=True)
            found = told(drift_of(session, planned=planned), status)
        _show(state, found, form)
        code = exits.DIFFERENT if found.drifted else exits.DONE
        if not found.complete or found.problems:
            code = exits.ERROR
        return reporter.drifted(session, planned, found, code)


def _keep_page(
    state: State, request: "RunRequest", session: "Session", planned: "Planned", *, drifted: bool
) -> None:
    """Write a report page beside the result, if there is to be one."""
    if request.page is not None:
        from reconciler.cli.picturing import page_of

        state.save(request.page, page_of(state, session, planned, drifted=drifted))


def _show(state: State, report: "Plan | Drift", form: Format) -> None:
    from reconciler.reports import as_json, as_markdown

    match form:
        case Format.json:
            state.result(as_json.render(report))
        case Format.markdown:
            state.result(as_markdown.render(report))
        case Format.text:
            state.report(report)
