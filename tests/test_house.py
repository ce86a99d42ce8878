"""How the code is laid out: rules that no linter knows."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "reconciler"
MOST_LINES = 400
"""Of a file."""
LONGEST = 60
"""Lines of a function after its parameters, which for a command are its options."""


@cache
def trees():
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def nodes(*kinds):
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield path.relative_to(PACKAGE), node


def test_no_two_classes_have_one_name():
    names = Counter(node.name for _, node in nodes(ast.ClassDef))
    assert [name for name, times in names.items() if times > 1] == []


def test_no_file_is_too_long_to_read_at_once():
    lengths = {path: path.read_text("utf-8").count("\n") for path in trees()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_too_long_to_read_at_once():
    functions = nodes(ast.FunctionDef, ast.AsyncFunctionDef)
    lengths = ((path, it.name, it.end_lineno - it.body[0].lineno + 1) for path, it in functions)
    assert [found for found in lengths if found[2] > LONGEST] == []
