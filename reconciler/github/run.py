"""Which runs of workflows are believed: what they were set off by, of which file and commit."""

from collections.abc import Collection
from dataclasses import dataclass

FOLDER = ".github/workflows/"
SHIPPED = ("apply.yml", "drift.yml")
"""The workflows that leave snapshots."""
EVENTS = ("push", "schedule", "workflow_dispatch")
"""What sets off a run of a branch's own code; a pull request's code is not that of its base."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow. `repository` is the one its commit is in, empty if it is gone.

    `path` is the workflow's file and `called` are the workflows it calls, both as GitHub writes
    them: `.github/workflows/drift.yml`, perhaps with the repository before it and `@REF` after it.
    """

    path: str
    called: tuple[str, ...]
    event: str
    repository: str
    sha: str


def believed(run: Run, repository: str, workflows: Collection[str]) -> bool:
    """Say whether a run is of one of the workflows, in this repository, by an event of its own.

    A workflow that calls one of these counts as it. Whether the run's commit is on the default
    branch is asked elsewhere.
    """
    if run.repository != repository or run.event not in EVENTS:
        return False
    files = {run.path.partition("@")[0].removeprefix(f"{repository}/")}
    called = (path.partition("@")[0] for path in run.called)
    files |= {FOLDER + path.partition(f"/{FOLDER}")[2] for path in called}
    return any(FOLDER + name in files for name in workflows)
