"""Releases: made by what everybody can run, published by nobody alone."""

import os
import subprocess

import pytest

from release import __main__ as release
from tests.github.workflows import ROOT, WORKFLOWS, load

JOBS = load(WORKFLOWS["release"])["jobs"]
TEXT = WORKFLOWS["release"].read_text(encoding="utf-8")
OUTWARD = ("publish", "image", "announce")


def before(name):
    """Return the jobs that a job waits for, directly or not."""
    needed = JOBS[name].get("needs", [])
    direct = [needed] if isinstance(needed, str) else needed
    return {*direct, *(further for job in direct for further in before(job))}


def used(action):
    return [
        (name, step)
        for name, job in JOBS.items()
        for step in job["steps"]
        if step.get("uses", "").startswith(f"{action}@")
    ]


def test_only_a_tag_makes_a_release():
    assert load(WORKFLOWS["release"])["on"] == {"push": {"tags": ["v*"]}}


def test_what_is_released_is_made_by_the_target_that_needs_no_account():
    makes = [step for step in JOBS["build"]["steps"] if "run" in step]
    assert [step["run"] for step in makes] == ["make release-check"]
    assert makes[0]["env"] == {"RELEASE_TAG": "${{ github.ref_name }}"}
    assert "\nrelease-check: .venv/.dev\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert JOBS["build"]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", OUTWARD)
def test_nothing_is_published_that_was_not_built_attested_and_approved(name):
    assert {"build", "attest"} <= before(name)
    assert name == "publish" or "publish" in before(name)
    assert (JOBS[name].get("environment") == {"name": "release"}) == (name == "publish")


def test_no_credential_is_stored_for_publishing():
    assert "secrets." not in TEXT
    [(job, step)] = used("pypa/gh-action-pypi-publish")
    assert (job, JOBS[job]["permissions"]) == ("publish", {"id-token": "write"})
    assert "password" not in step.get("with", {})


def test_a_right_to_write_is_held_by_the_one_job_that_needs_it():
    holders = {
        right: sorted(
            name for name, job in JOBS.items() if job["permissions"].get(right) == "write"
        )
        for right in ("contents", "packages", "attestations", "id-token")
    }
    assert holders == {
        "contents": ["announce"],
        "packages": ["image"],
        "attestations": ["attest", "image"],
        "id-token": ["attest", "image", "publish"],
    }


def test_jobs_hand_on_exactly_what_the_build_left():
    left = {
        step["with"]["name"]: step["with"]["path"] for _, step in used("actions/upload-artifact")
    }
    assert {ROOT / path for path in left.values()} == {release.DISTRIBUTIONS, release.BESIDE}
    fetched = used("actions/download-artifact")
    assert {step["with"]["name"] for _, step in fetched} == set(left)
    # What publishes takes all that lies there.
    assert left["distributions"] == "dist"
    assert [step["with"] for job, step in fetched if job == "publish"] == [
        {"name": "distributions", "path": "dist"}
    ]


def test_both_the_origin_and_the_bill_of_materials_are_attested():
    attested = [step["with"] for job, step in used("actions/attest") if job == "attest"]
    assert attested[0] == {"subject-path": "dist/*"}
    assert attested[1] == {"subject-path": "dist/*", "sbom-path": f"beside/{release.BILL}"}


def test_the_release_on_github_has_the_notes_and_every_file(tmp_path):
    [script] = [step["run"] for step in JOBS["announce"]["steps"] if "run" in step]
    client = tmp_path / "bin/gh"
    client.parent.mkdir()
    client.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    client.chmod(0o755)
    for name in ("dist/a.whl", "dist/a.tar.gz", f"beside/{release.BILL}", "beside/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": f"{client.parent}{os.pathsep}{os.environ['PATH']}",
            "RELEASE_TAG": "v1.0.0; id",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    told = ended.stdout.splitlines()
    assert told[:3] == ["release", "create", "v1.0.0; id"]
    assert told[told.index("--notes-file") + 1] == "beside/notes.md"
    assert told[-3:] == ["dist/a.tar.gz", "dist/a.whl", f"beside/{release.BILL}"]
    assert "--verify-tag" in told
