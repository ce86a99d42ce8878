"""What pydantic complains of in words that we have none for is told in its own."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from reconciler.core.manifest.explain import explain
from reconciler.core.manifest.nodes import parse


class Tank(BaseModel):
    size: int = Field(gt=3)
    pipes: list[int] | dict[str, int] = []


def test_of_two_shapes_that_fit_alike_the_complaint_of_the_first_is_told():
    (node,) = parse("tanks.yaml", b"size: 4\npipes: 1\n").documents
    with pytest.raises(ValidationError) as caught:
        Tank.model_validate(node.plain())
    assert [detail["type"] for detail in caught.value.errors()] == ["list_type", "dict_type"]
    (problem,) = explain(caught.value, node, "tanks.a", Tank)
    assert problem.message == "tanks.a.pipes: expected a list, not 1"


def test_a_complaint_without_words_of_ours_is_told_where_it_stands_with_the_value():
    (node,) = parse("tanks.yaml", b"size: 2\n").documents
    with pytest.raises(ValidationError) as caught:
        Tank.model_validate(node.plain())
    (problem,) = explain(caught.value, node, "tanks.a", Tank)
    assert (problem.file, problem.line, problem.column) == ("tanks.yaml", 1, 7)
    assert problem.message == "tanks.a.size: input should be greater than 3, not 2"
