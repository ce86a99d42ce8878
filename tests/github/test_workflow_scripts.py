"""What the workflows do beside calling the command: names and credentials."""

import os
import subprocess

from tests.github.runner import Runner
from tests.github.workflows import WORKFLOWS, load


def test_several_stacks_of_one_repository_keep_their_artifacts_apart(tmp_path):
    runner = Runner(tmp_path, tmp_path, dict(os.environ))
    assert runner.reconcile({"path": "stacks/emea", "shard": "3/4"}).outputs == {
        "snapshot": "reconciler-snapshot.stacks.emea.3-of-4",
        "journal": "reconciler-journal.stacks.emea.3-of-4",
        "report": "reconciler-report.stacks.emea.3-of-4",
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
