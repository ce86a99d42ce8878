"""What the machine tells about the repository, offline: git's remote, a GitHub job's variables."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.core.model.repository import (
    PLACEHOLDER,
    parse_number,
    parse_repository,
    repository_at,
)

MAIN = "main"
"""The usual name of a default branch."""

_TIME_LIMIT = 30.0
"""Seconds after which git counts as hanging: it takes that long on no machine."""


def repository_name(directory: Path, environ: Mapping[str, str]) -> str:
    """Return OWNER/NAME of the repository that `directory` is in, or words that stand for it."""
    found = _origin(directory) or environ.get("GITHUB_REPOSITORY", "")
    try:
        return str(parse_repository(found))
    except ValueError:
        return PLACEHOLDER


def known_ids(repository: str, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the ids of a repository and its owner, as a job of this very repository knows them."""
    if environ.get("GITHUB_REPOSITORY", repository).lower() != repository.lower():
        return None, None
    return _number(environ, "GITHUB_REPOSITORY_ID"), _number(environ, "GITHUB_REPOSITORY_OWNER_ID")


def repository_root(directory: Path) -> Path | None:
    """Return the nearest directory from `directory` up that is a git repository."""
    here = directory.absolute()
    return next((place for place in (here, *here.parents) if (place / ".git").exists()), None)


def default_branch(directory: Path) -> str:
    """Return what the default branch is called, as far as the clone at hand tells.

    A repository without a commit will have the branch that it is on.
    """
    root = repository_root(directory)
    if root is None:
        return MAIN
    head = _git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    branches = (_git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads") or "").split()
    if head:
        name = head.strip().removeprefix("origin/")
    elif not branches:
        name = (_git(root, "symbolic-ref", "--short", "HEAD") or MAIN).strip()
    else:
        name = branches[0] if len(branches) == 1 else MAIN
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", name) else MAIN


def ignored(directory: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` below `directory` that its git repository ignores, sorted."""
    root = repository_root(directory)
    named = {str(directory.absolute() / path): path for path in paths}
    if root is None or not named:
        return ()
    lines = (_git(root, "check-ignore", "--", *named) or "").splitlines()
    return tuple(sorted(named[line] for line in lines if line in named))


def _origin(directory: Path) -> str | None:
    root = repository_root(directory)
    answer = _git(root, "remote", "get-url", "origin") if root else None
    return repository_at(answer) if answer else None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - no shell reads its arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return answer.stdout


def _number(environ: Mapping[str, str], name: str) -> str | None:
    try:
        return parse_number(environ.get(name, ""))
    except ValueError:
        return None
