"""What doctor found, for a terminal: what to fix, in order, then every account."""

from collections.abc import Iterator

from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.diagnosis import AccountReport, Complaint, Diagnosis
from reconciler.reports.lines import Screen, TextLine, cells, line, padded, spanned

_STYLES = {"✓": "green", "✗": "red", "?": "yellow"}


def lines(diagnosis: Diagnosis, screen: Screen) -> Iterator[TextLine]:
    """Yield the report's lines; of what is ready only the number with `quiet`."""
    urgent = [item for item in diagnosis.problems if not item.optional]
    optional = [item for item in diagnosis.problems if item.optional]
    if urgent:
        yield line(f"To fix for stack {diagnosis.stack}, what blocks most first:", "bold")
        for number, item in enumerate(urgent, start=1):
            yield from _complaint(f"{number:>3}.", item, "red")
        yield line()
    if optional:
        yield line("Not needed by plan and apply:", "bold")
        for item in optional:
            yield from _complaint("   ·", item, "yellow")
        yield line()
    width = max((cells(visible(item.account)) for item in diagnosis.accounts), default=0)
    services = max((cells(item.service) for item in diagnosis.accounts), default=0)
    for report in diagnosis.accounts:
        if not (screen.quiet and _verdict(report)[0] == "✓"):
            yield _account(report, min(width, screen.width // 2), services)


def _complaint(sign: str, item: Complaint, style: str) -> Iterator[TextLine]:
    yield line(f"{sign} {visible(item.account)}: {visible(item.problem)}", style, hang=7)
    yield line(f"     → {visible(item.remedy)}", hang=7)


def _account(report: AccountReport, width: int, services: int) -> TextLine:
    sign, verdict = _verdict(report)
    checks = counted(report.checks, "check")
    rest = f", {report.skipped} not made until that is fixed" if report.skipped else ""
    head = f"{sign} {padded(visible(report.account), width)}  {padded(report.service, services)}"
    style = _STYLES[sign]
    return spanned((head, style), (f"  {verdict}: {checks}{rest}", style), hang=4)


def _verdict(report: AccountReport) -> tuple[str, str]:
    if report.unexamined is not None:
        return "?", f"not examined, {report.unexamined}"
    return ("✓", "ready") if report.healthy else ("✗", "needs attention")
