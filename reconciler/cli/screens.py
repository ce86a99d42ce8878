"""What text is written for: its width and colours, and the one line that is rewritten."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from reconciler.reports.lines import NARROWEST, PIPED, Screen

_CLEAR = "\r\x1b[K"


def colored(stream: TextIO) -> bool:
    """Say whether text for `stream` is to have colours: a terminal, unless told otherwise.

    NO_COLOR takes them away, from FORCE_COLOR too, which gives them to pipes and files.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return rewritable(stream) or os.environ.get("FORCE_COLOR", "0") not in ("", "0")


def rewritable(stream: TextIO) -> bool:
    """Say whether a stream ends at a terminal that knows escapes: a dumb one shows them."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns(stream: TextIO) -> int:
    """Return how wide a line for `stream` may be: COLUMNS, else the terminal, else 80."""
    given = os.environ.get("COLUMNS", "")
    wide = int(given) if given.isascii() and given.isdecimal() and len(given) < 5 else 0
    if not wide and stream.isatty():
        try:
            wide = os.get_terminal_size(stream.fileno()).columns
        except OSError:  # a terminal that does not know its size
            wide = 0
    return max(wide or PIPED, NARROWEST)


def screen_of(stream: TextIO, wish: Screen) -> Screen:
    """Return the screen that a stream ends at, with as much on it as is wished."""
    piped = not stream.isatty()
    return wish._replace(width=columns(stream), color=colored(stream), piped=piped)


class LiveLine:
    """The last line of the terminal behind stderr; safe across threads.

    The cursor stays as it is, since a signal may end the process at any time.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._text = ""

    def show(self, text: str) -> None:
        """Write this over what stands there; nothing clears the line."""
        with self._lock:
            if text != self._text:
                sys.stderr.write(_CLEAR + text)
                sys.stderr.flush()
                self._text = text

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Have the line out of the way while other lines are written above it."""
        with self._lock:
            text, self._text = self._text, ""
            if text:
                sys.stderr.write(_CLEAR)
            yield
            if text:
                self.show(text)


LIVE = LiveLine()
"""That of this process."""
