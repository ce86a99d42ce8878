"""The repository on GitHub: its name, its ids, and what its jobs are called in OIDC tokens."""

import re
from dataclasses import dataclass

PLACEHOLDER = "OWNER/REPOSITORY"
ISSUER = "token.actions.githubusercontent.com"
"""Whose tokens say which repository's job it is that asks."""
READ_ENVIRONMENT, WRITE_ENVIRONMENT = "production-read", "production"
"""The environments whose jobs only read, and whose jobs write too."""

_NAME = r"(?P<owner>[A-Za-z0-9][A-Za-z0-9_-]*)/(?P<name>[A-Za-z0-9._-]{1,100}?)"
_REMOTE = re.compile(
    rf"(?:https://(?:[^/@]*@)?github\.com/|ssh://git@github\.com(?::22)?/|git@github\.com:){_NAME}"
    r"(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """A repository on github.com; `id` and `owner_id` are its numbers where they are known."""

    owner: str
    name: str
    id: str | None = None
    owner_id: str | None = None

    def __str__(self) -> str:
        """Give OWNER/NAME."""
        return f"{self.owner}/{self.name}"

    @property
    def named(self) -> bool:
        """Say whether this is a repository, and not the placeholder for one."""
        return str(self) != PLACEHOLDER

    @property
    def numbered(self) -> bool:
        """Say whether both ids are known."""
        return self.id is not None and self.owner_id is not None

    def subjects(self, context: str) -> tuple[str, str]:
        """Return the two subjects a token for `context` (`environment:production`) may bear.

        The second has the ids, which repositories created or renamed since 15 July 2026 always
        send. Where ids are not known, words in capitals stand for them, which match nothing.
        """
        owner_id, own_id = self.owner_id or "OWNER_ID", self.id or "REPOSITORY_ID"
        return (
            f"repo:{self.owner}/{self.name}:{context}",
            f"repo:{self.owner}@{owner_id}/{self.name}@{own_id}:{context}",
        )


def parse_repository(
    text: str, repository_id: str | None = None, owner_id: str | None = None
) -> HostedRepository:
    """Return the repository called OWNER/NAME.

    Raises:
        ValueError: `text` is no such name.
    """
    found = re.fullmatch(_NAME, text)
    if found is None or found["name"] in (".", ".."):
        raise ValueError(f"{text!r}: expected OWNER/NAME, as in the repository's URL")
    return HostedRepository(found["owner"], found["name"], repository_id, owner_id)


def parse_number(text: str) -> str:
    """Return `text` if it is an id as GitHub gives them.

    Raises:
        ValueError: it is not.
    """
    if not re.fullmatch(r"[1-9][0-9]*", text, re.ASCII):
        raise ValueError(f"{text!r}: expected a number, as GitHub's API gives it")
    return text


def repository_at(remote: str) -> str | None:
    """Return OWNER/NAME for the URL of a git remote on github.com, None for any other."""
    found = _REMOTE.fullmatch(remote.strip())
    return f"{found['owner']}/{found['name']}" if found else None
