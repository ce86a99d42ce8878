"""Posts the pull-request comment and the drift issue: look, decide, write at most once."""

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.model.errors import Denied, Rejected, ServiceError
from reconciler.core.verdicts.drift import Drift
from reconciler.github import comment, issue
from reconciler.github.client import RepositoryClient
from reconciler.github.comment import CommentContent
from reconciler.github.concern import concerns
from reconciler.github.issue import Alarm, Issue, IssueEdit
from reconciler.github.job import Job
from reconciler.github.marker import ACTIONS_BOT, Marker, Writer
from reconciler.github.pulls import NotFound, indirect, merged_by, pull_of


def with_pull_request(job: Job) -> tuple[Job, str]:
    """Return a job with the pull request behind its event, and why that is not known, else "".

    Only for a comment and for another workflow's run there is something to look up.
    """
    if not indirect(job.event):
        return job, ""
    if not job.token:
        return job, "GITHUB_TOKEN is not set, so no comment was written: pass it to the step's env"
    try:
        with RepositoryClient(job) as repository:
            return replace(job, pull=pull_of(job.event, job.repository, repository)), ""
    except (NotFound, ServiceError) as error:
        return job, f"no comment was written: {error}"


def concerned(job: Job, number: int, folder: str) -> bool:
    """Say whether a pull request concerns the declarations in `folder`: yes, if it is not known."""
    try:
        with RepositoryClient(job) as repository:
            return concerns(repository.files(number), folder)
    except ServiceError:
        return True


def post_comment(
    job: Job, number: int, marker: Marker, content: CommentContent, *, new: bool = True
) -> None:
    """Bring the comment on a pull request up to date; write one only if it may be `new`.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        writer = repository.writer()
        for own in writer.own(repository.comments(number), marker):
            if _brought_up_to_date(
                repository, number, comment.edited(own, marker, writer, content)
            ):
                return
        if new:
            _comment(repository, number, marker, writer, content)


def _brought_up_to_date(
    repository: RepositoryClient, number: int, edit: comment.CommentEdit | None
) -> bool:
    """Edit a comment; returns whether it says what it should."""
    if edit is None:
        return True
    try:
        repository.edit_comment(number, edit.edits, edit.body)
    except Denied:
        # Another app's, or gone by now. Where the token lacks the right, the next one tells.
        return False
    return True


def _comment(
    repository: RepositoryClient,
    number: int,
    marker: Marker,
    writer: Writer,
    content: CommentContent,
) -> None:
    line = marker.line()
    made = repository.comment(number, content.body(marker, seal=writer.seal(line, writer.expected)))
    if made.author != writer.expected:
        # Only now is it known in whose name an app writes.
        body = content.body(marker, seal=writer.seal(line, made.author))
        repository.edit_comment(number, made.id, body)


def post_outcome(job: Job, marker: Marker, content: CommentContent) -> str:
    """Bring the comment on the pull request that made the job's commit up to date.

    Returns:
        Why nobody was told, or an empty string.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        pull = merged_by(job.sha, repository)
    if pull is None:
        return f"commit {job.sha[:12]} is of no pull request: no comment was written"
    new = concerned(job, pull.number, content.folder)
    post_comment(job, pull.number, marker, content, new=new)
    return ""


def post_all_clear(job: Job, marker: Marker, why: str) -> None:
    """Close the drift issue that bears a marker, if it is open and tells of nothing but drift.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        found = find_issue(repository, repository.writer(), marker, closed=False)
        if found is not None and found.open and not found.tells_silence:
            _close(repository, found, f"Drift is gone: [this run]({job.run_url}) {why}.")


def post_outdated(job: Job, number: int, content: CommentContent) -> None:
    """Let no comment on a pull request show a plan that is not of its newest commit.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        writer = repository.writer()
        for edit in comment.outdate(repository.comments(number), writer, content):
            repository.edit_comment(number, edit.edits, edit.body)


def post_alarm(job: Job, drift: Drift, alarm: Alarm) -> None:
    """Bring the drift issue up to date.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    with RepositoryClient(job) as repository:
        writer = repository.writer()
        # Only drift has a use for an issue that was closed.
        found = find_issue(
            repository, writer, alarm.marker, closed=drift.drifted or bool(drift.quiet)
        )
        alarm = issue.alarm_after(found, drift, alarm)
        edit = issue.decide(found, drift, alarm)
        if edit is None:
            return
        if edit.issue is None:
            _open(repository, writer, alarm)
        else:
            word = _word(drift, f"[this run]({job.run_url})")
            _change(repository, edit, edit.issue, writer, alarm, word)


def _word(drift: Drift, run: str) -> str:
    """Return what is said where drift came back, or is gone."""
    if drift.drifted or drift.quiet:
        return f"Drift is back: {run} found it."
    if not drift.compared:
        return f"Drift is gone: {run} is about no object of the stack any more."
    narrow = ", as far as it looked," if drift.not_looked else ""
    return f"Drift is gone: {run}{narrow} found everything as declared."


def find_issue(
    repository: RepositoryClient, writer: Writer, marker: Marker, *, closed: bool
) -> Issue | None:
    """Return our issue that bears a marker, an open one if there is one; perhaps a closed one."""
    for issues in _looked_through(repository, writer, closed=closed):
        own = issue.current(writer.own(issues, marker))
        if own is not None:
            return own
    return None


def _looked_through(
    repository: RepositoryClient, writer: Writer, *, closed: bool
) -> Iterator[list[Issue]]:
    """Yield where our issue may be, the likely place first: others have to be read whole."""
    try:
        yield repository.issues(creator=writer.expected)
    except Rejected:
        # This server does not know who writes for a job elsewhere.
        if writer.expected != ACTIONS_BOT:
            raise
    if not writer.login:
        yield repository.issues("open")
        if closed:
            yield repository.issues("closed")


def _open(repository: RepositoryClient, writer: Writer, alarm: Alarm) -> None:
    made = repository.open_issue(alarm.title, alarm.body(writer, writer.expected))
    if made.author != writer.expected:
        # Only now is it known in whose name an app writes.
        repository.edit_issue(made.number, body=alarm.body(writer, made.author))


def _change(
    repository: RepositoryClient,
    edit: IssueEdit,
    found: Issue,
    writer: Writer,
    alarm: Alarm,
    word: str,
) -> None:
    number, body = found.number, alarm.body(writer, found.author)
    match edit.what:
        case "reopen":
            reason = "reopened"
            repository.edit_issue(number, state="open", state_reason=reason, body=body)
            repository.comment(number, word, "issues: write")
        case "close":
            _close(repository, found, word)
        case _:
            repository.edit_issue(number, body=body)


def _close(repository: RepositoryClient, found: Issue, word: str) -> None:
    repository.edit_issue(found.number, state="closed", state_reason="completed")
    repository.comment(found.number, word, "issues: write")
