"""Plans and drift as Markdown, whole; pages that have to fit somewhere are `reports.pages`'s."""

from reconciler.core.drift import Drift
from reconciler.core.model import Plan
from reconciler.reports.pages import whole
from reconciler.reports.review_pages import Background, drift_page, plan_page


def render(report: Plan | Drift) -> str:
    """Return the report as Markdown, ending in a newline."""
    none = Background()
    page = plan_page(report, none) if isinstance(report, Plan) else drift_page(report, none)
    return whole(page) + "\n"
