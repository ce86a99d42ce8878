"""What `init` writes, for every combination of services, held to what this project's own files are.

What they install is the same for all of them, and is installed in `test_action_install`; what they
plan and apply is carried out against the sandbox.
"""

import io
import json
import subprocess
import sys
from itertools import chain, combinations
from pathlib import Path

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from reconciler.cli.main import invoke

SERVICES = ("aws", "sp-api", "merchant", "mws")
COMBINATIONS = [*chain.from_iterable(combinations(SERVICES, size) for size in range(1, 5))]
TOOL = f"acme/tool@{'0123456789' * 4}"
FLAGS = {"usual": (), "portable": ("--portable",), "called": ("--tool", TOOL)}


def options(services):
    return [word for name in services for word in ("--service", name)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the directory that `init` wrote by the services and by what kind of workflows."""
    top = tmp_path_factory.mktemp("written")
    directories = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO())
        patch.setattr("sys.stdout", io.StringIO())
        patch.setattr("sys.stderr", io.StringIO())
        for services in COMBINATIONS:
            for name, flags in FLAGS.items():
                directory = top / name / "+".join(services)
                assert invoke(["init", str(directory), *options(services), *flags]) == 0
                (directory / ".git").mkdir()
                directories[services, name] = directory
    return directories


def distinct(directories, pattern):
    """Return the files of a pattern, one of each that have the same content."""
    files = chain.from_iterable(sorted(found.glob(pattern)) for found in directories.values())
    return list({file.read_bytes(): file for file in files}.values())


def checked(command, *arguments):
    """Run one of the tools that check workflows; it has to find nothing."""
    program = Path(sys.executable).parent / command
    ended = subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.external
def test_the_auditor_of_workflows_finds_nothing(written):
    folders = {file.parents[1] for file in distinct(written, ".github/workflows/*.yml")}
    checked("zizmor", "--offline", "--pedantic", "--quiet", *sorted(folders))


@pytest.mark.external
def test_the_linter_of_workflows_finds_nothing(written):
    folders = {file.parents[2] for file in distinct(written, ".github/workflows/*.yml")}
    for folder in folders:
        checked("actionlint", *sorted(folder.glob(".github/workflows/*.yml")))


def keep_to(schema, files):
    """Check files with check-jsonschema, which in this process takes no seconds to load."""
    ended = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, *map(str, files)])
    assert ended.exit_code == 0, ended.output


@pytest.mark.external
@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_workflows_keep_to_their_schemas(written, schema):
    keep_to(schema, distinct(written, ".github/workflows/*.yml"))


def test_the_action_keeps_to_its_schema(written):
    files = distinct(written, ".github/actions/*/action.yml")
    assert len(files) == 1
    keep_to("vendor.github-actions", files)


def test_no_placeholder_is_left_in_what_github_runs(written):
    for directory in written.values():
        for file in directory.glob(".github/**/*.yml"):
            text = file.read_text()
            for word in ("OWNER", "ACME", "TODO", "example.com", "<full commit hash>"):
                assert word not in text, file


def test_whatever_the_flags_the_declarations_are_the_same_and_valid(written, capfd):
    for services in COMBINATIONS:
        declared = [written[services, name] / "subscriptions" for name in FLAGS]
        files = [{file.name: file.read_bytes() for file in one.iterdir()} for one in declared]
        assert files[0] == files[1] == files[2]
        capfd.readouterr()
        assert invoke(["validate", str(declared[0]), "--format", "json"]) == 0
        assert json.loads(capfd.readouterr().out)["valid"]


def test_what_is_installed_is_the_same_whatever_was_chosen(written):
    for (_, name), directory in written.items():
        held = {file.name for file in directory.glob(".github/reconciler/*")}
        assert bool(held) == (directory / ".github/actions").exists() == (name != "called")
    wheel, requirements = sorted(
        distinct(written, ".github/reconciler/*"), key=lambda it: it.suffix
    )[::-1]
    assert (wheel.suffix, requirements.name) == (".whl", "requirements.txt")


@pytest.fixture(scope="module")
def sandbox(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.mark.parametrize("services", COMBINATIONS, ids="+".join)
def test_whatever_was_chosen_is_planned_and_applied_and_then_in_sync(
    written, sandbox, capfd, services
):
    sandbox.reset()
    there = (str(written[services, "usual"] / "subscriptions"), "--format", "json")

    def told(command, *options):
        capfd.readouterr()
        assert invoke([command, *there, *options, "--sandbox", sandbox.url]) == 0
        return json.loads(capfd.readouterr().out)

    assert told("plan")["summary"]["create"] > 0
    assert told("apply", "--yes")["result"] == "done"
    assert told("plan")["actions"] == []
