"""Commands and options that stand within a sentence are ones that there are."""

import re
import shlex

import pytest
import typer

from reconciler.cli.main import app
from tests.handbook.pages import name_of, pages

OF_OTHERS = re.compile(r"^(?:\.venv/bin/pip|pip|pipx|uv|docker|gh|gcloud|aws|git|make|python)\b")
ON_PURPOSE_NONE = {"--force"}
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def spans(page):
    """Return what stands between backticks within sentences, white space as one blank."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(found.split()) for found in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


@pytest.fixture(scope="module")
def group():
    return typer.main.get_command(app)


@pytest.fixture(scope="module")
def options(group):
    commands = [group, *group.commands.values()]
    return {name for one in commands for item in one.params for name in item.opts} | {"--help"}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_command_within_a_sentence_is_one_of_ours(group, page):
    for span in spans(page):
        program, *arguments = span.replace("...", "").split(" ", 1)
        if program == "reconciler" and arguments and not arguments[0].startswith(("-", "COMMAND")):
            command, *_ = shlex.split(arguments[0])
            assert command in group.commands, span


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_an_option_within_a_sentence_is_one_of_a_command(options, page):
    for span in spans(page):
        if not OF_OTHERS.match(span):
            named = re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", span)
            assert {*named} - ON_PURPOSE_NONE <= options, span
