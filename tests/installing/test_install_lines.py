"""Whatever installs, in whichever file: it takes a lock whole, by hash, and resolves nothing."""

import re
import subprocess
from functools import cache

import pytest

from tests.github.workflows import ROOT

PIP = r"(?:\bpip|\$\(PIP\)) install\b"
"""An installing with pip: on a command line, in a rule of make, as a list of words in Python."""
CHECK = r"(?:\bpip|\$\(PIP\)|--python /opt/reconciler) check\b"
FROM_A_LOCK = {
    ".github/actions/reconcile/action.yml": 1,
    "Dockerfile": 1,
    "Makefile": 3,
    "docs/install.md": 2,
    "docs/listen.md": 1,
    ".ci/release/trying.py": 1,
}
"""How often each file installs from a lock."""
RESOLVING = {
    "docs/install.md": {
        'pip install "git+https://github.com/ACME/subscription-reconciler@COMMIT"',
    },
    "docs/github-actions.md": {"pip install git+https://..."},
}
"""What takes the newest that fits, and is said to."""


@cache
def texts():
    """Return the tracked files that may tell or carry out an installing, as one line a command."""
    listed = [
        "git",
        "-C",
        str(ROOT),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    found = {}
    for name in filter(None, names):
        history = name.startswith(("tests/", "requirements/")) or name == "CHANGELOG.md"
        file = ROOT / name
        if file.is_file() and not history and file.suffix not in {".png", ".svg"}:
            found[name] = flat(file.read_text(encoding="utf-8"))
    return found


def flat(text):
    """Join continued lines, fill in a variable of make, write Python's lists as command lines."""
    text = re.sub(r"\\\n\s*", "", text)
    for name, value in re.findall(r"^(LOCKED) := (.*)$", text, re.MULTILINE):
        text = text.replace(f"$({name})", value)
    text = text.replace('[*pip, "', "pip ").replace('", "', " ")
    return text.replace("--python /opt/reconciler install", "install")


def commands(pattern, text):
    return [found[0] for found in re.finditer(rf"{pattern}[^`\n|;&]*", text)]


def from_a_lock(text):
    return [line for line in commands(PIP, text) if "--requirement" in line]


def test_a_lock_is_installed_as_it_is_and_by_hash_everywhere():
    counted = {}
    for name, text in texts().items():
        lines = from_a_lock(text)
        counted |= {name: len(lines)} if lines else {}
        for line in lines:
            assert "--no-deps" in line, f"{name}: {line}"
            assert "--require-hashes" in line, f"{name}: {line}"
    assert counted == FROM_A_LOCK


@pytest.mark.parametrize("name", FROM_A_LOCK)
def test_what_was_installed_is_checked_before_anything_else_is_installed_from_a_lock(name):
    [_, *parts] = re.split(rf"{PIP}[^`\n|]*--requirement", texts()[name])
    assert len(parts) == FROM_A_LOCK[name]
    for part in parts:
        assert re.search(CHECK, part), part


def test_nothing_else_is_resolved_but_where_that_is_said():
    for name, text in texts().items():
        for line in commands(PIP, text):
            named = {known for known in RESOLVING.get(name, ()) if known in line}
            assert named or "--no-deps" in line, f"{name}: {line}"


def test_the_tool_is_installed_by_its_bare_name_nowhere():
    bare = re.compile(r"\binstall\b[^\n`]*[\s'\"]subscription[-_.]reconciler\b(?!/)")
    assert not {name for name, text in texts().items() if bare.search(text)}
