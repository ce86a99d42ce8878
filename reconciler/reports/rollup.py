"""Many similar changes told as one: 4,000 times `callBackUri: https://a/… → https://b/…`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.model.plan import Action, FieldChange
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Resource
from reconciler.reports.escapes import block, code, plain
from reconciler.reports.pages import Item
from reconciler.reports.values import Units, change_lines, show

SIGNS = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "-",
    "missing": "+",
    "changed": "~",
    "undeclared": "-",
}
_CHANGING = ("update", "replace", "changed")
_WIDTH = 160
_SEPARATORS = "/?&#"
_ALONE = 100
_TIMES = "\N{MULTIPLICATION SIGN}"
Signature = tuple[str, str, tuple[tuple[str, str, str], ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that differs: an action of a plan or a resource that drifted."""

    verb: str
    address: str
    changes: Sequence[FieldChange]
    units: Units = field(default_factory=dict)
    remarks: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def kind(self) -> str:
        """Return the kind, which every address begins with."""
        return self.address.partition(".")[0]


def of_action(action: Action) -> Entry:
    """Take over an action of a plan."""
    remarks = [f"because of {code(action.caused_by)}"] if action.caused_by else []
    remarks += ["adopted"] if action.adopts else []
    return Entry(action.action, action.address, action.changes, action.units, remarks, action.notes)


def of_resource(resource: Resource) -> Entry:
    """Take over what differs; only of what changed are the fields of interest."""
    changes = resource.changes if resource.status == "changed" else ()
    return Entry(resource.status, resource.address, changes, resource.units)


def as_item(entry: Entry) -> Item:
    """Tell one object with every change, and on one line."""
    head = f"{entry.verb} {code(entry.address)}{''.join(f', {item}' for item in entry.remarks)}"
    how = entry.verb if entry.verb in ("create", "delete") else "update"
    lines = [line for change in entry.changes for line in change_lines(change, entry.units, how)]
    full = [f"#### {SIGNS[entry.verb]} {head}", ""]
    if lines:
        full += [*block(lines, "text" if how == "update" else "yaml"), ""]
    full += [f"> {plain(note)}\n" for note in entry.notes]
    return Item("\n".join(full), f"- {head}")


def rolled_up(entries: Sequence[Entry]) -> list[Item]:
    """Return what stands alone, then groups of what is alike, the largest first.

    Thousands that stand alone are no exceptions any more: most of them come last.
    """
    groups: dict[Signature, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_signature(entry), []).append(entry)
    alone = [as_item(found[0]) for found in groups.values() if len(found) == 1]
    alike = sorted(
        (found for found in groups.values() if len(found) > 1),
        key=lambda found: (-len(found), found[0].address),
    )
    return [*alone[:_ALONE], *map(_group, alike), *alone[_ALONE:]]


def _group(entries: Sequence[Entry]) -> Item:
    first = entries[0]
    line = f"- **{len(entries):,}** {_TIMES} {first.verb} {plain(first.kind)}"
    if first.verb in _CHANGING:
        shown = (_shown(change, first.units) for change in first.changes)
        line += ": " + ", ".join(map(code, shown))
    addresses = ", ".join(code(entry.address) for entry in entries)
    return Item(f"{line}\n  - {addresses}", f"{line}, such as {code(first.address)}")


def _signature(entry: Entry) -> Signature:
    """Return what is the same for all that may be told as one: every value, uncut."""
    changes = entry.changes if entry.verb in _CHANGING else ()
    return entry.verb, entry.kind, tuple(map(_essence, changes))


def _essence(change: FieldChange) -> tuple[str, str, str]:
    cut = _shared_end(change.before, change.after)
    before, after = (
        json.dumps(_without(value, cut), sort_keys=True) for value in (change.before, change.after)
    )
    return change.path, before, after


def _shown(change: FieldChange, units: Units) -> str:
    cut = _shared_end(change.before, change.after)
    before, after = (
        _clipped(show(_without(value, cut), units, change.path) + ("…" if cut else ""))
        for value in (change.before, change.after)
    )
    return f"{visible(change.path)}: {before} → {after}"


def _without(value: Any, cut: int) -> Any:
    return value[:-cut] if cut else value


def _shared_end(before: Any, after: Any) -> int:
    """Return how much both values, if they are texts, share at their ends behind a separator.

    What is the same before and after is no change, and is where targets differ most:
    `https://a.example/1234` → `https://b.example/1234`.
    """
    if not isinstance(before, str) or not isinstance(after, str) or before == after:
        return 0
    pairs = enumerate(zip(reversed(before), reversed(after), strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after)))
    end = before[len(before) - same :]
    starts = [at for at, character in enumerate(end) if character in _SEPARATORS]
    return len(end) - starts[0] - 1 if starts else 0


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
