"""Every command that README and docs/ quote runs as written, and puts out what is quoted."""

import re

import pytest

from tests.handbook.pages import blocks, commands, name_of, pages
from tests.handbook.sessions import Session, Unfit, agree


@pytest.fixture(scope="module")
def sandbox(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def session(sandbox):
    with Session.opened(sandbox) as opened:
        yield opened


FIRST = {"install.md", "start-sp-api.md", "start-listings.md", "start-merchant.md"}
"""Pages that people try one after the other, with the same sandbox."""


def left(sandbox):
    """Return what services hold that a page could have deleted."""
    return {name: held for name, held in sandbox.state().items() if held}


def quoting(page):
    return any(block.language == "console" for block in blocks(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [*filter(quoting, pages())], ids=name_of)
def test_the_commands_of_a_page_put_out_what_it_quotes(sandbox, session, page):
    session.check(page.read_text(encoding="utf-8"))
    if page.name in FIRST:
        assert not left(sandbox), "who goes on to the next page finds this in the way"


def test_what_stands_between_single_quotes_is_read_as_a_shell_does():
    [block] = blocks("```console\n$ a \\\n  b 'c \\\n  d'\n```\n")
    [command] = commands(block)
    assert command.line == "a b 'c \\\n  d'"


def test_a_command_of_ours_stands_in_a_console_block_or_not_at_the_beginning_of_a_line():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        found = [c for b in blocks(text) if b.language == "console" for c in commands(b)]
        assert len(re.findall(r"^ *\$ ", text, re.MULTILINE)) == len(found), page
        for block in blocks(text):
            # What --help has as examples is read as command lines in test_references.
            if block.language != "console" and page.name != "commands.md":
                assert not re.search(r"^ *reconciler ", block.text, re.MULTILINE), page


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ reconciler validate\nValid: 12 objects declared.\n```\n",
        "```console\n$ reconciler validate nowhere\n...\n```\n",
        "```console\n$ reconciler validate nowhere\n...\n$ echo $?\n0\n```\n",
        "```console\n$ sudo reconciler validate\n```\n",
        "```console\n$ make demo\nAll is well.\n```\n",
        "```diff\n--- subscriptions/queues.yaml\n-nothing of the kind\n```\n",
    ],
)
def test_a_page_that_says_what_is_not_so_is_found_out(session, page):
    with pytest.raises(Unfit):
        session.check(page)


def test_files_and_edits_of_a_page_are_what_its_commands_see(session):
    session.check(
        "Save this as `declared/all.yaml`:\n\n```yaml\nstack: acme\npolicy: {prune: true}\n```\n\n"
        "```console\n$ reconciler validate declared\nValid: 0 objects declared.\n```\n\n"
        "```diff\n--- declared/all.yaml\n stack: acme\n-policy: {prune: true}\n```\n\n"
        "```console\n$ reconciler validate declared\n...policy...\n$ echo $?\n1\n```\n"
    )


def test_refreshing_rewrites_what_differs_and_keeps_what_was_left_out(session):
    page = "```console\n$ reconciler validate\nValid: {} objects declared.\n```\n"
    assert session.refreshed(page.format(12)) == page.format(11)
    assert session.refreshed(page.format("...")) == page.format("...")
    long = "```console\n$ cat subscriptions/queues.yaml\n# Of old\n...\nlast of old\n```\n"
    new = session.refreshed(long)
    assert re.search(r"queues\.yaml\n# Queues .+\n\.\.\.\n    protect: true .+\n```", new)


def test_three_points_stand_for_anything():
    assert agree("a ... c\n", "a b c  \n")
    assert not agree("a ... c\n", "a b d\n")
