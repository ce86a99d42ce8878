"""A finding in one sentence that names its object or account once."""

from reconciler.core.model import Finding
from reconciler.reports.escapes import code, plain


def sentence(finding: Finding) -> str:
    """Return a finding as text; messages of services name their account themselves."""
    if finding.message.startswith(finding.address):
        return finding.message
    return f"{finding.address}: {finding.message}"


def item(finding: Finding) -> str:
    """Return a finding as one item of a Markdown list."""
    rest = finding.message.removeprefix(f"{finding.address}: ")
    if rest.startswith(finding.address):
        return f"- {plain(rest)}"
    return f"- {code(finding.address)}: {plain(rest)}"
