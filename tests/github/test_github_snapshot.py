"""snapshot --latest: the newest artifact that a run of the default branch left, and no other."""

import os
from dataclasses import replace

import pytest

from reconciler.core.model.errors import SettingsError
from reconciler.github.artifact import Run, believed, content
from tests.github.api import zipped

STRAY = "f" * 40
UNKNOWN = "e" * 40
FORK = {"id": 9, "full_name": "mallory/notifications"}
DRIFT = ".github/workflows/drift.yml"
OTHERS = {
    "an unmerged branch": {"run": {"head_branch": "feature", "head_sha": STRAY}},
    "a tag that is called main": {"run": {"event": "push", "head_sha": STRAY}},
    "a tag called main that was moved away since": {"run": {"event": "push", "head_sha": UNKNOWN}},
    "a fork whose branch is called main too": {"run": {"head_repository": FORK}},
    "a fork that is gone": {"run": {"head_repository": None}},
    "a pull request that asks for main's commit": {"run": {"event": "pull_request"}},
    "the code of a pull request with the base's rights": {"run": {"event": "pull_request_target"}},
    "what another workflow sets off": {"run": {"event": "workflow_run"}},
    "another workflow": {"run": {"path": ".github/workflows/build.yml"}},
    "another workflow of the same name elsewhere": {
        "run": {"path": "x/.github/workflows/drift.yml"}
    },
    "a workflow whose name only ends alike": {"run": {"path": ".github/workflows/my-drift.yml"}},
    "a workflow that calls another": {
        "run": {
            "path": ".github/workflows/all.yml",
            "referenced_workflows": [{"path": "x/y/.github/workflows/plan.yml@v1", "sha": "1"}],
        }
    },
    "a time long past": {"created_at": "2020-01-01T00:00:00Z"},
    "an archive that is gone": {"expired": True},
    "another name": {"name": "reconciler-snapshot-2"},
}
BELIEVED = {
    "the drift workflow by its schedule": {},
    "the drift workflow by hand": {"event": "workflow_dispatch"},
    "the apply workflow after a merge": {"event": "push", "path": ".github/workflows/apply.yml"},
    "an earlier commit of the branch": {"head_sha": "0" * 40},
    "a run that failed after it had taken it": {"conclusion": "failure"},
    "a path as GitHub's reference writes it": {"path": f"acme/notifications/{DRIFT}@main"},
    "a caller of the drift workflow": {
        "path": ".github/workflows/nightly.yml",
        "referenced_workflows": [
            {"path": "acme/subscription-reconciler/.github/workflows/drift.yml@v1", "sha": "1"}
        ],
    },
}


@pytest.fixture
def fetch(cli, job, tmp_path):
    def run(*options):
        return cli("snapshot", "--latest", "--out", tmp_path / "live.json", *options)

    return run


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_newest_of_the_default_branch_is_fetched_whatever_else_there_is(
    fetch, api, tmp_path, other
):
    api.elsewhere.add(STRAY)
    api.artifact('{"is": "it"}', created_at="2026-11-20T00:00:00Z")
    api.artifact("{}", **{"created_at": "2026-11-21T00:00:00Z", **other})
    ended = fetch()
    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / "live.json").read_text() == '{"is": "it"}'


@pytest.mark.parametrize("run", BELIEVED.values(), ids=BELIEVED)
def test_what_the_shipped_workflows_of_the_default_branch_left_is_taken(fetch, api, tmp_path, run):
    api.artifact('{"is": "it"}', run=run)
    ended = fetch()
    assert (ended.code, ended.err.count("reconciler-snapshot")) == (0, 0), ended.err
    assert (tmp_path / "live.json").read_text() == '{"is": "it"}'


@pytest.mark.parametrize("other", list(OTHERS.values())[:-3], ids=list(OTHERS)[:-3])
def test_of_others_alone_nothing_is_taken_and_it_is_said_that_they_were_passed_over(
    fetch, api, tmp_path, other
):
    api.elsewhere.add(STRAY)
    api.artifact("{}", **other)
    ended = fetch()
    assert ended.code == 1
    assert "of apply.yml or drift.yml from a commit of main (1 by others were passed" in ended.err
    assert not (tmp_path / "live.json").exists()


def test_workflows_of_ones_own_are_believed_where_they_are_named_and_no_others_then(fetch, api):
    api.artifact("{}", run={"path": ".github/workflows/nightly.yaml"})
    assert fetch().code == 1
    assert fetch("--workflow", "x.yml", "--workflow", "nightly.yaml").code == 0
    assert fetch("--workflow", ".github/workflows/nightly.yaml").code == 0
    api.artifacts.clear()
    api.artifact("{}")
    assert fetch("--workflow", "nightly.yaml").code == 1


