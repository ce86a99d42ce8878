"""How values read in reports: as they would stand in YAML."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.model.plan import FieldChange
from reconciler.core.model.units import UnitName, format_unit
from reconciler.core.text.visible import visible
from reconciler.reports.lines import GLUE, TextLine, cells, indented, line, padded, spanned

_PLAIN = re.compile(r"[A-Za-z0-9_/.+@*-][A-Za-z0-9_/.+@*:=-]*( [A-Za-z0-9_/.+@*:=-]+)*")
Units = Mapping[str, UnitName]
NO_UNITS: Units = {}
_WIDEST = 24
"""Columns up to which what stands before a colon or an arrow is padded, so that these align."""
_WRITTEN = 100
"""Columns where nothing says how many there are."""
_OLD, _NEW = "red", "green"


def show(value: Any, units: Units = NO_UNITS, path: str = "") -> str:
    """Return a value on one line: `2m`, `[a, b]`, `{queue: q, maxReceives: 5}`.

    `units` tells by path what numbers count; `path` is where the value stands.
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and path in units:
        return format_unit(value, units[path])
    if isinstance(value, Mapping):
        items = (
            f"{show(key)}: {show(item, units, f'{path}.{key}')}"
            for key, item in value.items()
            if item is not None
        )
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(item) for item in value) + "]"
    text = visible(str(value))
    if isinstance(value, str) and not _PLAIN.fullmatch(text):
        return json.dumps(text, ensure_ascii=False)
    return text


def both(before: Any, after: Any, units: Units = NO_UNITS, path: str = "") -> tuple[str, str]:
    """Return an old and a new value on one line each; what differs never reads the same."""
    old, new = show(before, units, path), show(after, units, path)
    return (_spelled(before), _spelled(after)) if old == new and before != after else (old, new)


def _spelled(value: Any) -> str:
    return json.dumps(visible(value), ensure_ascii=False) if isinstance(value, str) else show(value)


def field_lines(
    changes: Sequence[FieldChange], units: Units, action: str, width: int
) -> Iterator[TextLine]:
    """Yield the lines that tell the fields of one action, for so many columns.

    Of what is created or deleted that is each field; of what changes `old → new`, aligned, and of a
    list or a mapping (the statements of a policy) only the items that differ.
    """
    if action in ("create", "delete"):
        for change in changes:
            value = change.after if action == "create" else change.before
            yield from _whole(visible(change.path), value, units, change.path, width)
        return
    simple = [it for it in changes if not (_composite(it.before) and _composite(it.after))]
    names = _column(visible(change.path) for change in simple)
    olds = _column(show(change.before, units, change.path) for change in simple)
    for change in changes:
        if _composite(change.before) and _composite(change.after):
            yield line(f"{visible(change.path)}:")
            yield from indented(_differing(change.before, change.after, width - 2), 2)
        elif change.before == change.after:
            same = show(change.after, units, change.path)
            yield line(f"{visible(change.path)}: {same}, as it is")
        else:
            turned = _turned(change, units, (names, olds), width)
            long = cells(turned.text) > width
            composite = _composite(change.before) or _composite(change.after)
            yield from _taken_apart(change, width) if long and composite else [turned]


def _taken_apart(change: FieldChange, width: int) -> Iterator[TextLine]:
    """Yield a mapping or a list that is too long for a line, and what it was or becomes."""
    yield line(f"{visible(change.path)}:")
    yield from indented(_item("- ", change.before, _OLD, width - 2), 2)
    yield from indented(_item("+ ", change.after, _NEW, width - 2), 2)


def change_lines(change: FieldChange, units: Units, action: str) -> Iterator[str]:
    """Yield one field of an action likewise, as lines that are not wrapped any further."""
    for item in field_lines([change], units, action, _WRITTEN):
        yield item.text.replace(GLUE, " ")


def inline(changes: Iterable[FieldChange], units: Units) -> str:
    """Return what changes in one sentence, as a line of a longer list has room for it."""
    return ", ".join(_briefly(change, units) for change in changes)


def _briefly(change: FieldChange, units: Units) -> str:
    path = visible(change.path)
    if _composite(change.before) or _composite(change.after):
        return path
    before, after = both(change.before, change.after, units, change.path)
    return f"{path}: {before} →{GLUE}{after}"


