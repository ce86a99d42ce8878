"""The GitHub Actions job this process runs in, and the files by which it hands on outputs."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.hosts import parse_endpoint
from reconciler.github.pulls import Pull

_DEPENDABOT = "dependabot[bot]"
SUMMARY_BYTES = 900 * 1024
"""What our summaries may take of the 1 MiB a step has; a longer one is dropped entirely."""


@dataclass(frozen=True, slots=True)
class Job:
    """Where to report to: files of the step, the repository and its API, what set the job off.

    `token` is empty where the workflow passes none. `attempt` counts from 1. `event` is the
    webhook's payload, `pull` the pull request behind it where that had to be looked up.
    """

    output: Path
    summary: Path
    api_url: str
    server_url: str
    repository: str
    run_id: str
    attempt: str
    sha: str
    workspace: Path
    actor: str
    token: str = field(repr=False)
    event: Mapping[str, Any] = field(repr=False)
    pull: Pull | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read the job from the environment and the event's file.

        Raises:
            SettingsError: this is not a job, or its environment lacks something.
        """
        if environ.get("GITHUB_ACTIONS") != "true":
            raise SettingsError(
                "this works inside a GitHub Actions job only (GITHUB_ACTIONS is not true): "
                "leave out --github, --latest and --newest elsewhere"
            )
        return cls(
            output=Path(_needed(environ, "GITHUB_OUTPUT")),
            summary=Path(_needed(environ, "GITHUB_STEP_SUMMARY")),
            api_url=_url(environ, "GITHUB_API_URL"),
            server_url=_url(environ, "GITHUB_SERVER_URL"),
            repository=_needed(environ, "GITHUB_REPOSITORY"),
            run_id=_needed(environ, "GITHUB_RUN_ID"),
            attempt=environ.get("GITHUB_RUN_ATTEMPT") or "1",
            sha=environ.get("GITHUB_SHA", ""),
            workspace=Path(environ.get("GITHUB_WORKSPACE") or Path.cwd()),
            actor=environ.get("GITHUB_ACTOR", ""),
            token=environ.get("GITHUB_TOKEN", ""),
            event=_event(environ.get("GITHUB_EVENT_PATH")),
        )

    @property
    def run_url(self) -> str:
        """Return where this attempt of the run can be looked at."""
        run = f"actions/runs/{quote(self.run_id)}/attempts/{quote(self.attempt)}"
        return f"{self.server_url}/{quote(self.repository)}/{run}"

    @property
    def commit(self) -> str:
        """Return the commit under review: a pull request's own head, not its trial merge."""
        if self.pull is not None:
            return self.pull.head
        head = _inside(self.event, "pull_request", "head", "sha")
        return head if isinstance(head, str) else self.sha

    @property
    def pull_request(self) -> int | None:
        """Return the number of the pull request that set the job off, if one did."""
        if self.pull is not None:
            return self.pull.number
        number = _inside(self.event, "pull_request", "number")
        return number if isinstance(number, int) else None

    @property
    def restricted(self) -> bool:
        """Say whether GitHub gives this job a token that may only read, whatever it asks for.

        So it is for pull requests from forks and for those of Dependabot.
        """
        if "pull_request" not in self.event:
            return False
        head = _inside(self.event, "pull_request", "head", "repo", "id")
        base = _inside(self.event, "pull_request", "base", "repo", "id")
        return head != base or self.actor == _DEPENDABOT


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingsError(f"{name} is not set, which every GitHub Actions job has: pass it on")
    return value


def _url(environ: Mapping[str, str], name: str) -> str:
    try:
        return parse_endpoint(_needed(environ, name))
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _event(path: str | None) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"GITHUB_EVENT_PATH: {path} cannot be read as JSON") from error
    return event if isinstance(event, dict) else {}


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def as_outputs(values: Mapping[str, str | int | bool], delimiter: str) -> str:
    """Return the lines that set outputs; `delimiter` must not occur as a line in any value."""
    return "".join(
        f"{name}<<{delimiter}\n{_written(value)}\n{delimiter}\n" for name, value in values.items()
    )


def set_outputs(file: Path, values: Mapping[str, str | int | bool]) -> None:
    """Hand outputs on to later steps and jobs.

    Raises:
        SettingsError: the file cannot be written.
    """
    # Unguessable, so that no value can end the block and set an output of its own.
    _append(file, as_outputs(values, f"end-{secrets.token_hex(16)}"))


def summary_room(file: Path) -> int:
    """Return how many bytes this step's summary may still grow by."""
    try:
        return max(0, SUMMARY_BYTES - file.stat().st_size)
    except OSError:
        return SUMMARY_BYTES


def add_summary(file: Path, text: str) -> None:
    """Add to the job summary.

    Raises:
        SettingsError: the file cannot be written.
    """
    _append(file, text)


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _append(file: Path, text: str) -> None:
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
