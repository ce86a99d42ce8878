"""Posts the pull-request comment and the drift issue: look, decide, write at most once."""

from reconciler.core.drift import Drift
from reconciler.github import comment, issue
from reconciler.github.client import Repository
from reconciler.github.comment import Draft
from reconciler.github.issue import Alarm, Deed
from reconciler.github.job import Job
from reconciler.github.marker import Marker


def post_comment(job: Job, number: int, marker: Marker, draft: Draft) -> str:
    """Bring the comment on a pull request up to date.

    Returns:
        A warning for whoever wrote the workflow, or an empty string.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with Repository(job) as repository:
        author = repository.login()
        deed = comment.decide(repository.comments(number), marker, author, draft)
        if deed is None:
            return ""
        if deed.edits is not None:
            repository.edit_comment(number, deed.edits, deed.body)
            return ""
        return _unexpected(author, repository.comment(number, deed.body))


def post_outdated(job: Job, number: int, draft: Draft) -> None:
    """Let no comment on a pull request show a plan that is not of its newest commit.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with Repository(job) as repository:
        author = repository.login()
        for deed in comment.outdate(repository.comments(number), author, draft):
            if deed.edits is not None:
                repository.edit_comment(number, deed.edits, deed.body)


def post_alarm(job: Job, drift: Drift, alarm: Alarm) -> str:
    """Bring the drift issue up to date.

    Returns:
        A warning for whoever wrote the workflow, or an empty string.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with Repository(job) as repository:
        author = repository.login()
        deed = issue.decide(repository.issues(author), author, drift, alarm)
        if deed is None:
            return ""
        if deed.what == "open":
            return _unexpected(author, repository.open_issue(alarm.title, alarm.body))
        _change(repository, deed, alarm, f"[this run]({job.run_url})")
        return ""


def _change(repository: Repository, deed: Deed, alarm: Alarm, run: str) -> None:
    number = deed.number
    match deed.what:
        case "reopen":
            reason = "reopened"
            repository.edit_issue(number, state="open", state_reason=reason, body=alarm.body)
            repository.comment(number, f"Drift is back: {run} found it.", "issues: write")
        case "close":
            repository.edit_issue(number, state="closed", state_reason="completed")
            word = f"Drift is gone: {run} found everything as declared."
            repository.comment(number, word, "issues: write")
        case _:
            repository.edit_issue(number, body=alarm.body)


def _unexpected(expected: str, author: str) -> str:
    if author == expected:
        return ""
    return (
        f"this token writes as {author}, which it does not tell beforehand: the next run will not "
        "find what this one wrote; use the job's own github.token"
    )
