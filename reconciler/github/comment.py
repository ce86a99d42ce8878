"""The one comment on a pull request for each stack: what to write, and where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.github.marker import BYLINE, Marker, Writer, fact_in, is_marked, without_byline
from reconciler.reports.markdown import code


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it stands; `author` is a login."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class CommentEdit:
    """What to do: give the comment with the number `edits` another text."""

    body: str
    edits: int


@dataclass(frozen=True, slots=True)
class CommentContent:
    """What is to be said about the declarations at `folder`, as they are at `commit`.

    `failed`: it says why there is no plan, so that any that stands there is outdated. `latest`: it
    names the newest run even where that found the same.
    """

    text: str
    byline: str
    folder: str
    commit: str
    failed: bool = False
    latest: bool = False

    def body(self, marker: Marker, *, seal: str = "", former: str = "") -> str:
        """Return a comment's whole body; `former` is the commit whose plan stood there last."""
        planned = former if self.failed else self.commit
        return self._below(marker.line(commit=planned, path=self.folder, seal=seal), former)

    def over(self, comment: Comment) -> str:
        """Return the whole body of a comment that is kept for what it was about."""
        return self._below(
            comment.body.partition("\n")[0].rstrip(), fact_in(comment.body, "commit")
        )

    def _below(self, first: str, former: str) -> str:
        outdated = f"{_outdated(former, self.commit)}\n\n" if self.failed and former else ""
        return f"{first}\n{outdated}{self.text}\n{BYLINE}\n{self.byline}\n"


def edited(
    comment: Comment, marker: Marker, writer: Writer, content: CommentContent
) -> CommentEdit | None:
    """Return what to do so that a comment of ours says what is drafted, None if it already does.

    The byline alone is no reason to edit: another run found the same plan of the same commit.
    """
    seal = writer.seal(marker.line(), comment.author)
    body = content.body(marker, seal=seal, former=fact_in(comment.body, "commit"))
    if content.latest:
        return None if comment.body.replace("\r\n", "\n") == body else CommentEdit(body, comment.id)
    return _edited(comment, body)


def outdate(
    comments: Iterable[Comment], writer: Writer, content: CommentContent
) -> Iterator[CommentEdit]:
    """Yield what to do so that no plan of the draft's folder is taken for one of its commit.

    For where not even the stack is known: nothing new is written.
    """
    for comment in comments:
        if is_marked("plan", comment.body) and writer.wrote(comment):
            folder = fact_in(comment.body, "path")
            edit = _edited(comment, content.over(comment))
            if edit is not None and folder in ("", content.folder):
                yield edit


def _edited(comment: Comment, body: str) -> CommentEdit | None:
    same = without_byline(comment.body) == without_byline(body)
    return None if same else CommentEdit(body, comment.id)


def _outdated(former: str, commit: str) -> str:
    return (
        f"⚠️ **Outdated.** The plan that stood here was of commit {code(former[:12])}; of the "
        f"newest, {code(commit[:12])}, there is none."
    )
