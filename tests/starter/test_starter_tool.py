"""Where workflows get the tool from: what is named, what they use, what was recorded."""

import json
import subprocess
from zipfile import ZipFile

import pytest

from reconciler.starter.tool import (
    VENDORED,
    called,
    parse_tool,
    source_of_install,
    used_in,
    vendored,
    with_tool,
)
from tests.installed import fresh, needed_by_the_tool, pip_install

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = f"acme/tool@{COMMIT}"
ACTION = f"acme/tool/.github/actions/reconcile@{COMMIT}"


def noted(url, **more):
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT}, **more})


def test_a_source_is_a_repository_at_a_whole_commit():
    assert parse_tool(SOURCE) == SOURCE
    assert parse_tool(VENDORED) == VENDORED
    assert called(SOURCE).action == ACTION


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/tool",
        "https://github.com/acme/tool.git",
        "ssh://git@github.com/acme/tool.git",
        "https://user:secret@github.com/acme/tool.git",
    ],
)
def test_an_installer_notes_where_it_installed_from(url):
    assert source_of_install(noted(url)) == SOURCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"url": "file:///tmp/tool", "dir_info": {"editable": true}}',
        '{"url": "https://github.com/acme/tool.git", "archive_info": {}}',
        noted("https://git.example.com/acme/tool.git"),
        noted("file:///tmp/tool"),
        noted("https://github.com/acme/tool.git", subdirectory="part"),
        noted("https://github.com/acme/tool.git").replace(COMMIT, "main"),
    ],
)
def test_whatever_else_it_notes_is_no_source(text):
    assert source_of_install(text) is None


def test_the_tool_that_a_workflow_uses_is_found_and_changed_in_its_line_only():
    text = (
        "steps:\n"
        "  - uses: actions/checkout@v1\n"
        "  - name: Set up\n"
        "    uses: $/.github/actions/reconcile\n"
        "  - uses: 'other/repo/.github/actions/reconcile@v1' # v1\r\n"
        "  - run: echo uses .github/actions/reconcile\n"
    )
    assert used_in([text]) == vendored()
    changed = with_tool(text, called(SOURCE))
    assert changed == text.replace("$/.github/actions/reconcile", ACTION).replace(
        "'other/repo/.github/actions/reconcile@v1' # v1", ACTION
    )
    assert with_tool(changed, called(SOURCE)) == changed
    assert used_in(["", changed]) == called(SOURCE)


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def from_git(tmp_path_factory, pytestconfig):
    """Install the tool from a commit of a repository that git takes for one on github.com."""
    folder = tmp_path_factory.mktemp("git")
    tracked = git(
        pytestconfig.rootpath, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    )
    origin = folder / "acme/tool.git"
    for name in filter(None, tracked.split("\0")):
        source, target = pytestconfig.rootpath / name, origin / name
        if source.is_file() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    git(folder, "init", "--quiet", "acme/tool.git")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "all")
    commit = git(origin, "rev-parse", "HEAD")
    commands = fresh(folder / "environment", needed_by_the_tool(folder / "packages"))
    pip_install(
        commands,
        "--no-build-isolation",
        f"git+https://github.com/acme/tool.git@{commit}",
        environ={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        },
    )
    return commands, commit


def init(commands, directory, *options):
    command = [str(commands / "reconciler"), "init", str(directory), "--service", "aws", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert ended.returncode == 0, ended.stderr
    # Elsewhere the one word besides is that trust policies need another issuer there.
    elsewhere = "--portable" in options
    assert ended.stderr.startswith("the trust policies") if elsewhere else ended.stderr == ""
    workflows = directory / ".github/workflows"
    return [used_in([file.read_text()]).action for file in sorted(workflows.iterdir())]


@pytest.mark.external
def test_installed_from_a_commit_the_workflows_call_that_commit(from_git, tmp_path):
    commands, commit = from_git
    action = f"acme/tool/.github/actions/reconcile@{commit}"
    assert init(commands, tmp_path) == [action] * 3
    assert not (tmp_path / ".github/reconciler").exists()
    assert not (tmp_path / ".github/actions").exists()


@pytest.mark.external
def test_on_another_server_or_asked_for_the_wheel_is_in_the_repository_all_the_same(
    from_git, tmp_path
):
    commands, _ = from_git
    assert init(commands, tmp_path / "a", "--portable") == ["./.github/actions/reconcile"] * 3
    asked = init(commands, tmp_path / "b", "--tool", "vendored")
    assert asked == ["$/.github/actions/reconcile"] * 3
    for name in ("a", "b"):
        assert list((tmp_path / name / ".github/reconciler").glob("*.whl"))


@pytest.mark.external
def test_a_release_knows_what_it_was_built_from(from_git, tmp_path):
    commands, _ = from_git
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", str(commands.parents[1] / "acme/tool.git"), "checkout")
    (checkout / "reconciler/starter/source.txt").write_text(f"{SOURCE}\n")
    assert git(checkout, "status", "--porcelain") == ""
    build = "import hatchling.build as build, sys; print(build.build_wheel(sys.argv[1]))"
    command = [str(commands / "python"), "-c", build, str(tmp_path)]
    built = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    released = fresh(tmp_path / "environment", commands.parents[1] / "packages")
    pip_install(released, tmp_path / built.stdout.split()[-1])
    assert init(released, tmp_path / "shop") == [ACTION] * 3
    # What is vendored is the same tool, and knows the same.
    assert init(released, tmp_path / "other", "--tool", "vendored") != [ACTION] * 3
    [wheel] = (tmp_path / "other/.github/reconciler").glob("*.whl")
    with ZipFile(wheel) as files:
        assert files.read("reconciler/starter/source.txt").decode() == f"{SOURCE}\n"
