"""Names and addresses are completed in the shell, from the declarations at hand.

Everything goes through the protocol by which the shells ask.
"""

import os
import re
import shutil
import subprocess

import pytest

from reconciler.cli.main import invoke
from tests.cli.conftest import COMMAND, ROOT

SAMPLE = ROOT / "subscriptions"
ACCOUNTS = ["acme-app", "acme-mws-uk", "acme-shop", "aws-eu"]
ADDRESSES = [
    "destination.offers-mws",
    "destination.offers-sp",
    "queue.offers",
    "queue.offers-dlq",
    "subscription.client-products[1234]",
    "subscription.client-products[4321]",
    "subscription.de-offers[acme-de]",
    "subscription.de-offers[acme-fr]",
    "subscription.own-products",
    "subscription.services",
    "subscription.uk-offers",
]
SUBSCRIPTIONS = [address for address in ADDRESSES if address.startswith("subscription.")]


def in_bash(line):
    words = line.split(" ")
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    return {"_RECONCILER_COMPLETE": "complete_bash", **asked}


def in_zsh(line):
    return {"_RECONCILER_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}


def in_fish(line):
    action = {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return {"_RECONCILER_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": line, **action}


ASKING = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}


def values(shell, out):
    if shell == "zsh":
        return re.findall(r'^(?:_arguments .*\(\()?"([^"]*)"', out, re.MULTILINE)
    return [line.partition("\t")[0] for line in out.splitlines() if line]


@pytest.fixture
def here(tmp_path, monkeypatch):
    shutil.copytree(SAMPLE, tmp_path / "subscriptions")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ask(monkeypatch, capsys):
    """Let a shell ask what a line may go on with; it must not be told anything else."""

    def run(line, shell="bash", **variables):
        with monkeypatch.context() as asking:
            for name, value in {**ASKING[shell](line), **variables}.items():
                asking.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                invoke([])
        out, err = capsys.readouterr()
        assert (ended.value.code, err) == (0, "")
        return sorted(values(shell, out))

    return run


@pytest.mark.parametrize("shell", ASKING)
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("reconciler plan --account ", ACCOUNTS),
        ("reconciler plan --target ", ADDRESSES),
        ("reconciler plan --adopt ", ADDRESSES),
        ("reconciler plan --unprotect ", ADDRESSES),
        ("reconciler receive ", ["offers", "offers-dlq"]),
    ],
)
def test_names_and_addresses_come_from_the_declarations_at_hand(here, ask, shell, line, offered):
    assert ask(line, shell) == offered


@pytest.mark.parametrize("shell", ASKING)
@pytest.mark.parametrize("line", ["plan {} --target ", "plan --account aws-eu {} --target "])
def test_a_path_given_earlier_on_the_line_is_where_the_declarations_lie(
    here, ask, shell, line, tmp_path
):
    shutil.move(here / "subscriptions", here / "elsewhere")
    assert ask("reconciler " + line.format("elsewhere"), shell) == ADDRESSES
    assert ask("reconciler " + line.format("nowhere"), shell) == []


def test_a_path_is_taken_as_the_shell_would_take_it(here, ask):
    shutil.move(here / "subscriptions", here / "my declarations")
    assert ask(r"reconciler plan ~/my\ declarations --account ", "zsh", HOME=str(here)) == ACCOUNTS
    assert ask("reconciler plan 'my declarations' --account ", "fish") == ACCOUNTS


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("reconciler apply --account ", ACCOUNTS),
        ("reconciler apply --target ", ADDRESSES),
        ("reconciler apply --adopt ", ADDRESSES),
        ("reconciler apply --unprotect ", ADDRESSES),
        ("reconciler destroy --account ", ACCOUNTS),
        ("reconciler destroy --unprotect ", ADDRESSES),
        ("reconciler drift --account ", ACCOUNTS),
        ("reconciler status --account ", ACCOUNTS),
        ("reconciler doctor --account ", ACCOUNTS),
        ("reconciler export --account ", ACCOUNTS),
        ("reconciler verify --account ", ACCOUNTS),
        ("reconciler verify --target ", SUBSCRIPTIONS),
    ],
)
def test_the_same_option_is_completed_in_every_command(here, ask, line, offered):
    assert ask(line) == offered


@pytest.mark.parametrize("shell", ASKING)
def test_what_was_begun_narrows_the_offer(here, ask, shell):
    assert ask("reconciler plan --target subscription.de-offers[acme-d", shell) == [
        "subscription.de-offers[acme-de]"
    ]
    assert ask("reconciler receive queue.", shell) == ["queue.offers", "queue.offers-dlq"]
    assert ask("reconciler plan --account nobody", shell) == []


def test_what_was_given_already_is_not_offered_again(here, ask):
    assert ask("reconciler plan --account aws-eu --account acme-app --account ") == [
        "acme-mws-uk",
        "acme-shop",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "stack: Bad Name\n",
        "queues: {q: {colour: red}}\n",
        ": : :\n",
        "stack: acme\npolicy: {prune: true}\naccounts: {'$(touch x)': {service: aws}}\n",
    ],
)
@pytest.mark.parametrize("line", ["reconciler plan --target ", "reconciler receive "])
def test_invalid_declarations_offer_nothing_and_say_nothing(tmp_path, monkeypatch, ask, text, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subscriptions").mkdir()
    (tmp_path / "subscriptions/all.yaml").write_text(text)
    assert ask(line) == []


def test_without_declarations_nothing_is_offered_or_said(tmp_path, monkeypatch, ask):
    monkeypatch.chdir(tmp_path)
    assert ask("reconciler plan --account ") == []
    assert ask("reconciler plan --account ", RECONCILER_SANDBOX="not a url") == []


def test_bash_completes_with_the_script_that_the_command_prints(here):
    bin_directory = here / "bin"
    bin_directory.mkdir()
    command = bin_directory / "reconciler"
    command.write_text(f'#!/bin/sh\nexec "{COMMAND[0]}" -m reconciler "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(_RECONCILER_COMPLETE=source_bash reconciler)"\n'
        "complete -p reconciler\n"
        "COMP_WORDS=(reconciler plan subscriptions --account a) COMP_CWORD=4\n"
        '_reconciler_completion reconciler\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{bin_directory}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, *offered = ended.stdout.splitlines()
    assert first.startswith("complete ")
    assert (sorted(offered), ended.stderr) == (ACCOUNTS, "")
