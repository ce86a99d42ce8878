"""On a day when everything has a newer release, a lock still installs what it pins."""

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker

from tests.github.workflows import ROOT
from tests.index import NEWER, PIN, Index, canonical
from tests.installed import interpreter, needed_by_the_tool

pytestmark = pytest.mark.external

ENSUREPIP = "as ensurepip brings it"
NEWEST = "the newest"


def locked(extra):
    """Return by project the version that a lock pins for this very machine."""
    text = (ROOT / f"requirements/{extra}.txt").read_text(encoding="utf-8")
    pins = [pin for pin in PIN.finditer(text) if applies(pin["marker"])]
    return {canonical(pin["name"]): pin["version"] for pin in pins}


def applies(marker):
    return not marker.strip(" ;") or Marker(marker.strip(" ;")).evaluate()


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout of what setting up needs."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "README.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in (".github", "reconciler", "requirements", "subscriptions"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder


def with_pip(folder):
    """Make a virtual environment whose pip is the one that the tests have."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", folder], check=True)
    [library] = folder.glob("lib/python3.*/site-packages")
    here = Path(sysconfig.get_path("purelib"))
    about = f"pip-{metadata.version('pip')}.dist-info"
    for name in ("pip", about):
        shutil.copytree(here / name, library / name, ignore=shutil.ignore_patterns("__pycache__"))
    return library


def make(checkout, target, environ, python):
    return subprocess.run(
        ["make", "--no-print-directory", target, f"PYTHON={python}"],
        cwd=checkout,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def installed_in(environment):
    """Return version by project of what is in an environment itself."""
    about = environment.glob("lib/python3.*/site-packages/*.dist-info")
    names = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name).groups() for path in about)
    return {canonical(name): version for name, version in names}


@pytest.mark.parametrize("pip", [ENSUREPIP, pytest.param(NEWEST, marks=pytest.mark.matrix)])
def test_make_takes_nothing_that_is_newer_than_its_lock(checkout, tmp_path, pip):
    if metadata.version("pip") != locked("dev")["pip"]:
        pytest.skip("this environment is not what requirements/dev.txt pins: make .venv/.dev")
    found = {"needed.pth": f"{needed_by_the_tool(tmp_path / 'packages')}\n"}
    with Index() as index:
        lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
        (checkout / "requirements/dev.txt").write_text(index.relock(lock, found))
        if pip == NEWEST:
            with_pip(checkout / ".venv")
        python = interpreter(tmp_path, ".venv")
        ended = make(checkout, ".venv/.dev", index.environ(), python)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    there = installed_in(checkout / ".venv")
    ours = there.pop("subscription-reconciler")
    there.pop("setuptools", None)  # which Python 3.11 puts into each environment
    assert (there, ours) == (locked("dev"), metadata.version("subscription-reconciler"))
    assert not [name for name in index.fetched if f"-{NEWER}-" in name]
    assert index.asked.keys() <= locked("dev").keys()


def test_without_a_lock_the_newer_releases_would_be_taken(tmp_path):
    with Index() as index:
        index.relock((ROOT / "requirements/dev.txt").read_text(encoding="utf-8"))
        target = ["--target", tmp_path / "packages"]
        command = [sys.executable, "-I", "-m", "pip", "install", "--quiet", *target, "pytest-cov"]
        subprocess.run([*map(str, command)], env=index.environ(), check=True, capture_output=True)
    assert f"coverage-{NEWER}-py3-none-any.whl" in index.fetched
