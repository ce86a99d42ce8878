"""graph and report: who is wired to what.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    DiscoverOption,
    LiveOption,
    PathArgument,
    SandboxOption,
    SinceOption,
)
from reconciler.cli.state import State, state_of

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.plan import Plan
    from reconciler.core.verdicts.health import Status
    from reconciler.run import Planned, Session

DriftOption = Annotated[
    bool, typer.Option("--drift", help="Tell how live differs, instead of what apply would do.")
]
_NO_COUNTS = "Not measured: a snapshot tells what there is, and no counts."


class GraphFormat(StrEnum):
    """How a picture is written."""

    mermaid = "mermaid"
    dot = "dot"
    svg = "svg"


def graph(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        GraphFormat, typer.Option("--format", help="How to write the picture.")
    ] = GraphFormat.mermaid,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; left out, to stdout.")
    ] = None,
    declared: Annotated[
        bool,
        typer.Option("--declared", help="Draw the declarations alone: no service is asked."),
    ] = False,
    drift: DriftOption = False,
    live: LiveOption = None,
    discover: DiscoverOption = None,
    since: SinceOption = None,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Draw what leads where, with what apply would change."""
    from reconciler.cli.request import RunRequest

    if declared and (live is not None or drift):
        raise typer.BadParameter("--declared goes with neither --live nor --drift")
    request = RunRequest(
        path,
        sandbox,
        live=live,
        allow_hosts=tuple(allow_host),
        discover=discover,
        since=since,
    )
    return draw(state_of(context), request, form.value, out, declared=declared, drifted=drift)


def report(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; left out, to stdout.")
    ] = None,
    drift: DriftOption = False,
    live: LiveOption = None,
    discover: DiscoverOption = None,
    since: SinceOption = None,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Write one HTML page: topology, plan or drift, and health."""
    from reconciler.cli.request import RunRequest

    request = RunRequest(
        path,
        sandbox,
        live=live,
        allow_hosts=tuple(allow_host),
        discover=discover,
        since=since,
    )
    return write_page(state_of(context), request, out, drifted=drift)


def draw(
    state: State,
    request: "RunRequest",
    form: str,
    out: Path | None,
    *,
    declared: bool,
    drifted: bool,
) -> int:
    """Write a picture of the declarations, or of what is live too; return the exit code."""
    from reconciler.cli.pictures import pictured
    from reconciler.cli.session import planning
    from reconciler.core.verdicts.topology import declared_topology
    from reconciler.reports.graph import dot, mermaid, svg
    from reconciler.reports.graph.folding import folded
    from reconciler.reports.graph.looks import Wording

    if declared:
        from reconciler.wiring import declarations

        topology, code = declared_topology(declarations(request.path)), exits.DONE
    else:
        with planning(state, request) as session:
            planned = _planned(state, session, drifted=drifted)
        topology, code = pictured(planned, drifted=drifted), _told(state, planned.plan)
    writers = {"mermaid": mermaid.render, "dot": dot.render, "svg": svg.render}
    small = folded(topology).small.scrubbed(state.secrets.scrub_result)
    _write(state, writers[form](small, Wording(drifted)), out, "picture")
    return code


def write_page(state: State, request: "RunRequest", out: Path | None, *, drifted: bool) -> int:
    """Write the page of a plan, or of drift; return the exit code."""
    from reconciler.cli.pictures import page_of
    from reconciler.cli.session import planning

    with planning(state, request) as session:
        planned = _planned(state, session, drifted=drifted)
        status = _measured(state, session, planned) if session.live is None else None
    page = page_of(state, session, planned, status or _NO_COUNTS, drifted=drifted)
    _write(state, page, out, "page")
    return _told(state, planned.plan)


def _told(state: State, plan: "Plan") -> int:
    """Say what a picture may not show, and return the exit code: 1 where that is a problem."""
    from reconciler.core.world.unread import by_cause
    from reconciler.reports.findings import sentence

    for item in by_cause(plan.problems):
        state.say(sentence(item))
    return exits.DONE if plan.complete and not plan.problems else exits.ERROR


def _planned(state: State, session: "Session", *, drifted: bool) -> "Planned":
    from reconciler.cli.session import watched
    from reconciler.run import plan as plan_of

    with watched(state) as ticker:
        return plan_of(session, unasked="all" if drifted else None, progress=ticker)


def _measured(state: State, session: "Session", planned: "Planned") -> "Status":
    from reconciler.cli.session import watched
    from reconciler.operate.status import status as status_of

    with watched(state) as ticker:
        return status_of(session, planned=planned, progress=ticker)


def _write(state: State, text: str, out: Path | None, what: str) -> None:
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
        state.say(f"{what} written to {out}")
