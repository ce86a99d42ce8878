"""The report page: one HTML file with its style, its script and its data, and nothing from outside.

Its Content-Security-Policy allows exactly that style and that script, by their hashes.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from xml.etree import ElementTree as ET

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reconciler.core.text.scrubbing import mapped
from reconciler.reports.graph import svg
from reconciler.reports.graph.looks import LOOKS, Look
from reconciler.reports.page.material import Material, Record, objects, page_changes
from reconciler.reports.page.sections import sections

_TITLED = 56
"""Pixels of a picture that its title and legend take."""


def render(material: Material, scrub: Callable[[str], str] = lambda text: text) -> str:
    """Return the page; `scrub` masks secrets in each text, so that no mask breaks an escape."""
    found = page_changes(material)
    shown = _scrubbed(sections(material, found), scrub)
    data = _scrubbed(objects(material, found), scrub)
    picture = svg.drawn(material.picture.small, material.wording)
    left, top, width, height = map(int, picture.attrib["viewBox"].split())
    # The page has a title and a legend of its own.
    for element in picture.iter():
        element.text = element.text and scrub(element.text)
    picture.set("viewBox", f"{left} {top + _TITLED} {width} {height - _TITLED}")
    style, script = f"{_text('page.css')}{_colors()}", _text("page.js")
    return (
        _environment()
        .get_template("page.html")
        .render(
            shown,
            data=data,
            picture=Markup(ET.tostring(picture, encoding="unicode")),  # noqa: S704 - it escapes
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - as above
            policy="; ".join(
                [
                    "default-src 'none'",
                    f"script-src {_hashed(script)}",
                    f"style-src {_hashed(style)}",
                    "img-src data:",
                    "base-uri 'none'",
                    "form-action 'none'",
                ]
            ),
        )
    )


def _scrubbed(value: Record, scrub: Callable[[str], str]) -> Record:
    """Return plain data with secrets masked; nearly always there is none, which one look tells."""
    document = json.dumps(value, ensure_ascii=False)
    if scrub(document) == document:
        return value
    clean: Record = mapped(value, scrub)
    return clean


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True,
        loader=FunctionLoader(_text),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _text(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _colors() -> str:
    """Return what boxes and badges of each state are filled with, by day and by night."""
    day, night = ("".join(_color(*item, dark=dark) for item in LOOKS.items()) for dark in (0, 1))
    return f"{day}@media screen and (prefers-color-scheme: dark) {{\n{night}}}\n"


def _color(state: str, look: Look, *, dark: int) -> str:
    fill, ink = look.night if dark else (look.fill, look.ink)
    name = state.replace(" ", "-")
    return f".{name} {{ --fill: {fill}; --edge: {look.line}; --text: {ink}; }}\n"


def _hashed(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
