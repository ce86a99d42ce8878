"""Many similar changes told as one: 4,000 times `callBackUri: https://a/… → https://b/…`."""

from collections.abc import Sequence

from reconciler.reports.differences import (
    CHANGING,
    SIGNS,
    TIMES,
    Difference,
    essence,
    remarks_on,
    shown,
)
from reconciler.reports.lines import CODE, wrapped
from reconciler.reports.markdown import block, code, plain
from reconciler.reports.pages import Item
from reconciler.reports.values import field_lines

_ALONE = 100
Signature = tuple[str, str, tuple[tuple[str, str, str], ...]]


def as_item(entry: Difference) -> Item:
    """Tell one object with every change, and on one line."""
    remarks = "".join(f", {item}" for item in entry.remarks(code))
    head = f"{entry.verb} {code(entry.address)}{remarks}"
    how = entry.verb if entry.verb in ("create", "delete") else "update"
    fields = field_lines(entry.changes, entry.units, how, CODE.width)
    lines = list(wrapped(fields, CODE))
    full = [f"#### {SIGNS[entry.verb]} {head}", ""]
    if lines and how == "delete":
        # That it goes is what matters; what it was can be unfolded.
        full += ["<details><summary>what it is now</summary>\n"]
        full += [*block(lines, "yaml"), "\n</details>\n"]
    elif lines:
        full += [*block(lines, "text" if how == "update" else "yaml"), ""]
    full += [f"> {plain(note)}\n" for note in entry.notes]
    return Item("\n".join(full), f"- {head}")


def rolled_up(entries: Sequence[Difference]) -> list[Item]:
    """Return what stands alone, then groups of what is alike, the largest first.

    Thousands that stand alone are no exceptions any more: most of them come last.
    """
    groups: dict[Signature, list[Difference]] = {}
    for entry in entries:
        groups.setdefault(_signature(entry), []).append(entry)
    alone = [as_item(found[0]) for found in groups.values() if len(found) == 1]
    alike = sorted(
        (found for found in groups.values() if len(found) > 1),
        key=lambda found: (-len(found), found[0].address),
    )
    return [*alone[:_ALONE], *map(_group, alike), *alone[_ALONE:]]


def _group(entries: Sequence[Difference]) -> Item:
    first = entries[0]
    line = f"- **{len(entries):,}** {TIMES} {first.verb} {plain(first.kind)}"
    if first.verb in CHANGING:
        texts = (shown(change, first.units) for change in first.changes)
        line += ": " + ", ".join(map(code, texts))
    line += "".join(f", {item}" for item in remarks_on(entries, code))
    notes = list(dict.fromkeys(note for entry in entries for note in entry.notes))
    brief = f"{line}, such as {code(first.address)}"
    if notes:
        brief += f": {plain(notes[0])}" + (
            f" (and {len(notes) - 1} more notes)" if notes[1:] else ""
        )
    addresses = ", ".join(code(entry.address) for entry in entries)
    full = [line, f"  - {addresses}", *(f"  - {plain(note)}" for note in notes)]
    return Item("\n".join(full), brief)


def _signature(entry: Difference) -> Signature:
    """Return what is the same for all that may be told as one: every value, uncut."""
    changes = entry.changes if entry.verb in CHANGING else ()
    return entry.verb, entry.kind, tuple(map(essence, changes))
