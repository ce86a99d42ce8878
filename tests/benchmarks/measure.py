"""Runs the program as users do, a process each time, and says what it took."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-c", "from reconciler.cli import run; run()")
"""The program of the directory it is started in."""
LIMIT = 1800.0
"""Seconds after which a run is given up."""
_LEFT_OUT = ("AWS_", "GOOGLE_", "PYTHON", "RECONCILER_")


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds by the wall and by the processor, peak memory in MiB, its output."""

    wall: float
    processor: float
    memory: float
    output: str

    @property
    def json(self) -> Any:
        """Return the JSON document it printed."""
        return json.loads(self.output)


@dataclass(frozen=True, slots=True)
class Spread:
    """The same figure of several runs: its least, its median, its most."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Return the spread of at least one figure."""
        return cls(min(figures), statistics.median(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Series:
    """Several runs of one thing, in order."""

    runs: tuple[Run, ...]

    def spread(self, figure: str) -> Spread:
        """Return the spread of `wall`, `processor` or `memory`."""
        return Spread.of([getattr(each, figure) for each in self.runs])

    def over(self, other: "Series", figure: str) -> Spread:
        """Return the ratio to another series, run by run: both were run in turn."""
        pairs = zip(self.runs, other.runs, strict=True)
        return Spread.of([getattr(own, figure) / getattr(its, figure) for own, its in pairs])

    def beyond(self, other: "Series", figure: str) -> Spread:
        """Return how much more it took than another series, run by run."""
        pairs = zip(self.runs, other.runs, strict=True)
        return Spread.of([getattr(own, figure) - getattr(its, figure) for own, its in pairs])


def run(*arguments: str, command: Sequence[str] = PROGRAM, where: Path | None = None) -> Run:
    """Run the program once, that of the directory `where`.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=complaints,
            env=_environment(),
            cwd=where,
        )
        watch = threading.Timer(LIMIT, process.kill)
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watch.cancel()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        complaints.seek(0)
        if process.returncode != 0:
            text = (complaints.read() + out.read()).decode()[-2000:]
            raise RuntimeError(f"{' '.join(arguments)}: exit code {process.returncode}\n{text}")
        scale = 1024 if sys.platform != "darwin" else 1024 * 1024
        return Run(
            seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale, out.read().decode()
        )


def in_turn(times: int, *each: Callable[[], Run]) -> tuple[Series, ...]:
    """Run several things one after the other, again and again (A B A B ...): what slows the
    machine down meanwhile slows all of them down."""
    rounds = [[once() for once in each] for _ in range(times)]
    return tuple(Series(runs) for runs in zip(*rounds, strict=True))


def _environment() -> dict[str, str]:
    """Return the surroundings without what would lead elsewhere or slow Python down."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_LEFT_OUT) and not name.lower().endswith("_proxy")
    }
