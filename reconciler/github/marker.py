"""How a comment or an issue of ours is found again: a hidden first line, and who wrote it.

The line ends in a seal: a digest of what it marks, the repository and the author. It is no secret.
A token of a user knows whose it is, and only what that user wrote counts. GitHub tells an app no
name, so there what counts was written by an app (no person has a name like `x[bot]`) and is sealed
for it: neither a person nor another app passes for us with a copy of the line.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar
from urllib.parse import quote, unquote

BODY_BYTES = 60_000
"""What a comment or an issue of ours may hold; GitHub refuses more than 65,536 characters."""
BYLINE = "<!-- reconciler:byline -->"
"""Parts what a text says from the line on which run it comes from."""
ACTIONS_BOT = "github-actions[bot]"
"""In whose name a job's own token writes."""
_BOT = "[bot]"
_FACTS = re.compile(r" (?:digest|commit|path|seal|quiet)=[^ ]*")


class Authored(Protocol):
    """A comment or an issue; `author` is a login."""

    @property
    def author(self) -> str:
        """Return who wrote it."""

    @property
    def body(self) -> str:
        """Return its text."""


W = TypeVar("W", bound=Authored)


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks what is written about a stack, or about the part of it that a run is limited to."""

    what: Literal["plan", "apply", "drift"]
    stack: str
    limits: tuple[str, ...] = ()

    def line(self, **facts: str) -> str:
        """Return the hidden line; values are quoted so that none can end it.

        The `facts` (digest, commit, path, seal, quiet) say what was written last and by whom, and
        are no part of the mark.
        """
        words = [("stack", self.stack), *(("only", item) for item in self.limits)]
        words += [(name, value) for name, value in facts.items() if value]
        fields = " ".join(f"{name}={quote(value)}" for name, value in words)
        return f"<!-- reconciler:{self.what} {fields} -->"

    def marks(self, body: str) -> bool:
        """Say whether a text begins with this marker, whatever its facts."""
        return _bare(body) == self.line()


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes in a repository; `login` is empty for an app, which GitHub tells no name."""

    repository: str
    login: str = ""

    @property
    def expected(self) -> str:
        """Return in whose name something new will stand, as far as is known beforehand."""
        return self.login or ACTIONS_BOT

    def seal(self, line: str, author: str) -> str:
        """Return what a marker's line ends in where `author` writes it."""
        tied = "\n".join([_bare(line), self.repository.lower(), author.lower()])
        return hashlib.sha256(tied.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def wrote(self, item: Authored) -> bool:
        """Say whether something that bears a marker is ours; others can copy the marker."""
        if self.login:
            return item.author == self.login
        sealed = fact_in(item.body, "seal")
        # A job's own token once wrote without a seal.
        unsealed = not sealed and item.author == ACTIONS_BOT
        by_an_app = item.author.endswith(_BOT)
        return unsealed or (by_an_app and sealed == self.seal(item.body, item.author))

    def own(self, written: Iterable[W], marker: Marker) -> list[W]:
        """Return what bears the marker and is ours."""
        return [item for item in written if marker.marks(item.body) and self.wrote(item)]


def is_marked(what: str, body: str) -> bool:
    """Say whether a text begins with a marker of this sort, of whichever stack."""
    return _first(body).startswith(f"<!-- reconciler:{what} ")


def fact_in(body: str, name: str) -> str:
    """Return a fact that a marker holds, or an empty string."""
    found = re.search(rf" {name}=([^ ]*)", _first(body))
    return unquote(found[1]) if found else ""


def _bare(body: str) -> str:
    return _FACTS.sub("", _first(body))


def _first(body: str) -> str:
    return body.partition("\n")[0].rstrip()


def without_byline(body: str) -> str:
    """Return what a text says, without the run it comes from."""
    # The last one is ours: a live value may look like it.
    text, _, rest = body.replace("\r\n", "\n").rpartition(BYLINE)
    return (text or rest).rstrip()
