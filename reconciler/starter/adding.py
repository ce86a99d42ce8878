"""A member more in an account: the line of YAML, or the row of its table. Pure.

What stands there stays as it is, comments and style included: a line is put between others.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.nodes import Node

_INDENT = 2
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account's members stand: the account's body, and the field, if it is there."""

    body: Node
    field: str

    @property
    def members(self) -> Node | None:
        """Return what stands under the field, None if nothing does."""
        return self.body.child(self.field)


def with_row(table: str, columns: Sequence[str], values: Mapping[str, str]) -> str:
    """Return the text of a CSV file with one row more at its end, in the file's own line ends."""
    end = "\r\n" if "\r\n" in table else "\n"
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([values.get(column, "") for column in columns])
    return f"{table.rstrip()}{end}{line.getvalue()}{end}"


def with_member(text: str, place: Place, name: str, fields: Mapping[str, object]) -> str:
    """Return the text of a YAML file with one member more, sorted in where the others are sorted.

    `fields` are the member's own, by name.
    """
    entry = f"{_scalar(name)}: {_flow(fields)}"
    lines = text.splitlines(keepends=True)
    members = place.members
    if members is None:
        return _into(
            lines, place.body, f"{place.field}: {{{entry}}}", [f"{place.field}:", f"  {entry}"]
        )
    if isinstance(members.value, dict) and members.value and not _is_flow(lines, members):
        return _between(lines, members, name, entry)
    if isinstance(members.value, dict):
        return _into(lines, members, entry, [])
    return _instead(lines, place, members, entry)


def template_of(references: Mapping[str, str]) -> str | None:
    """Return what the members' references have in common, with `{name}` and `{NAME}` in it.

    `references` are by member; None where they follow no single pattern.
    """
    found = {
        reference.replace(name, "{name}").replace(_shouted(name), "{NAME}")
        for name, reference in references.items()
    }
    [template, *others] = sorted(found) or [""]
    return template if not others and "{" in template else None


def filled(template: str, name: str) -> str:
    """Return the reference that a template makes for a member."""
    return template.replace("{name}", name).replace("{NAME}", _shouted(name))


def _shouted(name: str) -> str:
    """Return a name as the names of variables are written."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def _is_flow(lines: Sequence[str], node: Node) -> bool:
    return lines[node.at.line - 1][node.at.column - 1 :].startswith("{")


def _into(lines: list[str], node: Node, flow: str, block: Sequence[str]) -> str:
    """Put something at the beginning of a mapping: into its braces, or as lines before its keys."""
    row, column = node.at.line - 1, node.at.column - 1
    if _is_flow(lines, node):
        rest = lines[row][column + 1 :]
        comma = ", " if node.value else ""
        lines[row] = f"{lines[row][: column + 1]}{flow}{comma}{rest if comma else rest.lstrip(' ')}"
        return "".join(lines)
    last = max(node.keys.values(), key=lambda at: at.line)
    new = [" " * column + line + "\n" for line in block]
    return _insert(lines, _end_of(lines, last.line - 1, column), new)


def _between(lines: list[str], members: Node, name: str, entry: str) -> str:
    """Put a member before the first that sorts after it, else at the end."""
    column = members.at.column - 1
    later = [at for other, at in members.keys.items() if other > name]
    if later and sorted(members.keys) == list(members.keys):
        row = min(at.line for at in later) - 1
        while lines[row - 1].strip().startswith("#"):
            row -= 1
    else:
        row = _end_of(lines, max(at.line for at in members.keys.values()) - 1, column)
    return _insert(lines, row, [f"{' ' * column}{entry}\n"])


def _instead(lines: list[str], place: Place, members: Node, entry: str) -> str:
    """Put a member where the field stands and holds nothing."""
    at = place.body.keys[place.field]
    row = at.line - 1
    if members.at.line - 1 == row and lines[row][members.at.column - 1 :].startswith(("null", "~")):
        lines[row] = f"{lines[row][: members.at.column - 1]}{{{entry}}}\n"
        return "".join(lines)
    return _insert(lines, row + 1, [f"{' ' * (at.column - 1 + _INDENT)}{entry}\n"])


def _end_of(lines: Sequence[str], row: int, column: int) -> int:
    """Return the row after an entry whose key stands in `row`, at `column`."""
    end = row + 1
    for number in range(row + 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= column:
            break
        if line.strip():
            end = number + 1
    return end


def _insert(lines: list[str], row: int, new: Sequence[str]) -> str:
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if row and not lines[row - 1].endswith("\n"):
        lines[row - 1] += end
    return "".join([*lines[:row], *(line.replace("\n", end) for line in new), *lines[row:]])


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    """Return text as it stands in YAML, in quotes where it could be something else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
