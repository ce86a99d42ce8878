"""The action's installing as a runner runs it: whose modules, whose environment, from where."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox
from tests.github.workflows import ACTION, ROOT, load
from tests.index import NEWER, Index
from tests.installed import interpreter, needed_by_the_tool

STEPS = {step["name"]: step for step in load(ACTION)["runs"]["steps"]}
HOSTILE = (
    *("pip", "venv", "ensurepip", "site", "sitecustomize", "usercustomize", "runpy", "json"),
    *("reconciler", "hatchling", "editables", "typer", "yaml", "boto3", "subprocess"),
)
"""Modules that whoever may open a pull request can lay into the root of a checkout."""
PINS = 4
"""How many packages of a lock are installed here, where all of them are found anyway."""
VERSION = f"reconciler {reconciler.__version__}\n"


@pytest.fixture(scope="module")
def index():
    with Index() as served:
        yield served


@pytest.fixture(scope="module")
def needed(tmp_path_factory):
    """Return a file for a wheel that lets what is installed here be found where it is installed."""
    packages = needed_by_the_tool(tmp_path_factory.mktemp("needed") / "packages")
    return {"needed.pth": f"{packages}\n"}


@pytest.fixture(scope="module")
def vendored(tmp_path_factory, index, needed):
    """Return a repository as `init` writes it, locked to what the index here offers."""
    folder = tmp_path_factory.mktemp("a shop's") / "repository"
    assert invoke(["init", str(folder), "--service", "aws", "--tool", "vendored"]) == 0
    lock = folder / ".github/reconciler/requirements.txt"
    lock.write_text(index.relock(lock.read_text(), needed, most=PINS))
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory, index, needed):
    """Return the tool's own repository, likewise: what a reusable workflow brings along."""
    folder = tmp_path_factory.mktemp("the tool's") / "repository"
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    lock = folder / "requirements/run.txt"
    lock.write_text(index.relock(lock.read_text(), needed, most=PINS))
    return folder


