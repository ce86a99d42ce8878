"""Commands that draw who is wired to what.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    DiscoverOption,
    LiveOption,
    PathArgument,
    SandboxOption,
    SinceOption,
)
from reconciler.cli.state import state_of


class GraphFormat(StrEnum):
    """How a picture is written."""

    mermaid = "mermaid"
    dot = "dot"
    svg = "svg"


DriftOption = Annotated[
    bool, typer.Option("--drift", help="Tell how live differs, instead of what apply would do.")
]


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
    from reconciler.cli.picturing import draw
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
    from reconciler.cli.picturing import write_page
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
