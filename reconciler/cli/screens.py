"""What text is written for: how wide it is, whether it has colours, how much of it is wanted."""

import os
from dataclasses import replace
from typing import TextIO

from reconciler.reports.lines import NARROWEST, PIPED, Screen


def colored(stream: TextIO) -> bool:
    """Say whether text for `stream` is to have colours: a terminal, unless told otherwise.

    NO_COLOR takes them away, from FORCE_COLOR too, which gives them to pipes and files.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return stream.isatty() or os.environ.get("FORCE_COLOR", "0") not in ("", "0")


def columns(stream: TextIO) -> int:
    """Return how wide a line for `stream` may be: COLUMNS, else the terminal, else 80."""
    told = os.environ.get("COLUMNS", "")
    wide = int(told) if told.isascii() and told.isdecimal() and len(told) < 5 else 0
    if not wide and stream.isatty():
        try:
            wide = os.get_terminal_size(stream.fileno()).columns
        except OSError:  # a terminal that does not know its size
            wide = 0
    return max(wide or PIPED, NARROWEST)


def screen_of(stream: TextIO, wish: Screen) -> Screen:
    """Return the screen that a stream ends at, with as much on it as is wished."""
    piped = not stream.isatty()
    return replace(wish, width=columns(stream), color=colored(stream), piped=piped)
