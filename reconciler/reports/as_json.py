"""One JSON document a report, with the field names of the contract."""

from reconciler.core.model import Frozen


def render(report: Frozen) -> str:
    """Return the report as indented JSON, ending in a newline."""
    return report.model_dump_json(indent=2) + "\n"
