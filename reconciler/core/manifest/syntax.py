"""Why a text is no YAML, in words that say what to do; the parser's own are for its authors."""

import re
from typing import Any

import yaml

from reconciler.core.model.errors import Problem
from reconciler.core.text.expressions import Expression

_READABLE = "\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_UNREADABLE = Expression(f"[^{_READABLE}]")
_CONFLICT = Expression(r"^<{7} ", re.MULTILINE)
_MISFIT = "this does not fit what stands above: check indentation, brackets and quotation marks"
_BEGUN_BEFORE = (
    # The parser notices these only later; what is wrong is where the thing began.
    ("found unexpected end of stream", "the text that begins here is never closed by its quote"),
    ("',' or ']'", "the list that begins here lacks a comma or its closing ]"),
    ("',' or '}'", "the mapping that begins here lacks a comma or its closing }"),
    ("expected ':'", "expected 'name: value', and the colon is missing"),
)
_HERE = (
    ("tab character", "a tab stands here: indent with spaces"),
    (
        "mapping values are not allowed",
        "a value cannot hold ': ' or further names: put text in quotes, or mend the indentation",
    ),
    ("sequence entries are not allowed", "a list's first '- ' begins on a line of its own"),
    ("unknown escape", r"in double quotes \ begins an escape: write \\, or use single quotes"),
    ("Unicode character escape", "there is no character with this number"),
    ("undefined tag handle", "a tag (! and a word) is not supported: put the text in quotes"),
    ("alphabetic or numeric character", "text that begins with * or & belongs in quotes"),
    ("node content", "a value or a closing bracket is missing here"),
    ("did not find expected", _MISFIT),
    ("but found", _MISFIT),
)


def syntax_problem(file: str, text: str, error: Exception) -> Problem:
    """Return what is wrong with `text`, which the parser refused with `error`."""
    conflict = _CONFLICT.search(text)
    if conflict:
        line, column = _place(text, conflict.start())
        message = "a merge conflict of git was left here: resolve it"
    elif isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, column, message = _explained(text, error)
    else:
        unreadable = _UNREADABLE.search(text)
        line, column = _place(text, unreadable.start() if unreadable else 0)
        message = "a control character stands here: remove it"
        if not unreadable:
            message = "there is an escape such as \\U00110000 that stands for no character"
    return Problem(file, line, column, f"not valid YAML: {message}")


def _explained(text: str, error: yaml.MarkedYAMLError) -> tuple[int, int, str]:
    finding = str(error.problem)
    for part, message in _BEGUN_BEFORE:
        if part in finding and error.context_mark is not None:
            return (*_mark(error.context_mark), message)
    line, column = _mark(error.problem_mark)
    return line, column, _at(text, line, column, finding)


def _at(text: str, line: int, column: int, finding: str) -> str:
    lines = text.split("\n")
    character = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    if character == "\t":
        return "a tab stands here: indent with spaces"
    if "cannot start any token" in finding:
        return f"text that begins with {character} belongs in quotes"
    return next((message for part, message in _HERE if part in finding), finding)


def _mark(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
