"""`python -m tests.benchmarks [--full] [--runs N] [NAME...]`: measures, prints a table."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.cases import CASES, Bench, Row

_HEAD = ("case", "figure", "goal", "", "calls", "processor", "peak")
_WIDTHS = (60, 20, 16, 5, 7, 10, 8)


def main(arguments: Sequence[str]) -> None:
    """Run the cases asked for and print each line as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--full", action="store_true", help="the long cases too")
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - CASES.keys())
    if unknown:
        parser.error(f"no case {', '.join(unknown)}: there are {', '.join(CASES)}")
    chosen = given.names or [name for name, case in CASES.items() if given.full or not case.long]
    _print(_HEAD)
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
        for name in chosen:
            for row in CASES[name].rows(Bench(Path(folder), given.runs)):
                _print(_cells(row))
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    sys.stdout.write(f"medians of {given.runs} runs; load {load:.1f} on {cores} cores\n")
    if load > cores:
        sys.stdout.write(
            "other programs were busy: compare with the yardstick, not with the goal\n"
        )


def _cells(row: Row) -> tuple[str, ...]:
    verdict = {True: "ok", False: "over", None: ""}[row.ok]
    spent = (f"{row.run.cpu:.2f} s", f"{row.run.memory:.0f} MiB") if row.run else ("", "")
    calls = "" if row.calls is None else f"{row.calls:,}"
    return (row.case, row.figure, row.goal, verdict, calls, *spent)


def _print(cells: Sequence[str]) -> None:
    line = "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


main(sys.argv[1:])
