"""The machine's own Chromium, headless, and pages in it that may say nothing and fetch nothing."""

import os
from pathlib import Path

import pytest

from tests.browser.browsing import NAMES, installed, launched

PACKAGES = Path(__file__).parent / "node_modules"


def missing(what):
    """Skip, but in CI, which installs everything it can."""
    if os.environ.get("CI") and not os.environ.get("WITHOUT_BROWSER"):
        pytest.fail(what)
    pytest.skip(what)


# Not for the session: while it runs, its thread has an event loop, and no test may start another.
@pytest.fixture(scope="module")
def browser():
    if installed() is None:
        missing(f"no browser: none of {', '.join(NAMES)} is on PATH")
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def package():
    """Return the text of a file of a package of npm."""

    def text(path):
        if not (PACKAGES / path).is_file():
            missing(f"{path} is not installed: npm ci --prefix tests/browser")
        return (PACKAGES / path).read_text(encoding="utf-8")

    return text


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page from a file; at the end it must have said nothing and fetched nothing else."""
    contexts, said = [], []

    def opened(html, name="page.html", **options):
        file = tmp_path / name
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": 1300, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: said.append("dialog") or dialog.dismiss())
        page.on("request", lambda request: _other(request, file, said))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def _other(request, file, said):
    if not request.url.startswith((file.as_uri(), "data:")):
        said.append(f"request: {request.url}")
