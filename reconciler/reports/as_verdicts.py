"""The verdicts of verify for a terminal."""

from collections.abc import Iterator

from reconciler.core.text.visible import visible
from reconciler.core.verdicts.proof import VERDICTS, Proof, Verification
from reconciler.reports.lines import Line, written

_STYLES = {"proven": "green", "plausible": "yellow", "unproven": "red"}


def render(report: Verification, *, color: bool = False) -> str:
    """Return one line a subscription with what decided, warnings below, then what to make of it."""
    return written(_lines(report), color=color)


def _lines(report: Verification) -> Iterator[Line]:
    counts = ", ".join(f"{report.summary[verdict]} {verdict}" for verdict in VERDICTS)
    yield f"Delivery of stack {report.stack}: {counts}", "bold"
    width = max((len(proof.address) for proof in report.subscriptions), default=0)
    for proof in report.subscriptions:
        yield from _proof(proof, width)
    for problem in report.problems:
        yield f"  not read: {visible(problem.message)}", "red"
    yield "", ""
    yield _closing(report)


def _proof(proof: Proof, width: int) -> Iterator[Line]:
    style = _STYLES[proof.verdict]
    told = f"{proof.link}: {proof.reason}" if proof.reason else proof.link
    address = visible(proof.address).ljust(width)
    yield f"  {proof.verdict:<9}  {address}  {visible(told)}", style
    for link in proof.links:
        beside = (link.link, link.detail) != (proof.link, proof.reason)
        if beside and link.state != "holds":
            yield f"      ! {link.link}: {visible(link.detail)}", "yellow"


def _closing(report: Verification) -> Line:
    if not report.subscriptions:
        return "No subscriptions are declared.", "yellow"
    if report.summary["unproven"] or not report.complete:
        return "Not everything is delivered, or not everything could be read.", "bold red"
    if report.summary["plausible"]:
        return "Nothing is broken that can be seen from here.", "yellow"
    return "Every subscription delivers.", "green"
