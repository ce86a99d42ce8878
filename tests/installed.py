"""Fresh virtual environments without a network: what the tool needs is there, the tool is not."""

import ensurepip
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path
from zipfile import ZipFile

import reconciler
from tests.index import tiny_wheel

ROOT = Path(reconciler.__file__).parents[1]
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
    options = ["install", "--no-deps", "--no-index", "--no-compile", *map(str, arguments)]
    ended = subprocess.run(
        [*pip, *options], env=environ, capture_output=True, text=True, check=False, cwd="/"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    _bring_bytecode(commands.parent)


def _bring_bytecode(environment):
    """Give each module that is what this checkout has its bytecode, which takes long to make."""
    [library] = environment.glob("lib/python3.*/site-packages")
    for file in library.glob("reconciler/**/*.py"):
        source = ROOT / file.relative_to(library)
        made = Path(cache_from_source(source))
        if made.exists() and source.read_bytes() == file.read_bytes():
            # It holds for a source of this very age.
            os.utime(file, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
            Path(cache_from_source(file)).parent.mkdir(exist_ok=True)
            shutil.copy(made, cache_from_source(file))


def interpreter(folder, name):
    """Return a Python that makes a virtual environment of this name as `venv` does, but sooner.

    It copies one with the pip that ensurepip brings, which takes five seconds to put in.
    """
    environment, command = folder / "environment", folder / "python"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", environment], check=True)
    [library] = environment.glob("lib/python3.*/site-packages")
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    [wheel] = Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or bundled).glob("pip-*.whl")
    with ZipFile(wheel) as files:
        files.extractall(library)
    # Whatever pip loads for an installing is compiled here, and not in each copy.
    file, content = tiny_wheel("nothing", "1")
    (folder / file).write_bytes(content)
    pip_install(environment / "bin", "--target", folder / "target", folder / file)
    command.write_text(
        "#!/bin/sh\n"
        f"""case "$*" in ("-m venv {name}" | "-I -m venv {name}") """
        f"""exec cp -Rp "{environment}" {name} ;; esac\n"""
        f"""exec "{sys.executable}" "$@"\n"""
    )
    command.chmod(0o755)
    return str(command)
