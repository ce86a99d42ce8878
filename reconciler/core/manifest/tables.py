"""Fields written as a table: `{from: FILE.csv, ...}` stands for one entry a row.

A table is expanded before anything is checked, so that the rest knows no difference: what is wrong
with a row is told with the line of the CSV file it stands on.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.manifest.explain import problem_at
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.state import DeclaredEntry
from reconciler.core.model.account_fields import Tabled, tabled_fields
from reconciler.core.model.addresses import chosen
from reconciler.core.model.errors import Problem
from reconciler.core.model.objects import Position
from reconciler.core.service import Service
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import brief, comma, counted, key_name, near, step

LABELS = "labels"
"""The field of a row's entry that holds its columns, by which it can be chosen."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_OTHER_SEPARATOR = Expression(r"[;\t|]")
_PLACEHOLDER = Expression(r"\{([^{}]*)\}")
_BRACE = Expression(r"[{}]")


class TableUnreadable(Exception):
    """A table's file is not read; the text says why, as the rest of a sentence about it."""


OpenTable = Callable[[str, str], tuple[str, bytes]]
"""(what stands under `from`, the file it stands in) → how the table is called, and its bytes.

Raises TableUnreadable.
"""


def no_tables(_name: str, _beside: str) -> tuple[str, bytes]:
    """Open none."""
    raise TableUnreadable("cannot be read here: only declarations in files have tables beside them")


class Row(NamedTuple):
    """One row: where it begins, and its values by column."""

    at: Position
    values: Mapping[str, str]


@dataclass(slots=True)
class Table:
    """What a CSV file holds: rows under the names of the first line; `problems` are its own."""

    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse_table(name: str, content: bytes) -> Table:
    """Read a CSV file in UTF-8: commas, a first line with the columns' names, empty lines skipped.

    White space around a value is dropped. What a row holds is repeated in no message.
    """
    table = Table()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        table.problems.append(Problem(name, line, 1, "this is not UTF-8 text: save it as UTF-8"))
        return table
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            _take(table, Position(name, line, 1), [cell.strip() for cell in cells])
            line = reader.line_num + 1
    except csv.Error as error:
        table.problems.append(Problem(name, line, 1, f"this is no CSV from here on: {error}"))
    except ValueError as error:  # without names of columns the rows mean nothing
        table.problems.append(Problem(name, line, 1, str(error)))
    if not table.columns and not table.problems:
        table.problems.append(Problem(name, 1, 1, "empty: the first line names the columns"))
    return table


def _columns(cells: list[str]) -> tuple[str, ...]:
    """Return the columns' names. Raises ValueError: they are none."""
    if len(set(cells)) < len(cells) or "" in cells:
        raise ValueError("each column needs a name of its own")
    if len(cells) == 1 and (other := _OTHER_SEPARATOR.search(cells[0])):
        # As spreadsheets save it where the comma is in numbers.
        raise ValueError(
            f"the columns are separated by {_SEPARATORS[other[0]]}: separate by commas"
        )
    return tuple(cells)


def _take(table: Table, at: Position, cells: list[str]) -> None:
    if not any(cells):
        return
    if not table.columns:
        table.columns = _columns(cells)
    elif len(cells) != len(table.columns):
        counts = f"{counted(len(cells), 'value')}, but {counted(len(table.columns), 'column')}"
        remedy = (
            "quote values with commas"
            if len(cells) > len(table.columns)
            else "keep empty values' commas"
        )
        table.problems.append(problem_at(at, f"this row has {counts}: {remedy}"))
    else:
        table.rows.append(Row(at, dict(zip(table.columns, cells, strict=True))))


