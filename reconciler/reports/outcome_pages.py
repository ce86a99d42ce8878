"""What became of an apply, of a validate, or of a command that failed, as Markdown pages."""

from collections.abc import Sequence

from reconciler.core.model.finding import Finding
from reconciler.core.text.phrases import counted
from reconciler.core.world.unread import by_cause
from reconciler.reports import findings
from reconciler.reports.findings import guard_sections
from reconciler.reports.markdown import code, count_table, plain
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.pages import Item, Page, Section
from reconciler.reports.validation import Located, Validation

_OUTCOMES = ("failed", "skipped", "done")
_VERDICTS = {
    "done": "✅ **Applied.**",
    "failed": "⚠️ **Not finished.** Mend the cause and apply again: it goes on from there.",
    "cut short": "⚠️ **Not finished.** Apply again: it goes on from there.",
    "refused": "⛔ **Refused, nothing was changed.**",
}


def ending_page(ended: str, stack: str, limits: Sequence[str] = ()) -> Page:
    """Return how a run ended that left no result of an apply.

    `ended` is `unchanged` (there was nothing to do), `refused`, or GitHub's own word (`failure`).
    """
    if ended == "unchanged":
        verdict = "✅ **Nothing to apply.** The plan holds no changes."
    elif ended == "refused":
        verdict = "⛔ **Refused, nothing was changed.** The run says what refuses it, and why."
    else:
        verdict = (
            f"⚠️ **No result.** The run ended ({code(ended)}) and left none: look there for what "
            "was done."
        )
    return Page(head=f"{_title(stack, limits)}\n\n{verdict}", sections=[], foot="")


def application_page(application: ApplyResult, stack: str) -> Page:
    """Return what an apply did, what failed first."""
    parts = [f"**{count:,}** {name}" for name, count in application.summary.items() if count]
    counts = f" {', '.join(parts)}." if parts else ""
    verdict = _VERDICTS["cut short" if application.cut_short else application.result]
    if application.result == "done" and not application.summary.get("done"):
        verdict = "✅ **Nothing to apply.**"
    head = f"{_title(stack, application.limits)}\n\n{verdict}{counts}"
    if application.not_looked:
        head += f" Not looked for: {findings.not_looked(application.not_looked, code, plain)}."
    if application.message:
        head += f"\n\n{plain(application.message)}"
    # What was refused as a whole is told once, by what refused it.
    results = () if application.result == "refused" else application.actions
    by_outcome = {
        outcome: [_result(item) for item in results if item.outcome == outcome]
        for outcome in _OUTCOMES
    }
    found = [(item.action, item.outcome) for item in results]
    table = count_table("", found, _OUTCOMES, [""] * len(_OUTCOMES))
    head = "\n".join([head, *([""] if table else []), *table])
    return Page(
        head=head,
        sections=[
            *guard_sections(application.guards),
            Section("Problems", [_finding(item) for item in by_cause(application.problems)], 0.3),
            *(
                Section(outcome.capitalize(), items, 0.5, folded=outcome != "failed")
                for outcome, items in by_outcome.items()
            ),
        ],
        foot="",
    )


def validation_page(validation: Validation) -> Page:
    """Return the errors and warnings of validate."""
    if validation.valid:
        verdict = f"✅ **Valid.** {counted(validation.declared, 'object')} declared."
    else:
        verdict = f"⛔ **Invalid.** {counted(len(validation.errors), 'error')} to mend."
    return Page(
        head=f"## Declarations\n\n{verdict}",
        sections=[
            Section("Errors", [_located(item) for item in validation.errors], 0.8),
            Section("Warnings", [_located(item) for item in validation.warnings], 0.8),
        ],
        foot="",
    )


def failure_page(command: str, reasons: Sequence[str], stack: str) -> Page:
    """Return why a command could not do its work; `stack` is empty where it is not known."""
    where = f" for stack {code(stack)}" if stack else ""
    items = [Item(line, line) for line in (f"- {plain(reason)}" for reason in reasons)]
    return Page(
        head=f"## {command.capitalize()}{where} failed\n\n⛔ **There is no result.**",
        sections=[Section("Reasons", items, 0.9, folded=False)],
        foot="",
    )


def _title(stack: str, limits: Sequence[str]) -> str:
    return f"## Apply of stack {code(stack)}{findings.only(limits, code)}"


def _result(result: ActionResult) -> Item:
    line = f"- {result.action} {code(result.address)}"
    if result.error:
        line += f": {plain(result.error)}"
    return Item(line, line)


def _finding(finding: Finding) -> Item:
    line = findings.item(finding)
    return Item(line, line)


def _located(item: Located) -> Item:
    line = f"- {code(item.place)}: {plain(item.message)}"
    return Item(line, line)
