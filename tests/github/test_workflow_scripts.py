"""What the workflows do beside calling the command: names, credentials, installing."""

import os
import re
import subprocess

import pytest

from tests.github.runner import Runner
from tests.github.workflows import ACTION, ROOT, WORKFLOWS, load


def test_several_stacks_of_one_repository_keep_their_artifacts_apart(tmp_path):
    runner = Runner(tmp_path, tmp_path, dict(os.environ))
    assert runner.reconcile({"path": "stacks/emea", "shard": "3/4"}).outputs == {
        "snapshot": "reconciler-snapshot.stacks.emea.3-of-4",
        "journal": "reconciler-journal.stacks.emea.3-of-4",
    }


def scripts(containing):
    return [
        step["run"]
        for name in WORKFLOWS
        for job in load(WORKFLOWS[name])["jobs"].values()
        for step in job["steps"]
        if containing in step.get("run", "")
    ]


def bash(script, **environ):
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_credentials_given_as_lines_reach_the_command_to_the_letter():
    [loading] = {script.partition("done <<<")[0] for script in scripts("RECONCILER_CREDENTIALS")}
    given = "A=plain\n\n# a remark with = in it\nB_2=pad==\nC=two words $HOME `id`\n"
    show = f'{loading}done <<< "$RECONCILER_CREDENTIALS"\nprintf "%s|" "$A" "$B_2" "$C"'
    ended = bash(show, RECONCILER_CREDENTIALS=given)
    assert ended.stdout == "plain|pad==|two words $HOME `id`|", ended.stderr
    assert bash(show, RECONCILER_CREDENTIALS="").returncode == 0


@pytest.fixture
def installing(tmp_path):
    """Run the action's installing at some place, with what it tells pip instead of pip."""
    [step] = [step for step in load(ACTION)["runs"]["steps"] if step.get("id") == "install"]
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/bash\necho "$*"\n')
    python.chmod(0o755)

    def install(action):
        path = f"{python.parent}:{os.environ['PATH']}"
        ended = bash(step["run"], PATH=path, GITHUB_ACTION_PATH=str(action), PACKAGE="tool==1")
        assert ended.returncode == 0, ended.stderr
        return re.sub(r"-m pip --disable-pip-version-check --quiet install ", "", ended.stdout)

    return install


def test_from_its_own_checkout_the_action_installs_that_checkout_with_its_pins(installing):
    assert installing(ACTION.parent).splitlines() == [
        f"--require-hashes --requirement {ROOT}/requirements/run.txt",
        f"--no-deps --no-build-isolation {ROOT}",
    ]


def test_a_copied_action_installs_the_released_version_with_pins_where_they_are(
    installing, tmp_path
):
    action = tmp_path / "repository/.github/actions/reconcile"
    action.mkdir(parents=True)
    assert installing(action) == "tool==1\n"
    (action / "requirements.txt").touch()
    assert installing(action).splitlines() == [
        f"--require-hashes --requirement {action}/requirements.txt",
        "--no-deps tool==1",
    ]
