"""Writes anew what the documents take from the code: references, and outputs that they quote."""

import contextlib
import io
import sys

from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox
from tests.browser.browsing import NAMES, installed
from tests.handbook import commands, declarations, github_pictures
from tests.handbook.pages import ROOT, name_of, pages
from tests.handbook.sessions import Session, Unfit


def picture() -> str:
    """Return the picture of what the sample declares."""
    drawn = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(drawn):
        invoke(["graph", "--declared", "--format", "svg"])
    return drawn.getvalue()


REFERENCES = {
    "docs/images/sample.svg": picture,
    "docs/reference/commands.md": commands.reference,
    "docs/reference/declarations.md": declarations.reference,
}
"""What makes each file that is made of the code."""


def write_references() -> None:
    """Write the pages and the picture that are made of the code."""
    for name, reference in REFERENCES.items():
        (ROOT / name).write_text(reference(), encoding="utf-8")


def refresh_outputs() -> int:
    """Write the outputs that pages quote anew; return how many pages say what cannot be run."""
    unfit = 0
    with Sandbox() as sandbox:
        for page in pages():
            text = page.read_text(encoding="utf-8")
            try:
                with Session.opened(sandbox) as session:
                    new = session.refreshed(text)
            except Unfit as error:
                unfit += 1
                sys.stderr.write(f"{name_of(page)}: {error}\n")
                continue
            if new != text:
                page.write_text(new, encoding="utf-8")
                sys.stdout.write(f"{name_of(page)}: new outputs\n")
    return unfit


def redraw_pictures() -> int:
    """Draw anew what shows something else by now; return how many pictures stay as they are."""
    pages = github_pictures.stale()
    if pages and installed() is None:
        sys.stderr.write(f"{', '.join(pages)}: not drawn anew, for lack of {' or '.join(NAMES)}\n")
        return len(pages)
    if pages:
        github_pictures.draw(pages)
        sys.stdout.write("".join(f"{name}: drawn anew\n" for name in pages))
    return 0


if __name__ == "__main__":
    write_references()
    sys.exit(min(refresh_outputs() + redraw_pictures(), 1))
