"""Fetches the newest snapshot that another run left behind."""

import os
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli import exits
from reconciler.cli.snapshots import age_of
from reconciler.cli.state import State
from reconciler.core.errors import SettingsError
from reconciler.github.annotations import Annotation
from reconciler.github.artifact import Artifact, content, newest
from reconciler.github.client import Repository
from reconciler.github.job import Job


def fetch_latest(state: State, out: Path | None, name: str, max_age: int | None) -> int:
    """Write the newest snapshot artifact to `out` or stdout; warn beyond `max_age` seconds.

    Whether it was tampered with, and whether it is of these declarations, is for `plan --live` to
    say.

    Raises:
        SettingsError: this is no job, there is no such artifact, or it is not a snapshot.
        ServiceError: the API refuses or does not answer.
    """
    job = Job.of(os.environ)
    state.enter_job(job.token)
    with Repository(job) as repository:
        branch = repository.default_branch()
        found = newest(repository.artifacts(name), name, branch)
        if found is None:
            raise SettingsError(
                f"{job.repository} has no artifact {name} from a run of {branch}: run the drift "
                "workflow there first, which leaves one behind"
            )
        text = _decoded(content(repository.archive(found)))
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
    _tell_age(state, found, max_age)
    return exits.DONE


def _decoded(snapshot: bytes) -> str:
    try:
        return snapshot.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the artifact's snapshot is not UTF-8 text: take a new one") from error


def _tell_age(state: State, artifact: Artifact, max_age: int | None) -> None:
    seconds = (datetime.now(UTC) - artifact.created_at).total_seconds()
    text = f"the newest snapshot is {age_of(seconds)} old ({artifact.created_at:%Y-%m-%dT%H:%MZ})"
    if max_age is None or seconds <= max_age:
        state.say(text)
        return
    message = f"{text}: the runs that take snapshots have stopped or fail, look at them"
    state.speak(str(Annotation("warning", message)))
