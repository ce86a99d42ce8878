"""Mermaid itself takes what `graph` writes, and draws names as they are; SVG shows as an image."""

import base64
from pathlib import Path

import pytest

from reconciler.core.verdicts.topology import Topology, declared_topology
from reconciler.reports.graph import mermaid, svg
from reconciler.reports.graph.folding import folded
from reconciler.reports.graph.looks import Wording
from reconciler.wiring import declarations
from tests.reports.test_graph_pictures import HOSTILE, chain, fleet, node

pytestmark = pytest.mark.external

PLAN = Wording()
EMPTY = "<!doctype html><html lang=en><title>drawn</title><body></body></html>"
DRAW = """async (text) => {
  mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
  await mermaid.parse(text);
  document.body.innerHTML = (await mermaid.render("drawn", text)).svg;
  return document.body.innerText;
}"""


@pytest.fixture(scope="module")
def draw(browser, package):
    """Parse and draw a flowchart with the strict settings of GitHub; return its text."""
    page = browser.new_page()
    page.set_content(EMPTY)
    page.add_script_tag(content=package("mermaid/dist/mermaid.min.js"))
    yield lambda text: page.evaluate(DRAW, text)
    page.close()


def test_the_sample_is_drawn(draw):
    topology = declared_topology(declarations(Path("subscriptions")))
    text = draw(mermaid.render(folded(topology).small, PLAN))
    for name in ("offers-dlq", "ANY_OFFER_CHANGED", "acme-app · sp-api", "dead letter"):
        assert name in text


def test_what_changes_is_drawn(draw):
    assert "(+) create" in draw(mermaid.render(chain(), PLAN))
    assert "(+) missing" in draw(mermaid.render(chain(), Wording(drifted=True)))


def test_a_fleet_is_drawn(draw):
    assert "2,000 subscriptions" in draw(mermaid.render(folded(fleet(400, 5)).small, PLAN))


def test_names_that_mean_something_to_mermaid_markdown_or_html_are_drawn_as_they_are(draw):
    names = ["end", "graph", "1. one", "- minus", "+ plus", "# head", "_x_ *y* `z`", "a & b"]
    names += [
        "価格-新着",
        "straße",
        "ﷺ x",
        "١٢٣",
        "<script>alert(1)</script>",
        "%%{init: {}}%%",
        "#35; &amp;",
        '"]; end',
        HOSTILE,
    ]
    nodes = [node(f"k{at:02}", name=name, account=name) for at, name in enumerate(names)]
    text = draw(mermaid.render(Topology("acme", tuple(nodes), ()), PLAN))
    for name in names[:-1]:
        assert text.count(name) >= 2
    assert "<U+202E>" in text


def test_svg_shows_as_an_image(visit):
    picture = base64.b64encode(svg.render(chain(), PLAN).encode()).decode()
    page = visit(
        EMPTY.replace("</body>", f"<img alt='' src='data:image/svg+xml;base64,{picture}'>")
    )
    assert page.evaluate("document.images[0].naturalWidth") > 400


def test_every_text_fits_into_its_box(browser):
    """The font is the machine's own; that of CI and most Linux machines is the widest there is."""
    page = browser.new_page()
    page.set_content(svg.render(declared_topology(declarations(Path("subscriptions"))), PLAN))
    left = page.evaluate(
        """[...document.querySelectorAll("g")].flatMap((group) => {
          const box = group.querySelector("rect").getBBox();
          return [...group.querySelectorAll("text")].map((text) => {
            const shown = text.getBBox();
            return box.x + box.width - shown.x - shown.width;
          });
        })"""
    )
    page.close()
    assert len(left) > 20
    assert min(left) >= 8
