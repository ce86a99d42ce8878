"""Items that are still being found out, run on in threads meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.run.threads import side_by_side


def test_what_was_found_runs_while_the_next_is_being_found_out():
    first_ran = threading.Event()

    def found():
        yield "first"
        assert first_ran.wait(60)
        yield "second"

    def work(item):
        first_ran.set()
        return item.upper()

    with ThreadPoolExecutor(1) as pool:
        assert side_by_side(pool)(work, found()) == ["FIRST", "SECOND"]


def test_where_no_more_can_be_found_out_nothing_further_is_begun():
    let_go = threading.Event()
    begun = []

    def found():
        yield from range(3)
        raise ConnectionError("the list broke off")

    def work(item):
        begun.append(item)
        let_go.wait(60)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ConnectionError):
            side_by_side(pool)(work, found())
        let_go.set()
    assert begun in ([], [0])
