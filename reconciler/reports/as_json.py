"""One JSON document a report, with the field names of the contract."""

from pydantic import BaseModel

from reconciler.core.visible import visible_json


def render(report: BaseModel) -> str:
    """Return the report as indented JSON, ending in a newline."""
    return visible_json(report.model_dump_json(indent=2)) + "\n"
