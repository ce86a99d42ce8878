"""What became of an apply, for a terminal: what failed first where there is much."""

from collections.abc import Iterator, Sequence

from reconciler.core.text.visible import visible
from reconciler.core.world.unread import by_cause
from reconciler.reports.alike import span
from reconciler.reports.change_text import STYLES
from reconciler.reports.differences import SIGNS, TIMES
from reconciler.reports.findings import not_looked, sentence
from reconciler.reports.lines import Screen, TextLine, line, spanned
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.plan_text import settled
from reconciler.reports.shapes import Shape, fitting

_OUTCOMES = ("failed", "skipped", "done")


def application_text(application: ApplyResult, screen: Screen) -> str:
    """Return what became of an apply as text."""
    return fitting(lambda shape: _application(application, shape, screen), screen)


def _application(application: ApplyResult, shape: Shape, screen: Screen) -> Iterator[TextLine]:
    # What was refused as a whole is told once, by what refused it.
    shown = () if application.result == "refused" else application.actions
    if screen.quiet:
        shown = tuple(item for item in shown if item.outcome != "done")
    yield from _rolled(shown, shape) if shape.rolled else map(_one, shown)
    for guard in application.guards:
        yield line(f"  ✗ {guard.guard}: {visible(guard.message)}", "red", hang=6)
    problems = by_cause(application.problems)
    for problem in problems[: shape.others]:
        yield line(f"  ✗ {visible(sentence(problem))}", "red", hang=6)
    yield from _more(len(problems), shape.others)
    if shown or application.guards or problems:
        yield line()
    style = "green" if application.result == "done" else "bold red"
    yield line(_closing(application), style)


def _one(result: ActionResult) -> TextLine:
    sign = SIGNS[result.action]
    head = f"  {sign} {result.action} {visible(result.address)}: {result.outcome}"
    error = f": {visible(result.error)}" if result.error else ""
    return spanned((head + error, _style(result)), hang=6)


def _style(result: ActionResult) -> str:
    return STYLES[SIGNS[result.action]] if result.outcome == "done" else "red"


def _rolled(results: Sequence[ActionResult], shape: Shape) -> Iterator[TextLine]:
    """Yield what failed, then what was skipped, as long as there is room; then what is alike."""
    for outcome in _OUTCOMES:
        found = [item for item in results if item.outcome == outcome]
        if outcome == "done" or len(found) > (shape.most or len(found)):
            yield from _alike(found, shape.most)
        else:
            yield from map(_one, found)


def _alike(results: Sequence[ActionResult], most: int | None) -> Iterator[TextLine]:
    groups: dict[tuple[str, str, str], list[ActionResult]] = {}
    for item in results:
        error = (item.error or "").replace(item.address, "…")
        groups.setdefault((item.action, _kind(item), error), []).append(item)
    for found in list(groups.values())[:most]:
        yield _one(found[0]) if len(found) == 1 else _many(found)
    yield from _more(len(groups), most)


def _many(results: Sequence[ActionResult]) -> TextLine:
    first = results[0]
    sign = SIGNS[first.action]
    head = f"  {sign} {len(results):,} {TIMES} {first.action} {_kind(first)}: {first.outcome}"
    addresses = span(visible(item.address) for item in results)
    error = f": {visible(first.error)}" if first.error else ""
    return spanned((head, _style(first)), (f", {addresses}{error}", ""), hang=6)


def _kind(result: ActionResult) -> str:
    return visible(result.address.partition(".")[0])


def _more(number: int, most: int | None) -> Iterator[TextLine]:
    if most is not None and number > most:
        yield line(f"    and {number - most:,} more (see --format json)", "dim")


def _closing(application: ApplyResult) -> str:
    if application.message:
        return visible(application.message)
    parts = [f"{number:,} {outcome}" for outcome, number in application.summary.items() if number]
    counts = ", ".join(parts) or "nothing done"
    if application.result == "done":
        if not application.actions:
            return settled(application)
        verdict = "Applied" if application.summary.get("done") else "Nothing left to do"
        if not application.not_looked:
            return f"{verdict}: {counts}."
        if not application.summary.get("done"):
            verdict += " as far as was looked"
        return f"{verdict}: {counts}. Not looked for: {not_looked(application.not_looked)}."
    remedy = "Run it again" if application.cut_short else "Mend the cause and run it again"
    return f"Not finished: {counts}. {remedy}: it goes on from there."
