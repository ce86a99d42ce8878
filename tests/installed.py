"""Fresh virtual environments without a network: what the tool needs is there, the tool is not."""

import subprocess
import sys
import sysconfig
from pathlib import Path

OURS = ("reconciler", "subscription_reconciler-", "_editable_impl_subscription_reconciler")


def needed_by_the_tool(folder):
    """Make a folder with every package of this environment but the tool itself; return it."""
    folder.mkdir(parents=True)
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(OURS):
            (folder / entry.name).symlink_to(entry)
    return folder


def add_to(environment, packages):
    """Let a virtual environment find `packages`, as if each had been installed into it."""
    [library] = Path(environment).glob("lib/python3.*/site-packages")
    (library / "needed.pth").write_text(f"{packages}\n")


def fresh(folder, packages):
    """Make a virtual environment with nothing but `packages`; return its folder of commands."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    add_to(folder, packages)
    return Path(folder) / "bin"


def pip_install(commands, *arguments, environ=None):
    """Install into a virtual environment, without an index and without what is needed."""
    pip = [str(commands / "python"), "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["install", "--no-deps", "--no-index", *map(str, arguments)]
    ended = subprocess.run(
        [*pip, *options], env=environ, capture_output=True, text=True, check=False, cwd="/"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