class Expansion:
    """Expands the tables of one set of declarations; each file is read once.

    `failed` are the sections and names of declarations whose table cannot be used; why was added to
    `problems`. `files` are what was read, by the names in messages.
    """

    def __init__(
        self, services: Sequence[Service], open_table: OpenTable, problems: list[Problem]
    ) -> None:
        self.failed: set[tuple[str, str]] = set()
        self.files: dict[str, bytes] = {}
        self._services = services
        self._open = open_table
        self._problems = problems
        self._tables: dict[str, Table] = {}
        self._tabled: dict[str, tuple[tuple[str, Tabled], ...]] = {}

    def expanded(
        self, section: str, entries: Mapping[str, DeclaredEntry]
    ) -> dict[str, DeclaredEntry]:
        """Return the entries of a section with their tables expanded; in `accounts` to mappings."""
        found = dict(entries)
        for name, entry in entries.items():
            for key, mark in self._fields(section, entry):
                given = entry.node.child(key)
                if given is not None and _is_table(given):
                    title = f"{section}.{step(name)}.{key}"
                    node = self._node(title, given, mark)
                    found[name] = entry = _with(entry, key, node)
                    self.failed |= {(section, name)} if node is None else set()
        # What else is wrong with an account is told all the same.
        return {
            name: entry
            for name, entry in found.items()
            if section == "accounts" or (section, name) not in self.failed
        }

    def _fields(self, section: str, entry: DeclaredEntry) -> Iterable[tuple[str, Tabled]]:
        if not isinstance(entry.node.value, dict):
            return ()
        if section != "accounts":
            return self._of_section(section)
        named = entry.node.child("service")
        meant = [one for one in self._services if named is not None and one.name == named.value]
        return tabled_fields(meant[0].account).items() if meant else ()

    def _of_section(self, section: str) -> Iterable[tuple[str, Tabled]]:
        if section not in self._tabled:
            shapes = [one.declarations.get(section) for one in self._services]
            marks = {key: it for one in shapes if one for key, it in tabled_fields(one).items()}
            self._tabled[section] = tuple(marks.items())
        return self._tabled[section]

    def _node(self, title: str, given: Node, mark: Tabled) -> Node | None:
        """Return what a table stands for, None if it cannot be used."""
        before = len(self._problems)
        table = self._table(title, given, mark)
        if table is None:
            return None
        if mark.rows == "names":
            return self._names(title, given, mark, table)
        templates = {key: it for key, it in given.value.items() if key != "from"}
        self._problems += _wrong_columns(title, templates, table.columns)
        rows = list(self._by_name(table, mark))
        self._problems += _empty_values(rows, templates)
        if table.problems or len(self._problems) > before:
            return None
        values = {row.values[mark.column]: _entry(row, templates, mark, given.at) for row in rows}
        keys = {row.values[mark.column]: row.at for row in rows}
        return Node(values, given.at, keys)

    def _table(self, title: str, given: Node, mark: Tabled) -> Table | None:
        source = given.value["from"]
        if not isinstance(source.value, str) or not source.value:
            message = f"{title}.from: expected the name of a CSV file beside this one"
            self._problems.append(problem_at(source.at, message))
            return None
        try:
            name, content = self._open(source.value, source.at.file)
        except TableUnreadable as error:
            self._problems.append(problem_at(source.at, f"{title}.from: the table {error}"))
            return None
        if name not in self._tables:
            self.files[name] = content
            self._tables[name] = parse_table(name, content)
            self._problems += self._tables[name].problems
        table = self._tables[name]
        if not table.columns:
            return None
        if mark.column not in table.columns:
            # Without a line of names the first line is a row, which may hold anything.
            hint = near(mark.column, table.columns)
            names = counted(len(table.columns), "column")
            message = f"no column {mark.column!r} in the first line, which names {names}{hint}"
            self._problems.append(Problem(name, 1, 1, message))
            return None
        return table

    def _by_name(self, table: Table, mark: Tabled) -> Iterator[Row]:
        """Yield the rows that have a name of their own; complain about the others."""
        first: dict[str, Position] = {}
        for row in table.rows:
            name = row.values[mark.column]
            if not name:
                self._problems.append(problem_at(row.at, f"the column {mark.column!r} is empty"))
                continue
            try:
                spelt = mark.parse(name)
            except ValueError as error:
                message = f"the column {mark.column!r}: {error}"
                self._problems.append(problem_at(row.at, message))
                continue
            if spelt in first:
                message = f"the same {mark.column} as on line {first[spelt].line}: keep one"
                self._problems.append(problem_at(row.at, message))
            else:
                first[spelt] = row.at
                yield row

    def _names(self, title: str, given: Node, mark: Tabled, table: Table) -> Node | None:
        """Return the list of names in rows that `where` chooses; the others are checked, too."""
        before = len(self._problems)
        for key, node in given.value.items():
            if key not in ("from", "where"):
                message = f"{title}: unknown key {key_name(key)}, expected from and where"
                self._problems.append(problem_at(given.keys.get(key, node.at), message))
        where = given.value.get("where", Node({}, given.at))
        if not isinstance(where.value, dict):
            message = f"{title}.where: expected a mapping (column: value)"
            self._problems.append(problem_at(where.at, message))
            return None
        if not where.value and "where" in given.value:
            message = f"{title}.where: give at least one column and its value"
            self._problems.append(problem_at(where.at, message))
        for column in where.value:
            if column not in table.columns:
                hint = near(column, table.columns) or f", only {comma(table.columns)}"
                message = f"{title}.where: the table has no column {key_name(column)}{hint}"
                self._problems.append(problem_at(where.keys.get(column, where.at), message))
        for column, node in where.value.items():
            if isinstance(node.value, bool) or not isinstance(node.value, str | int | float):
                name = f"{title}.where.{step(column)}"
                message = f"{name}: expected text or a number, not {brief(node.value)}"
                self._problems.append(problem_at(node.at, message))
        wanted = {column: node.value for column, node in where.value.items()}
        rows = list(self._by_name(table, mark))
        if table.problems or len(self._problems) > before:
            return None
        taken = [row for row in rows if chosen(row.values, wanted)]
        if not taken:
            what = (
                ".where: no row of the table has these values" if rows else ": the table is empty"
            )
            self._problems.append(problem_at(where.at, f"{title}{what}"))
            return None
        return Node(
            [Node(row.values[mark.column], row.at) for row in taken],
            given.at,
        )


