"""Tells on stderr how far a run has come, once it has taken more than a second."""

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Self

from reconciler.core.text.visible import visible
from reconciler.transport.waits import WAITS

FIRST = 1.0
TERMINAL_EVERY = 0.2
FILE_EVERY = 5.0
FILE_LOOKS = 1.0
_REASON = 160
"""Characters of why something is waited for."""


class Ticker:
    """Is an engine.Progress; as a context manager it runs a thread that writes the latest news.

    On a terminal one line is rewritten; elsewhere (a CI log) a line is added every few seconds, and
    for each new reason to wait.
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
        told, why, at = "", "", began
        every = TERMINAL_EVERY if self._terminal else FILE_LOOKS
        while not self._stop.wait(every if told else FIRST):
            line, waits_for = self._line(time.monotonic() - began)
            due = self._terminal or time.monotonic() - at >= FILE_EVERY or not told
            if line != told and (due or waits_for not in ("", why)):
                self._write(line)
                told, why, at = line, waits_for, time.monotonic()

    def _line(self, seconds: float) -> tuple[str, str]:
        """Return what there is to tell, and the reason of the wait in it."""
        parts = []
        if self._news is not None:
            doing, done, total = self._news
            parts = [f"{doing}: {done} of {total}, {seconds:.0f} s"]
        wait = WAITS.longest()
        if wait is None:
            return "".join(parts), ""
        parts.append(f"waiting {wait[0]:.0f} s: {visible(wait[1])[:_REASON]}")
        return "; ".join(parts), wait[1]

    def _write(self, line: str) -> None:
        if self._terminal:
            # What is wrapped cannot be written over.
            line = line[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
