"""A page as a session: its files are written and its commands run, against a sandbox."""

import contextlib
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3
from pydantic.alias_generators import to_pascal

from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox
from tests.handbook.pages import ELIDED, ROOT, Block, Command, blocks, commands

URL = "http://127.0.0.1:8765"
"""Where pages say that the sandbox is."""
NOT_RUN = {
    "make": "its targets are run by CI",
    "git clone": "needs the network",
    "docker": "needs a daemon; the release tries the Dockerfile's commands",
    "python3.11 -m venv": "tests/installing and the release install",
    ".venv/bin/pip": "tests/installing and the release install",
    "PYTHONPATH=. python tests/fuzz": "fuzzing goes on for minutes",
    "reconciler sandbox": "the session has its own",
}
"""What stands in pages and is not run for them, by how it begins, and why."""

_PLAIN = {"cat", "cp", "mkdir", "mv", "rm"}
_PROGRESS = re.compile(r"^[a-z][a-z -]*: \d+ of \d+, \d+ s\n", re.MULTILINE)
_VOLATILE = re.compile(
    r"(?<=sha256:)[0-9a-f]{12,}"
    r"|(?<=until: )\d{4}-\d\d-\d\d"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

_EFFORT = re.compile(r"^Applying this takes (?:.+\n)+", re.MULTILINE)
"""What follows a plan, estimate and fingerprint: the same everywhere, and of no use in a page."""


class Unfit(Exception):
    """A page says something that is not so; the message says where and what is."""


class Session:
    """The commands of one page in order, in a folder of their own with the sample in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._code = 0

    @classmethod
    @contextlib.contextmanager
    def opened(cls, sandbox: Sandbox) -> Iterator["Session"]:
        """Open a session on a sandbox that is as at its start."""
        sandbox.reset()
        environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1"}
        environ["RECONCILER_SANDBOX"] = sandbox.url
        with TemporaryDirectory() as folder, patch.dict(os.environ, environ, clear=True):
            copytree(ROOT / "subscriptions", Path(folder) / "subscriptions")
            with contextlib.chdir(folder):
                yield cls(sandbox)

    def check(self, text: str) -> None:
        """Do what a page says. Raises Unfit where that comes to something else."""
        for command, found in self.played(text):
            if not agree(command.output, found):
                ended = f"(exit code {self._code}; `make pages` writes quotes anew)"
                raise Unfit(f"$ {command.line}\n{found}{ended}")

    def refreshed(self, text: str) -> str:
        """Return the page with the outputs that its commands have now."""
        for command, found in list(self.played(text))[::-1]:
            if not agree(command.output, found):
                end = command.start + len(command.output)
                text = text[: command.start] + _quoted(found, command.output) + text[end:]
        return text

    def played(self, text: str) -> Iterator[tuple[Command, str]]:
        """Do what a page says; yield each command that was run with what it put out."""
        for block in blocks(text):
            if block.saved:
                file = Path(block.saved)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "diff":
                _edit(block)
            elif block.language == "console":
                yield from self._run(block)

    def _run(self, block: Block) -> Iterator[tuple[Command, str]]:
        for command in commands(block):
            if any(command.line.startswith(beginning) for beginning in NOT_RUN):
                if command.output:
                    raise Unfit(f"$ {command.line}\nis not run, so nothing may be quoted of it")
                continue
            if self._code and command.line != "echo $?":
                raise Unfit(f"before $ {command.line}\nthe exit code {self._code} is not told")
            yield command, self._output(command.line).replace(self._sandbox.url, URL)
        if self._code:
            raise Unfit(f"{block.text}\nthe exit code {self._code} is not told")

    def _output(self, line: str) -> str:
        """Run one command line and return all that it puts out."""
        if line == "echo $?":
            code, self._code = self._code, 0
            return f"{code}\n"
        program, *arguments = shlex.split(line.replace(URL, self._sandbox.url), comments=True)
        if program == "export":
            os.environ.update(_named(arguments))
            return ""
        if program in _SPOKEN:
            return _SPOKEN[program](arguments)
        if Path(program).name == "reconciler":
            return self._reconciler(arguments)
        if program not in _PLAIN:
            raise Unfit(f"$ {line}\nis neither run nor named as what is not")
        ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        self._code = ended.returncode
        return ended.stdout + ended.stderr

    def _reconciler(self, arguments: list[str]) -> str:
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            self._code = invoke(arguments)
        return _PROGRESS.sub("", told.getvalue())


def agree(quoted: str, found: str) -> bool:
    """Say whether a quoted output is what was found, `...` standing for anything."""
    wanted, had = _trimmed(quoted), _trimmed(found)
    return doctest.OutputChecker().check_output(wanted, had, doctest.ELLIPSIS)


def _trimmed(text: str) -> str:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def _quoted(found: str, former: str) -> str:
    """Return an output as it is quoted: what changes each time left out, and what was left out.

    Of what had a line `...` as many lines are kept before its first and after its last as were.
    """
    lines = _VOLATILE.sub(ELIDED, _EFFORT.sub(f"{ELIDED}\n", _trimmed(found))).splitlines()
    kept = former.splitlines()
    if kept[:1] == [ELIDED] or (ELIDED in kept and ELIDED not in lines):
        head, tail = kept.index(ELIDED), kept[::-1].index(ELIDED)
        if head + tail < len(lines):
            lines = [*lines[:head], ELIDED, *(lines[-tail:] if tail else [])]
    return "".join(f"{line}\n" for line in lines)


def _edit(block: Block) -> None:
    """Change a file as a block of a page says: `--- FILE`, then lines with a blank, - or +."""
    head, *lines = block.text.splitlines()
    file = Path(head.removeprefix("--- "))
    former = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    text = file.read_text(encoding="utf-8")
    if text.count(former) != 1:
        raise Unfit(f"{file} does not hold, once:\n{former}")
    file.write_text(text.replace(former, new), encoding="utf-8")


def _named(arguments: list[str]) -> dict[str, str]:
    """Return what stands as NAME=VALUE, by name."""
    return {name: value for name, _, value in (item.partition("=") for item in arguments)}


def _curled(arguments: list[str]) -> str:
    """Do what pages do with curl: post a body to the sandbox, and show the answer."""
    given = arguments[arguments.index("-d") + 1]
    body = Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()
    try:
        answer = urllib.request.urlopen(urllib.request.Request(arguments[-1], body))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return json.dumps(json.load(answer)) + "\n"


def _by_aws(arguments: list[str]) -> str:
    """Do what pages do with AWS's command line: `aws sqs OPERATION --option VALUE...`."""
    service, operation, *rest = arguments
    options: dict[str, list[str]] = {}
    for item in rest:
        if item.startswith("--"):
            values = options.setdefault(item.removeprefix("--"), [])
        else:
            values.append(item)
    [url] = options.pop("endpoint-url")
    given = {
        to_pascal(name.replace("-", "_")): _value(name, found) for name, found in options.items()
    }
    with contextlib.closing(boto3.client(service, endpoint_url=url)) as client:
        answer = getattr(client, operation.replace("-", "_"))(**given)
    answer.pop("ResponseMetadata")
    return json.dumps(answer, indent=4) + "\n" if answer else ""


def _value(option: str, values: list[str]) -> Any:
    if "=" in values[0]:
        return _named(values)
    return values if option.endswith("s") else values[0]


_SPOKEN = {"aws": _by_aws, "curl": _curled}