def _turned(change: FieldChange, units: Units, columns: tuple[int, int], width: int) -> TextLine:
    """Return `path: old → new`; where that is too long, both values begin in one column."""
    names, olds = columns
    path = f"{visible(change.path)}: "
    before, after = both(change.before, change.after, units, change.path)
    head = padded(path, names + 2) if len(change.path) <= _WIDEST else path
    old = padded(before, olds) if cells(before) <= _WIDEST else before
    hang = max(2, cells(head) - 2)
    if cells(f"{head}{old} → {after}") > width:
        old = before
    return spanned((head, ""), (old, _OLD), (f" →{GLUE}", ""), (after, _NEW), hang=hang)


def _column(texts: Iterable[str]) -> int:
    return max((cells(text) for text in texts if cells(text) <= _WIDEST), default=0)


def _whole(name: str, value: Any, units: Units, path: str, width: int) -> Iterator[TextLine]:
    shown = f"{name}: {show(value, units, path)}"
    if not _composite(value) or cells(shown) <= width:
        yield line(shown)
    elif isinstance(value, dict):
        yield line(f"{name}:")
        for key, item in value.items():
            if item is not None:
                inside = _whole(visible(str(key)), item, units, f"{path}.{key}", width - 2)
                yield from indented(inside, 2)
    else:
        yield line(f"{name}:")
        for item in value:
            yield from indented(_item("- ", item, "", width - 2), 2)


def _item(sign: str, value: Any, style: str, width: int) -> Iterator[TextLine]:
    """Yield an item of a list behind its sign, a mapping that is too long key by key."""
    shown = show(value)
    if isinstance(value, dict) and value and cells(shown) + 2 > width:
        for key, item in value.items():
            if item is not None:
                for inner in _whole(visible(str(key)), item, NO_UNITS, "", width - 2):
                    spans = ((text, style) for text, _ in inner.spans)
                    yield spanned((sign, style), *spans, hang=4)
                    sign = "  "
    else:
        yield spanned((sign.replace(" ", GLUE), style), (shown, style), hang=4)


def _composite(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) and bool(value)


def _differing(before: Any, after: Any, width: int) -> Iterator[TextLine]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _differing_by_key(before, after, width)
        return
    old = list(before) if isinstance(before, list | tuple) else [before]
    new = list(after) if isinstance(after, list | tuple) else [after]
    gone, come = ([it for it in a if it not in b] for a, b in ((old, new), (new, old)))
    if not gone and not come:
        # Only their order or number differs.
        yield from _item("- ", before, _OLD, width)
        yield from _item("+ ", after, _NEW, width)
    for item in gone:
        other = next((it for it in come if _one_key_apart(item, it)), None)
        if other is None:
            yield from _item("- ", item, _OLD, width)
        else:
            come.remove(other)
            yield from _altered(item, other, width)
    for item in come:
        yield from _item("+ ", item, _NEW, width)


def _differing_by_key(
    before: dict[str, Any], after: dict[str, Any], width: int
) -> Iterator[TextLine]:
    """Yield what differs in a mapping; a list that alone differs needs no name (statements)."""
    keys = sorted(_differing_keys(before, after))
    for key in keys:
        old, new = before.get(key), after.get(key)
        if not (isinstance(old, dict | list) or isinstance(new, dict | list)):
            change = FieldChange(path=key, before=old, after=new)
            yield _turned(change, NO_UNITS, (0, 0), width)
        elif len(keys) == 1:
            yield from _differing(old or (), new or (), width)
        else:
            yield line(f"{visible(key)}:")
            yield from indented(_differing(old or (), new or (), width - 2), 2)


def _one_key_apart(one: Any, other: Any) -> bool:
    """Say whether two items are one that was changed in one place."""
    if not (isinstance(one, dict) and isinstance(other, dict)) or len({*one, *other}) < 3:
        return False
    return len(_differing_keys(one, other)) == 1


def _differing_keys(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [key for key in {*one, *other} if one.get(key) != other.get(key)]


def _altered(before: dict[str, Any], after: dict[str, Any], width: int) -> Iterator[TextLine]:
    """Yield an item that was changed: what it keeps, then the one key that differs."""
    [key] = _differing_keys(before, after)
    kept = {name: item for name, item in before.items() if name != key}
    yield from _item("~ ", kept, "", width)
    change = FieldChange(path=key, before=before.get(key), after=after.get(key))
    if _composite(change.before) and _composite(change.after):
        yield line(f"  {visible(key)}:")
        yield from indented(_differing(change.before, change.after, width - 4), 4)
    else:
        yield from indented([_turned(change, NO_UNITS, (0, 0), width - 2)], 2)
