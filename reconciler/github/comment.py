"""The one comment on a pull request for each stack: what to write, and where."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.github.marker import BYLINE, Marker, without_byline


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it stands; `author` is a login."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What to do: write a new comment (`edits` None), or edit that one."""

    body: str
    edits: int | None = None


def body_of(marker: Marker, text: str, byline: str) -> str:
    """Return a comment's whole body."""
    return f"{marker.line()}\n{text}\n{BYLINE}\n{byline}\n"


def decide(comments: Iterable[Comment], marker: Marker, author: str, body: str) -> Deed | None:
    """Return what to do so that `author`'s comment says `body`, None if it already does.

    A comment by somebody else is never edited nor believed, whatever it begins with. The byline
    alone is no reason to edit: the same plan was found by another run.
    """
    for comment in marker.own(comments, author):
        if without_byline(comment.body) == without_byline(body):
            return None
        return Deed(body, comment.id)
    return Deed(body)
