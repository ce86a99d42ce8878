"""What `--github` adds to a command: its result is told to the job it runs in, too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler.cli import exits
from reconciler.cli.state import State
from reconciler.core.model.errors import DeclarationError, PlanRefused, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.verdicts.drift import Drift
    from reconciler.github.annotations import DeclaredPlaces
    from reconciler.github.job import Job
    from reconciler.github.publishing import Telling
    from reconciler.reports.model import ApplyResult
    from reconciler.reports.review_pages import Background
    from reconciler.reports.validation import Validation
    from reconciler.run import Planned, Session


class Reporter(Protocol):
    """Is told a result and the exit code that goes with it; returns the exit code to end with."""

    def validated(self, validation: "Validation", code: int, *, annotated: bool) -> int:
        """Take a validation; `annotated` says that it was written as annotations already."""

    def planned(self, session: "Session", planned: "Planned", code: int) -> int:
        """Take a plan."""

    def applied(
        self, session: "Session", planned: "Planned", application: "ApplyResult", code: int
    ) -> int:
        """Take what became of a plan."""

    def drifted(self, session: "Session", planned: "Planned", drift: "Drift", code: int) -> int:
        """Take what drifted."""


class Silent:
    """Tells nobody."""

    def validated(self, validation: "Validation", code: int, *, annotated: bool) -> int:
        """Return the exit code as it is."""
        return code

    def planned(self, session: "Session", planned: "Planned", code: int) -> int:
        """Return the exit code as it is."""
        return code

    def applied(
        self, session: "Session", planned: "Planned", application: "ApplyResult", code: int
    ) -> int:
        """Return the exit code as it is."""
        return code

    def drifted(self, session: "Session", planned: "Planned", drift: "Drift", code: int) -> int:
        """Return the exit code as it is."""
        return code


SILENT = Silent()


class OnGithub:
    """Tells the job; a run that could not be told for the workflow's own fault ends with 1."""

    def __init__(self, state: State, job: "Job", telling: "Telling", request: "RunRequest") -> None:
        self._state = state
        self._job = job
        self._telling = telling
        self._request = request

    def validated(self, validation: "Validation", code: int, *, annotated: bool) -> int:
        """Tell a validation."""
        delivered = self._telling.validated(validation, self._places(None), annotate=not annotated)
        return _code(code, delivered=delivered)

    def planned(self, session: "Session", planned: "Planned", code: int) -> int:
        """Tell a plan."""
        background = self._pictured(session, planned, drifted=False)
        return _code(
            code, delivered=self._telling.planned(planned.plan, self._places(session), background)
        )

    def applied(
        self, session: "Session", planned: "Planned", application: "ApplyResult", code: int
    ) -> int:
        """Tell what became of a plan."""
        places, background = self._places(session), self._background(session)
        delivered = self._telling.applied(application, planned.plan, places, background)
        return _code(code, delivered=delivered)

    def drifted(self, session: "Session", planned: "Planned", drift: "Drift", code: int) -> int:
        """Tell what drifted."""
        places, background = self._places(session), self._pictured(session, planned, drifted=True)
        return _code(code, delivered=self._telling.drifted(drift, planned.plan, places, background))

    def failed(self, command: str, error: ReconcilerError) -> None:
        """Tell that there is no result, and why."""
        stack = _stack(error, self._request.path)
        background = self._background(None)
        self._telling.failed(command, error, self._places(None), stack, background)

    def _places(self, session: "Session | None") -> "DeclaredPlaces":
        from reconciler.github.annotations import DeclaredPlaces

        if session is None:
            return DeclaredPlaces((), self._job.workspace, Path.cwd())
        declared = session.declarations
        return DeclaredPlaces(
            declared.desired, self._job.workspace, Path.cwd(), account=declared.place
        )

    def _background(self, session: "Session | None") -> "Background":
        from reconciler.core.text.phrases import age
        from reconciler.reports.review_pages import Background

        taken_at = session.live.taken_at if session and session.live else None
        seconds = (datetime.now(UTC) - taken_at).total_seconds() if taken_at else 0
        old = age(seconds) if taken_at else ""
        limits = (session or self._request).terms.limits
        return Background(limits, taken_at, old, self._job.commit)

    def _pictured(self, session: "Session", planned: "Planned", *, drifted: bool) -> "Background":
        from reconciler.cli.pictures import mermaid_of

        picture = mermaid_of(self._state, planned, drifted=drifted)
        paged = self._request.page is not None
        return replace(self._background(session), picture=picture, paged=paged)


@contextmanager
def reporting(
    state: State, command: str, request: "RunRequest", *, github: bool
) -> Iterator[Reporter]:
    """Yield whom to tell the result of a command; with `github`, tell its failure too.

    Raises:
        SettingsError: with `github`, this is not a GitHub Actions job.
    """
    if not github:
        yield SILENT
        return
    from reconciler.github.job import Job
    from reconciler.github.posting import with_pull_request
    from reconciler.github.publishing import Telling

    job, remark = Job.of(os.environ), ""
    state.enter_job(job.token)
    # What validate would take back it leaves alone where it is given no token.
    if command == "plan" or (command == "validate" and job.token):
        job, remark = with_pull_request(job)
    folder = folder_of(job, request.path)
    telling = Telling(job, folder, speak=state.speak, scrub=state.secrets.scrub, remark=remark)
    reporter = OnGithub(state, job, telling, request)
    try:
        yield reporter
    except ReconcilerError as error:
        reporter.failed(command, error)
        raise


def refuse_old_run(state: State, *, github: bool) -> None:
    """Refuse to go on in a job whose commit is not the newest of the default branch any more.

    Without `github` a job that passes no token is only told that nothing was checked.

    Raises:
        PlanRefused: the commit is not the newest, or with `github` this cannot be told.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from reconciler.github import newest
    from reconciler.github.job import Job

    if os.environ.get("GITHUB_TOKEN"):
        job = Job.of(os.environ)
        state.secrets.remember(job.token)
        newest.refuse_old_run(job)
        return
    message = (
        "GITHUB_TOKEN is not set, so that it cannot be told whether this run is of the newest "
        f"commit of the default branch: pass it to the step's env, {newest.AGREED}"
    )
    if github:
        raise PlanRefused(message)
    state.say(f"{message} (warning)")


def refuse_old_declarations(state: State, path: Path) -> None:
    """Refuse to go on where the default branch declares something else than this job's commit.

    Raises:
        PlanRefused: it does.
        SettingsError: this is not a GitHub Actions job, or it passes no token.
    """
    from reconciler.github import newest
    from reconciler.github.job import Job

    job = Job.of(os.environ)
    state.secrets.remember(job.token)
    newest.refuse_old_declarations(job, folder_of(job, path))


def folder_of(job: "Job", path: Path) -> str:
    """Return where the declarations are, seen from the workspace."""
    return Path(os.path.relpath(Path.cwd() / path, job.workspace)).as_posix()


def _code(code: int, *, delivered: bool) -> int:
    return exits.ERROR if not delivered and code in (exits.DONE, exits.DIFFERENT) else code


def _stack(error: ReconcilerError, path: Path) -> str:
    """Return the stack whose comment a failure belongs on, empty if it cannot be told."""
    from reconciler.wiring import declarations

    if isinstance(error, DeclarationError):
        return error.stack
    try:
        return declarations(path).stack
    except DeclarationError as invalid:
        return invalid.stack
