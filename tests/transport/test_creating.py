"""Nothing is created twice: after a lost answer it is looked for before it is tried again."""

import pytest

from reconciler.core.model.errors import Rejected, Unclear
from reconciler.transport.calls import create_once

LOST = Unclear("acme", "create", "the answer was lost")
THERE = Rejected("acme", "create", "it is there already", code="There")
REFUSED = Rejected("acme", "create", "no such name", code="Name")


def create(answers, sights=(None,) * 3, **more):
    """Return what comes of it and how often it was tried and looked for."""
    answers, sights, calls = iter(answers), iter(sights), []

    def make():
        calls.append("make")
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def find(error, last):
        calls.append("find last" if last else "find")
        return next(sights)

    try:
        result = create_once(make, find, is_there=lambda error: error.code == "There", **more)
    except (Unclear, Rejected) as error:
        result = error
    return result, calls


@pytest.mark.parametrize(
    ("answers", "sights", "result", "calls"),
    [
        (["made"], [], "made", ["make"]),
        ([LOST], ["found"], "found", ["make", "find"]),
        ([LOST, "made"], [None], "made", ["make", "find", "make"]),
        ([LOST] * 3, [None] * 3, LOST, ["make", "find"] * 2 + ["make", "find last"]),
        ([THERE], ["found"], "found", ["make", "find"]),
        ([THERE], [None], THERE, ["make", "find"]),
        ([REFUSED], [], REFUSED, ["make"]),
    ],
)
def test_what_may_be_there_is_looked_for_before_it_is_tried_again(answers, sights, result, calls):
    assert create(answers, sights) == (result, calls)


def test_a_refusal_may_pass_where_what_was_deleted_is_still_going():
    assert create([THERE, "made"], retry_refused=True) == ("made", ["make", "find", "make"])
