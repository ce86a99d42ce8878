"""One JSON document a report, with the field names of the contract."""

import json
from collections.abc import Sequence

from pydantic import BaseModel

from reconciler.core.text.visible import visible_json


def render(report: BaseModel) -> str:
    """Return the report as indented JSON, ending in a newline."""
    return visible_json(report.model_dump_json(indent=2)) + "\n"


def render_list(reports: Sequence[BaseModel]) -> str:
    """Return several reports as one document: a list."""
    documents = [report.model_dump(mode="json") for report in reports]
    return visible_json(json.dumps(documents, indent=2, ensure_ascii=False)) + "\n"
