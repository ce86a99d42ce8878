"""The references are what the code says today, and leave nothing out."""

import re
import shlex

import pytest
import typer

from reconciler.cli.examples import EXAMPLES
from reconciler.cli.main import app, invoke
from tests.handbook import declarations, github_pictures
from tests.handbook.__main__ import REFERENCES
from tests.handbook.pages import ROOT

LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


@pytest.fixture(scope="module")
def group():
    return typer.main.get_command(app)


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_is_what_the_code_says(name):
    assert (ROOT / name).read_text(encoding="utf-8") == REFERENCES[name](), "run make pages"


def test_the_pictures_of_a_comment_and_an_issue_show_what_the_code_writes():
    assert [*github_pictures.stale()] == [], "run make pages, where a browser is installed"


def test_a_picture_of_something_else_is_found_out():
    name, (when, markdown) = next(iter(github_pictures.PICTURES.items()))
    told = github_pictures.drawn_from((ROOT / name).read_bytes())
    assert told == github_pictures.digest(github_pictures.html(markdown(), when))
    assert told != github_pictures.digest(github_pictures.html(markdown() + "more", when))
    assert github_pictures.drawn_from(b"a picture that says nothing") == ""


def test_every_field_has_a_description_and_an_example():
    lacking = declarations.undescribed()
    assert not lacking, "describe it below the field in its class, and use it in examples.yaml"


def test_the_examples_of_fields_are_valid(capsys):
    assert invoke(["validate", str(declarations.EXAMPLES)]) == 0


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_an_example_of_the_help_is_a_command_line(group, name, line):
    ours = re.split(r" [|>] ", line.rpartition("| ")[2] if " | rec" in line else line)[0]
    program, command, *arguments = shlex.split(ours, comments=True)
    assert (program, command) == ("reconciler", name)
    with group.make_context(program, [], resilient_parsing=True) as parent:
        group.commands[name].make_context(name, arguments, parent=parent)
