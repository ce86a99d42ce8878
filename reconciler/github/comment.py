"""The one comment on a pull request for each stack: what to write, and where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.github.marker import BYLINE, Marker, fact_in, is_marked, without_byline
from reconciler.reports.escapes import code


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


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said about the declarations at `folder`, as they are at `commit`.

    `failed`: it says why there is no plan, so that any that stands there is outdated.
    """

    text: str
    byline: str
    folder: str
    commit: str
    failed: bool = False

    def body(self, marker: Marker, former: str = "") -> str:
        """Return a comment's whole body; `former` is the commit whose plan stood there last."""
        planned = former if self.failed else self.commit
        return self._below(marker.line(commit=planned, path=self.folder), former)

    def over(self, comment: Comment) -> str:
        """Return the whole body of a comment that is kept for what it was about."""
        return self._below(
            comment.body.partition("\n")[0].rstrip(), fact_in(comment.body, "commit")
        )

    def _below(self, first: str, former: str) -> str:
        outdated = f"{_outdated(former, self.commit)}\n\n" if self.failed and former else ""
        return f"{first}\n{outdated}{self.text}\n{BYLINE}\n{self.byline}\n"


def decide(comments: Iterable[Comment], marker: Marker, author: str, draft: Draft) -> Deed | None:
    """Return what to do so that `author`'s comment says what is drafted, None if it already does.

    A comment by somebody else is never edited nor believed, whatever it begins with. The byline
    alone is no reason to edit: the same plan of the same commit was found by another run.
    """
    for comment in marker.own(comments, author):
        return _edited(comment, draft.body(marker, fact_in(comment.body, "commit")))
    return Deed(draft.body(marker))


def outdate(comments: Iterable[Comment], author: str, draft: Draft) -> Iterator[Deed]:
    """Yield what to do so that no plan of the draft's folder is taken for one of its commit.

    For where not even the stack is known: nothing new is written.
    """
    for comment in comments:
        if comment.author == author and is_marked("plan", comment.body):
            folder = fact_in(comment.body, "path")
            deed = _edited(comment, draft.over(comment))
            if deed is not None and folder in ("", draft.folder):
                yield deed


def _edited(comment: Comment, body: str) -> Deed | None:
    same = without_byline(comment.body) == without_byline(body)
    return None if same else Deed(body, comment.id)


def _outdated(former: str, commit: str) -> str:
    return (
        f"⚠️ **Outdated.** The plan that stood here was of commit {code(former[:12])}; of the "
        f"newest, {code(commit[:12])}, there is none."
    )