class Host:
    """A machine with runners, whose jobs share one temporary folder and one home."""

    def __init__(self, folder, index):
        self.folder, self.index = folder / "of the runner's", index
        self.checkout, self.temporary = self.folder / "check out", self.folder / "temp $HOME"
        self.caught = self.folder / "caught"
        for path in (self.checkout, self.temporary):
            path.mkdir(parents=True)
        for name in HOSTILE:
            code = f"open({str(self.caught)!r}, 'a').write(__name__ + chr(10))\n"
            (self.checkout / f"{name}.py").write_text(code)

    def begin(self, repository, job, step="Install", **variables):
        """Begin a step of the action, as the job of this name has it."""
        files = {name: self.folder / f"{name} {job}" for name in ("GITHUB_PATH", "GITHUB_OUTPUT")}
        environ = self.index.environ(
            HOME=str(self.folder),
            PYTHONPATH=str(self.checkout),
            GITHUB_ACTION_PATH=str(repository / ".github/actions/reconcile"),
            RUNNER_TEMP=str(self.temporary),
            INTERPRETER=sys.executable,
            **{name: str(file) for name, file in files.items()},
        )
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]],
            cwd=self.checkout,
            env=environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def install(self, variables=None, **repositories):
        """Install in several jobs at once, from a repository each; return what each said."""
        begun = [
            self.begin(repository, job, **(variables or {}))
            for job, repository in repositories.items()
        ]
        ended = [(*process.communicate(timeout=600), process.returncode) for process in begun]
        assert not [out + err for out, err, code in ended if code], ended
        return [out for out, _, _ in ended]

    def added(self, job):
        """Return what a job has put on PATH, the newest first."""
        lines = (self.folder / f"GITHUB_PATH {job}").read_text().splitlines()
        return [Path(line) for line in reversed(lines)]

    def run(self, job, *command, **variables):
        """Run a command in a later step of a job."""
        path = os.pathsep.join([*map(str, self.added(job)), os.environ["PATH"]])
        environ = {**os.environ, "PATH": path, "HOME": str(self.folder), **variables}
        return subprocess.run(
            [*map(str, command)],
            cwd=self.checkout,
            env={**environ, "PYTHONPATH": str(self.checkout)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def shared(tmp_path_factory, index):
    return Host(tmp_path_factory.mktemp("host"), index)


@pytest.fixture
def host(shared):
    yield shared
    assert not shared.caught.exists(), shared.caught.read_text()
    # What is on an index under our name is not ours, and what is newer than the lock is not wanted.
    assert "subscription-reconciler" not in shared.index.asked
    assert not [name for name in shared.index.fetched if f"-{NEWER}-" in name]


@pytest.fixture(scope="module")
def copying(tmp_path_factory):
    return interpreter(tmp_path_factory.mktemp("copying"), "environment")


@pytest.fixture(scope="module")
def installed(shared, copying, vendored, own):
    """Install side by side what `init` put into a repository, and what is the tool's own."""
    there = vendored, own
    before = [sorted(folder.rglob("*")) for folder in there]
    told = shared.install({"INTERPRETER": copying}, one=vendored, two=own)
    assert [sorted(folder.rglob("*")) for folder in there] == before
    return told


@pytest.mark.external
def test_each_job_of_a_host_gets_the_command_of_an_environment_of_its_own(host, installed):
    assert all("No broken requirements found." in out for out in installed)
    for job in ("one", "two"):
        [folder] = host.added(job)
        assert host.temporary in folder.parents
        assert {path.stem for path in folder.iterdir()} == {"reconciler"}
        ended = host.run(job, "reconciler", "--version")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, VERSION, "")
    assert host.added("one") != host.added("two")


@pytest.mark.external
def test_the_command_takes_its_modules_from_nowhere_but_its_environment(host, installed):
    for command in (["schema"], ["decode", os.devnull]):
        host.run("one", "reconciler", *command)
    written = host.run("one", "reconciler", "init", "shop", "--service", "aws")
    assert written.returncode == 0, written.stderr
    with Sandbox() as services:
        arguments = ("apply", "shop/subscriptions", "--yes", "--sandbox", services.url)
        applied = host.run("one", "reconciler", *arguments)
    assert applied.returncode == 0, applied.stderr


@pytest.mark.matrix
def test_used_again_it_installs_beside_the_first_and_leaves_python_and_pip_to_the_caller(
    host, installed, vendored
):
    callers = host.folder / "callers"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", callers], check=True)
    [library] = callers.glob("lib/python3.*/site-packages")
    (library / "theirs.py").write_text("print('theirs')\n")
    before = sorted(callers.rglob("*"))
    path = f"{callers / 'bin'}{os.pathsep}{os.environ['PATH']}"
    mine = {"PATH": path, "VIRTUAL_ENV": str(callers), "PIP_USER": "1", "INTERPRETER": ""}
    # Where no action told the path of an interpreter, it is the one on PATH.
    host.install(mine, two=vendored)
    assert sorted(callers.rglob("*")) == before
    assert len(set(host.added("two"))) == 2
    assert host.run("two", "reconciler", "--version").stdout == VERSION
    path = os.pathsep.join([*map(str, host.added("two")), path])
    show = "import theirs, sys; print(sys.prefix)"
    ended = host.run("two", "python", "-I", "-c", show, PATH=path)
    assert ended.stdout == f"theirs\n{callers}\n"
    assert STEPS["Set up Python"]["with"]["update-environment"] is False


@pytest.mark.parametrize("missing", ["requirements.txt", "*.whl"])
def test_an_action_without_the_tool_says_how_to_get_it(host, vendored, tmp_path, missing):
    for file in (vendored / ".github").rglob("*"):
        if file.is_file() and not file.match(missing):
            target = tmp_path / file.relative_to(vendored)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    process = host.begin(tmp_path, "lacking")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    assert re.fullmatch(r"::error title=[^:]+::.*init --tool vendored.*\n", out)
    assert not (host.folder / "GITHUB_PATH lacking").exists()


# the inputs


@pytest.mark.parametrize(
    ("role", "region", "code"),
    [("arn:aws:iam::123456789012:role/a", "", 1), ("arn:x", "eu-west-1", 0), ("", "", 0)],
)
def test_a_role_without_a_region_is_one_error_before_anything_else(host, own, role, region, code):
    assert next(iter(STEPS)) == "Check the inputs"
    process = host.begin(own, "one", "Check the inputs", ROLE=role, REGION=region)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, "")
    assert len(out.splitlines()) == code
    assert ("RECONCILER_AWS_REGION" in out) == ("aws-region" in out) == bool(code)


def test_what_is_checked_is_what_is_logged_in_with():
    checked, login = (STEPS[name] for name in ("Check the inputs", "Log in to AWS"))
    assert checked["env"]["ROLE"] == login["with"]["role-to-assume"]
    assert checked["env"]["REGION"] == login["with"]["aws-region"]


def test_the_tool_cannot_be_asked_for_by_name():
    assert not {"package", "version"} & set(load(ACTION)["inputs"])
