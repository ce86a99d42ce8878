"""Nothing is created twice: after a lost answer it is looked for before it is tried again."""

import pytest

from reconciler.core.model.errors import Denied, Rejected, ServiceError, Transient, Unclear
from reconciler.transport.calls import create_once

LOST = Unclear("acme", "create", "the answer was lost")
THERE = Rejected("acme", "create", "it is there already", code="There")
REFUSED = Rejected("acme", "create", "no such name", code="Name")
BUSY = Transient("acme", "list", "too many requests")
HIDDEN = Denied("acme", "list", "may not list")


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
        sight = next(sights)
        if isinstance(sight, Exception):
            raise sight
        return sight

    try:
        result = create_once(make, find, is_there=lambda error: error.code == "There", **more)
    except ServiceError as error:
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


@pytest.mark.parametrize("sight", [BUSY, HIDDEN])
def test_what_may_be_there_and_cannot_be_looked_for_is_still_told_as_that(sight):
    error, calls = create([LOST], [sight])
    assert calls == ["make", "find"]
    assert isinstance(error, Unclear)
    assert "the answer was lost, and it could not be looked for" in str(error)
    assert sight.message in str(error)
    assert create([THERE], [sight])[0] is sight
