"""Plans and drift for a terminal: what goes last, and never longer than can be read at once."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.model.finding import Finding
from reconciler.core.model.pacing import ACTIONS
from reconciler.core.model.plan import Action, Estimate, Guard, Plan, PlannedWave, Unmanaged
from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Drift
from reconciler.core.world.unread import by_cause
from reconciler.reports import account_changes, findings, in_waves
from reconciler.reports.change_text import coming, going
from reconciler.reports.differences import Difference, of_action, of_resource
from reconciler.reports.findings import sentence
from reconciler.reports.lines import GLUE, Screen, TextLine, line
from reconciler.reports.model import ApplyResult
from reconciler.reports.shapes import Shape, fitting
from reconciler.reports.values import show

_STATUSES = ("missing", "changed", "undeclared")
_BY_VERB = {
    "replace": "REPLACE {}: deleted, then created again",
    "delete": "DELETE {}",
}
_BY_STATUS = {"undeclared": "UNDECLARED {}: live and ours, and no declaration has it"}


def plan_text(plan: Plan, screen: Screen) -> str:
    """Return a plan as text."""
    entries = [of_action(action) for action in plan.actions]
    return fitting(lambda shape: _plan(plan, entries, shape, screen), screen)


def drift_text(drift: Drift, screen: Screen) -> str:
    """Return drift as text."""
    entries = [of_resource(resource, whole=screen.verbose) for resource in drift.resources]
    return fitting(lambda shape: _drift(drift, entries, shape, screen), screen)


def settled(report: Plan | Drift | ApplyResult) -> str:
    """Return the sentence that all is well, as far as was looked, if anything was."""
    verdict, meaning = ("In sync", "nothing to do")
    if isinstance(report, Drift):
        verdict, meaning = ("No drift", "live is as declared")
    verdict += findings.only(report.limits)
    if report.not_looked:
        return f"{verdict} as far as was looked: {findings.not_looked(report.not_looked)}"
    return f"{verdict}: {meaning}." if report.examined else findings.NOTHING_COMPARED


def _plan(
    plan: Plan, entries: Sequence[Difference], shape: Shape, screen: Screen
) -> Iterator[TextLine]:
    only = findings.only(plan.limits)
    yield line(f"Plan for stack {plan.stack}{only}: {_counts(plan)}", "bold")
    yield from account_changes.lines(plan.account_changes, screen.width, shape.others)
    yield from coming(entries, plan.accounts, shape, screen)
    yield from _remarks(plan, shape, screen)
    yield from _closing(plan, entries, shape, screen)
    yield from going(entries, _BY_VERB, plan.accounts, shape, screen)
    yield from _guards(plan.guards)


def _closing(
    plan: Plan, entries: Sequence[Difference], shape: Shape, screen: Screen
) -> Iterator[TextLine]:
    yield line()
    well = plan.complete and not plan.problems
    if plan.actions:
        yield line(f"Applying this takes {_effort(plan.estimate)}")
        yield from _downtime(plan.actions)
        yield from _waves(plan.waves, shape.others)
        yield line(f"Fingerprint {plan.fingerprint}", "dim")
    elif plan.account_changes and well:
        shown = "Nothing to do but to read the accounts above: only these differ."
        yield line(shown, "yellow")
    elif well:
        yield line(settled(plan), "green" if plan.examined else "yellow")
        return
    else:
        which = "planned" if plan.complete else "read"
        yield line(f"Nothing to do in what could be {which}.", "yellow")
    if plan.not_looked:
        yield line(f"Not looked for: {findings.not_looked(plan.not_looked)}", "dim")
    yield from _more(entries, shape, screen)


def _more(entries: Sequence[Difference], shape: Shape, screen: Screen) -> Iterator[TextLine]:
    """Yield which option tells what this leaves out."""
    if not entries or screen.quiet:
        return
    if shape.rolled:
        yield line("What is alike is told as one: --full lists each.", "dim")
    if not screen.verbose and any(entry.verb in ("create", "delete") for entry in entries):
        yield line("--verbose tells every field of what is created or deleted.", "dim")


def _counts(plan: Plan) -> str:
    summary, others = plan.summary, findings.others(complete=plan.complete)
    shown = ", ".join(f"{summary[verb]:,}{GLUE}to{GLUE}{verb}" for verb in ACTIONS if summary[verb])
    words = {"unchanged": "unchanged", "unmanaged": others.replace(" ", GLUE)}
    rest = [f"{summary[name]:,}{GLUE}{word}" for name, word in words.items() if summary[name]]
    rest += [f"{len(plan.unknown):,}{GLUE}unknown"] if plan.unknown else []
    return "; ".join([shown or "no changes", *filter(None, [", ".join(rest)])])


def seconds(number: float) -> str:
    """Return how long something takes, in words."""
    if number < 1:
        return "1 second"
    if number < 120:
        return counted(round(number), "second")
    minutes = round(number / 60)
    return counted(minutes, "minute") if minutes < 120 else counted(round(minutes / 60), "hour")


def _effort(estimate: Estimate) -> str:
    """Return what applying takes, and the reading before it."""
    shown = _taken(estimate.calls, estimate.seconds)
    if not estimate.reading_calls:
        return shown
    return (
        f"{shown}; reading before that {_taken(estimate.reading_calls, estimate.reading_seconds)}"
    )


def _taken(calls: int, duration: float) -> str:
    parts = (counted(calls, "API call"), f"about {seconds(duration)}")
    return ", ".join(part.replace(" ", GLUE) for part in parts)


def _downtime(actions: Iterable[Action]) -> Iterator[TextLine]:
    missing = [action.gap_seconds for action in actions if action.gap_seconds is not None]
    if missing:
        many = len(missing) > 1
        number = f"{len(missing):,} {'objects are' if many else 'object is'}"
        longest = f"up to {seconds(max(missing))}{' each' * many}"
        yield line(f"Meanwhile {number} without delivery, {longest}", "yellow")


def _waves(waves: Sequence[PlannedWave], most: int | None) -> Iterator[TextLine]:
    if waves:
        yield line(f"{in_waves.title(waves)}:")
        told = list(in_waves.lines(waves, whole=most is None))
        for each in told[:most]:
            yield line(f"    {each}", hang=8)
        yield from _rest(told, most)


def _remarks(report: Plan | Drift, shape: Shape, screen: Screen) -> Iterator[TextLine]:
    """Yield what is not ours, warnings, what is unknown and problems."""
    if not screen.quiet:
        yield from _others(report, shape.others)
    yield from findings_lines("Warnings", report.warnings, "yellow", shape.others)
    yield from _unknown(report.unknown, shape.others)
    yield from findings_lines("Problems", report.problems, "red", shape.others)


def _others(report: Plan | Drift, most: int | None) -> Iterator[TextLine]:
    if not report.unmanaged:
        return
    yield line()
    # Whose an object is may hang on what was not read.
    whose = "Not ours" if report.complete else "Not known to be ours"
    yield line(f"{whose}, left alone:", "bold")
    for item in report.unmanaged[:most]:
        yield line(f"    {item.kind} in {visible(item.account)}: {_identity(item)}", "dim", hang=8)
    yield from _rest(report.unmanaged, most)


def _identity(item: Unmanaged) -> str:
    return ", ".join(f"{visible(name)} {show(value)}" for name, value in item.identity.items())


def _rest(items: Sequence[object], most: int | None) -> Iterator[TextLine]:
    if most is not None and len(items) > most:
        yield line(f"    and {len(items) - most:,} more (--full lists them)", "dim")


def _unknown(addresses: Sequence[str], most: int | None) -> Iterator[TextLine]:
    if not addresses:
        return
    yield line()
    yield line("Unknown, because not everything could be read; left alone:", "bold")
    for address in addresses[:most]:
        yield line(f"    ? {visible(address)}", "yellow")
    yield from _rest(addresses, most)


def findings_lines(
    title: str, findings: Sequence[Finding], style: str, most: int | None
) -> Iterator[TextLine]:
    """Yield findings under a title, as many as there is room for."""
    if not findings:
        return
    yield line()
    yield line(f"{title}:", "bold")
    told = by_cause(findings)
    for item in told[:most]:
        yield line(f"    {visible(sentence(item))}", style)
    yield from _rest(told, most)


def _guards(guards: Iterable[Guard]) -> Iterator[TextLine]:
    refused = [guard for guard in guards if guard.refused]
    if not refused:
        return
    yield line()
    yield line("Apply would refuse this:", "bold")
    for guard in refused:
        yield line(f"  ✗ {guard.guard}: {visible(guard.message)}", "red", hang=6)


def _silence(drift: Drift) -> Iterator[TextLine]:
    """Yield what went quiet, and of what that could not be told."""
    for item in (*drift.quiet, *drift.unheard):
        yield line()
        yield line(f"{visible(item.address)}: {visible(item.message)}", "yellow", hang=4)


def _drift(
    drift: Drift, entries: Sequence[Difference], shape: Shape, screen: Screen
) -> Iterator[TextLine]:
    counts = {it: sum(entry.verb == it for entry in entries) for it in _STATUSES}
    total = ", ".join(f"{number:,} {status}" for status, number in counts.items() if number)
    none = "none" if drift.complete and not drift.problems else "none found"
    unknown = f", {len(drift.unknown):,}{GLUE}unknown" if drift.unknown else ""
    only = findings.only(drift.limits)
    yield line(f"Drift of stack {drift.stack}{only}: {total or none}{unknown}", "bold")
    yield from coming(entries, drift.accounts, shape, screen)
    yield from going(entries, _BY_STATUS, drift.accounts, shape, screen)
    yield from _remarks(drift, shape, screen)
    yield from _silence(drift)
    yield line()
    if drift.drifted:
        yield line("Live differs from declared (live → declared).", "yellow")
    elif drift.complete and not drift.problems:
        yield line(settled(drift), "green" if drift.examined else "yellow")
        return
    else:
        which = "compared" if drift.complete else "read"
        yield line(f"No drift in what could be {which}.", "yellow")
    if drift.not_looked:
        yield line(f"Not looked for: {findings.not_looked(drift.not_looked)}", "dim")
    if shape.rolled and entries and not screen.quiet:
        yield line("What is alike is told as one: --full lists each.", "dim")