def test_few_calls_are_made_however_many_artifacts_there_are(fetch, api):
    for day in range(1, 29):
        api.artifact("{}", created_at=f"2026-10-{day:02}T00:00:00Z")
        api.artifact("{}", created_at=f"2026-10-{day:02}T01:00:00Z", run={"head_branch": "topic"})
    api.calls.clear()
    assert fetch().code == 0
    assert len(api.calls) == 5, "repository, artifacts, branch, run, archive"


def test_artifacts_of_all_pages_are_looked_at(fetch, api, tmp_path):
    for day in range(1, 29):
        for hour in range(5):
            api.artifact("{}", created_at=f"2026-10-{day:02}T{hour:02}:00:00Z")
    api.artifact('{"is": "it"}', created_at="2026-11-20T00:00:00Z")
    fetch()
    assert (tmp_path / "live.json").read_text() == '{"is": "it"}'


def test_the_host_of_the_archive_never_sees_the_token(fetch, api):
    api.artifact("{}")
    assert fetch().code == 0
    assert api.leaks == []


def test_without_out_it_goes_to_stdout(cli, job, api):
    api.artifact('{"is": "it"}')
    assert cli("snapshot", "--latest").out == '{"is": "it"}'


def test_a_name_of_its_own_serves_a_stack_of_its_own(fetch, api):
    api.artifact("{}", name="reconciler-snapshot-2")
    assert fetch().code == 1
    assert fetch("--artifact", "reconciler-snapshot-2").code == 0


def test_nothing_found_ends_with_1_and_says_what_to_run(fetch, api):
    ended = fetch()
    assert (ended.code, ended.out) == (1, "")
    assert "acme/notifications has no artifact reconciler-snapshot" in ended.err
    assert "passed over" not in ended.err
    assert "run the drift workflow" in ended.err


def test_one_that_is_too_old_is_warned_about_and_used(fetch, api):
    api.artifact("{}", created_at="2020-01-01T00:00:00Z")
    ended = fetch("--max-age", "26h")
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert "(2020-01-01T00:00Z)" in message
    assert fetch("--max-age", "9999d").commands("warning") == []
    assert fetch().commands("warning") == []


def test_a_token_that_may_not_read_artifacts_is_told_the_permission(fetch, api):
    api.fault(403, path=".*/artifacts", message="Resource not accessible by integration")
    ended = fetch()
    assert ended.code == 1
    assert "`actions: read`" in ended.err


def test_no_token_is_told_with_what_to_write(fetch, job, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = fetch()
    assert ended.code == 1
    assert "GITHUB_TOKEN is not set" in ended.err


@pytest.mark.parametrize(
    "archive",
    [
        zipped({"../../snapshot.json": "{}"}),
        zipped({"snapshot.json": "{}", "run.sh": "x"}),
        zipped({}),
        b"no archive",
        zipped({"snapshot.json": "{}"})[:-30],
    ],
    ids=["a path upwards", "a second file", "empty", "no archive", "cut off"],
)
def test_an_archive_with_anything_else_in_it_is_refused(fetch, api, tmp_path, archive):
    api.artifact("", archive=archive)
    ended = fetch()
    assert ended.code == 1
    assert "take a new one" in ended.err
    assert not (tmp_path / "live.json").exists()
    assert ended.err.count("\n") == 2, "the mask and one sentence"


def test_an_archive_that_unpacks_to_too_much_is_refused():
    bomb = zipped({"snapshot.json": "0" * 1_000_000})
    assert len(bomb) < 2_000
    with pytest.raises(SettingsError, match="larger than 1,000 bytes"):
        content(bomb, limit=1_000)


def test_an_archive_that_is_damaged_inside_is_refused():
    archive = bytearray(zipped({"snapshot.json": os.urandom(100)}))
    archive[60] ^= 0xFF
    with pytest.raises(SettingsError, match="no sound zip archive"):
        content(bytes(archive))


@pytest.mark.parametrize(
    "option", [["--max-age", "1h"], ["--artifact", "x"], ["--workflow", "drift.yml"]]
)
def test_options_of_latest_alone_are_wrong_usage(cli, job, option):
    assert cli("snapshot", *option).code == 64


@pytest.mark.parametrize("file", ["drift", "../drift.yml", "a/drift.yml", ""])
def test_a_workflow_that_is_no_file_of_the_folder_is_wrong_usage(fetch, file):
    assert fetch("--workflow", file).code == 64


def test_an_age_that_is_none_is_wrong_usage(fetch):
    assert fetch("--max-age", "soon").code == 64


def test_a_run_is_held_against_its_own_facts_whatever_the_list_of_artifacts_said():
    run = Run(DRIFT, (), "schedule", "acme/notifications", "0" * 40)
    assert believed(run, "acme/notifications", ["drift.yml"])
    assert not believed(run, "acme/other", ["drift.yml"])
    assert not believed(replace(run, repository=""), "acme/notifications", ["drift.yml"])
