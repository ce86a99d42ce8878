"""What doctor found, for a terminal: what to fix, in order, then every account."""

import textwrap
from collections.abc import Iterator

from reconciler.core.text.counting import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.diagnosis import AccountReport, Complaint, Diagnosis
from reconciler.reports.lines import Line

_WIDTH = 100
_STYLES = {"✓": "green", "✗": "red", "?": "yellow"}


def lines(diagnosis: Diagnosis) -> Iterator[Line]:
    """Yield the report's lines."""
    urgent = [item for item in diagnosis.problems if not item.optional]
    optional = [item for item in diagnosis.problems if item.optional]
    if urgent:
        yield f"To fix for stack {diagnosis.stack}, what blocks most first:", "bold"
        for number, item in enumerate(urgent, start=1):
            yield from _complaint(f"{number:>3}.", item, "red")
        yield "", ""
    if optional:
        yield "Not needed by plan and apply:", "bold"
        for item in optional:
            yield from _complaint("   ·", item, "yellow")
        yield "", ""
    width = max((len(item.account) for item in diagnosis.accounts), default=0)
    for report in diagnosis.accounts:
        yield _account(report, width), _STYLES[_verdict(report)[0]]


def _complaint(sign: str, item: Complaint, style: str) -> Iterator[Line]:
    yield from _wrapped(f"{sign} {visible(item.account)}: ", visible(item.problem), style)
    yield from _wrapped("     → ", visible(item.remedy), "")


def _wrapped(head: str, text: str, style: str) -> Iterator[Line]:
    """Yield a paragraph; what is longer than a line, such as an ARN, stays whole."""
    wrapped = textwrap.wrap(
        head + text,
        _WIDTH,
        subsequent_indent="       ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    yield from ((line, style) for line in wrapped)


def _account(report: AccountReport, width: int) -> str:
    sign, verdict = _verdict(report)
    checks = counted(report.checks, "check")
    rest = f", {report.skipped} not made until that is fixed" if report.skipped else ""
    name = visible(report.account).ljust(width)
    return f"{sign} {name}  {report.service:<8}  {verdict}: {checks}{rest}"


def _verdict(report: AccountReport) -> tuple[str, str]:
    if report.unexamined is not None:
        return "?", f"not examined, {report.unexamined}"
    return ("✓", "ready") if report.healthy else ("✗", "needs attention")
