"""Fetches the newest snapshot that another run left behind."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli import exits
from reconciler.cli.state import State
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.phrases import age
from reconciler.github.annotations import Annotation
from reconciler.github.artifact import SHIPPED, Artifact, believed, candidates, content
from reconciler.github.client import RepositoryClient
from reconciler.github.job import Job


@dataclass(frozen=True, slots=True)
class WantedArtifact:
    """Which artifact is looked for, and from which age on (in seconds) a warning is due.

    `workflows` are the files whose runs are believed; none: those we ship.
    """

    name: str
    workflows: tuple[str, ...]
    max_age: int | None


def fetch_latest(state: State, out: Path | None, wanted: WantedArtifact) -> int:
    """Write the newest snapshot artifact to `out` or stdout; warn of an old one.

    Whether it was tampered with, and whether it is of these declarations, is for `plan --live` to
    say.

    Raises:
        SettingsError: this is no job, there is no such artifact, or it is not a snapshot.
        ServiceError: the API refuses or does not answer.
    """
    job = Job.of(os.environ)
    state.enter_job(job.token)
    with RepositoryClient(job) as repository:
        found = _newest(job, repository, wanted)
        text = _decoded(content(repository.archive(found)))
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
    _tell_age(state, found, wanted.max_age)
    return exits.DONE


def _newest(job: Job, repository: RepositoryClient, wanted: WantedArtifact) -> Artifact:
    """Return the newest artifact of a run that is believed; each is held against GitHub's word."""
    branch, workflows = repository.default_branch(), wanted.workflows or SHIPPED
    artifacts = repository.artifacts(wanted.name)
    possible = candidates(artifacts, wanted.name, branch)
    head = repository.head(branch) if possible else ""
    for artifact in possible:
        run = repository.run(artifact.run)
        if believed(run, job.repository, workflows) and (
            run.sha == head or repository.since(run.sha, head).on_branch
        ):
            return artifact
    passed = sum(not artifact.expired for artifact in artifacts)
    others = f" ({passed} by others were passed over)" if passed else ""
    raise SettingsError(
        f"{job.repository} has no artifact {wanted.name} of {' or '.join(workflows)} from a "
        f"commit of {branch}{others}: run the drift workflow there first, which leaves one behind"
    )


def _decoded(snapshot: bytes) -> str:
    try:
        return snapshot.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the artifact's snapshot is not UTF-8 text: take a new one") from error


def _tell_age(state: State, artifact: Artifact, max_age: int | None) -> None:
    seconds = (datetime.now(UTC) - artifact.created_at).total_seconds()
    text = f"the newest snapshot is {age(seconds)} old ({artifact.created_at:%Y-%m-%dT%H:%MZ})"
    if max_age is None or seconds <= max_age:
        state.say(text)
        return
    message = f"{text}: the runs that take snapshots have stopped or fail, look at them"
    state.speak(str(Annotation("warning", message)))
