"""The command line in this process and as a process of its own, against a sandbox."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import reconciler
from reconciler.cli.main import invoke
from tests.worlds import AWS, HEAD, MERCHANT

ROOT = Path(reconciler.__file__).parents[1]
COMMAND = [sys.executable, "-c", "from reconciler.cli import run; run()"]


_WAITING = r"waiting \d+ s: .*"
PROGRESS = re.compile(
    rf"^([a-z][a-z -]*: \d+ of \d+, \d+ s(; {_WAITING})?|{_WAITING})\n", re.MULTILINE
)


class Ended(NamedTuple):
    """How a command line ended, and what it said where.

    Progress is left out of `err`: whether it is told depends on how busy the machine is.
    """

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """Return `out` without the breaks that it has because no line is wider than a screen."""
        return " ".join(self.out.split())


@pytest.fixture(scope="session")
def _served(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def sandbox(_served):
    _served.reset()
    yield _served
    defects = [call["defect"] for call in _served.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in ("RECONCILER_SANDBOX", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def world(tmp_path):
    """Declare AWS and Merchant objects in a directory and return it."""

    def declare(text, head=HEAD + AWS + MERCHANT):
        folder = tmp_path / "declared"
        folder.mkdir(exist_ok=True)
        (folder / "world.yaml").write_text(head + text, encoding="utf-8")
        return str(folder)

    return declare


@pytest.fixture
def cli(capsys):
    """Run a command line in this process."""

    def run(*arguments):
        capsys.readouterr()
        code = invoke([str(item) for item in arguments])
        out, err = capsys.readouterr()
        return Ended(code, out, PROGRESS.sub("", err))

    return run


@pytest.fixture
def answered(cli, monkeypatch):
    """Run a command line in this process, with a terminal on stdin at which `answer` was typed."""

    def run(answer, *arguments):
        controller, terminal = pty.openpty()
        os.write(controller, answer)
        try:
            with os.fdopen(terminal, encoding="utf-8") as stdin, monkeypatch.context() as patch:
                patch.setattr(sys, "stdin", stdin)
                return cli(*arguments)
        finally:
            os.close(controller)

    return run


def end(process):
    """Kill a command line that still runs, and wait until what ran it has let go of its streams."""
    if process.poll() is None:
        process.kill()
        process.communicate()
    process.wait()


@pytest.fixture
def start(preloaded):
    """Start a command line as a process; what is still running at the end is killed.

    With `command` COMMAND it starts from nothing, where what Python does at its start counts.
    """
    started = []

    def popen(*arguments, command=(preloaded.command,), env=None, **options):
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        )
        started.append(process)
        return process

    yield popen
    for process in started:
        end(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def process(start):
    """Run a command line as a process until it ends."""

    def run(*arguments, **options):
        running = start(*arguments, **{"stdin": subprocess.DEVNULL, **options})
        out, err = running.communicate(timeout=60)
        return Ended(running.returncode, out, PROGRESS.sub("", err))

    return run
