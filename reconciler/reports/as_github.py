"""Workflow commands, by which a step talks to the runner, and findings of validate as such."""

import re
from typing import TYPE_CHECKING

from reconciler.core.text.expressions import Expression
from reconciler.core.text.visible import visible

if TYPE_CHECKING:
    from reconciler.reports.validation import Located, Validation  # `--help` must not load the core

# The runner looks for `::name` behind any white space at the start of a line, and for `##[name]`
# anywhere in it.
_COMMAND = Expression(r"(^|[\r\n])(\s*):(?=:)|##\[")


def command(name: str, data: str = "", **properties: str | int) -> str:
    """Return one command, without a line end; properties that are empty or 0 are left out."""
    shown = ",".join(f"{key}={_property(str(item))}" for key, item in properties.items() if item)
    return f"::{name}{' ' if shown else ''}{shown}::{_data(data)}"


def harmless(text: str) -> str:
    r"""Return text of a log in which the runner finds no command, whatever live values stand in it.

    What would begin one is written as JSON would escape it (`\u003a:`, `##\u005b`), so a JSON
    document stays the same document. `::stop-commands::` would do the same, but it holds for both
    streams of a step while their order is not kept, so that it could swallow a mask or an
    annotation of ours.
    """
    return _COMMAND.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return r"##\u005b" if match[0] == "##[" else rf"{match[1]}{match[2]}\u003a"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render(validation: "Validation") -> str:
    """Return one workflow command a finding, ending in a newline; empty if there is none."""
    lines = [_command("warning", item) for item in validation.warnings]
    lines += [_command("error", item) for item in validation.errors]
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, item: "Located") -> str:
    message, file = visible(item.message), visible(item.file)
    return command(level, message, file=file, line=item.line or 0, col=item.column or 0)
