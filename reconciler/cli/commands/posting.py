"""post: tells what an apply did, from a job that holds no service's credentials.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.on_github import folder_of
from reconciler.cli.options import (
    DEFAULT_PATH,
    PathArgument,
    ShardOption,
)
from reconciler.cli.state import State, state_of
from reconciler.core.model.errors import DeclarationError, SettingsError

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.reports.application import Record
    from reconciler.reports.pages import Page


class Ended(StrEnum):
    """How a run ended: nothing to apply, refused by a guard, or in GitHub's words."""

    unchanged = "unchanged"
    refused = "refused"
    success = "success"
    failure = "failure"
    cancelled = "cancelled"
    skipped = "skipped"


def post(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    result: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What `apply --out` left; where it is not there, --ended counts."
        ),
    ] = None,
    ended: Annotated[
        Ended, typer.Option(help="How the run ended, where it left no result.")
    ] = Ended.failure,
    shard: ShardOption = None,
) -> int:
    """Tell the merged pull request on GitHub what apply did.

    Where everything is as declared, the drift issue is closed, too. For a job of GitHub Actions
    without any service's credentials, after the one that applies.
    """
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.terms import Terms

    request = RunRequest(path, terms=Terms(shard=shard))
    return post_to(state_of(context), request, result, ended.value)


def post_to(state: State, request: "RunRequest", result: Path | None, ended: str) -> int:
    """Tell the merged pull request and the drift issue, and return the exit code.

    A run left a file with its `result`, if it came to one; how it `ended` is a word of
    `ending_page`.

    Raises:
        SettingsError: this is no job, or what was left is not a result of these declarations.
    """
    from reconciler.github.job import Job
    from reconciler.github.marker import Marker
    from reconciler.github.publishing import Telling
    from reconciler.reports.review_pages import Background

    job = Job.of(os.environ)
    state.enter_job(job.token)
    stack, everything = _declared(request.path)
    record = _record(result, stack) if result is not None else None
    limits = record.limits if record else request.terms.limits
    folder = folder_of(job, request.path)
    telling = Telling(job, folder, speak=state.speak, scrub=state.secrets.scrub)
    everywhere = telling.posted(
        Marker("apply", stack, limits),
        _page(record, ended, stack, limits),
        Background(limits, commit=job.commit),
        _how(record, ended) if everything else "",
    )
    return exits.DONE if everywhere else exits.ERROR


def _record(file: Path, stack: str) -> "Record | None":
    """Read what an apply left; one that was cut off left nothing."""
    from reconciler.reports.application import RECORD_BYTES, parse_record

    try:
        with file.open("rb") as opened:
            content = opened.read(RECORD_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > RECORD_BYTES:
        raise SettingsError(f"{file} is larger than {RECORD_BYTES:,} bytes: not taken")
    record = parse_record(content, str(file))
    if record.stack != stack:
        raise SettingsError(f"{file} is of another stack than {stack}: pass on what its apply left")
    return record


def _page(record: "Record | None", ended: str, stack: str, limits: tuple[str, ...]) -> "Page":
    from reconciler.reports.outcome_pages import application_page, ending_page

    if record is None:
        return ending_page(ended, stack, limits)
    return application_page(record.application, stack)


def _how(record: "Record | None", ended: str) -> str:
    """Say how everything came to be as declared; empty where it is not, or not known to be."""
    if record is not None:
        return "applied what is declared" if record.in_sync else ""
    return "found everything as declared" if ended == "unchanged" else ""


def _declared(path: Path) -> tuple[str, bool]:
    """Return the stack, and whether an apply of it looks for all that drift looks for."""
    from reconciler.wiring import declarations

    try:
        found = declarations(path)
    except DeclarationError as error:
        if not error.stack:
            raise
        return error.stack, False
    return found.stack, found.look_for_all
