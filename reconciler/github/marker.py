"""How a comment or an issue of ours is found again: a hidden first line, and who wrote it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar
from urllib.parse import quote, unquote

BODY_BYTES = 60_000
"""What a comment or an issue of ours may hold; GitHub refuses more than 65,536 characters."""
BYLINE = "<!-- reconciler:byline -->"
"""Parts what a text says from the line on which run it comes from."""
_FACTS = re.compile(r" (?:digest|commit|path)=[^ ]*")


class Written(Protocol):
    """A comment or an issue; `author` is a login."""

    @property
    def author(self) -> str:
        """Return who wrote it."""

    @property
    def body(self) -> str:
        """Return its text."""


W = TypeVar("W", bound=Written)


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks what is written about a stack, or about the part of it that a run is limited to."""

    what: Literal["plan", "drift"]
    stack: str
    limits: tuple[str, ...] = ()

    def line(self, **facts: str) -> str:
        """Return the hidden line; values are quoted so that none can end it.

        The `facts` (digest, commit, path) say what was written last, and are no part of the mark.
        """
        words = [("stack", self.stack), *(("only", item) for item in self.limits)]
        words += [(name, value) for name, value in facts.items() if value]
        told = " ".join(f"{name}={quote(value)}" for name, value in words)
        return f"<!-- reconciler:{self.what} {told} -->"

    def marks(self, body: str) -> bool:
        """Say whether a text begins with this marker, whatever its facts."""
        return _FACTS.sub("", _first(body)) == self.line()

    def own(self, written: Iterable[W], author: str) -> list[W]:
        """Return what bears the marker and is by `author`; others can copy the marker."""
        return [item for item in written if item.author == author and self.marks(item.body)]


def is_marked(what: str, body: str) -> bool:
    """Say whether a text begins with a marker of this sort, of whichever stack."""
    return _first(body).startswith(f"<!-- reconciler:{what} ")


def fact_in(body: str, name: str) -> str:
    """Return a fact that a marker holds, or an empty string."""
    found = re.search(rf" {name}=([^ ]*)", _first(body))
    return unquote(found[1]) if found else ""


def _first(body: str) -> str:
    return body.partition("\n")[0].rstrip()


def without_byline(body: str) -> str:
    """Return what a text says, without the run it comes from."""
    # The last one is ours: a live value may look like it.
    text, _, rest = body.replace("\r\n", "\n").rpartition(BYLINE)
    return (text or rest).rstrip()
