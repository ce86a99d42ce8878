"""Reports for a terminal: lines of plain text, coloured on request."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.model.plan import Action, Estimate, Finding, Guard, Plan, Unmanaged
from reconciler.core.text.counting import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.diagnosis import Diagnosis
from reconciler.core.verdicts.drift import Drift
from reconciler.core.verdicts.health import Status
from reconciler.reports import account_changes, diagnosis_text, looked, status_text
from reconciler.reports.findings import sentence
from reconciler.reports.lines import Line, written
from reconciler.reports.model import ApplyResult, Validation
from reconciler.reports.values import change_lines, show

_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "missing": ("+", "green"),
    "changed": ("~", "yellow"),
    "undeclared": ("-", "red"),
}
_LISTED = 10


Report = Plan | Drift | Validation | ApplyResult | Status | Diagnosis


def render(report: Report, *, color: bool = False) -> str:
    """Return the report as text, ending in a newline."""
    match report:
        case Plan():
            lines = _plan(report)
        case Drift():
            lines = _drift(report)
        case Validation():
            lines = _validation(report)
        case ApplyResult():
            lines = _application(report)
        case Status():
            lines = status_text.lines(report)
        case Diagnosis():
            lines = diagnosis_text.lines(report)
    return written(lines, color=color)


def _plan(plan: Plan) -> Iterator[Line]:
    yield f"Plan for stack {plan.stack}: {_counts(plan.summary)}", "bold"
    yield from account_changes.lines(plan.account_changes)
    for action in plan.actions:
        yield from _action(action)
    yield from _others(plan.unmanaged)
    yield from _findings("Warnings", plan.warnings, "yellow")
    yield from _unknown(plan.unknown)
    yield from _findings("Problems", plan.problems, "red")
    yield from _guards(plan.guards)
    yield "", ""
    if plan.actions:
        yield f"Applying this takes {_effort(plan.estimate)}", ""
        yield from _gap(plan.actions)
        yield f"Fingerprint {plan.fingerprint}", "dim"
    elif plan.account_changes and plan.complete and not plan.problems:
        yield "Nothing to do but to read the accounts above: only these differ.", "yellow"
    elif plan.complete and not plan.problems:
        yield _in_sync(plan.not_looked), "green"
        return
    else:
        yield "Nothing to do in what could be read.", "yellow"
    if plan.not_looked:
        yield f"Not looked for: {looked.sentence(plan.not_looked)}", "dim"


def _in_sync(not_looked: Sequence[Finding]) -> str:
    if not not_looked:
        return "In sync: nothing to do."
    return f"In sync as far as was looked: {looked.sentence(not_looked)}"


def _counts(summary: dict[str, int]) -> str:
    verbs = [f"{summary[name]} to {name}" for name in ("create", "update", "replace", "delete")]
    return f"{', '.join(verbs)}; {summary['unchanged']} unchanged, {summary['unmanaged']} unmanaged"


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "1 second"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _effort(estimate: Estimate) -> str:
    """Return what applying takes, and the reading before it."""
    told = _taken(estimate.calls, estimate.seconds)
    if not estimate.reading_calls:
        return told
    return f"{told}; reading before that {_taken(estimate.reading_calls, estimate.reading_seconds)}"


def _taken(calls: int, seconds: float) -> str:
    return f"{counted(calls, 'API call')}, about {_seconds(seconds)}"


def _gap(actions: Iterable[Action]) -> Iterator[Line]:
    missing = [action.gap_seconds for action in actions if action.gap_seconds is not None]
    if missing:
        number = f"{len(missing)} {'object is' if len(missing) == 1 else 'objects are'}"
        yield f"Meanwhile {number} without delivery, up to {_seconds(max(missing))} each", "yellow"


def _action(action: Action) -> Iterator[Line]:
    sign, style = _SIGNS[action.action]
    remarks = [f"because of {visible(action.caused_by)}"] if action.caused_by else []
    remarks += ["adopted"] if action.adopts else []
    suffix = f"  ({', '.join(remarks)})" if remarks else ""
    yield "", ""
    yield f"  {sign} {action.action} {visible(action.address)}{suffix}", style
    for change in action.changes:
        for line in change_lines(change, action.units, action.action):
            yield f"      {line}", ""
    for note in action.notes:
        yield f"      ! {visible(note)}", "yellow"


def _others(unmanaged: Sequence[Unmanaged]) -> Iterator[Line]:
    if not unmanaged:
        return
    yield "", ""
    yield "Not ours, left alone:", "bold"
    for item in unmanaged[:_LISTED]:
        yield f"    {item.kind} in {visible(item.account)}: {_identity(item)}", "dim"
    yield from _more(unmanaged)


def _identity(item: Unmanaged) -> str:
    return ", ".join(f"{name} {show(value)}" for name, value in item.identity.items())


def _more(items: Sequence[object]) -> Iterator[Line]:
    if len(items) > _LISTED:
        yield f"    and {len(items) - _LISTED} more (see --format json)", "dim"


def _unknown(addresses: Sequence[str]) -> Iterator[Line]:
    if not addresses:
        return
    yield "", ""
    yield "Unknown, because not everything could be read; left alone:", "bold"
    for address in addresses[:_LISTED]:
        yield f"    ? {visible(address)}", "yellow"
    yield from _more(addresses)


def _findings(title: str, findings: Sequence[Finding], style: str) -> Iterator[Line]:
    if not findings:
        return
    yield "", ""
    yield f"{title}:", "bold"
    for item in findings:
        yield f"    {_finding(item)}", style


def _finding(item: Finding) -> str:
    return visible(sentence(item))


def _guards(guards: Iterable[Guard]) -> Iterator[Line]:
    refused = [guard for guard in guards if guard.refused]
    if not refused:
        return
    yield "", ""
    yield "Apply would refuse this:", "bold"
    for guard in refused:
        yield f"    {guard.guard}: {visible(guard.message)}", "red"


def _drift(drift: Drift) -> Iterator[Line]:
    counts = dict.fromkeys(("missing", "changed", "undeclared"), 0)
    for resource in drift.resources:
        counts[resource.status] += 1
    total = ", ".join(f"{number} {status}" for status, number in counts.items())
    yield f"Drift of stack {drift.stack}: {total}", "bold"
    for resource in drift.resources:
        sign, style = _SIGNS[resource.status]
        yield "", ""
        yield f"  {sign} {resource.status} {visible(resource.address)}", style
        if resource.status == "changed":
            for change in resource.changes:
                for line in change_lines(change, resource.units, "update"):
                    yield f"      {line}", ""
    yield from _others(drift.unmanaged)
    yield from _findings("Warnings", drift.warnings, "yellow")
    yield from _unknown(drift.unknown)
    yield from _findings("Problems", drift.problems, "red")
    yield "", ""
    if drift.drifted:
        yield "Live differs from declared (live → declared).", "yellow"
    elif drift.complete and not drift.problems:
        yield _no_drift(drift.not_looked), "green"
        return
    else:
        yield "No drift in what could be read.", "yellow"
    if drift.not_looked:
        yield f"Not looked for: {looked.sentence(drift.not_looked)}", "dim"


def _no_drift(not_looked: Sequence[Finding]) -> str:
    if not not_looked:
        return "No drift: live is as declared."
    return f"No drift as far as was looked: {looked.sentence(not_looked)}"


def _validation(validation: Validation) -> Iterator[Line]:
    for warning in validation.warnings:
        yield f"{visible(str(warning))} (warning)", "yellow"
    for error in validation.errors:
        yield visible(str(error)), "red"
    if validation.valid:
        yield f"Valid: {counted(validation.declared, 'object')} declared.", "green"
    else:
        yield f"Invalid: {counted(len(validation.errors), 'error')}.", "bold red"


def _application(application: ApplyResult) -> Iterator[Line]:
    # What was refused as a whole is told once, by what refused it.
    told = () if application.result == "refused" else application.actions
    for action in told:
        sign, style = _SIGNS[action.action]
        line = f"  {sign} {action.action} {visible(action.address)}: {action.outcome}"
        if action.error:
            line += f": {visible(action.error)}"
        yield line, style if action.outcome == "done" else "red"
    for guard in application.guards:
        yield f"    {guard.guard}: {visible(guard.message)}", "red"
    for problem in application.problems:
        yield f"    {_finding(problem)}", "red"
    if told or application.guards or application.problems:
        yield "", ""
    yield _closing(application), "green" if application.result == "done" else "bold red"


def _closing(application: ApplyResult) -> str:
    if application.message:
        return visible(application.message)
    summary = application.summary
    counts = ", ".join(f"{number} {outcome}" for outcome, number in summary.items())
    if application.result == "done":
        return f"Applied: {counts}." if application.actions else _in_sync(application.not_looked)
    return f"Not finished: {counts}. Mend the cause and apply again: it goes on from there."
