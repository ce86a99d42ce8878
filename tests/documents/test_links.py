"""Links between the project's documents lead somewhere, headings included, to every page."""

import re

import pytest

from tests.handbook.pages import ROOT, name_of, pages

OF_THE_PROJECT = sorted(path for path in ROOT.glob("*.md") if path.name != "README.md")
CONTENTS = ROOT / "docs/README.md"


def anchors(text):
    """Return the anchors that GitHub gives the headings of a document."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document):
    """Return file and anchor of each link to another document."""
    text = document.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    inside = [target.partition("#") for target in found if not re.match(r"[a-z]+:", target)]
    return [((document.parent / name) if name else document, anchor) for name, _, anchor in inside]


@pytest.mark.parametrize("document", [*pages(), *OF_THE_PROJECT], ids=name_of)
def test_every_link_to_another_document_leads_to_it(document):
    for file, anchor in links(document):
        assert file.exists(), file
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), (file, anchor)


def test_the_contents_list_every_page():
    listed = {file.resolve() for file, _ in links(CONTENTS)}
    assert {*pages(), *OF_THE_PROJECT} - {CONTENTS} <= listed
