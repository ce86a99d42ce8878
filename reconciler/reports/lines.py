"""Lines of text and their styles, as every report for a terminal is made of."""

from collections.abc import Iterable
from io import StringIO

Line = tuple[str, str]
"""A line and its style."""


def written(lines: Iterable[Line], *, color: bool) -> str:
    """Return the lines as text, ending in a newline."""
    return _colored(lines) if color else "".join(f"{line}\n" for line, _ in lines)


def _colored(lines: Iterable[Line]) -> str:
    from rich.console import Console  # slow to load and to write, and no log needs it
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, force_terminal=True, color_system="standard", soft_wrap=True, highlight=False
    )
    for line, style in lines:
        console.print(Text(line, style=style), soft_wrap=True)
    return out.getvalue()
