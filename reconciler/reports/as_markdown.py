"""Reports for pull requests and issues. Every live value stands in a code span or block."""

import re
from collections.abc import Iterator, Sequence

from reconciler.core.drift import Drift
from reconciler.core.model import FieldChange, Finding, Plan, Unmanaged
from reconciler.core.units import UnitName
from reconciler.reports.values import change_lines, clean, show

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


def render(report: Plan | Drift) -> str:
    """Return the report as Markdown, ending in a newline."""
    lines = _plan(report) if isinstance(report, Plan) else _drift(report)
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Return `text` as a code span that nothing inside it can end."""
    # An empty span would be a fence without an end, which text that follows could close.
    text = clean(text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(lines: Sequence[str], language: str) -> Iterator[str]:
    """Yield a fenced code block that nothing inside it can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from lines
    yield fence


def plain(text: str) -> str:
    """Return a sentence of ours with everything escaped that Markdown or HTML would act upon."""
    text = re.sub(r"([\\`*_{}\[\]<>()#|!~&]|:(?=//)|(?<=www)\.)", r"\\\1", clean(text))
    # GitHub looks for mentions and references after Markdown has taken its escapes away.
    return re.sub(r"(@|\\#)", r"\1&#8203;", text.replace("\\&", "&amp;"))


def _plan(plan: Plan) -> Iterator[str]:
    summary = plan.summary
    yield f"## Plan for stack {code(plan.stack)}"
    yield ""
    verbs = [f"**{summary[name]}** to {name}" for name in ("create", "update", "replace", "delete")]
    yield f"{', '.join(verbs)}; {summary['unchanged']} unchanged, {summary['unmanaged']} unmanaged."
    refused = plan.refused()
    if refused:
        yield from _list(
            "Apply would refuse this",
            [f"**{guard.guard}**: {plain(guard.message)}" for guard in refused],
        )
    yield from _findings("Problems", plan.problems)
    yield from _list("Unknown, left alone", [code(address) for address in plan.unknown])
    for action in plan.actions:
        remarks = f", because of {code(action.caused_by)}" if action.caused_by else ""
        remarks += ", adopted" if action.adopts else ""
        yield ""
        yield f"### {_SIGNS[action.action]} {action.action} {code(action.address)}{remarks}"
        yield from _changes(action.changes, action.units, action.action)
        yield from (f"> {plain(note)}" for note in action.notes)
    yield from _findings("Warnings", plan.warnings)
    yield from _unmanaged(plan.unmanaged)
    yield ""
    estimate = f"{plan.estimate.calls} API calls, about {plan.estimate.seconds:.0f} s"
    yield f"{estimate}. Fingerprint {code(plan.fingerprint)}"


def _drift(drift: Drift) -> Iterator[str]:
    yield f"## Drift of stack {code(drift.stack)}"
    yield ""
    yield "Live differs from declared." if drift.drifted else "Live is as declared."
    yield from _findings("Problems", drift.problems)
    yield from _list("Unknown", [code(address) for address in drift.unknown])
    for resource in drift.resources:
        yield ""
        yield f"### {resource.status} {code(resource.address)}"
        if resource.status == "changed":
            yield from _changes(resource.changes, resource.units, "update")
    yield from _findings("Warnings", drift.warnings)
    yield from _unmanaged(drift.unmanaged)


def _changes(
    changes: Sequence[FieldChange], units: dict[str, UnitName], action: str
) -> Iterator[str]:
    lines = [line for change in changes for line in change_lines(change, units, action)]
    if lines:
        yield ""
        yield from block(lines, "yaml" if action in ("create", "delete") else "text")


def _findings(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield from _list(title, [f"{code(item.address)}: {plain(item.message)}" for item in findings])


def _unmanaged(unmanaged: Sequence[Unmanaged]) -> Iterator[str]:
    items = [
        f"{item.kind} in {code(item.account)}: "
        + ", ".join(f"{name} {code(show(value))}" for name, value in item.identity.items())
        for item in unmanaged
    ]
    yield from _list("Not ours, left alone", items)


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield ""
        yield f"**{title}**"
        yield ""
        yield from (f"- {item}" for item in items)
