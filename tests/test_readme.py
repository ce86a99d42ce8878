"""Every command line in the README is run."""

import re
import shutil
from pathlib import Path

import pytest

from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ reconciler (.+)$", README, re.MULTILINE)
SERVED_ELSEWHERE = {"sandbox"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "subscriptions", tmp_path / "subscriptions")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_tour_in_the_readme_runs_as_written(here, monkeypatch, capfd):
    with Sandbox() as sandbox:
        monkeypatch.setenv("RECONCILER_SANDBOX", sandbox.url)
        for line in COMMANDS:
            if line not in SERVED_ELSEWHERE:
                assert invoke(line.split()) == 0, line
        out = capfd.readouterr().out
    for promised in ("Valid: 11 objects declared.", "In sync: nothing to do."):
        assert promised in README
        assert promised in out


def test_the_readme_names_every_command_and_no_other(capfd):
    invoke(["--help"])
    out = capfd.readouterr().out
    offered = set(re.findall(r"^  ([a-z]+) {2,}", out.partition("Commands:")[2], re.MULTILINE))
    named = set(re.findall(r"^\| `reconciler ([a-z]+)", README, re.MULTILINE))
    assert named == offered


def test_the_declaration_in_the_readme_is_valid(tmp_path, capfd):
    [example] = re.findall(r"```yaml\n(stack:.*?)```", README, re.DOTALL)
    (tmp_path / "all.yaml").write_text(example)
    assert invoke(["validate", str(tmp_path)]) == 0
    assert "Valid: 3 objects declared." in capfd.readouterr().out


def test_the_guards_in_the_readme_are_those_that_can_refuse():
    guards = set(re.findall(r"`(\w+)`", README.partition("| guard |")[2].partition("\n\n")[0]))
    source = (ROOT / "reconciler/core/planning/guards.py").read_text(encoding="utf-8")
    known = set(re.findall(r'guard="(\w+)", refused=True', source)) | {"maxDeletes", "maxUpdates"}
    assert known <= guards
