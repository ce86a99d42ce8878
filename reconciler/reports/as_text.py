"""Reports for a terminal: lines of plain text, coloured on request, no wider than the screen."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.core.text.phrases import comma, counted
from reconciler.core.text.visible import visible
from reconciler.reports.lines import PLAIN, Screen, TextLine, line, written
from reconciler.reports.validation import Validation

if TYPE_CHECKING:
    from reconciler.core.model.plan import Plan
    from reconciler.core.verdicts.diagnosis import Diagnosis
    from reconciler.core.verdicts.drift import Drift
    from reconciler.core.verdicts.health import Status
    from reconciler.core.verdicts.proof import Verification
    from reconciler.reports.model import ApplyResult

    Verdict = Plan | Drift | ApplyResult | Status | Diagnosis | Verification
    Report = Verdict | Validation

_UNBROKEN = 1_000_000


def render(report: "Report", screen: Screen = PLAIN) -> str:
    """Return the report as text, ending in a newline."""
    if not isinstance(report, Validation):
        return _of_live(report, screen)
    unbroken = screen._replace(width=_UNBROKEN) if screen.piped else screen
    return written(_validation(report), unbroken)


def _of_live(report: "Verdict", screen: Screen) -> str:
    """Return a report about live objects, whose classes no validation loads."""
    from reconciler.core.model.plan import Plan
    from reconciler.core.verdicts.diagnosis import Diagnosis
    from reconciler.core.verdicts.drift import Drift
    from reconciler.core.verdicts.health import Status
    from reconciler.core.verdicts.proof import Verification
    from reconciler.reports import application_text, plan_text, status_text, verdict_text
    from reconciler.reports.model import ApplyResult

    match report:
        case Plan():
            return plan_text.plan_text(report, screen)
        case Drift():
            return plan_text.drift_text(report, screen)
        case ApplyResult():
            return application_text.application_text(report, screen)
        case Status():
            return written(status_text.lines(report, screen), screen)
        case Diagnosis():
            return written(verdict_text.diagnosis_lines(report, screen), screen)
        case Verification():
            return written(verdict_text.verification_lines(report, screen), screen)


def _validation(validation: Validation) -> Iterator[TextLine]:
    for warning in validation.warnings:
        yield line(f"{visible(str(warning))} (warning)", "yellow")
    for error in validation.errors:
        yield line(visible(str(error)), "red")
    if validation.valid:
        more = f", and those of {comma(validation.unlisted)}" if validation.unlisted else ""
        yield line(f"Valid: {counted(validation.declared, 'object')} declared{more}.", "green")
        if validation.unlisted:
            yield line("How many those are only the service knows: plan asks it.")
    else:
        yield line(f"Invalid: {counted(len(validation.errors), 'error')}.", "bold red")
