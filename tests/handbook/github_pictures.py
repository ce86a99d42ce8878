"""Pictures of what GitHub shows of a plan and of drift, drawn of the code's own Markdown.

Each file bears the digest of what it was drawn from, so that a test tells without a browser when
the code has come to say something else. Drawing takes a font with coloured emoji.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from markdown_it import MarkdownIt

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Live
from reconciler.core.planning.plan import Prepared, prepare
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.topology import differences_only, planned_topology
from reconciler.core.world.observation import Observation
from reconciler.credentials.allowed_hosts import strays_of
from reconciler.github.marker import BODY_BYTES
from reconciler.reports.discretion import discreet
from reconciler.reports.graph import mermaid
from reconciler.reports.graph.folding import folded
from reconciler.reports.graph.looks import Wording
from reconciler.reports.pages import Page, fitted
from reconciler.reports.review_pages import Background, drift_page, plan_page
from reconciler.services.sqs.queue import Queue
from reconciler.wiring import declarations
from tests.handbook.pages import ROOT
from tests.toys import standing

RUN = "https://github.com/acme/notifications/actions/runs/7"
COMMIT = "9c1f0e7d5a3b8a1e4d0f6c2b7a9e5d3f1b8c6a40"
TAKEN = datetime(2026, 11, 29, 3, 17, tzinfo=UTC)
CHANGED = {
    "reconciler.yaml": {
        "    region: eu\n    credentials": (
            "    region: eu\n    tokenEndpoint: https://tokens.attacker.example/o2/token\n"
            "    credentials"
        )
    },
    "queues.yaml": {
        "visibilityTimeout: 2m": "visibilityTimeout: 5m",
        "  offers-dlq:": "  orders: {name: acme-orders}\n  offers-dlq:",
    },
    "amazon-sp-api.yaml": {
        "[acme-de, acme-fr]": "[acme-de]",
        "A13V1IB3VIYZZH]": "A13V1IB3VIYZZH, APJ6JRA9NG5V4]",
    },
    "merchant.yaml": {"merchant/own": "merchant/v2/own"},
}
"""What somebody changes in the sample, by file: old text and new."""


def comment() -> str:
    """Return the comment on a pull request that changes the sample, in Markdown."""
    former = declarations(ROOT / "subscriptions")
    with TemporaryDirectory() as folder:
        declared = declarations(_changed(Path(folder) / "subscriptions"))
    strays = [_finding(problem.message) for problem in strays_of(declared, ())]
    observation = Observation(_standing(former), warnings=tuple(strays))
    prepared = prepare(declared, observation, former=former.routing)
    background = Background(
        picture=_picture(prepared), commit=COMMIT, taken_at=TAKEN, age="5 hours", paged=True
    )
    return _text(plan_page(discreet(prepared.plan), background), "Planned", background)


def issue() -> str:
    """Return the issue about a live sample that somebody changed by hand, in Markdown."""
    declared = declarations(ROOT / "subscriptions")
    prepared = prepare(declared, Observation(tuple(_by_hand(_standing(declared)))))
    background = Background(picture=_picture(prepared, drifted=True), paged=True)
    page = drift_page(discreet(drift_of(prepared.plan)), background)
    return _text(page, "Found", background)


PICTURES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "docs/images/plan-comment.png": ("commented 1 minute ago", comment),
    "docs/images/drift-issue.png": ("opened 5 hours ago", issue),
}
"""What each picture shows, and what stands above it."""


def _changed(folder: Path) -> Path:
    copytree(ROOT / "subscriptions", folder)
    for name, changes in CHANGED.items():
        file = folder / name
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, f"{name} of the sample: {old}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    return folder


def _standing(declared: Declarations) -> tuple[Live, ...]:
    return tuple(standing(item) for item in declared.desired)


def _by_hand(live: Iterable[Live]) -> Iterator[Live]:
    """Yield what is live with one object gone, one changed and one that nobody declares."""
    for it in live:
        if isinstance(it.spec, Queue) and it.spec.name == "acme-offers":
            tags = {**it.spec.tags, "owner": "@everyone"}
            spec = it.spec.model_copy(update={"visibility_timeout": 5, "tags": tags})
            yield replace(it, spec=spec)
            arn = f"{it.outputs['arn']}-of-old"
            orphan = Queue(name="acme-offers-of-old", arn=arn)
            yield replace(it, spec=orphan, outputs=remote_values(id="of old", arn=arn))
        elif "4321" not in str(it.outputs["id"]):
            yield it


def _finding(sentence: str) -> Finding:
    address, _, message = sentence.partition(": ")
    return Finding(address=address, message=message)


def _picture(prepared: Prepared, *, drifted: bool = False) -> str:
    topology = planned_topology(prepared)
    if drifted:
        topology = differences_only(topology, drift_of(prepared.plan))
    return mermaid.render(folded(topology, discreet=True).small, Wording(drifted))


def _text(page: Page, what: str, background: Background) -> str:
    text, _ = fitted(page, BODY_BYTES)
    return f"{text}\n\n{background.byline(what, RUN, COMMIT)}\n"


_STYLE = """
body { margin: 0; padding: 20px; width: 830px; box-sizing: border-box; background: #fff;
  color: #1f2328; font: 14px/1.5 "Noto Sans", Helvetica, Arial, "Noto Color Emoji", sans-serif; }
article { border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden; }
header { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }
header b { color: #1f2328; }
header span { border: 1px solid #d1d9e0; border-radius: 9px; padding: 0 7px; font-size: 12px; }
main { padding: 0 16px 6px; } p, pre, table, details, blockquote { margin: 0 0 14px; }
h2 { font-size: 21px; padding-bottom: 6px; border-bottom: 1px solid #d1d9e0; margin: 18px 0 14px; }
h3 { font-size: 17px; margin: 20px 0 12px; } h4 { font-size: 14px; margin: 18px 0 12px; }
code, pre { font: 12px/1.45 "Liberation Mono", "DejaVu Sans Mono", monospace; }
code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; } a { color: #0969da; }
h2 code, h3 code { font-size: 85%; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; overflow: hidden; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; } th, td { border: 1px solid #d1d9e0; padding: 5px 12px; }
blockquote { border-left: 3px solid #d1d9e0; padding-left: 12px; color: #59636e; }
summary { margin-bottom: 8px; } sub { font-size: 11px; color: #59636e; }
"""


def html(markdown: str, when: str) -> str:
    """Return about the page in which GitHub shows a text of a bot."""
    inside = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    head = f"<b>github-actions</b> <span>bot</span> {when}"
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>"
        f"<article><header>{head}</header><main>{inside}</main></article>"
    )


def digest(page: str) -> str:
    """Return what tells one page from another; a fingerprint, which shows nothing, does not."""
    return hashlib.sha256(re.sub("sha256:[0-9a-f]+", "", page).encode()).hexdigest()


def drawn_from(picture: bytes) -> str:
    """Return the digest of the page that a picture was drawn from, empty if it does not say."""
    found = re.search(rb"tEXtpage\0([0-9a-f]{64})", picture)
    return found[1].decode() if found else ""


def stale() -> dict[str, str]:
    """Return the pages whose pictures show something else by now, by the file of the picture."""
    pages = {name: html(markdown(), when) for name, (when, markdown) in PICTURES.items()}
    return {
        name: page
        for name, page in pages.items()
        if drawn_from((ROOT / name).read_bytes()) != digest(page)
    }


def draw(pages: Mapping[str, str]) -> None:
    """Write pictures of pages, by the machine's own browser."""
    from tests.browser.browsing import launched

    with launched() as browser:
        window = browser.new_page(viewport={"width": 830, "height": 400}, device_scale_factor=1.5)
        for name, page in pages.items():
            window.set_content(page)
            drawn = window.screenshot(full_page=True)
            (ROOT / name).write_bytes(_marked(drawn, digest(page)))


def _marked(picture: bytes, mark: str) -> bytes:
    """Return a PNG that says in a text of its own, behind its header, what it was drawn from."""
    text = b"tEXtpage\0" + mark.encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    header = 8 + 25
    return picture[:header] + chunk + picture[header:]
