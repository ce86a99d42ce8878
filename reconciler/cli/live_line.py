"""The one line of a terminal that is written over and over, and what is written beside it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CLEAR = "\r\x1b[K"


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
