"""One JSON document a report, with the field names of the contract."""

from pydantic import BaseModel


def render(report: BaseModel) -> str:
    """Return the report as indented JSON, ending in a newline."""
    return report.model_dump_json(indent=2) + "\n"
