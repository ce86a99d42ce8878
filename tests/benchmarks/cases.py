"""The cases, each with its goal. A case that finds anything but what it expects crashes."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.core.model.pacing import READS_AT_ONCE, STEPS_AT_ONCE
from reconciler.services.spapi.specs import AT_ONCE
from tests.benchmarks import declared
from tests.benchmarks.browser import ready_in_a_browser
from tests.benchmarks.growth import growth
from tests.benchmarks.measure import Run, Series, run
from tests.benchmarks.rows import NO_GOALS, Bench, Goals, Row, one
from tests.benchmarks.stub import Stub, running

SAMPLE = Path(__file__).parents[2] / "subscriptions"
BARE_INTERPRETER = (sys.executable, "-c", "pass")
_BARE_SCRIPT = (sys.executable, "-m", "tests.benchmarks.bare")


_PLAN_GOALS = {
    100: Goals(seconds=1.0),
    1000: Goals(wall=1.0, processor=1.0),
    10_000: Goals(wall=0.7, memory=250),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case by name; a long one takes part only when asked for."""

    rows: Callable[[Bench], Iterator[Row]]
    long: bool = False


def start_up(bench: Bench) -> Iterator[Row]:
    """`--help`, over a bare interpreter."""
    yield from _started(bench, "--help", ("--help",), 0.1)


def validate(bench: Bench) -> Iterator[Row]:
    """`validate` of the sample over a bare interpreter, and of 1,000 queues in 12,000 lines."""
    yield from _started(bench, "validate, the sample", ("validate", str(SAMPLE)), 0.3)
    path = str(declared.queues(bench.folder, 1000))
    _, rows = bench.raced(
        "validate, 1,000 queues in 12,000 lines", lambda tree: run("validate", path, where=tree)
    )
    yield from rows


def plan(bench: Bench) -> Iterator[Row]:
    """No-op `plan` of so many queues, against the script that only reads; how it grows."""
    found: dict[int, Series] = {}
    for total in bench.scales:
        goals = _PLAN_GOALS.get(total, NO_GOALS)
        # Beyond that a run takes minutes, and what it is compared with as long again.
        far = total > 10_000
        with _stub_with(bench, total) as stub:
            found[total], rows = _planned(
                bench,
                f"no-op plan, {total:,} queues",
                stub,
                str(declared.queues(bench.folder, total)),
                total,
                goals,
                yardstick=None if far else partial(_bare, "read", stub, total),
                runs=1 if far else None,
            )
        yield from rows
    yield from growth("no-op plan, all scales", "queue", found)


def apply(bench: Bench) -> Iterator[Row]:
    """`apply` that creates 1,000 queues, against the script that only creates."""
    path = str(declared.queues(bench.folder, 1000))
    with running() as stub:

        def once(tree: Path | None) -> Run:
            _emptied(bench, stub)
            given = ("apply", path, "--sandbox", stub.url, "--yes", "--format", "json")
            found = run(*given, where=tree)
            _expect(found.json["summary"], {"done": 1000, "failed": 0, "skipped": 0})
            return found

        def bare() -> Run:
            _emptied(bench, stub)
            return _bare("create", stub, 1000)

        once(None)
        calls = sum(stub.calls().values())
        _, rows = bench.raced(
            "apply creating 1,000 queues",
            once,
            goals=Goals(wall=1.2, processor=1.2),
            yardstick=bare,
            floor=_floor(bench, calls, STEPS_AT_ONCE),
        )
    yield from rows
    yield one("apply creating 1,000 queues", "calls a queue", "calls", calls / 1000, 1.1)


def sellers_1000(bench: Bench) -> Iterator[Row]:
    """`plan` of 1,000 sellers, declared types."""
    yield from _plan_sellers(bench, 1000, "declared", Goals(memory=400))


def sellers_10000(bench: Bench) -> Iterator[Row]:
    """`plan` of 10,000 sellers."""
    yield from _plan_sellers(bench, 10_000, "declared", Goals(memory=400, of_floor=1.25))


def sellers_discover(bench: Bench) -> Iterator[Row]:
    """`plan` of 1,000 sellers, all types that a queue may receive: 64 calls at once take 15 s."""
    yield from _plan_sellers(bench, 1000, "all", Goals(memory=400, of_floor=1.2))


