"""What is slow to import is imported by whoever needs it, when it needs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.sandbox import Sandbox

ROOT = Path(reconciler.__file__).parents[1]
HEAVY = {
    "boto3",
    "botocore",
    "deepdiff",
    "flask",
    "github",
    "google.auth",
    "googleapiclient",
    "httplib2",
    "moto",
    "requests",
    "rich",
    "werkzeug",
}
PLANNING = {"deepdiff"}
BESIDE_HELP = {"hashlib", "html", "logging", "pydantic", "secrets", "yaml"}
"""What `--help` does without."""
BESIDE_DECLARATIONS = {
    "jinja2",
    "reconciler.cli.request",
    "reconciler.core.model.abilities",
    "reconciler.core.model.plan",
    "reconciler.core.provider",
    "reconciler.core.verdicts.drift",
    "reconciler.core.verdicts.health",
    "reconciler.core.world.observation",
    "reconciler.reports.model",
    "reconciler.reports.plan_text",
    "reconciler.run",
    "reconciler.services.sqs.access_text",
    "reconciler.transport",
    "urllib3",
}
"""What declarations are checked without: planning, verdicts, their texts, and the network."""
VALUES = {"reconciler.core.model.spec", "reconciler.reports.validation", "reconciler.wiring"}
"""What every run needs, and `--help` not: building their classes takes as long as all the rest."""
LOOK = """
import json, os, sys
from reconciler.cli.main import invoke
for line in sys.stdin:
    lines, environ, sought = json.loads(line)
    if os.fork() == 0:
        os.environ.update(environ)
        for arguments in lines:
            try:
                code = invoke(arguments)
            except SystemExit as ended:
                code = ended.code
            found = sorted(set(sys.modules) & set(sought))
            print("LOADED", json.dumps([code, found]), flush=True)
        os._exit(0)
    os.wait()
"""
"""Begins each process with what every command line loads, and nothing else."""


@pytest.fixture(scope="module")
def interpreter():
    """Start an interpreter from nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


@pytest.fixture
def loaded(interpreter):
    """Run command lines one after the other in a process; return code and imports after each."""

    def run(*lines, values=False, beside=frozenset(), **environ):
        order = json.dumps([lines, environ, sorted(HEAVY | VALUES | beside)])
        interpreter.stdin.write(f"{order}\n")
        interpreter.stdin.flush()
        told = (line for line in interpreter.stdout if line.startswith("LOADED "))
        found = [json.loads(next(told).removeprefix("LOADED ")) for _ in lines]
        return [(code, set(names) - (set() if values else VALUES)) for code, names in found]

    return run


@pytest.fixture
def sample():
    return str(Path(__file__).parents[1] / "subscriptions")


def test_help_loads_no_sdk_and_no_class_of_declarations_or_reports(loaded):
    lines = [["--help"], ["plan", "--help"], ["init", "--help"]]
    assert loaded(*lines, values=True) == [(0, set())] * 3


def test_help_loads_little_but_the_library_of_the_command_line(loaded):
    assert loaded(["--help"], beside=BESIDE_HELP) == [(0, set())]


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_validate_loads_neither_what_plans_nor_what_connects(loaded, sample, form):
    lines = [["validate", sample, "--format", form]]
    assert loaded(*lines, beside=BESIDE_DECLARATIONS) == [(0, set())]


def test_what_asks_nobody_loads_no_sdk(loaded, sample, tmp_path):
    lines = [["--version"], ["schema"], ["init", str(tmp_path / "new")]]
    lines += [["validate", sample, "--format", form] for form in ("text", "json", "github")]
    assert loaded(*lines) == [(0, set())] * 6


def test_completion_loads_no_sdk(loaded, sample):
    [(code, found)] = loaded(
        [],
        _RECONCILER_COMPLETE="complete_fish",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS=f"reconciler plan {sample} --target ",
    )
    assert (code, found - {"rich"}) == (0, set()), "rich is what typer itself completes with"


def test_a_broken_declaration_is_told_without_any_sdk(loaded, tmp_path):
    (tmp_path / "bad.yaml").write_text("queues: {q: {colour: red}}")
    [(code, found)] = loaded(["plan", str(tmp_path)])
    assert (code, found - PLANNING) == (1, set())


def test_a_plan_of_one_service_loads_the_sdk_of_that_service_alone(loaded, tmp_path):
    (tmp_path / "aws.yaml").write_text(
        "stack: acme\npolicy: {prune: true}\n"
        'accounts: {a: {service: aws, region: eu-west-1, accountId: "123456789012"}}\n'
        "queues: {q: {}}\n"
    )
    plan = ["plan", str(tmp_path)]
    with Sandbox() as sandbox:
        nobody, somebody = loaded([*plan, "--account", "nobody"], [*plan, "--sandbox", sandbox.url])
    assert (nobody[0], nobody[1] - PLANNING) == (64, set()), (
        "an unknown account is noticed before any SDK is loaded"
    )
    assert somebody[0] == 0
    assert {"boto3", "botocore"} <= somebody[1]
    assert not somebody[1] & {"googleapiclient", "google.auth", "httplib2", "moto", "flask", "rich"}
