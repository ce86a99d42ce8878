"""What a page holds that can be carried out: its blocks of code, and the commands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELIDED = "..."
"""Stands in a quoted output for anything."""

_FENCE = re.compile(r"^ *```(?P<language>[a-z]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"[Ss]ave .*`(?P<file>[^`\s]+)`[^`]*:\n\n?\Z")
_COMMAND = re.compile(r"^\$ (?P<line>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)

_CONTINUED = re.compile(r"(?P<quoted>'[^']*')|\\\n\s*")
"""How a shell reads on: what stands between single quotes stays as it is, backslashes and all."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code; `saved` is the file as which the page says to save it."""

    language: str
    text: str
    start: int
    """Where its text begins in the page."""
    saved: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of a console block and the output that is quoted below it."""

    line: str
    output: str
    start: int
    """Where the output begins in the page."""


def pages() -> list[Path]:
    """Return README and every page of docs/, in order."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page, in order."""
    for found in _FENCE.finditer(text):
        before = _SAVED.search(text[max(0, found.start() - 300) : found.start()])
        saved = before["file"] if before else None
        yield Block(found["language"], found["text"], found.start("text"), saved)


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block, in order."""
    for found in _COMMAND.finditer(block.text):
        line = _CONTINUED.sub(lambda found: found["quoted"] or "", found["line"])
        yield Command(line, found["output"], block.start + found.start("output"))
