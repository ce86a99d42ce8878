"""Which pull request a job is about, where its event does not say so by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.core.model.errors import Denied, Rejected


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request; `head` is its newest commit, `merge` the commit that it was merged by.

    A pull request that is open has a `merge`, too: that of its trial.
    """

    number: int
    head: str
    merge: str = ""
    merged: bool = False


class Pulls(Protocol):
    """Where pull requests are looked up."""

    def pull(self, number: int) -> Pull:
        """Return a pull request."""

    def pulls_with(self, commit: str) -> list[Pull]:
        """Return the pull requests that brought a commit, or are open and have it."""

    def pulls_from(self, owner: str, branch: str) -> list[Pull]:
        """Return the open pull requests from a branch of `owner`'s repository."""


class NotFound(Exception):
    """There is no pull request to tell; the text says why, for after `no comment was written: `."""


def indirect(event: Mapping[str, Any]) -> bool:
    """Say whether an event has a pull request behind it that has to be looked up."""
    return "pull_request" not in event and ("issue" in event or "workflow_run" in event)


def pull_of(event: Mapping[str, Any], repository: str, pulls: Pulls) -> Pull:
    """Return the pull request behind a comment, or behind the run of another workflow.

    Its `head` is the commit that the event is about.

    Raises:
        NotFound: there is none, or which one cannot be told.
        ServiceError: the API refuses or does not answer.
    """
    if "workflow_run" in event:
        return _pull_of_run(event["workflow_run"] or {}, repository, pulls)
    issue = event["issue"] or {}
    if "pull_request" not in issue:
        raise NotFound(f"#{issue.get('number')} is an issue and no pull request")
    return pulls.pull(int(issue["number"]))


def merged_by(commit: str, pulls: Pulls) -> Pull | None:
    """Return the pull request whose merge made a commit, None where none did: somebody pushed it.

    Raises:
        ServiceError: the API refuses or does not answer.
    """
    found = [pull for pull in pulls.pulls_with(commit) if pull.merged]
    exact = [pull for pull in found if pull.merge == commit]
    return next(iter(exact or found), None)


def _pull_of_run(run: Mapping[str, Any], repository: str, pulls: Pulls) -> Pull:
    commit = str(run.get("head_sha") or "")
    listed = (item for item in run.get("pull_requests") or () if _into(item, repository))
    numbers = {int(item["number"]) for item in listed}
    numbers = numbers or {pull.number for pull in _looked_up(run, commit, pulls)}
    if not numbers:
        raise NotFound(f"no open pull request is at {commit[:12]}, of which the other workflow ran")
    if len(numbers) > 1:
        several = ", ".join(f"#{number}" for number in sorted(numbers))
        raise NotFound(f"{several} are all at {commit[:12]}, of which the other workflow ran")
    return Pull(numbers.pop(), commit)


def _into(item: Mapping[str, Any], repository: str) -> bool:
    """Say whether a pull request is one of this repository: a fork has others from that branch."""
    url = ((item.get("base") or {}).get("repo") or {}).get("url")
    return url is None or str(url).endswith(f"/{repository}")


def _looked_up(run: Mapping[str, Any], commit: str, pulls: Pulls) -> list[Pull]:
    """Look a run's pull request up: those from forks are not named in the event."""
    owner = ((run.get("head_repository") or {}).get("owner") or {}).get("login")
    branch = run.get("head_branch")
    found: list[Pull] = []
    if owner and branch:
        found = pulls.pulls_from(str(owner), str(branch))
    return [pull for pull in found if pull.head == commit] or _with(commit, pulls)


def _with(commit: str, pulls: Pulls) -> list[Pull]:
    try:
        found = pulls.pulls_with(commit)
    except (Denied, Rejected):
        # A commit of a fork that this repository does not know is no failure.
        return []
    return [pull for pull in found if pull.head == commit and not pull.merged]
