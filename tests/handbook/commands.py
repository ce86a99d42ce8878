"""The reference of commands, made of the command line itself."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from reconciler.cli.examples import EXAMPLES
from reconciler.cli.main import app

HEAD = """# Commands

<!-- Written by `make pages` from the command line itself. -->

`PATH` is a directory or a file, `subscriptions` by default. Results go to stdout, everything else
to stderr: [Output and exit codes](output.md). `python -m reconciler` is the same command.

"""


def reference() -> str:
    """Return the page of all commands."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("reconciler", [], resilient_parsing=True)
    parts = [HEAD, _contents(group), "\n## Before the command\n\n", *_table(group, context)]
    for name, command in group.commands.items():
        parts += _section(name, command, context)
    return "".join(parts)


def _contents(group: Any) -> str:
    lines = ["| command | does |\n", "|---|---|\n"]
    for name, command in group.commands.items():
        summary = _plain(command.help).partition("\n")[0]
        lines.append(f"| [`{name}`](#{name}) | {_cell(summary)} |\n")
    return "".join(lines)


def _section(name: str, command: Any, parent: Any) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    usage = " ".join(["reconciler", name, *command.collect_usage_pieces(context)])
    yield f"\n## {name}\n\n{_plain(command.help)}\n\n```text\n{usage}\n```\n\n"
    yield from _table(command, context)
    examples = "\n".join(EXAMPLES[name])
    yield f"\n```sh\n{examples}\n```\n"


def _table(command: Any, context: Any) -> Iterator[str]:
    rows = [record for item in command.params if (record := item.get_help_record(context))]
    if rows:
        yield "| option | means |\n|---|---|\n"
    for names, text in rows:
        yield f"| `{_cell(names)}` | {_cell(text).replace('<', '&lt;')} |\n"


def _plain(text: str | None) -> str:
    """Return a help text with paragraphs as paragraphs."""
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    """Return a text as it stands in a table."""
    return " ".join(text.split()).replace("|", "\\|")
