"""What differs in how accounts are declared: as lines of text, as a list, as sentences."""

from collections.abc import Iterator, Sequence

from reconciler.core.model.plan import AccountChange, FieldChange
from reconciler.core.text.visible import visible
from reconciler.reports.lines import CODE, TextLine, indented, line, wrapped
from reconciler.reports.markdown import block, code
from reconciler.reports.pages import Item
from reconciler.reports.values import NO_UNITS, both, field_lines, show

_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}
_VERBS = {"added": "create", "changed": "update", "removed": "delete"}


def lines(
    changes: Sequence[AccountChange], width: int, most: int | None = None
) -> Iterator[TextLine]:
    """Yield what differs, account by account; at most so many accounts, and fields of each."""
    if not changes:
        return
    yield line()
    yield line("Accounts that lead elsewhere, or get in by other references (then → now):", "bold")
    for change in changes[:most]:
        sign, style = _SIGNS[change.change]
        yield line(f"  {sign} {change.change} {visible(change.account)}", style)
        yield from indented(fields(change, width - 6, most), 6)
        yield from _rest(len(change.changes), most, "      ")
    yield from _rest(len(changes), most, "    ")


def _rest(number: int, most: int | None, indent: str) -> Iterator[TextLine]:
    if most is not None and number > most:
        yield line(f"{indent}and {number - most:,} more (--full lists them)", "yellow")


def items(changes: Sequence[AccountChange]) -> list[Item]:
    """Return what differs as the entries of a list in Markdown."""
    return [_item(change) for change in changes]


def sentences(change: AccountChange) -> Iterator[tuple[str, str]]:
    """Yield each path that differs and what to say of it; "" for the account itself."""
    name = f"accounts.{change.account}"
    if change.change == "added":
        yield "", f"{name} is declared since the snapshot was taken: read where it leads"
    elif change.change == "removed":
        yield "", f"{name} is no longer declared: what is live there is left alone"
    else:
        for field in change.changes:
            said = f"{name}.{field.path} is not what it was in the snapshot"
            yield field.path, f"{said}: {_values(change, field)}"


def _item(change: AccountChange) -> Item:
    sign, _ = _SIGNS[change.change]
    head = f"{change.change} {code(change.account)}"
    found = list(wrapped(fields(change, CODE.width), CODE))
    full = [f"#### {sign} {head}", "", *block(found, "text"), ""]
    return Item("\n".join(full), f"- {head}")


def fields(change: AccountChange, width: int, most: int | None = None) -> Iterator[TextLine]:
    """Yield each field, those of the account itself before those of its many sellers."""
    found = sorted(change.changes, key=lambda field: field.path.count("."))
    yield from field_lines(found[:most], NO_UNITS, _VERBS[change.change], width)


def _values(change: AccountChange, field: FieldChange) -> str:
    if change.change == "added":
        return show(field.after)
    if change.change == "removed":
        return show(field.before)
    return " → ".join(both(field.before, field.after))
