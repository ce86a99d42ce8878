"""Names for declarations."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.manifest.settings import NAME
from reconciler.operate.live_declarations import as_name, assign


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acme-Offers_1.fifo", "acme-Offers_1.fifo"),
        ("Offers of all", "offers-of-all"),
        ("_x", "x"),
        ("/=/", "unnamed"),
    ],
)
def test_a_live_name_is_kept_where_it_is_a_valid_key(text, name):
    assert as_name(text) == name


def test_a_name_that_several_want_goes_to_none_of_them():
    wanted = {"1": ["a", "a-uk"], "2": ["a", "a-de"], "3": ["b", "b-de"]}
    assert assign(wanted, ()) == {"1": "a-uk", "2": "a-de", "3": "b"}


def test_names_that_are_taken_are_not_given_again():
    assert assign({"1": ["a", "a-uk"], "2": ["b"]}, {"a", "b"}) == {"1": "a-uk", "2": "b-2"}


def test_what_has_no_name_of_its_own_gets_a_number():
    assert assign({"2": ["a"], "1": ["a"]}, ()) == {"1": "a", "2": "a-2"}


@given(
    st.dictionaries(st.text(), st.lists(st.sampled_from("ab/Ä") | st.text(), min_size=1)),
    st.sets(st.sampled_from("abc")),
)
def test_names_are_valid_unique_and_the_same_in_any_order(wanted, taken):
    names = assign(wanted, taken)
    assert names.keys() == wanted.keys()
    assert len({*names.values()} | taken) == len(names) + len(taken)
    assert all(re.fullmatch(NAME, name) for name in names.values())
    assert assign(dict(reversed(wanted.items())), taken) == names
