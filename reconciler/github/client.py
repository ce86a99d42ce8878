"""The calls to GitHub's REST API; PyGithub lives here and only here, loaded when first used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from reconciler.core.model.errors import Denied, Rejected, ServiceError, SettingsError, Transient
from reconciler.core.model.hosts import is_loopback
from reconciler.core.text.scrubbing import excerpt
from reconciler.github.artifact import ARCHIVE_BYTES, Artifact, Run
from reconciler.github.comment import Comment
from reconciler.github.concern import Since
from reconciler.github.issue import Issue
from reconciler.github.job import Job
from reconciler.github.line import Line, PlainLine
from reconciler.github.marker import Writer
from reconciler.github.pulls import Pull
from reconciler.transport.failures import Failed, TooLarge
from reconciler.transport.http import Http

_SAID = 300
"""Characters of what the API says; secrets are masked where all of it is told."""
_LACKING = (401, 403, 404, 410)


class RepositoryClient:
    """A job's repository, seen through its API with its token; a context manager.

    Reads are tried three times, writes once: a comment that may have been written is not written
    again. Every failure leaves as a ServiceError whose account is the repository; Denied if the
    token lacks a right.
    """

    def __init__(self, job: Job) -> None:
        if not job.token:
            raise SettingsError(
                "GITHUB_TOKEN is not set: pass it to the step, env: GITHUB_TOKEN: "
                "${{ github.token }}"
            )
        self._job = job
        self._github = _connect(job)
        self._repository = self._github.get_repo(job.repository)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Let go of connections."""
        self._github.close()

    def writer(self) -> Writer:
        """Return who the token writes as; an app's, and so a job's own, has no user to ask for."""
        with self._call("GET /user", ""):
            try:
                return Writer(self._job.repository, str(self._github.get_user().login))
            except _exceptions().GithubException as error:
                if error.status in (403, 404) and not _limited(error):
                    return Writer(self._job.repository)
                raise

    def comments(self, number: int) -> list[Comment]:
        """Return every comment of a pull request or issue, all pages, oldest first."""
        with self._call(f"read the comments of #{number}", "pull-requests: write"):
            found = self._repository.get_issue(number).get_comments()
            return [Comment(item.id, _login(item), item.body or "") for item in found]

    def comment(self, number: int, body: str, permission: str = "pull-requests: write") -> Comment:
        """Write a comment and return it; its author is in whose name it stands."""
        with self._call(f"comment on #{number}", permission):
            made = self._repository.get_issue(number).create_comment(body)
            return Comment(made.id, _login(made), body)

    def edit_comment(self, number: int, comment: int, body: str) -> None:
        """Replace a comment's text."""
        with self._call(f"edit the comment on #{number}", "pull-requests: write"):
            self._repository.get_issue(number).get_comment(comment).edit(body)

    def issues(self, state: str = "all", **query: str) -> list[Issue]:
        """Return every issue that is `open`, `closed` or `all`, all pages; no pull requests.

        The `query` may say by which `creator`.
        """
        with self._call("read the issues", "issues: write"):
            found = self._repository.get_issues(state=state, **query)
            return [
                Issue(item.number, _login(item), item.body or "", item.state == "open")
                for item in found
                if not item.html_url.rpartition("/")[0].endswith("/pull")
            ]

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue and return it; its author is in whose name it stands."""
        with self._call("open the drift issue", "issues: write"):
            made = self._repository.create_issue(title, body)
            return Issue(made.number, _login(made), body, open=True)

    def edit_issue(self, number: int, **changes: str) -> None:
        """Change an issue's `title`, `body`, `state` or `state_reason`."""
        with self._call(f"edit the drift issue #{number}", "issues: write"):
            self._repository.get_issue(number).edit(**changes)

    def pull(self, number: int) -> Pull:
        """Return a pull request."""
        with self._call(f"read the pull request #{number}", "pull-requests: write"):
            return _pull(self._repository.get_pull(number))

    def files(self, number: int) -> list[str]:
        """Return the files that a pull request changes, as they are called and as they were."""
        with self._call(f"read the files of #{number}", "pull-requests: write"):
            found = self._repository.get_pull(number).get_files()
            names = [(item.filename, item.previous_filename) for item in found]
            return [name for both in names for name in both if name]

    def pulls_with(self, commit: str) -> list[Pull]:
        """Return the pull requests that brought a commit, or are open and have it."""
        with self._call(f"find the pull request of {commit[:12]}", "pull-requests: write"):
            return [_pull(item) for item in self._repository.get_commit(commit).get_pulls()]

    def pulls_from(self, owner: str, branch: str) -> list[Pull]:
        """Return the open pull requests from a branch of `owner`'s repository."""
        with self._call(f"find the pull request of {branch}", "pull-requests: write"):
            head = f"{owner}:{branch}"
            return [_pull(item) for item in self._repository.get_pulls(state="open", head=head)]

    def default_branch(self) -> str:
        """Return the name of the default branch."""
        with self._call("read the repository", "contents: read"):
            return str(self._repository.default_branch)

    def head(self, branch: str) -> str:
        """Return the newest commit of a branch; a tag that is called like it is no branch."""
        with self._call(f"read the branch {branch}", "contents: read"):
            return str(self._repository.get_branch(branch).commit.sha)

    def since(self, commit: str, head: str) -> Since:
        """Return what `head` has more than `commit`, which may be unknown to the repository."""
        with self._call(f"compare {commit[:12]} with {head[:12]}", "contents: read"):
            try:
                found = self._repository.compare(commit, head, comparison_commits_per_page=1)
                names = [(item.filename, item.previous_filename) for item in found.files or ()]
            except _exceptions().UnknownObjectException:
                return Since("unknown", ())
            files = tuple(name for both in names for name in both if name)
            return Since(str(found.status), files)

    def run(self, number: int) -> Run:
        """Return a run of a workflow."""
        with self._call(f"read the run {number}", "actions: read"):
            run = self._repository.get_workflow_run(number)
            return Run(
                path=run.path or "",
                called=tuple(str(item.get("path")) for item in run.referenced_workflows or ()),
                event=run.event or "",
                repository=run.head_repository.full_name if run.head_repository else "",
                sha=run.head_sha or "",
            )

    def artifacts(self, name: str) -> list[Artifact]:
        """Return every artifact of a name, all pages."""
        with self._call("read the artifacts", "actions: read"):
            return [_artifact(item) for item in self._repository.get_artifacts(name=name)]

    def archive(self, artifact: Artifact) -> bytes:
        """Return an artifact's zip archive.

        Raises:
            SettingsError: it is larger than we take.
        """
        operation = f"fetch the artifact {artifact.name}"
        with self._call(operation, "actions: read"):
            status, headers, _ = self._github.requester.requestJson("GET", artifact.archive_url)
            location = str(headers.get("location", ""))
            if status >= 400:
                raise _exceptions().GithubException(status, None, None, f"HTTP {status}")
        return _download(self._job.repository, operation, location)

    @contextmanager
    def _call(self, operation: str, permission: str) -> Iterator[None]:
        """Turn what goes wrong into our errors, saying which permission the job lacks."""
        github = _exceptions()
        account = self._job.repository
        try:
            yield
        except github.GithubException as error:
            raise _translated(account, operation, permission, error) from error
        except Failed as error:
            raise error.to_service_error(account, operation) from error
        except (github.BadAttributeException, AssertionError, RuntimeError) as error:
            message = "the answer makes no sense: is GITHUB_API_URL right?"
            raise Rejected(account, operation, message) from error


