"""The version that pyproject.toml, the tag and CHANGELOG.md agree on, and its release notes."""

import re
import tomllib
from pathlib import Path
from typing import Any

from release.process import ROOT, demand

UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## (?P<name>\S+)(?: - \d{4}-\d\d-\d\d)?$", re.MULTILINE)


def project(root: Path = ROOT) -> dict[str, Any]:
    """Return the table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def sections(changelog: str) -> dict[str, str]:
    """Return what a changelog says, by version."""
    found = list(_HEADING.finditer(changelog))
    starts = [*(match.start() for match in found), len(changelog)]
    return {
        match["name"]: changelog[match.end() : starts[number]].strip()
        for number, match in enumerate(found, 1)
    }


def notes_for(tag: str | None, version: str, changelog: str) -> str:
    """Return the notes of a release; without a tag, of one that is still to be made.

    Raises:
        NotReleasable: the tag is not that of the version, or the changelog has no section for it.
    """
    by_version = sections(changelog)
    if tag is None:
        notes = by_version.get(version) or by_version.get(UNRELEASED)
        demand(notes, f"CHANGELOG.md says nothing of {version} and nothing under {UNRELEASED}")
        return notes or ""
    demand(
        tag == f"v{version}",
        f"the tag {tag} is not that of version {version} in pyproject.toml, which is v{version}",
    )
    demand(
        by_version.get(version),
        f"CHANGELOG.md has no section `## {version} - YYYY-MM-DD`: give what stands under "
        f"{UNRELEASED} that heading",
    )
    return by_version[version]
