"""What is slow to import is imported by whoever needs it, when it needs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler

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
VALUES = {"reconciler.core.model.spec", "reconciler.reports.model", "reconciler.wiring"}
"""What every run needs, and `--help` not: building their classes takes as long as all the rest."""
LOOK = """
import json, sys
from reconciler.cli.main import invoke
try:
    code = invoke(json.loads(sys.argv[1]))
except SystemExit as ended:
    code = ended.code
print("LOADED", json.dumps([code, sorted(set(sys.modules) & set(json.loads(sys.argv[2])))]))
"""


def loaded(*arguments, values=False):
    """Run a command line in a fresh interpreter; return its exit code and what it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(arguments), json.dumps(sorted(HEAVY | VALUES))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, found = json.loads(ended.stdout.rpartition("LOADED ")[2])
    return code, set(found) - (set() if values else VALUES)


@pytest.fixture
def sample():
    return str(Path(__file__).parents[1] / "subscriptions")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["--version"], ["schema"]])
def test_what_needs_no_declarations_loads_no_sdk(arguments):
    assert loaded(*arguments) == (0, set())


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["init", "--help"]])
def test_help_loads_no_class_of_declarations_or_reports(arguments):
    assert loaded(*arguments, values=True) == (0, set())


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_validate_loads_no_sdk(sample, form):
    assert loaded("validate", sample, "--format", form) == (0, set())


def test_completion_loads_no_sdk(monkeypatch, sample):
    monkeypatch.setenv("_RECONCILER_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"reconciler plan {sample} --target ")
    code, found = loaded()
    assert (code, found - {"rich"}) == (0, set()), "rich is what typer itself completes with"


def test_init_loads_no_sdk(tmp_path):
    assert loaded("init", str(tmp_path / "new")) == (0, set())


def test_a_broken_declaration_is_told_without_any_sdk(tmp_path):
    (tmp_path / "bad.yaml").write_text("queues: {q: {colour: red}}")
    code, found = loaded("plan", str(tmp_path))
    assert (code, found - PLANNING) == (1, set())


def test_a_plan_of_one_service_loads_the_sdk_of_that_service_alone(tmp_path):
    (tmp_path / "aws.yaml").write_text(
        "stack: acme\npolicy: {prune: true}\n"
        'accounts: {a: {service: aws, region: eu-west-1, accountId: "123456789012"}}\n'
        "queues: {q: {}}\n"
    )
    code, found = loaded("plan", str(tmp_path), "--account", "nobody")
    assert (code, found - PLANNING) == (64, set()), (
        "an unknown account is noticed before any SDK is loaded"
    )
    from reconciler.sandbox import Sandbox

    with Sandbox() as sandbox:
        code, found = loaded("plan", str(tmp_path), "--sandbox", sandbox.url)
    assert code == 0
    assert {"boto3", "botocore"} <= found
    assert not found & {"googleapiclient", "google.auth", "httplib2", "moto", "flask"}
