"""A finding in one sentence that names its object or account once."""

from reconciler.core.model.plan import Finding
from reconciler.reports.escapes import code, plain


def sentence(finding: Finding) -> str:
    """Return a finding as text; messages of services name their account themselves."""
    rest = _rest(finding)
    return rest if _names_it(rest, finding) else f"{finding.address}: {rest}"


def item(finding: Finding) -> str:
    """Return a finding as one item of a Markdown list."""
    rest = _rest(finding)
    if _names_it(rest, finding):
        return f"- {plain(rest)}"
    return f"- {code(finding.address)}: {plain(rest)}"


def _rest(finding: Finding) -> str:
    """Return the message without what it is about: the address, or of `app/seller` the account."""
    rest = finding.message.removeprefix(f"{finding.address}: ")
    return rest.removeprefix(f"{finding.address.partition('/')[0]}: ")


def _names_it(rest: str, finding: Finding) -> bool:
    return rest.startswith(finding.address)
