"""Each message that the page about troubleshooting quotes is one that the code can say."""

import ast
import re
from functools import cache

import pytest

from tests.handbook.pages import ELIDED, ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
QUOTED = [found[2] for found in re.finditer(r"^\| (`+) ?(.+?) ?\1 \| ", PAGE, re.MULTILINE)]
FILLED_IN = "\0"


@cache
def templates():
    """Return every text of the code, what is filled in as one character."""
    found = set()
    for file in (ROOT / "reconciler").rglob("*.py"):
        if "sandbox" not in file.parts:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                found |= texts(node)
    return found


def texts(node):
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return {"".join(p.value if isinstance(p, ast.Constant) else FILLED_IN for p in parts)}
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def pattern(message):
    """Return what a text of the code looks like that says a message."""
    parts = [re.escape(part.strip()) for part in message.split(ELIDED) if part.strip()]
    return re.compile(rf".*?[\s{FILLED_IN}]*".join(parts), re.DOTALL)


def test_the_page_quotes_messages():
    assert len(QUOTED) > 40


@pytest.mark.parametrize("message", QUOTED)
def test_the_code_says_what_the_page_quotes(message):
    assert any(pattern(message).search(text) for text in templates())


def test_what_nobody_says_is_found_out():
    assert not any(pattern("the moon is ... today").search(text) for text in templates())
