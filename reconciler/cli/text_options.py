"""Options that say how much of a text is wanted; they go to the run's state, not to the command."""

from dataclasses import replace
from typing import Annotated

import typer

from reconciler.cli.state import state_of


def _full(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "full", wanted)


def _verbose(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "verbose", wanted)


def _quiet(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "quiet", wanted)


def _take(context: typer.Context, name: str, wanted: bool) -> bool:
    if wanted:
        state = state_of(context)
        state.wish = replace(state.wish, **{name: True})
    return wanted


FullOption = Annotated[
    bool,
    typer.Option(
        "--full",
        callback=_full,
        help="List everything; left out, what is alike is told as one beyond 100 lines.",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_verbose,
        help="Tell every field of what is created or deleted.",
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=_quiet,
        help="Tell only the counts and what needs attention; no progress.",
    ),
]
