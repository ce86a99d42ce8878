"""A release is made of a tag, a version and a section of the changelog that agree."""

import pytest

from release.process import NotReleasable
from release.version import notes_for

CHANGELOG = """# Changelog

## Unreleased

- still to come

## 1.2.0 - 2026-12-01

### Added

- a thing with `## no heading` in it

## 1.1.0 - 2026-11-01

- an older thing
"""


def test_the_notes_are_the_section_of_the_version_and_nothing_else():
    notes = notes_for("v1.2.0", "1.2.0", CHANGELOG)
    assert notes == "### Added\n\n- a thing with `## no heading` in it"


@pytest.mark.parametrize("tag", ["1.2.0", "v1.2", "v1.2.0rc1", "v1.2.00", "v1.1.0", "vv1.2.0", ""])
def test_a_tag_of_another_version_is_refused(tag):
    with pytest.raises(NotReleasable, match=r"pyproject\.toml, which is v1\.2\.0"):
        notes_for(tag, "1.2.0", CHANGELOG)


@pytest.mark.parametrize("heading", ["", "## 1.3\n\n- x\n\n", "## 1.3.0 - 2026-12-24\n\n"])
def test_a_version_of_which_the_changelog_says_nothing_is_refused(heading):
    changelog = CHANGELOG.replace("## 1.2.0", f"{heading}## 1.2.0")
    with pytest.raises(NotReleasable, match=r"## 1\.3\.0 - YYYY-MM-DD"):
        notes_for("v1.3.0", "1.3.0", changelog)


def test_without_a_tag_the_notes_are_what_the_next_release_would_have():
    assert notes_for(None, "1.2.0", CHANGELOG) == notes_for("v1.2.0", "1.2.0", CHANGELOG)
    assert notes_for(None, "1.3.0", CHANGELOG) == "- still to come"
    with pytest.raises(NotReleasable, match="nothing"):
        notes_for(None, "1.3.0", "# Changelog\n")
