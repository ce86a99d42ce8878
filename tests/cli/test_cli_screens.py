"""How wide text is, in which colours, and how much of it: what the terminal and options say."""

import os
import pty
import re
import struct
import sys
import termios
from fcntl import ioctl

import pytest

from reconciler.cli import progress
from reconciler.cli.commands.applying import _question
from reconciler.cli.progress import Ticker, cut
from reconciler.cli.screens import LiveLine, screen_of
from reconciler.reports.lines import Screen, cells
from tests.reports.plans import everything
from tests.worlds import queues

MANY = queues(**{f"q{number}": "" for number in range(120)})


@pytest.fixture(autouse=True)
def _no_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def terminal():
    """Return a stream that ends at a terminal of so many columns."""
    controller, other = pty.openpty()
    with os.fdopen(other, "w", encoding="utf-8") as stream:

        def of(columns):
            ioctl(stream.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            return stream

        yield of
    os.close(controller)


@pytest.mark.parametrize(("columns", "width"), [(132, 132), (40, 40), (17, 40), (0, 80)])
def test_a_terminal_is_as_wide_as_it_says_but_no_narrower_than_40(terminal, columns, width):
    assert screen_of(terminal(columns), Screen()).width == width


def test_what_is_piped_has_80_columns_or_what_columns_says(tmp_path, terminal, monkeypatch):
    with (tmp_path / "file").open("w") as file:
        assert screen_of(file, Screen(full=True)) == Screen(full=True)
        monkeypatch.setenv("COLUMNS", "60")
        assert screen_of(file, Screen()).width == 60
        assert screen_of(terminal(132), Screen()).width == 60
        monkeypatch.setenv("COLUMNS", "many")
        assert screen_of(file, Screen()).width == 80


def test_colours_can_be_forced_and_refused(tmp_path, terminal, monkeypatch):
    with (tmp_path / "file").open("w") as file:
        streams = (file, terminal(80))
        assert [screen_of(stream, Screen()).color for stream in streams] == [False, True]
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert [screen_of(stream, Screen()).color for stream in streams] == [True, True]
        monkeypatch.setenv("NO_COLOR", "1")
        assert [screen_of(stream, Screen()).color for stream in streams] == [False, False]


def test_a_dumb_terminal_gets_no_escapes(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", terminal(80))
    assert not screen_of(sys.stderr, Screen()).color
    assert not Ticker()._terminal
    monkeypatch.setenv("TERM", "xterm")
    assert screen_of(sys.stderr, Screen()).color
    assert Ticker()._terminal


def test_full_and_verbose_and_quiet_say_how_much_is_told(cli, world, sandbox):
    folder, there = world(MANY), ("--sandbox", sandbox.url)
    rolled, full, verbose, quiet = (
        cli("plan", folder, *there, *more).out
        for more in ((), ("--full",), ("--full", "--verbose"), ("--quiet",))
    )
    assert "120 × create queue, names q0 … q119" in rolled  # noqa: RUF001
    assert len(rolled.splitlines()) < 15
    assert full.count("+ create queue.") == 120
    assert verbose.count("      name: q") == 120
    assert "create queue" not in quiet
    assert "120 to create" in quiet


def test_a_plan_that_was_saved_is_not_shown_again(cli, world, sandbox, tmp_path):
    folder, there = world(queues(q="")), ("--sandbox", sandbox.url)
    cli("plan", folder, *there, "--out", tmp_path / "plan.json")
    ended = cli("apply", folder, *there, "--plan", tmp_path / "plan.json", "--yes")
    assert ended == (0, "  + create queue.q: done\n\nApplied: 1 done.\n", "")


def test_a_saved_plan_that_is_done_already_leaves_nothing_to_do(cli, world, sandbox, tmp_path):
    line = (world(queues(q="")), "--sandbox", sandbox.url)
    cli("plan", *line, "--out", tmp_path / "plan.json")
    cli("apply", *line, "--yes")
    ended = cli("apply", *line, "--plan", tmp_path / "plan.json", "--yes")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "Nothing left to do: 1 skipped.")


def test_the_question_says_what_it_is_about(answered, cli, world, sandbox):
    there = ("--sandbox", sandbox.url)
    cli("apply", world(queues(a="", b="")), *there, "--yes")
    ended = answered(b"n\n", "apply", world(queues(b="delay: 5s", c="", d="")), *there)
    assert ended.code == 3
    question = "\nApply 2 creates, 1 update and 1 delete? [y/N] "
    assert question in ended.err
    last = ended.err.partition(question)[0].splitlines()[-2:]
    assert last == [
        "  - delete queue.aws-eu/a",
        "      ! it waits for what may take its place: queue.c, queue.d",
    ]
    assert "── DELETE 1 ──" in ended.err
    ended = answered(b"n\n", "destroy", world(queues(b="")), *there)
    assert "Type the stack's name to destroy acme (2 deletes): " in ended.err


def test_the_question_counts_what_is_held_back():
    assert _question(everything(), destroying=False).text == (
        "Apply 3 creates, 2 updates, 2 replaces and 2 deletes, of which 1 is held back? [y/N]"
    )


def test_an_end_of_input_is_no_consent_and_ends_the_line_of_the_question(answered, world, sandbox):
    ended = answered(b"\x04", "apply", world(queues(q="")), "--sandbox", sandbox.url)
    assert ended.code == 3
    assert "Apply 1 create? [y/N] \n" in ended.err


def test_a_refusal_is_told_once(cli, world, sandbox):
    there = ("--sandbox", sandbox.url)
    cli("apply", world(queues(a="protect: true")), *there, "--yes")
    ended = cli("apply", world(queues(b="")), *there, "--yes")
    assert (ended.code, (ended.out + ended.err).count("protect:")) == (3, 1)


def seen(text):
    """Return the lines that a terminal would show."""
    lines = [re.split(r"\r\x1b\[K", line)[-1] for line in text.split("\n")]
    return [line for line in lines if line]


def test_lines_are_written_above_the_live_one(capsys):
    live = LiveLine()
    live.show("applying: 1 of 9")
    with live.aside():
        sys.stderr.write("a warning\n")
    live.show("applying: 2 of 9")
    told = capsys.readouterr().err
    assert seen(told) == ["a warning", "applying: 2 of 9"]
    live.show("")
    assert seen(told + capsys.readouterr().err) == ["a warning"]


def test_the_live_line_tells_how_fast_it_goes_and_what_is_waited_for(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    ticker = Ticker()
    ticker("applying", 0, 1_200)
    now[0] += 10
    ticker("applying", 200, 1_200)
    assert ticker._live(200) == "applying: 200 of 1,200 · 10 s · 20/s · about 50 s left"
    with progress.WAITS.announced(30, "acme-app: createSubscription: 429"):
        assert ticker._live(200).endswith(" · waiting 30 s: acme-app: createSubscription: 429")
        assert cells(ticker._live(60)) <= 60


def test_quiet_tells_no_progress(capsys):
    with Ticker(quiet=True) as ticker:
        ticker("reading", 1, 2)
        assert not ticker._thread.is_alive()
    assert capsys.readouterr().err == ""


def test_a_line_is_cut_by_what_it_takes_on_the_screen():
    assert cut("価格新着", 8) == "価格新着"
    assert cut("価格新着", 7) == "価格新…"
    assert cut("価格新着", 6) == "価格…"
