"""What differs, for a terminal: grouped by account and service, what goes by itself and last."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.reports.alike import Bunch, Coarseness, bunches, distinguishing
from reconciler.reports.differences import CHANGING, SIGNS, TIMES, Difference, remarks_on, shown
from reconciler.reports.lines import (
    GLUE,
    Screen,
    TextLine,
    cells,
    indented,
    line,
    padded,
    rule,
    spanned,
)
from reconciler.reports.shapes import Shape
from reconciler.reports.values import field_lines, inline

STYLES = {"+": "green", "~": "yellow", "±": "magenta", "-": "red"}
_FIELDS = 6
"""Columns by which fields and notes stand to the right."""
_WIDEST = 44
"""Columns up to which addresses are padded, so that what stands behind them aligns."""
_NOTES = 3


def coming(
    entries: Sequence[Difference], accounts: Mapping[str, Any], shape: Shape, screen: Screen
) -> Iterator[TextLine]:
    """Yield what is created or changed, account by account; nothing of it with `quiet`."""
    if not screen.quiet:
        found = [entry for entry in entries if not entry.goes]
        yield from _by_account(found, accounts, shape.rest, shape, screen)


def going(
    entries: Sequence[Difference],
    titles: Mapping[str, str],
    accounts: Mapping[str, Any],
    shape: Shape,
    screen: Screen,
) -> Iterator[TextLine]:
    """Yield what goes, by itself under a line across the screen; `titles` by verb, in order."""
    for verb, title in titles.items():
        found = [entry for entry in entries if entry.goes and entry.verb == verb]
        if found:
            style = f"bold {STYLES[SIGNS[verb]]}"
            yield line()
            yield line(rule(title.format(f"{len(found):,}"), screen.width), style)
            yield from _by_account(found, accounts, shape.goes, shape, screen)


def _by_account(
    entries: Sequence[Difference],
    accounts: Mapping[str, Any],
    coarseness: Coarseness,
    shape: Shape,
    screen: Screen,
) -> Iterator[TextLine]:
    """Yield entries below the name and service of their account, in the order of the first."""
    found = bunches(entries, coarseness)
    listed, left = found[: shape.most], found[len(found) if shape.most is None else shape.most :]
    groups: dict[str, list[Bunch]] = {}
    for bunch in listed:
        groups.setdefault(bunch.account, []).append(bunch)
    for account, group in groups.items():
        yield line()
        yield line(_heading(account, accounts), "bold")
        column = _column(group)
        for bunch in group:
            yield from _bunch(bunch, column, coarseness, screen)
    if left:
        verbs = Counter(entry.verb for bunch in left for entry in bunch.entries)
        counts = ", ".join(f"{number:,} {TIMES} {verb}" for verb, number in verbs.items())
        yield line(f"    and {counts} (--full lists each)", "dim")


def _heading(account: str, accounts: Mapping[str, Any]) -> str:
    if not account:
        return "In several accounts"
    service = (accounts.get(account) or {}).get("service")
    return f"{visible(account)} ({visible(str(service))})" if service else visible(account)


def _column(group: Iterable[Bunch]) -> int:
    """Return the columns of what stands before distinguishing fields."""
    heads = (_head(bunch.first) for bunch in group if len(bunch.entries) == 1)
    return max((cells(head) for head in heads if cells(head) <= _WIDEST), default=0)


def _head(entry: Difference) -> str:
    return f"{entry.verb} {visible(entry.address)}"


def _bunch(bunch: Bunch, column: int, coarseness: Coarseness, screen: Screen) -> Iterator[TextLine]:
    if len(bunch.entries) > 1:
        yield _many(bunch, coarseness)
    else:
        yield _one(bunch.first, column, brief=coarseness is not Coarseness.each)
        if screen.verbose or (coarseness is Coarseness.each and bunch.first.verb in CHANGING):
            yield from _fields(bunch.first, screen.width - _FIELDS)
    notes = dict.fromkeys(note for entry in bunch.entries for note in entry.notes)
    for note in list(notes)[:_NOTES]:
        yield line(f"      ! {visible(note)}", "yellow", hang=_FIELDS + 2)
    if len(notes) > _NOTES:
        yield line(f"      ! and {counted(len(notes) - _NOTES, 'more note')}", "yellow")


def _fields(entry: Difference, width: int) -> Iterator[TextLine]:
    how = {"missing": "create", "undeclared": "delete"}.get(entry.verb, entry.verb)
    how = how if how in ("create", "delete") else "update"
    return indented(field_lines(entry.changes, entry.units, how, width), _FIELDS)


def _one(entry: Difference, column: int, *, brief: bool) -> TextLine:
    """Return one object on a line; `brief`: with what changes in it, too."""
    sign = SIGNS[entry.verb]
    remarks = ", ".join(entry.remarks())
    parts = distinguishing(entry) if entry.verb not in CHANGING else []
    if brief and entry.verb in CHANGING and entry.changes:
        parts = [inline(entry.changes, entry.units)]
    head = padded(_head(entry), column) if parts else _head(entry)
    rest = "  " + ", ".join(parts) if parts else ""
    rest += f"  ({remarks})" if remarks else ""
    return spanned((f"  {sign} {head}", STYLES[sign]), (rest, ""), hang=_FIELDS)


def _many(bunch: Bunch, coarseness: Coarseness) -> TextLine:
    """Return many objects on a line: how often, what is done to which, and by what they differ."""
    first = bunch.first
    sign = SIGNS[first.verb]
    head = f"  {sign} {len(bunch.entries):,} {TIMES} {first.verb} {visible(first.kind)}"
    words = "".join(f" {value}" for value in bunch.common[:1])
    words += "".join(f", {value}" for value in (*bunch.common[1:], *bunch.ranges))
    if first.verb in CHANGING:
        words += f": {_what(bunch, coarseness)}".replace("→ ", f"→{GLUE}")
    remarks = ", ".join(remarks_on(bunch.entries))
    words += f"  ({remarks})" if remarks else ""
    return spanned((head, STYLES[sign]), (words, ""), hang=_FIELDS)


def _what(bunch: Bunch, coarseness: Coarseness) -> str:
    if coarseness is Coarseness.whole:
        return ", ".join(visible(change.path) for change in bunch.first.changes)
    return ", ".join(shown(change, bunch.first.units) for change in bunch.first.changes)
