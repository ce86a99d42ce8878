"""The verdicts of verify for a terminal."""

from collections.abc import Iterator

from reconciler.core.text.visible import visible
from reconciler.core.verdicts.proof import VERDICTS, Proof, Verification
from reconciler.reports.lines import Screen, TextLine, cells, line, padded, spanned

_SIGNS = {"proven": ("✓", "green"), "plausible": ("?", "yellow"), "unproven": ("✗", "red")}


def lines(report: Verification, screen: Screen) -> Iterator[TextLine]:
    """Yield one line a subscription with what decided, warnings below, then what to make of it."""
    counts = [f"{report.summary[it]:,} {it}" for it in VERDICTS if report.summary[it]]
    yield line(f"Delivery of stack {report.stack}: {', '.join(counts) or 'nothing'}", "bold")
    width = max((cells(visible(proof.address)) for proof in report.subscriptions), default=0)
    for proof in report.subscriptions:
        if not (screen.quiet and proof.verdict == "proven"):
            yield from _proof(proof, min(width, screen.width // 2))
    for problem in report.problems:
        yield line(f"  ✗ not read: {visible(problem.message)}", "red", hang=6)
    yield line()
    yield _closing(report)


def _proof(proof: Proof, width: int) -> Iterator[TextLine]:
    sign, style = _SIGNS[proof.verdict]
    told = f"{proof.link}: {proof.reason}" if proof.reason else proof.link
    head = f"  {sign} {proof.verdict:<9}  {padded(visible(proof.address), width)}"
    yield spanned((head, style), (f"  {visible(told)}", ""), hang=6)
    for link in proof.links:
        beside = (link.link, link.detail) != (proof.link, proof.reason)
        if beside and link.state != "holds":
            yield line(f"      ! {link.link}: {visible(link.detail)}", "yellow", hang=8)


def _closing(report: Verification) -> TextLine:
    if not report.subscriptions:
        return line("No subscriptions are declared.", "yellow")
    if report.summary["unproven"] or not report.complete:
        told = "Not everything is delivered, or not everything could be read."
        return line(told, "bold red")
    if report.summary["plausible"]:
        return line("Nothing is broken that can be seen from here.", "yellow")
    return line("Every subscription delivers.", "green")
