"""The container image: pinned, not root, the lock and nothing else; and how it is pushed."""

import fnmatch
import os
import re
import shutil
import subprocess

import pytest

from release import building
from release.building import tracked
from release.container import stages
from release.process import ROOT

STAGES = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
ALL = [step for stage in STAGES for step in stage]
DIGEST = "sha256:" + "ab" * 32
ENGINE = """#!/bin/bash
printf '%s\\n' "docker $*" >> "$LOG"
case "$1 $*" in
  run*--version) echo "reconciler $ANSWERS" ;;
  "image image inspect"*) echo "ghcr.io/acme/tool@DIGEST" ;;
  login*) cat > "$LOG.password" ;;
esac
""".replace("DIGEST", DIGEST)


def values(name):
    return [step.rest for step in ALL if step.name == name]


def test_every_stage_begins_with_the_same_slim_image_pinned_by_its_digest():
    images = {image.partition(" ")[0] for image in values("FROM")}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", images.pop())


def test_what_runs_is_not_root_and_is_the_command():
    last = {step.name: step.rest for step in STAGES[-1]}
    user, _, group = last["USER"].partition(":")
    assert int(user) >= 1000, "a number, since Kubernetes cannot tell whether a name is root"
    assert int(group) >= 1000
    assert last["ENTRYPOINT"] == '["reconciler"]'
    assert "RUN" not in last, "nothing is made in what is shipped"


def test_everything_is_installed_from_the_lock_and_checked():
    commands = [part for run in values("RUN") for part in run.split(" && ")]
    installs = [command for command in commands if " install " in command]
    assert installs
    assert all("--no-deps" in command for command in installs)
    assert "--require-hashes --requirement requirements/run.txt" in installs[0]
    assert all("--no-build-isolation" in command for command in installs[1:])
    assert commands[-1].endswith(" check")
    assert all(re.match(r"python (-I )?-m (venv|pip) ", command) for command in commands)
    assert values("ADD") == []


def test_nothing_secret_is_baked_in():
    assert values("ARG") == []
    assert not re.search(r"(?i)token|secret|password|key", " ".join(values("ENV")))


def ignored(name, patterns):
    """Say whether the build's context leaves a file out; the last pattern that fits decides."""
    left_out = False
    for pattern in patterns:
        whole = pattern.lstrip("!")
        parts = name.split("/")
        heads = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        anywhere = whole.startswith("**/")
        places = (*heads, *parts) if anywhere else heads
        fits = any(fnmatch.fnmatch(place, whole.removeprefix("**/")) for place in places)
        if fits:
            left_out = not pattern.startswith("!")
    return left_out


def test_the_context_holds_what_is_copied_and_no_more():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    wanted = [name for step in ALL for name in step.copied]
    assert sorted(line[1:] for line in patterns if line.startswith("!")) == sorted(wanted)
    for name in tracked():
        copied = any(name == source or name.startswith(f"{source}/") for source in wanted)
        assert copied != ignored(name, patterns), name
    assert ignored("reconciler/cli/__pycache__/main.pyc", patterns)
    assert ignored(".env", patterns)


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit."""
    directory = tmp_path / "checkout"
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q", directory], ["commit", "-q", "--allow-empty", "-m", "a"]):
        where = [] if directory in arguments else ["-C", directory]
        subprocess.run(["git", *where, *who, *arguments], check=True)
    return directory


@pytest.fixture
def push(tmp_path, checkout):
    """Run what builds and pushes the image, with an engine that notes what it is told."""
    engine = tmp_path / "bin/docker"
    engine.parent.mkdir()
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    log, output = tmp_path / "log", tmp_path / "output"
    (checkout / ".ci/release").mkdir(parents=True)
    (checkout / "reconciler/starter").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/release/image", checkout / ".ci/release/image")

    def run(answers):
        ended = subprocess.run(
            [checkout / ".ci/release/image"],
            env={
                "PATH": f"{engine.parent}{os.pathsep}{os.environ['PATH']}",
                "LOG": str(log),
                "ANSWERS": answers,
                "GITHUB_REPOSITORY": "Acme/Tool",
                "GITHUB_SHA": "0" * 40,
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_ACTOR": "somebody",
                "REGISTRY_TOKEN": "ghs_secret",
                "GITHUB_OUTPUT": str(output),
                "RELEASE_TAG": "v1.2.3",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        outputs = output.read_text() if output.exists() else ""
        return ended.returncode, log.read_text().splitlines(), outputs

    return run


def test_an_image_is_tried_before_it_is_pushed_and_told_by_its_digest(push, tmp_path):
    code, told, outputs = push("1.2.3")
    assert code == 0
    assert [line.split()[1] for line in told] == ["build", "run", "run", "login", "push", "image"]
    assert told[4] == "docker push ghcr.io/acme/tool:1.2.3", "lower case, as registries demand"
    assert outputs == f"name=ghcr.io/acme/tool\ndigest={DIGEST}\n"


def test_the_image_knows_which_commit_it_is_made_of(push, checkout):
    push("1.2.3")
    head = ["git", "-C", checkout, "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout
    assert (checkout / building.RELEASED).read_text() == f"Acme/Tool@{commit}"


def test_an_image_of_another_version_is_not_pushed(push):
    code, told, outputs = push("1.2.2")
    assert code != 0
    assert [line.split()[1] for line in told] == ["build", "run"]
    assert outputs == ""


def test_the_token_reaches_the_registry_by_stdin_only(push, tmp_path):
    _, told, _ = push("1.2.3")
    assert "ghs_secret" not in "\n".join(told)
    assert (tmp_path / "log.password").read_text() == "ghs_secret\n"
