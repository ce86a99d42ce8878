"""plan and drift: how live differs from declared, and what apply would do about it.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.on_github import refuse_old_declarations, reporting
from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AdoptOption,
    AllowHostOption,
    DiscoverOption,
    FullOption,
    GithubOption,
    LiveOption,
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
    UnprotectOption,
    VerboseOption,
)
from reconciler.cli.state import State, state_of
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.visible import visible

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.plan import Plan
    from reconciler.core.verdicts.drift import Drift
    from reconciler.core.verdicts.health import Status
    from reconciler.run import Planned, Session


ReportOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keep a report page too (see `report`); in a GitHub Actions job it names nothing of "
        "others, and what is told there links to the run's artifacts.",
    ),
]


class Format(StrEnum):
    """How plans and drift are written."""

    text = "text"
    json = "json"
    markdown = "markdown"


FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]


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
    from reconciler.cli.request import RunRequest
    from reconciler.cli.session import planning, watched
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
            found = _with_silence(drift_of(session, planned=planned), status)
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
        from reconciler.cli.pictures import page_beside

        state.save(request.page, page_beside(state, session, planned, drifted=drifted))


def _show(state: State, report: "Plan | Drift", form: Format) -> None:
    from reconciler.reports import as_json
    from reconciler.reports.review_pages import review_markdown

    match form:
        case Format.json:
            state.result(as_json.render(report))
        case Format.markdown:
            state.result(review_markdown(report))
        case Format.text:
            state.report(report)


def _with_silence(drift: "Drift", file: Path | None) -> "Drift":
    """Return drift with what went quiet by a result of `status`, if there is one.

    Raises:
        SettingsError: the file is no such result, or of another stack.
    """
    from reconciler.core.verdicts.drift import with_silence
    from reconciler.core.verdicts.health import Status

    if file is None:
        return drift
    status = _read(file)
    if isinstance(status, Status) and status.stack != drift.stack:
        raise SettingsError(
            f"{file} tells of the stack {visible(status.stack)}, not of {drift.stack}"
        )
    return with_silence(drift, status)


def _read(file: Path) -> "Status | str":
    from pydantic import ValidationError

    from reconciler.core.verdicts.health import Status
    from reconciler.reports.model import FailedCommand

    try:
        text = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    for kind in (Status, FailedCommand):
        try:
            found = kind.model_validate_json(text)
        except ValidationError:
            continue
        return found if isinstance(found, Status) else found.error
    raise SettingsError(
        f"{file} is no result of `reconciler status --format json` of this version: make it anew"
    )
