"""Every file below tests/manifests has one defect; its first lines say what must be said of it.

An expectation is a comment `# line:column: message`. A folder below across-files is one set of
declarations.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.main import invoke
from reconciler.core.model.errors import DeclarationError
from reconciler.wiring import declarations

MANIFESTS = Path(__file__).parents[2] / "manifests"
SECRET = "hunter2"  # what stands in the clear where a file is about secrets
EXPECTATION = re.compile(rb"# (\d+:\d+: .+)")


def cases():
    alone = [path for path in MANIFESTS.rglob("*.yaml") if "across-files" not in path.parts]
    together = list((MANIFESTS / "across-files").iterdir())
    return sorted(str(path.relative_to(MANIFESTS)) for path in (*alone, *together))


CASES = cases()
SECRETIVE = [
    case
    for case in CASES
    if (MANIFESTS / case).is_file() and SECRET.encode() in (MANIFESTS / case).read_bytes()
]


def files_of(case):
    path = Path(case)
    return sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]


def expected_of(case):
    """Return the expected problems of all files, as the command prints them."""
    found = []
    for file in files_of(case):
        for line in file.read_bytes().split(b"\n"):
            match = EXPECTATION.fullmatch(line)
            if not match:
                break
            found.append(f"{file}:{match[1].decode()}")
    return found


@pytest.fixture(autouse=True)
def _among_the_manifests(monkeypatch):
    monkeypatch.chdir(MANIFESTS)
    for name in ("RECONCILER_SANDBOX", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


def test_there_are_at_least_120_bad_declarations_each_with_an_expectation():
    assert len(CASES) >= 120
    assert [case for case in CASES if not expected_of(case)] == []


@pytest.mark.parametrize("case", CASES)
def test_a_defect_is_told_where_it_stands_and_nothing_else_is(case, capsys):
    assert invoke(["validate", case]) == 1
    said = capsys.readouterr()
    *problems, verdict = said.out.splitlines()
    assert problems == expected_of(case)
    assert verdict.startswith("Invalid: ")
    assert said.err == ""


def test_who_reads_declarations_gets_the_defects_that_validate_prints():
    for case in CASES[:: len(CASES) // 20]:
        with pytest.raises(DeclarationError) as caught:
            declarations(Path(case))
        assert [str(problem) for problem in caught.value.problems] == expected_of(case)


def test_a_message_is_one_short_line_without_the_insides_of_a_parser():
    for line in (line for case in CASES for line in expected_of(case)):
        message = line.split(": ", 1)[1]
        assert message.isprintable()
        assert len(message) <= 400
        assert not re.search(r"\bNode\(|Input should|pydantic|\bNone\b|\bTrue\b|\bFalse\b", message)
        assert not re.search(r"_type\b|Traceback|<class", message)


@pytest.mark.parametrize("form", ["text", "json", "github"])
@pytest.mark.parametrize("case", SECRETIVE)
def test_a_secret_in_clear_is_never_repeated(case, form, capsys):
    assert invoke(["--debug", "validate", case, "--format", form]) == 1
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err


@pytest.mark.parametrize("case", SECRETIVE)
def test_a_secret_in_clear_is_not_repeated_by_a_traceback_either(case, capsys):
    assert invoke(["--debug", "plan", case]) == 1
    said = capsys.readouterr()
    assert "Traceback" in said.err
    assert SECRET not in said.out + said.err


def test_json_gives_file_line_column_and_message(capsys):
    case = "queues/unknown-key.yaml"
    assert invoke(["validate", case, "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["valid"] is False
    (error,) = report["errors"]
    (line,) = expected_of(case)
    assert "{file}:{line}:{column}: {message}".format(**error) == line


@pytest.mark.parametrize("case", ["yaml/aliases-that-explode.yaml", "across-files/circle"])
def test_as_a_process_it_ends_the_same_way(case):
    ended = subprocess.run(
        [sys.executable, "-c", "from reconciler.cli import run; run()", "validate", case],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines()[:-1] == expected_of(case)
