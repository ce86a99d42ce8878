"""Posts what an apply did, from a job that holds no service's credentials."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.on_github import folder_of
from reconciler.cli.state import State
from reconciler.core.model.errors import DeclarationError, SettingsError
from reconciler.github.job import Job
from reconciler.github.marker import Marker
from reconciler.github.publishing import Telling
from reconciler.reports.outcome_pages import application_page, ending_page
from reconciler.reports.pages import Page
from reconciler.reports.record import RECORD_BYTES, Record, parse_record
from reconciler.reports.review_pages import Background

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left behind: a file with its result, if it came to one, and how it ended.

    `ended` is a word of `ending_page`.
    """

    result: Path | None
    ended: str


def post_to(state: State, request: "RunRequest", left: Left) -> int:
    """Tell the merged pull request and the drift issue, and return the exit code.

    Raises:
        SettingsError: this is no job, or what was left is not a result of these declarations.
    """
    job = Job.of(os.environ)
    state.enter_job(job.token)
    stack, everything = _declared(request.path)
    record = _record(left.result, stack) if left.result is not None else None
    limits = record.limits if record else request.terms.limits
    folder = folder_of(job, request.path)
    telling = Telling(job, folder, speak=state.speak, scrub=state.secrets.scrub)
    told = telling.posted(
        Marker("apply", stack, limits),
        _page(record, left.ended, stack, limits),
        Background(limits, commit=job.commit),
        _how(record, left.ended) if everything else "",
    )
    return exits.DONE if told else exits.ERROR


def _record(file: Path, stack: str) -> Record | None:
    """Read what an apply left; one that was cut off left nothing."""
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


def _page(record: Record | None, ended: str, stack: str, limits: tuple[str, ...]) -> Page:
    if record is None:
        return ending_page(ended, stack, limits)
    return application_page(record.application, stack, limits)


def _how(record: Record | None, ended: str) -> str:
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
