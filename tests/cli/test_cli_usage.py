"""Exit code 64 is for command lines that cannot be understood, and for nothing else."""

import gc
import json
import re
import shlex
import socket
from itertools import takewhile

import pytest
import typer

from reconciler.cli import garbage
from reconciler.cli.commands import COMMANDS as LISTED
from reconciler.cli.main import app
from tests.worlds import queues

COMMANDS = list(LISTED)
HELPS = [(), *((command,) for command in COMMANDS)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["plan", "--nonsense"],
        ["plan", "a", "b"],
        ["--log-level", "loud", "validate"],
        ["plan", "--format", "xml"],
        ["validate", "--format", "markdown"],
        ["apply", "--format", "markdown"],
        ["drift", "--format", "github"],
        ["plan", "--shard", "0/2"],
        ["plan", "--shard", "3/2"],
        ["plan", "--shard", "1/0"],
        ["plan", "--shard", "half"],
        ["plan", "--max-deletes", "101%"],
        ["plan", "--max-deletes", "-1"],
        ["plan", "--max-deletes", "few"],
        ["apply", "--max-updates", "1.5"],
        ["apply", "--plan"],
        ["plan", "--sandbox", "not a url"],
        ["plan", "--sandbox", "http://example.com"],
        ["sandbox", "--port", "65536"],
        ["sandbox", "--port", "http"],
        ["drift", "--target", "queue.a"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_cannot_be_understood_ends_with_64_and_a_sentence_on_stderr(
    cli, arguments
):
    ended = cli(*arguments)
    assert ended.code == 64
    assert ended.out == ""
    assert "rror" in ended.err
    assert "Traceback" not in ended.err


def test_no_arguments_at_all_show_the_help_on_stderr_and_end_with_64(cli):
    ended = cli()
    assert (ended.code, ended.out) == (64, "")
    assert "Usage: reconciler" in ended.err


@pytest.mark.parametrize("variable", ["not a url", "http://example.com"])
def test_the_variable_is_checked_like_the_option(cli, monkeypatch, world, variable):
    monkeypatch.setenv("RECONCILER_SANDBOX", variable)
    assert cli("plan", world("")).code == 64


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_goes_to_stdout_and_is_a_success(cli, command, option):
    ended = cli(command, option)
    assert (ended.code, ended.err) == (0, "")
    assert f"Usage: reconciler {command}" in ended.out


def test_help_names_every_command(cli):
    ended = cli("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", ended.out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_listed_with_the_first_sentence_of_its_own_help(command):
    assert typer.main.get_command(app).commands[command].help.splitlines()[0] == LISTED[command][1]


@pytest.fixture
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_no_line_of_a_help_is_wider_than_80_columns(cli, eighty_columns, command):
    assert [line for line in cli(*command, "--help").out.splitlines() if len(line) > 80] == []


def test_no_summary_of_a_command_is_cut_off_at_80_columns(cli, eighty_columns):
    listed = cli("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(listed) == len(COMMANDS)
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


def parsed(name, *arguments):
    """Parse a command line as far as a run would, without running it; return its command."""
    typer.main.get_command(app).commands[name].make_context(name, list(arguments)).close()
    return name


def examples(text):
    """Return the command lines at the end of a help text as the shell would split them."""
    lines = text.partition("\n  Examples:\n")[2].splitlines()
    for line in lines:
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command = list(words)
        ours = command[command.index("reconciler") + 1 :]
        yield list(takewhile(lambda word: word not in {">", "|"}, ours))


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_every_help_ends_with_examples_that_the_command_line_understands(
    cli, eighty_columns, command
):
    found = list(examples(cli(*command, "--help").out))
    assert found
    for arguments in found:
        assert parsed(*arguments) in (command or COMMANDS)


def test_the_version_is_one_line_on_stdout(cli):
    ended = cli("--version")
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"reconciler \d+\.\d+\.\d+\S*\n", ended.out)


def test_the_schema_is_one_json_document_that_knows_every_section(cli):
    ended = cli("schema")
    assert (ended.code, ended.err) == (0, "")
    schema = json.loads(ended.out)
    assert {"stack", "policy", "accounts", "queues", "subscriptions"} <= set(schema["properties"])


def test_the_same_shard_holds_an_account_whatever_else_is_declared(cli, sandbox, world):
    folder = world(queues(q=""))

    def shards():
        found = {}
        for number in ("1/2", "2/2"):
            ended = cli(
                "plan", folder, "--sandbox", sandbox.url, "--shard", number, "--format=json"
            )
            assert ended.code == 0
            for action in json.loads(ended.out)["actions"]:
                found.setdefault(action["account"], []).append(number)
        return found

    [alone] = shards().values()
    assert len(alone) == 1, "exactly one of the shards holds the account"
    more = '  other: {service: merchant, accountId: "9"}\n' + queues(q="account: aws-eu")
    world(more)
    assert shards()["aws-eu"] == alone


def test_what_is_told_of_a_wrong_value_is_no_word_of_a_library(cli):
    ended = cli("decode", "--format", "xml")
    assert ended.code == 64
    assert "Value error" not in ended.err
    assert "'xml' is not one of 'json', 'text'" in ended.err


def test_what_was_refused_as_a_whole_is_told_once(world, cli, sandbox):
    folder = world("queues: {a: {}, b: {}}\n")
    ended = cli("apply", folder, "--sandbox", sandbox.url)
    assert ended.code == 3
    assert ended.out == "declined, nothing was changed\n"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_in_a_pipe_are_as_the_environment_says(
    world, cli, monkeypatch, variables, coloured
):
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in cli("validate", world("queues: {a: {}}\n")).out) is coloured


def test_a_port_in_use_is_told_in_one_line(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("sandbox", "--port", str(port))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err == (
        f"error: port {port} cannot be used (Address already in use): choose another with --port, "
        "0 for any free one\n"
    )


@pytest.mark.parametrize(
    "command", [("sandbox", "--port", "{port}"), ("listen", "--port", "{port}")]
)
def test_what_serves_until_it_is_stopped_looks_for_garbage_more_often_than_a_run(
    cli, command, monkeypatch
):
    asked = []
    monkeypatch.setattr(gc, "set_threshold", asked.append)
    garbage.seldom()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = cli(*(part.format(port=port) for part in command))
    assert ended.code == 1
    run, server = asked
    assert server < run
