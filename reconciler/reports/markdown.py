"""Text in Markdown that nothing inside it can break out of, and counts as tables."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.text.visible import visible


def code(text: str) -> str:
    """Return `text` as a code span that nothing inside it can end."""
    # An empty span would be a fence without an end, which text that follows could close.
    text = visible(text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(lines: Sequence[str], language: str) -> Iterator[str]:
    """Yield a fenced code block that nothing inside it can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from lines
    yield fence


def plain(text: str) -> str:
    """Return a sentence of ours with everything escaped that Markdown or HTML would act upon."""
    text = re.sub(r"([\\`*_{}\[\]<>()#|!~&]|:(?=//)|(?<=www)\.)", r"\\\1", visible(text))
    # GitHub looks for mentions and references after Markdown has taken its escapes away, and for
    # formulas, from whose delimiters nothing but an element of its own keeps a dollar.
    text = text.replace("\\&", "&amp;").replace("$", "<span>$</span>")
    return re.sub(r"(@|\\#)", r"\1&#8203;", text)


_MOST_ROWS = 12
Counted = tuple[str, str]
"""The row and the column that something counts for."""


def count_table(
    head: str, found: Iterable[Counted], columns: Sequence[str], signs: Sequence[str]
) -> list[str]:
    """Return the lines of a table: a row for each of the first names, zeros left out.

    `columns` are told where something counts for them, behind their `signs`. Of many rows the last
    ones are told as one. Nothing is returned where nothing counts.
    """
    counts: dict[str, Counter[str]] = {}
    for row, column in found:
        counts.setdefault(row, Counter())[column] += 1
    total = sum(counts.values(), Counter[str]())
    shown = [at for at, name in enumerate(columns) if total[name]]
    if not shown:
        return []
    titles = [head, *(f"{signs[at]} {columns[at]}".strip() for at in shown)]
    names = [columns[at] for at in shown]
    lines = [_row(titles), _row(["---", *("--:" for _ in shown)])]
    lines += _rows(counts, names)
    if len(counts) > 1:
        lines.append(_row(["**total**", *(f"**{total[name]:,}**" for name in names)]))
    return lines


def _rows(counts: dict[str, Counter[str]], names: Sequence[str]) -> Iterator[str]:
    most = _MOST_ROWS if len(counts) > _MOST_ROWS + 1 else len(counts)
    for row in list(counts)[:most]:
        # A table ends a cell at a bar even within code.
        name = code(row).replace("|", "\\|")
        yield _row([name, *_cells(counts[row], names)])
    left = list(counts)[most:]
    if left:
        rest = sum((counts[row] for row in left), Counter[str]())
        yield _row([f"{len(left):,} more", *_cells(rest, names)])


def _cells(counts: Counter[str], names: Iterable[str]) -> Iterator[str]:
    return (f"{counts[name]:,}" if counts[name] else "" for name in names)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
