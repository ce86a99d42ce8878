"""The cases, each with its goal. A case that finds anything but what it expects crashes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import declared
from tests.benchmarks.browser import ready_in_a_browser
from tests.benchmarks.measure import PROGRAM, Run, repeated, run
from tests.benchmarks.stub import Stub, running

LATENCY = 0.05
SDKS = ("boto3", "botocore", "googleapiclient", "google.auth", "httplib2", "urllib3")
_LOADED = (
    "import sys\nfrom reconciler.cli.main import invoke\ninvoke(sys.argv[1:])\n"
    f"print('loaded:', *(name for name in {SDKS} if name in sys.modules))"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; without `ok` it is there to be compared."""

    case: str
    figure: str
    goal: str = ""
    ok: bool | None = None
    calls: int | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What every case is given."""

    folder: Path
    runs: int


@dataclass(frozen=True, slots=True)
class Case:
    """A case by name; a long one takes part only when asked for."""

    rows: Callable[[Bench], Iterator[Row]]
    long: bool = False


def start_up(bench: Bench) -> Iterator[Row]:
    """`--help`, and which SDKs it loads."""
    found = repeated(bench.runs, lambda: run("--help"))
    yield _timed("--help", found, 0.2)
    yield _without_sdks("--help")


def validate(bench: Bench) -> Iterator[Row]:
    """`validate` of 1,000 queues in 12,000 lines, and which SDKs it loads."""
    path = str(declared.queues(bench.folder, 1000))
    found = repeated(bench.runs, lambda: run("validate", path))
    yield _timed("validate, 1,000 queues in 12,000 lines", found, 0.6)
    yield _without_sdks("validate", path)


def plan_100(bench: Bench) -> Iterator[Row]:
    """No-op `plan` of 100 queues."""
    yield from _plan_queues(bench, 100, bench.runs, 1.0)


def plan_1000(bench: Bench) -> Iterator[Row]:
    """No-op `plan` of 1,000 queues."""
    yield from _plan_queues(bench, 1000, bench.runs, 2.0)
    with _stub_with(bench, 1000) as stub:
        stub.latency(LATENCY)
        script = (PROGRAM[0], "-m", "tests.benchmarks.bare", stub.url)
        found = repeated(bench.runs, lambda: run(command=script))
    if found.output.strip() != "1000":
        raise RuntimeError(f"the yardstick read {found.output.strip()} queues")
    yield Row("  yardstick: bare boto3, only the reads of that", _seconds(found.seconds), run=found)


def apply_1000(bench: Bench) -> Iterator[Row]:
    """`apply` that creates 1,000 queues."""
    path = str(declared.queues(bench.folder, 1000))
    with running() as stub:

        def once() -> Run:
            stub.reset()
            stub.latency(LATENCY)
            found = run("apply", path, "--sandbox", stub.url, "--yes", "--format", "json")
            _expect(found.json["summary"], {"done": 1000, "failed": 0, "skipped": 0})
            return found

        found = repeated(bench.runs, once)
        calls = sum(stub.calls().values())
    yield _timed("apply creating 1,000 queues, 50 ms", found, 2.5, calls)
    yield _per_queue("apply creating 1,000 queues", calls / 1000, 1.1)


def sellers_1000(bench: Bench) -> Iterator[Row]:
    """`plan` of 1,000 sellers; the goal is a tenth of that of 10,000, and the start."""
    yield from _plan_sellers(bench, 1000, "declared", bench.runs, 2.5, 400)


def sellers_10000(bench: Bench) -> Iterator[Row]:
    """`plan` of 10,000 sellers."""
    yield from _plan_sellers(bench, 10_000, "declared", bench.runs, 20.0, 400)


def sellers_discover(bench: Bench) -> Iterator[Row]:
    """`plan` of 1,000 sellers, all types that a queue may receive: 64 calls at once take 15 s."""
    yield from _plan_sellers(bench, 1000, "all", bench.runs, 19 * 1.25, 400)


def merchants(bench: Bench) -> Iterator[Row]:
    """`plan` of 2,000 Merchant subscriptions over 100 accounts."""
    path = str(declared.merchants(bench.folder, 100))
    found, calls = _plan(path, bench.runs, 2000)
    yield _timed("plan, 2,000 Merchant subscriptions over 100 accounts, 50 ms", found, 2.0, calls)


def plan_10000(bench: Bench) -> Iterator[Row]:
    """No-op `plan` of 10,000 queues: memory, and whether time is linear from 100 on."""
    small, _ = _owned(bench, 100, bench.runs)
    middle, _ = _owned(bench, 1000, bench.runs)
    large, calls = _owned(bench, 10_000, bench.runs)
    # By the processor, which other programs disturb less than the wall.
    before, after = (
        (more.cpu - less.cpu) / number * 1000
        for less, more, number in ((small, middle, 900), (middle, large, 9000))
    )
    yield Row("no-op plan, 10,000 queues, 50 ms", _seconds(large.seconds), calls=calls, run=large)
    yield _memory("no-op plan, 10,000 queues", large, 300)
    yield Row(
        "processor per further queue, to 1,000 and to 10,000",
        f"{before:.2f} and {after:.2f} ms",
        "linear (1.25 x)",
        after <= before * 1.25,
    )


def page_5000(bench: Bench) -> Iterator[Row]:
    """`report` of 5,000 sellers, and how soon a browser has the page ready, where there is one."""
    path = str(declared.sellers(bench.folder, 5000, discover="declared"))
    page = bench.folder / "page.html"
    with running() as stub:
        stub.latency(LATENCY)
        written = ("report", path, "--sandbox", stub.url, "--out", str(page))
        found = repeated(1, lambda: run(*written))
    yield _timed("report, 5,000 sellers, 50 ms", found, 12.0)
    ready = ready_in_a_browser(page)
    if ready is not None:
        yield Row("  ready in a browser", f"{ready:.0f} ms", "1,000 ms", ready <= 1000)


CASES: Mapping[str, Case] = {
    "start-up": Case(start_up),
    "validate": Case(validate),
    "plan-100": Case(plan_100),
    "plan-1000": Case(plan_1000),
    "apply-1000": Case(apply_1000),
    "sellers-1000": Case(sellers_1000),
    "merchants": Case(merchants),
    "plan-10000": Case(plan_10000),
    "page-5000": Case(page_5000),
    "sellers-10000": Case(sellers_10000, long=True),
    "sellers-discover": Case(sellers_discover, long=True),
}


def _plan_queues(bench: Bench, total: int, runs: int, goal: float) -> Iterator[Row]:
    found, calls = _owned(bench, total, runs)
    yield _timed(f"no-op plan, {total:,} queues, 50 ms", found, goal, calls)
    # So few queues leave the calls made once for all of them visible.
    yield _per_queue(f"no-op plan, {total:,} queues", calls / total, 1.15)


def _owned(bench: Bench, total: int, runs: int) -> tuple[Run, int]:
    """Plan queues that are as declared: two were applied, the others are like them."""
    with _stub_with(bench, total) as stub:
        return _plan_with(stub, str(declared.queues(bench.folder, total)), runs, total)


@contextmanager
def _stub_with(bench: Bench, total: int) -> Iterator[Stub]:
    with running() as stub:
        few = declared.queues(bench.folder, 2)
        run("apply", str(few), "--sandbox", stub.url, "--yes")
        stub.multiply("bench", total)
        yield stub


def _plan_sellers(
    bench: Bench, total: int, discover: str, runs: int, goal: float, memory: float
) -> Iterator[Row]:
    path = str(declared.sellers(bench.folder, total, discover=discover))
    found, calls = _plan(path, runs, total + 1)
    name = f"plan, {total:,} sellers x 1 type, discover: {discover}, 50 ms"
    yield _timed(name, found, goal, calls)
    yield _memory(f"plan, {total:,} sellers, discover: {discover}", found, memory)


def _plan(path: str, runs: int, unchanged: int) -> tuple[Run, int]:
    with running() as stub:
        return _plan_with(stub, path, runs, unchanged)


def _plan_with(stub: Stub, path: str, runs: int, unchanged: int) -> tuple[Run, int]:
    stub.latency(LATENCY)

    def once() -> Run:
        stub.calls()
        found = run("plan", path, "--sandbox", stub.url, "--format", "json")
        summary = {name: number for name, number in found.json["summary"].items() if number}
        _expect(summary, {"unchanged": unchanged})
        return found

    return repeated(runs, once), sum(stub.calls().values())


def _expect(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    if found != expected:
        raise RuntimeError(f"expected {dict(expected)}, not {dict(found)}")


def _timed(case: str, found: Run, goal: float, calls: int | None = None) -> Row:
    return Row(case, _seconds(found.seconds), _seconds(goal), found.seconds <= goal, calls, found)


def _memory(case: str, found: Run, goal: float) -> Row:
    text = f"{found.memory:.0f} MiB"
    return Row(f"{case}: peak memory", text, f"{goal:.0f} MiB", found.memory <= goal)


def _per_queue(case: str, figure: float, goal: float) -> Row:
    return Row(f"{case}: calls a queue", f"{figure:.3f}", f"{goal:.2f}", figure <= goal)


def _without_sdks(*arguments: str) -> Row:
    found = run(*arguments, command=(PROGRAM[0], "-c", _LOADED))
    loaded = found.output.splitlines()[-1].removeprefix("loaded:").strip()
    return Row(f"{arguments[0]}: SDKs loaded", loaded or "none", "none", not loaded)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
