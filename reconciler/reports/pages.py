"""Markdown pages that fit into what a comment, an issue or a job summary may hold.

A page is told in full if it fits, else with similar things rolled up and lists cut, else as counts
alone; whichever it is, what matters most stands first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from reconciler.reports.markdown import block

FOLDED_FROM = 10
"""A list that is longer than this is folded away."""
_MARGIN = 400
MOST_MERMAID = 50_000
"""Characters of a flowchart that GitHub draws."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list, in full and on one line."""

    full: str
    brief: str


@dataclass(frozen=True, slots=True)
class Section:
    """A list under a title of ours. `rolled` tells the same with similar entries told as one.

    `folded` is None where a list is folded away that is long. `share` of the room that is left is
    what it may take where not everything fits. With a `language` the list is a block of code, to
    copy.
    """

    title: str
    items: Sequence[Item]
    share: float
    rolled: Callable[[], Sequence[Item]] | None = None
    folded: bool | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`head` and `foot` always stand, whatever becomes of what is between them.

    `picture` is a flowchart in Mermaid; it is the first to go where not everything fits.
    """

    head: str
    sections: Sequence[Section]
    foot: str
    picture: str = ""


class Extent(Enum):
    """How much of a page is told."""

    full = "full"
    rolled = "rolled"
    counts = "counts"


def fitted(
    page: Page, limit: int, scrub: Callable[[str], str] = lambda text: text
) -> tuple[str, Extent]:
    """Return the fullest form whose UTF-8 bytes, once scrubbed, stay within `limit`.

    Counts are returned however little room there is: the caller decides about that.
    """
    for each in dict.fromkeys((page.picture, "")):
        text = _full(replace(page, picture=each), limit)
        if text is not None and size(text := scrub(text)) <= limit:
            return text, Extent.full
    for each in dict.fromkeys((page.picture, "")):
        text = scrub(_rolled(replace(page, picture=each), limit))
        if size(text) <= limit:
            return text, Extent.rolled
    return scrub("\n".join([page.head, _caution("Only counts fit here"), page.foot])), (
        Extent.counts
    )


def whole(page: Page) -> str:
    """Return everything, however long."""
    return "\n".join(_lines(page))


def size(text: str) -> int:
    """Return the bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "backslashreplace"))


def _caution(why: str) -> str:
    return (
        f"\n> ⚠️ **This does not show everything and is not fit for approval.** {why}: the run "
        "linked at the end has more in its summary, and all of it in its log.\n"
    )


def _full(page: Page, limit: int) -> str | None:
    """Return the whole page, None as soon as it is longer than `limit`."""
    lines: list[str] = []
    room = limit
    for line in _lines(page):
        lines.append(line)
        room -= size(line) + 1
        if room < 0:
            return None
    return "\n".join(lines)


def _lines(page: Page) -> Iterator[str]:
    yield page.head
    for section in page.sections:
        if section.items:
            yield from _list(section, [item.full for item in section.items])
    yield from _picture(page)
    yield page.foot


def _picture(page: Page) -> Iterator[str]:
    if page.picture and len(page.picture) <= MOST_MERMAID:
        yield "\n<details><summary>Picture: who is wired to what, and what changes</summary>\n"
        yield from block(page.picture.splitlines(), "mermaid")
        yield "\n</details>"


def _list(section: Section, items: Sequence[str]) -> Iterator[str]:
    fold = len(items) > FOLDED_FROM if section.folded is None else section.folded
    title = f"{section.title} ({len(section.items):,})"
    yield (
        f"\n<details><summary><strong>{title}</strong></summary>\n" if fold else f"\n### {title}\n"
    )
    yield from block(items, section.language) if section.language else items
    if fold:
        yield "\n</details>"


def _rolled(page: Page, limit: int) -> str:
    head = page.head + "\n" + _caution("Similar entries are told as one, and lists are cut")
    picture = "\n".join(_picture(page))
    room = limit - size(head) - size(page.foot) - size(picture) - _MARGIN
    parts = [head]
    for section in page.sections:
        if section.items:
            lines = _cut(section, int(room * section.share))
            part = "\n".join(_list(section, lines))
            room -= size(part) + 1
            parts.append(part)
    return "\n".join([*parts, *filter(None, [picture]), page.foot])


def _cut(section: Section, room: int) -> list[str]:
    """Return the entries on one line each, as many as fit, the first ones in full if all fit."""
    items = section.items if section.rolled is None else section.rolled()
    spare = room - sum(size(item.brief) + 1 for item in items)
    if spare < 0:
        return _counted(items, room)
    lines: list[str] = []
    for item in items:
        more = size(item.full) - size(item.brief)
        lines.append(item.full if more <= spare else item.brief)
        spare -= more if more <= spare else 0
    return lines


def _counted(items: Sequence[Item], room: int) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(items):
        room -= size(item.brief) + 1
        if room < 0:
            return [*lines, f"- … and {len(items) - number:,} more lines"]
        lines.append(item.brief)
    return lines
