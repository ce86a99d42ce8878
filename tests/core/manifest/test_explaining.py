"""What pydantic complains of in words that we have none for is told in its own."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from reconciler.core.manifest.explain import explain
from reconciler.core.manifest.nodes import parse


class Tank(BaseModel):
    size: int = Field(gt=3)


def test_a_complaint_without_words_of_ours_is_told_where_it_stands_with_the_value():
    (node,) = parse("tanks.yaml", b"size: 2\n").documents
    with pytest.raises(ValidationError) as caught:
        Tank.model_validate(node.plain())
    (problem,) = explain(caught.value, node, "tanks.a", Tank)
    assert (problem.file, problem.line, problem.column) == ("tanks.yaml", 1, 7)
    assert problem.message == "tanks.a.size: input should be greater than 3, not 2"
