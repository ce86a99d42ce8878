"""One JSON document a report, with the field names of the contract."""

import json
from collections.abc import Sequence

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from reconciler.core.text.scrubbing import mapped
from reconciler.core.text.visible import visible_json


def render(report: BaseModel) -> str:
    """Return the report as indented JSON, ending in a newline."""
    try:
        document = report.model_dump_json(indent=2)
    except PydanticSerializationError:
        # Half a pair of surrogates: JSON of a service may hold it, UTF-8 may not.
        whole = to_jsonable_python(mapped(report.model_dump(), _whole))
        document = json.dumps(whole, indent=2, ensure_ascii=False)
    return visible_json(document) + "\n"


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def render_list(reports: Sequence[BaseModel]) -> str:
    """Return several reports as one document: a list."""
    documents = [report.model_dump(mode="json") for report in reports]
    return visible_json(json.dumps(documents, indent=2, ensure_ascii=False)) + "\n"
