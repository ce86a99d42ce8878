"""Plans and drift as Markdown, whole; pages that have to fit somewhere are `reports.pages`'s."""

from reconciler.core.model.plan import Plan
from reconciler.core.verdicts.drift import Drift
from reconciler.reports.discretion import discreet
from reconciler.reports.pages import whole
from reconciler.reports.review_pages import Background, drift_page, plan_page


def render(report: Plan | Drift) -> str:
    """Return the report as Markdown, ending in a newline."""
    none = Background()
    if isinstance(report, Plan):
        return whole(plan_page(discreet(report), none)) + "\n"
    return whole(drift_page(discreet(report), none)) + "\n"
