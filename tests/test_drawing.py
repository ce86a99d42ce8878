"""The same examples in every run, whatever ran before."""

import importlib.util
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import EVERY_RUN, NIGHTLY


def drawn():
    """Return what is drawn for one property in a run of its own."""
    seen = []

    @settings(settings.get_profile(EVERY_RUN), max_examples=50)
    @given(st.text(), st.integers())
    def note(text, number):
        seen.append((text, number))

    note()
    return seen


def test_the_same_examples_are_drawn_whatever_was_loaded_meanwhile(tmp_path):
    first = drawn()
    file = tmp_path / "loaded.py"
    file.write_text(
        "\n".join(f"a{number} = 'constant {number}', 7{number}" for number in range(300))
    )
    spec = importlib.util.spec_from_file_location("loaded_meanwhile", file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module(spec))
        assert drawn() == first


def module(spec):
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_nightly_draws_at_random_and_says_how_to_repeat_it():
    nightly = settings.get_profile(NIGHTLY)
    assert (nightly.derandomize, nightly.print_blob) == (False, True)
