"""`python -m tests.benchmarks [options] [CASE...]`: measures, prints a table, keeps it as JSON."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bare import AT_ONCE
from tests.benchmarks.cases import CASES
from tests.benchmarks.rows import Bench, Row

LATENCY = 0.05
_SCALES = (100, 1000, 10_000)
_HEAD = ("case", "figure", "median", "min to max", "goal", "")
_WIDTHS = (54, 42, 10, 20, 10, 5)


def main(arguments: Sequence[str]) -> None:
    """Run the cases asked for and print each line as soon as it is known."""
    given = _given(arguments)
    chosen = given.names or [name for name, case in CASES.items() if given.full or not case.long]
    rows: list[Row] = []
    _print(_HEAD)
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder,
        _tree_of(given.before) as before,
    ):
        scales = tuple(given.scale or _SCALES)
        bench = Bench(Path(folder), given.runs, scales, given.latency, before)
        for name in chosen:
            for row in CASES[name].rows(bench):
                rows.append(row)
                _print(_cells(row))
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    sys.stdout.write(
        f"{given.runs} of each, in turn with what they are compared with; "
        f"latency {given.latency * 1000:.0f} ms, the scripts make {AT_ONCE} calls at once; "
        f"load {load:.1f} on {cores} cores\n"
    )
    if given.json:
        about = {
            "runs": given.runs,
            "latency": given.latency,
            "load": load,
            "cores": cores,
            "before": given.before,
        }
        document = {**about, "rows": [row.document() for row in rows]}
        Path(given.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--full", action="store_true", help="the long cases too")
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts")
    parser.add_argument("--before", metavar="COMMIT", help="compare with this commit, run by run")
    parser.add_argument(
        "--scale",
        type=int,
        action="append",
        help=f"queues to plan (repeatable), {_SCALES} unless given",
    )
    parser.add_argument(
        "--latency",
        type=float,
        default=LATENCY,
        help=f"seconds that answers are held back; the goals are for {LATENCY}",
    )
    parser.add_argument("--json", metavar="FILE", help="write all figures there as well")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.names) - CASES.keys()):
        parser.error(f"no case {', '.join(unknown)}: there are {', '.join(CASES)}")
    if given.runs < 1 or given.latency < 0 or min(given.scale or _SCALES) < 1:
        parser.error("--runs and --scale are 1 at least, --latency is not negative")
    known = ["git", "rev-parse", "--quiet", "--verify", f"{given.before}^{{commit}}"]
    if given.before and subprocess.run(known, capture_output=True).returncode:
        parser.error(f"--before: there is no commit {given.before}")
    return given


@contextmanager
def _tree_of(commit: str | None) -> Iterator[Path | None]:
    """Yield a directory with the files of a commit, None without one."""
    if not commit:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="reconciler-before-") as folder:
        archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def _cells(row: Row) -> tuple[str, ...]:
    unit, spread = row.unit, row.spread
    verdict = {True: "ok", False: "over", None: ""}[row.met]
    shown = [
        f"{value:.0f}" if unit == "MiB" else f"{value:.3g}"
        for value in (spread.median, spread.least, spread.most)
    ]
    span = f"{shown[1]} to {shown[2]}" if spread.least != spread.most else ""
    goal = "" if row.goal is None else f"{row.goal:.3g} {unit}"
    return row.case, row.figure, f"{shown[0]} {unit}", span, goal, verdict


def _print(cells: Sequence[str]) -> None:
    line = "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


main(sys.argv[1:])
