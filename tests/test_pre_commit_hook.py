"""The hook that others get by naming this repository in their `.pre-commit-config.yaml`."""

import os
import re
import shlex
import subprocess
import tomllib
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.worlds import HEAD

ROOT = Path(__file__).parent.parent
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def commit(preloaded):
    """Run the hook as pre-commit does: in the repository's root, only for files that match."""
    return partial(_commit, preloaded.folder)


def _commit(bin_directory, repository, *arguments):
    files = [path for path in repository.rglob("*") if path.is_file()]
    names = [path.relative_to(repository).as_posix() for path in files]
    if not any(re.search(HOOK["files"], name) for name in names):
        return None
    assert HOOK["pass_filenames"] is False
    return subprocess.run(
        [*shlex.split(HOOK["entry"]), *arguments],
        cwd=repository,
        env={**os.environ, "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def declare(repository, name, text):
    file = repository / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_the_hook_runs_the_command_that_the_package_installs():
    assert HOOK["language"] == "python"
    assert shlex.split(HOOK["entry"])[0] in PROJECT["scripts"]


@pytest.mark.parametrize("name", ["all.yaml", "all.yml", "all.YAML", "deeper/all.Yml"])
def test_a_declaration_that_is_wrong_stops_the_commit(commit, tmp_path, name):
    declare(tmp_path, f"subscriptions/{name}", "queues: {q: {colour: red}}\n")
    ended = commit(tmp_path)
    assert ended.returncode == 1
    assert f"subscriptions/{name}:1:" in ended.stdout


def test_declarations_that_are_right_let_the_commit_through(commit, tmp_path):
    declare(tmp_path, "subscriptions/all.yaml", HEAD)
    assert commit(tmp_path).returncode == 0


def test_declarations_elsewhere_are_named_by_an_argument(commit, tmp_path):
    declare(tmp_path, "declared/all.yaml", HEAD)
    assert commit(tmp_path, "declared").returncode == 0
    assert commit(tmp_path).returncode == 1


@pytest.mark.parametrize("name", ["README.md", "app.py", "yaml.txt", "subscriptions/notes.txt"])
def test_a_commit_without_declarations_is_not_held_up(commit, tmp_path, name):
    declare(tmp_path, name, "queues: {q: {colour: red}}\n")
    assert commit(tmp_path) is None
