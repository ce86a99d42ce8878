"""How soon a page is ready in the machine's own browser."""

from pathlib import Path

from tests.browser.browsing import installed, launched


def ready_in_a_browser(page: Path) -> float | None:
    """Return milliseconds until its script has run, None where there is no browser."""
    if installed() is None:
        return None
    with launched() as browser:
        opened = browser.new_page()
        opened.goto(page.as_uri())
        opened.wait_for_selector("#list button")
        found = opened.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    return float(found)
