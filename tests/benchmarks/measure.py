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
from typing import Any

PROGRAM = (sys.executable, "-c", "from reconciler.cli import run; run()")
LIMIT = 240.0
"""Seconds after which a run is given up."""
_LEFT_OUT = ("AWS_", "GOOGLE_", "PYTHON", "RECONCILER_")


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds by the wall and by the processor, peak memory in MiB, its output."""

    seconds: float
    cpu: float
    memory: float
    output: str

    @property
    def json(self) -> Any:
        """Return the JSON document it printed."""
        return json.loads(self.output)


def run(*arguments: str, command: Sequence[str] = PROGRAM) -> Run:
    """Run the program once.

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


def repeated(times: int, once: Callable[[], Run]) -> Run:
    """Return the median of each figure over some runs, with the last one's output."""
    runs = [once() for _ in range(times)]
    return Run(
        statistics.median(each.seconds for each in runs),
        statistics.median(each.cpu for each in runs),
        statistics.median(each.memory for each in runs),
        runs[-1].output,
    )


def _environment() -> dict[str, str]:
    """Return the surroundings without what would lead elsewhere or slow Python down."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_LEFT_OUT) and not name.lower().endswith("_proxy")
    }
