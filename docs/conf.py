"""How Sphinx makes the site of README, docs/ and the other documents: `make docs`.

The site's contents are the lists of links in docs/README.md. Whatever is not right is an error
there (`--fail-on-warning --nitpicky`): a link that leads nowhere, a page that no list names. Pages
load nothing from the network.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]
CONTENTS = "docs/README"

project = "subscription-reconciler"
project_copyright = ""
extensions = ["myst_parser"]
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**"]
root_doc = CONTENTS
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
myst_all_links_external = False
suppress_warnings = ["misc.highlighting_failure"]  # outputs are of no language
html_theme = "furo"
html_title = project
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
highlight_language = "text"

_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<body>(?:(?!## ).*\n)*)", re.MULTILINE)
_PAGE = re.compile(r"^[-|] ?\[[^]]+\]\((?P<page>[^)#:]+\.md)(?:#[^)]*)?\)", re.MULTILINE)
_LOADED = re.compile(
    r"<(?:script|img|iframe|link|source)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^>]*>"
)


def add_contents(_: Sphinx, name: str, source: list[str]) -> None:
    """Make the lists of links in the page of contents what the side bar shows."""
    if name != CONTENTS:
        return
    for section in _SECTION.finditer(source[0]):
        pages = [found["page"] for found in _PAGE.finditer(section["body"])]
        if pages:
            title = section["title"]
            listed = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{listed}\n```\n"


def finish(app: Sphinx, error: Exception | None) -> None:
    """Lead the site's address to its contents; refuse a page that loads something from elsewhere.

    Raises:
        ExtensionError: a page does.
    """
    if error is not None:
        return
    site = Path(app.outdir)
    for page in sorted(site.rglob("*.html")):
        loaded = _LOADED.search(page.read_text(encoding="utf-8"))
        if loaded:
            raise ExtensionError(f"{page.relative_to(site)} loads {loaded[0]}")
    head = f'<!doctype html><meta charset="utf-8"><title>{project}</title>'
    leads = f'<meta http-equiv="refresh" content="0; url={CONTENTS}.html">'
    (site / "index.html").write_text(f"{head}{leads}\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in the building."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True}
