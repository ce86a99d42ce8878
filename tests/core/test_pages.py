"""A list in pages that does not end is noticed."""

import pytest

from reconciler.core.model.errors import Rejected
from reconciler.transport.calls import MOST_PAGES, Pages


def test_a_page_that_comes_again_is_an_error_wherever_it_stood():
    pages = Pages("acme", "List")
    for token in "abc":
        pages.turn(token)
    with pytest.raises(Rejected, match=r"^acme: List: the list does not end: the service"):
        pages.turn("a")


def test_pages_without_end_are_an_error_though_each_is_new():
    pages = Pages("acme", "List")
    for number in range(MOST_PAGES - 1):
        pages.turn(str(number))
    with pytest.raises(Rejected, match="does not end: after 1,000 pages there are more"):
        pages.turn("one more")
