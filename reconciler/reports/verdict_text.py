"""What verify and doctor found, for a terminal."""

from collections.abc import Iterator

from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.diagnosis import AccountReport, Complaint, Diagnosis
from reconciler.core.verdicts.proof import VERDICTS, Proof, Verification
from reconciler.core.world.unread import by_cause
from reconciler.reports.findings import only, sentence
from reconciler.reports.lines import Screen, TextLine, cells, line, padded, spanned

_SIGNS = {"proven": ("✓", "green"), "plausible": ("?", "yellow"), "unproven": ("✗", "red")}


def verification_lines(report: Verification, screen: Screen) -> Iterator[TextLine]:
    """Yield one line a subscription with what decided, warnings below, then what to make of it."""
    counts = [f"{report.summary[it]:,} {it}" for it in VERDICTS if report.summary[it]]
    title = f"Delivery of stack {report.stack}{only(report.limits)}"
    yield line(f"{title}: {', '.join(counts) or 'nothing'}", "bold")
    shown = [it for it in report.subscriptions if not (screen.quiet and it.verdict == "proven")]
    width = max((cells(visible(proof.address)) for proof in shown), default=0)
    room = screen.width - width - len("  ✓ plausible    ")
    # Beside their addresses only where there is room for all: a column is not read around corners.
    beside = all(cells(_decisive(proof)) <= room for proof in shown)
    for proof in shown:
        yield from _proof(proof, width if beside else None)
    for problem in by_cause(report.problems):
        yield line(f"  ✗ not read: {visible(sentence(problem))}", "red", hang=6)
    yield line()
    yield _closing(report)


def _decisive(proof: Proof) -> str:
    return visible(f"{proof.link}: {proof.reason}" if proof.reason else proof.link)


def _proof(proof: Proof, width: int | None) -> Iterator[TextLine]:
    """Yield a verdict with what decided: beside an address of so many columns, or below it."""
    sign, style = _SIGNS[proof.verdict]
    address, decisive = visible(proof.address), _decisive(proof)
    head = f"  {sign} {proof.verdict:<9}  {padded(address, width or 0)}"
    if width is None:
        yield line(head, style, hang=6)
        yield line(f"      {decisive}", hang=8)
    else:
        yield spanned((head, style), (f"  {decisive}", ""))
    for link in proof.links:
        beside = (link.link, link.detail) != (proof.link, proof.reason)
        if beside and link.state != "holds":
            yield line(f"      ! {link.link}: {visible(link.detail)}", "yellow", hang=8)


def _closing(report: Verification) -> TextLine:
    if report.complete and not report.subscriptions:
        return line("No subscriptions are declared.", "yellow")
    if any(proof.broken for proof in report.subscriptions):
        return line("Not everything is delivered.", "bold red")
    if report.summary["unproven"] or not report.complete:
        sentence = "Not everything could be read or tried: what is unproven may well deliver."
        return line(sentence, "bold red")
    if report.summary["plausible"]:
        return line("Nothing is broken that can be seen from here.", "yellow")
    return line(f"Every subscription delivers{only(report.limits)}.", "green")


_STYLES = {"✓": "green", "✗": "red", "?": "yellow"}


def diagnosis_lines(diagnosis: Diagnosis, screen: Screen) -> Iterator[TextLine]:
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
    if not diagnosis.accounts:
        yield line("No accounts are declared: nothing was examined.", "yellow")
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
