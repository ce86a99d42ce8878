"""Where workflows get this tool from: its action at a commit, or a wheel in their repository."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.core.model.repository import parse_repository, repository_at
from reconciler.starter.bundle import ACTION
from reconciler.starter.wheel import HOME, RELEASED, installed_distribution, is_checkout

VENDORED = "vendored"
"""The word for a wheel in the repository itself."""
SELF, HERE = "$/", "./"
"""A repository's own action: as github.com knows it, and as every runner does after a checkout."""

_REASON = f" # zizmor: ignore[self-repository] other servers do not know {SELF}"
_COMMIT = r"[0-9a-f]{40}"
_USES = re.compile(
    r"^(?P<key> *(?:- +)?uses: *)(?P<quote>[\"']?)"
    rf"(?P<action>(?:\$/|\./|[\w.-]+/[\w.-]+/){re.escape(ACTION)}(?:@[^\s\"'#]+)?)"
    r"(?P=quote) *(?:#[^\r\n]*)?(?=\r?$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Tool:
    """What stands behind `uses:`."""

    action: str

    @property
    def vendored(self) -> bool:
        """Say whether the repository holds the tool itself."""
        return self.action.startswith((SELF, HERE))


def called(source: str) -> Tool:
    """Return the tool at `source`, OWNER/NAME@COMMIT."""
    repository, _, commit = source.partition("@")
    return Tool(f"{repository}/{ACTION}@{commit}")


def vendored(*, portable: bool = False) -> Tool:
    """Return the tool that is in the repository itself."""
    return Tool(f"{HERE if portable else SELF}{ACTION}")


def parse_tool(text: str) -> str:
    """Return `text` if it is OWNER/NAME@COMMIT, or the word for a wheel in the repository.

    Raises:
        ValueError: it is neither.
    """
    repository, _, commit = text.partition("@")
    if text == VENDORED:
        return text
    if not re.fullmatch(_COMMIT, commit):
        raise ValueError(
            f"{text!r}: expected OWNER/NAME@COMMIT with all 40 digits of the commit (branches and "
            f"tags can be moved to other code), or {VENDORED}"
        )
    return f"{parse_repository(repository)}@{commit}"


def used_in(workflows: Iterable[str]) -> Tool | None:
    """Return the tool that the first of `workflows` which uses it gets."""
    found = (_USES.search(text) for text in workflows)
    return next((Tool(match["action"]) for match in found if match), None)


def with_tool(workflow: str, tool: Tool) -> str:
    """Return the workflow with `tool`; what already uses it stays as it is written."""
    reason = _REASON if tool.action.startswith(HERE) else ""

    def use(found: re.Match[str]) -> str:
        if found["action"] == tool.action:
            return found[0]
        return f"{found['key']}{tool.action}{reason}"

    return _USES.sub(use, workflow)


def recorded_source() -> str | None:
    """Return OWNER/NAME@COMMIT that this program was built from, where that was recorded.

    A release records it when it is built; pip does when it installs from a commit.
    """
    distribution = installed_distribution()
    if distribution is None or is_checkout(distribution):
        return None
    record = HOME / RELEASED
    released = record.read_text(encoding="utf-8").strip() if record.is_file() else ""
    return _known(released) or source_of_install(distribution.read_text("direct_url.json") or "")


def source_of_install(direct_url: str) -> str | None:
    """Return OWNER/NAME@COMMIT for what an installer noted of the place it installed from.

    See "Recording the Direct URL Origin of installed distributions" (PEP 610).
    """
    try:
        noted: Any = json.loads(direct_url or "{}")
        commit = noted.get("vcs_info", {}).get("commit_id", "")
        url, part = str(noted.get("url", "")), noted.get("subdirectory")
    except (ValueError, AttributeError):
        return None
    repository = repository_at(url.removeprefix("git+"))
    return None if repository is None or part else _known(f"{repository}@{commit}")


def _known(source: str) -> str | None:
    try:
        return None if source == VENDORED else parse_tool(source)
    except ValueError:
        return None
