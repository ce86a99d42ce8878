"""Questions to many accounts: side by side, in order, and no failure hides another answer."""

import threading

from reconciler.core.model.errors import Denied
from reconciler.run import Question, Unanswered, ask


def test_answers_keep_the_order_of_the_questions_however_they_end():
    first_may_end = threading.Event()

    def first(_each):
        assert first_may_end.wait(60)
        return 1

    def second(_each):
        first_may_end.set()
        return 2

    assert ask([Question("a", first), Question("b", second)], doing="asking") == [1, 2]


def test_a_failure_is_a_sentence_that_names_its_account_and_the_rest_goes_on():
    def denied(_each):
        raise Denied("a", "Look", "may not")

    def defect(_each):
        raise ZeroDivisionError

    found = ask(
        [Question("a", denied), Question("b", defect), Question("c", lambda _: 3)], doing="asking"
    )
    assert found[0] == Unanswered("a", "a: Look: may not")
    assert isinstance(found[1], Unanswered)
    assert found[1].reason.startswith("b: unexpected ZeroDivisionError")
    assert found[2] == 3


def test_parts_of_a_question_are_asked_side_by_side():
    meeting = threading.Barrier(3, timeout=60)

    def many(each):
        return each(lambda number: (meeting.wait(), number)[1], [1, 2, 3])

    assert ask([Question("a", many)], doing="asking") == [[1, 2, 3]]


def test_progress_is_told_up_to_the_end():
    told = []
    ask(
        [Question(name, lambda _: None) for name in "ab"],
        doing="asking",
        progress=lambda *news: told.append(news),
    )
    assert told == [("asking", 0, 2), ("asking", 1, 2), ("asking", 2, 2)]


def test_no_questions_need_no_threads():
    before = set(threading.enumerate())
    assert ask([], doing="asking") == []
    assert set(threading.enumerate()) <= before
