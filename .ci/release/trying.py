"""Tries what was built as its users would: in an empty environment, away from the sources."""

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from release.building import members
from release.process import ROOT, demand, run
from release.version import project

LOCK = ROOT / "requirements/run.txt"


def installed(wheel: Path, directory: Path) -> Path:
    """Install a wheel and what the lock pins into a new environment; return that.

    Raises:
        NotReleasable: it cannot be installed, or does not go together.
    """
    environment = directory / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", environment])
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check"]
    pip += ["--python", str(environment)]
    run([*pip, "install", "--no-deps", "--require-hashes", "--requirement", LOCK])
    run([*pip, "install", "--no-deps", "--no-index", wheel])
    run([*pip, "check"])
    return environment


def compare_installed(environment: Path, wheel: Path) -> None:
    """Check that an environment holds of our package what a wheel holds, and nothing else.

    Raises:
        NotReleasable: naming what differs.
    """
    [package] = environment.glob("lib/python*/site-packages/reconciler")
    there = {
        path.relative_to(package.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    wanted = {name: it for name, it in members(wheel).items() if name.startswith("reconciler/")}
    differing = sorted(n for n in {*there, *wanted} if there.get(n) != wanted.get(n))
    demand(not differing, f"what is installed differs from {wheel.name} in {differing[:5]}")


class Trial:
    """The command of an environment, run in a directory of its own with hardly any variables."""

    def __init__(self, environment: Path, directory: Path) -> None:
        self._bin = environment / "bin"
        self._directory = directory
        directory.mkdir(parents=True)

    def __call__(self, *arguments: str, codes: Sequence[int] = (0,)) -> str:
        """Run `reconciler` and return its stdout."""
        return self.run("reconciler", *arguments, codes=codes)

    def read(self, file: str) -> str:
        """Return what stands in a file of the directory."""
        return (self._directory / file).read_text("utf-8")

    def run(self, command: str, *arguments: str, codes: Sequence[int] = (0,)) -> str:
        """Run a command of the environment and return its stdout."""
        path = f"{self._bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
        clean = {"PATH": path, "HOME": str(self._directory), "LANG": "C.UTF-8"}
        line = [str(self._bin / command), *arguments]
        return run(line, cwd=self._directory, environ=clean, inherit=False, codes=codes)


def look_around(trial: Trial) -> None:
    """Check what needs no service: version, schema, the sample that is installed along.

    Raises:
        NotReleasable: something does not work.
    """
    version = f"reconciler {project()['version']}\n"
    demand(trial("--version") == version, "`reconciler --version` does not tell this version")
    demand(trial.run("python", "-m", "reconciler", "--version") == version, "-m tells another")
    demand("queues" in json.loads(trial("schema"))["properties"], "the schema knows no queues")
    where = "import reconciler; print(reconciler.__path__[0])"
    package = Path(trial.run("python", "-c", where).strip())
    demand(ROOT not in package.parents, f"{package} is of the sources, not of what is installed")
    trial("validate", str(package / "sample"))


def walk(trial: Trial, url: str, origin: str | None) -> None:
    """Start a repository, and bring what it declares about in the sandbox at `url`.

    Its workflows get the tool from `origin`, OWNER/NAME@COMMIT, or hold it themselves.

    Raises:
        NotReleasable: something does not work.
    """
    trial("init", ".", "--stack", "acme-trial", "--service", "aws", "--service", "sp-api")
    workflow = trial.read(".github/workflows/plan.yml")
    owner, _, commit = (origin or "").partition("@")
    action = f"{owner}/.github/actions/reconcile@{commit}" if origin else "$/.github/actions/"
    demand(f"uses: {action}" in workflow, f"what `init` writes does not use {action}")
    trial("validate")
    planned = json.loads(trial("plan", "--sandbox", url, "--format", "json"))
    demand(planned["summary"]["create"], "a new repository has nothing to create")
    trial("apply", "--sandbox", url, "--yes")
    in_sync = json.loads(trial("plan", "--sandbox", url, "--format", "json"))
    demand(in_sync["actions"] == [], f"after an apply, a plan has {in_sync['actions']}")
    trial("drift", "--sandbox", url)
