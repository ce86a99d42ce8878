"""Lines of text and their styles, as every report for a terminal is made of, and their wrapping.

A line is broken at blanks alone: addresses, ARNs and URIs stay whole, so that they can be copied.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from reconciler.core.text.expressions import Expression

Span = tuple[str, str]
"""Text and its style, as rich names styles: `bold red`, or none."""

PIPED = 80
"""Columns where there is no terminal."""
NARROWEST = 40
"""Columns of the narrowest terminal that text is laid out for."""
GLUE = "\N{NO-BREAK SPACE}"
"""A blank at which no line is broken. None comes from live values, which show it by its number."""
ONE_COLUMN = f"{GLUE}→…·─±»✓✗\N{MULTIPLICATION SIGN}"
"""What is not ASCII in our own words and takes a column each. Tables of all others load slowly."""
_AS_ASCII = str.maketrans(dict.fromkeys(ONE_COLUMN, "-"))
_DEEPEST = 24
"""Columns that are left at least beside an indent of ours."""
_WORD = Expression(r"[^ ]+")
_GLUED = Expression(rf"[^ {GLUE}]+")


class Screen(NamedTuple):
    """What text is written for: its columns, its colours, and how much is wanted.

    `piped`: it is no terminal, so that a finding stays on one line, as editors and grep read them.
    `full` lists everything however long it is, `verbose` tells every field of it, `quiet` leaves
    out what needs nobody's attention.
    """

    width: int = PIPED
    color: bool = False
    piped: bool = True
    full: bool = False
    verbose: bool = False
    quiet: bool = False


PLAIN = Screen()
CODE = Screen(width=88)
"""As a block of code on GitHub, which does not scroll sideways up to so many columns."""


class TextLine(NamedTuple):
    """A line before it is wrapped; `hang` is the indent of what does not fit, None: 2 more."""

    spans: tuple[Span, ...]
    hang: int | None = None

    @property
    def text(self) -> str:
        """Return the whole line without styles."""
        return "".join(text for text, _ in self.spans)


def line(text: str = "", style: str = "", *, hang: int | None = None) -> TextLine:
    """Return a line of one style."""
    return TextLine(((text, style),), hang)


def spanned(*spans: Span, hang: int | None = None) -> TextLine:
    """Return a line of several styles."""
    return TextLine(spans, hang)


def indented(lines: Iterable[TextLine], columns: int) -> Iterator[TextLine]:
    """Yield lines further to the right."""
    for item in lines:
        hang = None if item.hang is None else item.hang + columns
        yield TextLine(((" " * columns, ""), *item.spans), hang)


def cells(text: str) -> int:
    """Return how many columns a text takes on a terminal: a Chinese character or an emoji two."""
    if text.isascii() or text.translate(_AS_ASCII).isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, columns: int) -> str:
    """Return a text with blanks up to so many columns."""
    return text + " " * max(0, columns - cells(text))


def rule(title: str, width: int) -> str:
    """Return a title with a line behind it that goes across the screen."""
    # What the title explains has to make way first.
    shown = title if cells(title) + 6 <= width else title.partition(":")[0]
    head = f"── {shown} "
    return head + "─" * max(0, width - cells(head))


def laid_out(item: TextLine, width: int) -> Iterator[tuple[Span, ...]]:
    """Yield what stands on each line of a terminal of `width` columns.

    Only a word that is wider than that is wider; it then stands alone, as far left as it must.
    """
    text = item.text
    if cells(text) <= width:
        yield item.spans
        return
    lead = len(text) - len(text.lstrip(" "))
    hang = lead + 2 if item.hang is None else item.hang
    if width - hang < _DEEPEST:
        hang = min(hang, lead + 4)
    for indent, start, end in _pieces(text, width, lead, hang):
        yield (" " * indent, ""), *_slice(item.spans, start, end)


def _pieces(text: str, width: int, lead: int, hang: int) -> Iterator[tuple[int, int, int]]:
    """Yield the indent of each line, and which characters stand on it."""
    start = end = used = 0
    indent = -1
    for begin, finish in _words(text, width):
        wide = cells(text[begin:finish])
        if indent >= 0 and used + begin - end + wide <= width:
            used += begin - end + wide
        else:
            if indent >= 0:
                yield indent, start, end
            indent = max(0, min(lead if indent < 0 else hang, width - wide))
            start, used = begin, indent + wide
        end = finish
    yield max(indent, 0), start, end


def _words(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield where words begin and end; what is glued is one, unless no line has room for it."""
    for word in _WORD.finditer(text):
        if GLUE in word[0] and cells(word[0]) > width:
            parts = _GLUED.finditer(text, word.start(), word.end())
            yield from (part.span() for part in parts)
        else:
            yield word.span()


def _slice(spans: Iterable[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for text, style in spans:
        piece = text[max(0, start - at) : max(0, end - at)]
        if piece:
            yield piece, style
        at += len(text)


def wrapped(lines: Iterable[TextLine], screen: Screen) -> Iterator[str]:
    """Yield lines as the screen shows them, without line ends."""
    for item in lines:
        for spans in laid_out(item, screen.width):
            written_spans = (_styled(*span) if screen.color else span[0] for span in spans)
            yield "".join(written_spans).rstrip(" ").replace(GLUE, " ")


def written(lines: Iterable[TextLine], screen: Screen) -> str:
    """Return lines as text, ending in a newline; empty if there are none."""
    return "".join(f"{item}\n" for item in wrapped(lines, screen))


def _styled(text: str, style: str) -> str:
    if not style or not text.strip(" "):
        return text
    before, after = _codes(style)
    return f"{before}{text}{after}"


@cache
def _codes(style: str) -> tuple[str, str]:
    from rich.color import ColorSystem
    from rich.style import Style

    before, _, after = (
        Style.parse(style).render("·", color_system=ColorSystem.STANDARD).partition("·")
    )
    return before, after