def _connect(job: Job) -> Any:
    from github import Auth, Github
    from github.Requester import Requester

    # PyGithub's own connections are of requests, which has rules of its own for the network.
    lines: Any = PlainLine, Line
    Requester.injectConnectionClasses(*lines)
    return Github(
        auth=Auth.Token(job.token),
        base_url=job.api_url,
        per_page=100,
        retry=None,
        # A run makes three writes at most, far from what GitHub asks to be spread.
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
        user_agent="subscription-reconciler",
    )


def _exceptions() -> Any:
    import github

    return github


def _limited(error: Any) -> bool:
    return isinstance(error, _exceptions().RateLimitExceededException)


def _translated(account: str, operation: str, permission: str, error: Any) -> ServiceError:
    said = str(error.message or (error.data or {}).get("message") or f"HTTP {error.status}")
    message = excerpt(said, _SAID, str)
    if _limited(error) or error.status >= 500 or error.status == 429:
        return Transient(account, operation, message, code=str(error.status))
    if error.status in _LACKING:
        if permission:
            message += f" (HTTP {error.status}; the job needs the permission `{permission}`)"
        return Denied(account, operation, message, code=str(error.status))
    return Rejected(account, operation, f"{message} (HTTP {error.status})", code=str(error.status))


def _login(item: Any) -> str:
    """Return who wrote something; the users of deleted accounts are gone."""
    return str(item.user.login) if item.user is not None else ""


def _pull(item: Any) -> Pull:
    return Pull(item.number, item.head.sha, item.merge_commit_sha or "", item.merged_at is not None)


def _artifact(item: Any) -> Artifact:
    run = item.workflow_run
    return Artifact(
        id=item.id,
        name=item.name,
        created_at=item.created_at,
        expired=bool(item.expired),
        run=run.id,
        branch=run.head_branch or "",
        fork=run.head_repository_id != run.repository_id,
        archive_url=item.archive_download_url,
    )


def _download(account: str, operation: str, location: str) -> bytes:
    """Fetch what a redirect leads to: another host, which must not see our token."""
    if urlsplit(location).scheme != "https" and not is_loopback(location):
        raise Rejected(account, operation, "it is not offered over https")
    http = Http()
    try:
        answer = http.exchange("GET", location, headers={}, most_bytes=ARCHIVE_BYTES)
    except Failed as error:
        if isinstance(error.__cause__, TooLarge):
            message = f"the artifact is larger than {ARCHIVE_BYTES:,} bytes: not taken"
            raise SettingsError(message) from error
        raise error.to_service_error(account, operation) from error
    finally:
        http.close()
    if answer.status != 200:
        raise Transient(account, operation, f"its archive cannot be had (HTTP {answer.status})")
    return answer.body