def _is_table(node: Node) -> bool:
    return isinstance(node.value, dict) and not isinstance(
        getattr(node.value.get("from"), "value", {}), dict
    )


def _with(entry: DeclaredEntry, key: str, node: Node | None) -> DeclaredEntry:
    """Return an entry with another value for a field, without it if there is none."""
    rest = {name: child for name, child in entry.node.value.items() if name != key}
    value = rest if node is None else {**rest, key: node}
    keys = {name: at for name, at in entry.node.keys.items() if name in value}
    return DeclaredEntry(entry.name, entry.at, Node(value, entry.node.at, keys))


def _wrong_columns(
    title: str, templates: Mapping[str, Node], columns: Sequence[str]
) -> Iterator[Problem]:
    for key, node in templates.items():
        if isinstance(node.value, str):
            place = f"{title}.{step(key)}"
            for column in _PLACEHOLDER.findall(node.value):
                if column not in columns:
                    hint = near(column, columns) or f", only {comma(columns)}"
                    message = f"the table has no column {key_name(column)}{hint}"
                    yield problem_at(node.at, f"{place}: {message}")
            if _BRACE.search(_PLACEHOLDER.sub("", node.value)):
                message = "a { or } stands alone: a column's value is written {column}"
                yield problem_at(node.at, f"{place}: {message}")


def _empty_values(rows: Sequence[Row], templates: Mapping[str, Node]) -> Iterator[Problem]:
    """Yield what is missing in rows for what stands for them all."""
    for key, node in templates.items():
        named = _PLACEHOLDER.findall(node.value) if isinstance(node.value, str) else []
        for column in dict.fromkeys(named):
            for row in rows:
                if row.values.get(column) == "":
                    message = f"the column {key_name(column)} is empty, which {step(key)} names"
                    yield problem_at(row.at, message)


def _entry(row: Row, templates: Mapping[str, Node], mark: Tabled, at: Position) -> Node:
    """Return what stands for one row: the templates with its values, and its other columns.

    `at` is where the table is named: what all rows lack for want of a template is told there, once.
    """
    fields = {key: Node(_filled(node.value, row), node.at) for key, node in templates.items()}
    others = {key: Node(it, row.at) for key, it in row.values.items() if key != mark.column}
    if others and LABELS not in fields:
        fields[LABELS] = Node(others, row.at, dict.fromkeys(others, row.at))
    return Node(fields, row.at if templates else at, {key: node.at for key, node in fields.items()})


def _filled(value: object, row: Row) -> object:
    if not isinstance(value, str):
        return value
    return _PLACEHOLDER.sub(lambda match: row.values[match[1]], value)
