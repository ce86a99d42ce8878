"""How values read in reports: as they would stand in YAML, on one line."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.model.plan import FieldChange
from reconciler.core.model.units import UnitName, format_unit
from reconciler.core.text.visible import visible

_PLAIN = re.compile(r"[A-Za-z0-9_/.+@*-][A-Za-z0-9_/.+@*:=-]*( [A-Za-z0-9_/.+@*:=-]+)*")
WIDTH = 100
Units = Mapping[str, UnitName]
NO_UNITS: Units = {}


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


def change_lines(change: FieldChange, units: Units, action: str) -> Iterator[str]:
    """Yield the lines that tell one field change; `action` is the action it belongs to.

    Where a list or a mapping changed, only its differing items are told.
    """
    path = visible(change.path)
    if action in ("create", "delete"):
        value = change.after if action == "create" else change.before
        yield from _whole(path, value, units, change.path)
    elif _composite(change.before) and _composite(change.after):
        yield f"{path}:"
        yield from (f"  {line}" for line in _differing(change.before, change.after))
    else:
        before, after = (show(it, units, change.path) for it in (change.before, change.after))
        yield f"{path}: {before} → {after}"


def _whole(name: str, value: Any, units: Units, path: str) -> Iterator[str]:
    line = f"{name}: {show(value, units, path)}"
    if len(line) <= WIDTH or not _composite(value):
        yield line
    elif isinstance(value, dict):
        yield f"{name}:"
        for key, item in value.items():
            if item is not None:
                inside = _whole(visible(str(key)), item, units, f"{path}.{key}")
                yield from (f"  {inner}" for inner in inside)
    else:
        yield f"{name}:"
        yield from (f"  - {show(item)}" for item in value)


def _composite(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) and bool(value)


def _differing(before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield from _differing(before.get(key, ()), after.get(key, ()))
        return
    old = list(before) if isinstance(before, list | tuple) else [before]
    new = list(after) if isinstance(after, list | tuple) else [after]
    yield from (f"- {show(item)}" for item in old if item not in new)
    yield from (f"+ {show(item)}" for item in new if item not in old)
