"""Tells on stderr how far a run has come, once it has taken more than a second."""

import sys
import threading
import time
from types import TracebackType
from typing import Self

FIRST = 1.0
TERMINAL_EVERY = 0.2
FILE_EVERY = 5.0


class Ticker:
    """Is an engine.Progress; as a context manager it runs a thread that writes the latest news.

    On a terminal one line is rewritten; elsewhere (a CI log) a line is added every few seconds.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._news: tuple[str, int, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)
        self._width = 0

    def __call__(self, doing: str, done: int, total: int, /) -> None:
        """Take up the latest news."""
        self._news = (doing, done, total)

    def __enter__(self) -> Self:
        """Begin to tell."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and clear the line."""
        self._stop.set()
        self._thread.join()
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()

    def _tell(self) -> None:
        began = time.monotonic()
        wait = FIRST
        last = ""
        while not self._stop.wait(wait):
            wait = TERMINAL_EVERY if self._terminal else FILE_EVERY
            if self._news is None:
                continue
            doing, done, total = self._news
            line = f"{doing}: {done} of {total}, {time.monotonic() - began:.0f} s"
            if line != last:
                self._write(line)
                last = line

    def _write(self, line: str) -> None:
        if self._terminal:
            sys.stderr.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