def merchants(bench: Bench) -> Iterator[Row]:
    """`plan` of 2,000 Merchant subscriptions over 100 accounts."""
    path = str(declared.merchants(bench.folder, 100))
    case = "plan, 2,000 Merchant subscriptions over 100 accounts"
    with running() as stub:
        _, rows = _planned(bench, case, stub, path, 2000, Goals(seconds=1.0))
    yield from rows


def page_5000(bench: Bench) -> Iterator[Row]:
    """`report` of 5,000 sellers, and how soon a browser has the page ready, where there is one."""
    path = str(declared.sellers(bench.folder, 5000, discover="declared"))
    page = bench.folder / "page.html"
    with running() as stub:
        stub.latency(bench.latency)
        written = ("report", path, "--sandbox", stub.url, "--out", str(page))
        _, rows = bench.raced(
            "report, 5,000 sellers", lambda tree: run(*written, where=tree), runs=1
        )
    yield from rows
    ready = ready_in_a_browser(page)
    if ready is not None:
        yield one("report, 5,000 sellers", "ready in a browser", "ms", ready, 1000)


CASES: Mapping[str, Case] = {
    "start-up": Case(start_up),
    "validate": Case(validate),
    "plan": Case(plan),
    "apply": Case(apply),
    "sellers-1000": Case(sellers_1000),
    "merchants": Case(merchants),
    "page-5000": Case(page_5000),
    "sellers-10000": Case(sellers_10000, long=True),
    "sellers-discover": Case(sellers_discover, long=True),
}


def _started(bench: Bench, case: str, given: tuple[str, ...], beyond: float) -> Iterator[Row]:
    _, rows = bench.raced(
        case,
        lambda tree: run(*given, where=tree),
        goals=Goals(beyond=beyond),
        yardstick=lambda: run(command=BARE_INTERPRETER),
        name="a bare interpreter",
    )
    yield from rows


def _bare(what: str, stub: Stub, total: int) -> Run:
    found = run(command=(*_BARE_SCRIPT, what, stub.url, str(total)))
    if found.output.strip() != str(total):
        raise RuntimeError(f"the yardstick came to {found.output.strip()} queues")
    return found


@contextmanager
def _stub_with(bench: Bench, total: int) -> Iterator[Stub]:
    """Run a stub with queues as declared: two are applied, the others are like them."""
    with running() as stub:
        few = declared.queues(bench.folder, 2)
        run("apply", str(few), "--sandbox", stub.url, "--yes")
        stub.multiply("bench", total)
        yield stub


def _emptied(bench: Bench, stub: Stub) -> None:
    stub.reset()
    stub.latency(bench.latency)


def _plan_sellers(bench: Bench, total: int, discover: str, goals: Goals) -> Iterator[Row]:
    path = str(declared.sellers(bench.folder, total, discover=discover))
    with running() as stub:
        case = f"plan, {total:,} sellers x 1 type, discover: {discover}"
        _, rows = _planned(bench, case, stub, path, total + 1, goals, at_once=AT_ONCE)
    yield from rows


def _planned(
    bench: Bench,
    case: str,
    stub: Stub,
    path: str,
    unchanged: int,
    goals: Goals,
    *,
    at_once: int = READS_AT_ONCE,
    yardstick: Callable[[], Run] | None = None,
    runs: int | None = None,
) -> tuple[Series, list[Row]]:
    """Plan what is as declared, by so many calls at once; how many, and what they cost the stub, is
    counted in a run of its own: the stub shares the machine with what is measured."""
    stub.latency(bench.latency)

    def once(tree: Path | None) -> Run:
        found = run("plan", path, "--sandbox", stub.url, "--format", "json", where=tree)
        summary = {name: number for name, number in found.json["summary"].items() if number}
        _expect(summary, {"unchanged": unchanged})
        return found

    stub.calls()
    before = stub.processor()
    once(None)
    calls = sum(stub.calls().values())
    stubs = (stub.processor() - before) / calls * 1000
    series, rows = bench.raced(
        case,
        once,
        goals=goals,
        yardstick=yardstick,
        floor=_floor(bench, calls, at_once),
        runs=runs,
    )
    per = one(case, "calls an object", "calls", calls / unchanged)
    return series, [*rows, per, one(case, "processor of the stub a call", "ms", stubs)]


def _floor(bench: Bench, calls: int, at_once: int) -> float | None:
    return calls * bench.latency / at_once if bench.latency else None


def _expect(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    if found != expected:
        raise RuntimeError(f"expected {dict(expected)}, not {dict(found)}")
