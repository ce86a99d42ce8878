"""Whether a job runs on what the default branch declares now, or on what it declared once."""

from reconciler.core.model.errors import PlanRefused
from reconciler.github.client import RepositoryClient
from reconciler.github.job import Job

AGREED = "or say with --expect which plan is meant"


def refuse_old_run(job: Job) -> None:
    """Check that the job's commit is the newest of the default branch.

    Raises:
        PlanRefused: it is not.
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        branch = repository.default_branch()
        head = repository.head(branch)
    if job.sha != head:
        raise PlanRefused(
            f"this run is of commit {job.sha[:12] or '(none)'}, and {branch} is at {head[:12]}: "
            f"apply from a run of the newest commit, {AGREED}"
        )


def refuse_old_declarations(job: Job, folder: str) -> None:
    """Check that the default branch holds in `folder` what the job's commit holds there.

    What else was pushed since does not matter: no other run would come after it.

    Raises:
        PlanRefused: it holds something else by now, or never held that commit.
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        branch = repository.default_branch()
        head = repository.head(branch)
        if job.sha == head or repository.since(job.sha, head).untouched(folder):
            return
    raise PlanRefused(
        f"this run is of commit {job.sha[:12] or '(none)'}, and {branch}, at {head[:12]}, declares "
        "something else: its own run plans that; this one would bring back what was"
    )
