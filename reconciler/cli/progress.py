"""Tells on stderr how far a run has come, once it has taken more than a second."""

import sys
import threading
import time
from types import TracebackType
from typing import Self

from reconciler.cli.screens import LIVE, columns, rewritable
from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.reports.lines import cells
from reconciler.transport.waits import WAITS

FIRST = 1.0
TERMINAL_EVERY = 0.2
FILE_EVERY = 5.0
FILE_LOOKS = 1.0
ESTIMATED_FROM = 3.0
"""Seconds after which a rate says something."""
_REASON = 160
"""Characters of why something is waited for."""


class Ticker:
    """Is an engine.Progress; as a context manager it runs a thread that writes the latest news.

    On a terminal one line is rewritten, with rate and estimate; elsewhere (a CI log) a line is
    added every few seconds, and for each new reason to wait. `quiet` tells nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = rewritable(sys.stderr)
        self._news: tuple[str, int, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)
        self._began = time.monotonic()
        self._doing = ""
        self._doing_since = self._began

    def __call__(self, doing: str, done: int, total: int, /) -> None:
        """Take up the latest news."""
        if doing != self._doing:
            self._doing, self._doing_since = doing, time.monotonic()
        self._news = (doing, done, total)

    def __enter__(self) -> Self:
        """Begin to tell."""
        if not self._quiet:
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
        if not self._quiet:
            self._thread.join()
        LIVE.show("")

    def _tell(self) -> None:
        if self._terminal:
            every = FIRST
            while not self._stop.wait(every):
                LIVE.show(self._live(columns(sys.stderr) - 1))
                every = TERMINAL_EVERY
        else:
            self._tell_file()

    def _tell_file(self) -> None:
        former, why, at, every = "", "", self._began, FIRST
        while not self._stop.wait(every):
            line, waits_for = self._line()
            due = time.monotonic() - at >= FILE_EVERY or not former
            if line != former and (due or waits_for not in ("", why)):
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
                former, why, at, every = line, waits_for, time.monotonic(), FILE_LOOKS

    def _line(self) -> tuple[str, str]:
        """Return what there is to tell, and the reason of the wait in it."""
        parts = []
        if self._news is not None:
            doing, done, total = self._news
            parts = [f"{doing}: {done} of {total}, {time.monotonic() - self._began:.0f} s"]
        wait = WAITS.longest()
        if wait is None:
            return "".join(parts), ""
        parts.append(f"waiting {wait[0]:.0f} s: {visible(wait[1])[:_REASON]}")
        return "; ".join(parts), wait[1]

    def _live(self, width: int) -> str:
        """Return the line of a terminal, cut where it ends: what is wrapped stays on the screen."""
        now = time.monotonic()
        parts = [f"{now - self._began:.0f} s"]
        if self._news is not None:
            doing, done, total = self._news
            parts = [f"{doing}: {done:,} of {total:,}", *parts]
            parts += _pace(done, total, now - self._doing_since)
        wait = WAITS.longest()
        if wait is not None:
            parts.append(f"waiting {wait[0]:.0f} s: {visible(wait[1])}")
        return cut(" · ".join(parts), width)


def _pace(done: int, total: int, seconds: float) -> list[str]:
    """Return how many are done in a second, and how long the rest will take at that."""
    if not done or seconds < ESTIMATED_FROM:
        return []
    rate = done / seconds
    words = [f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
    left = (total - done) / rate
    if left >= 1:
        words.append(f"about {_left(left)} left")
    return words


def _left(seconds: float) -> str:
    return counted(round(seconds / 60), "minute") if seconds >= 90 else f"{seconds:.0f} s"


def cut(text: str, width: int) -> str:
    """Return a text of at most so many columns."""
    if cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"
