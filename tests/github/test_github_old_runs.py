"""apply in a job, and plan --newest: an old run brings back nothing that was declared once."""

import pytest

from reconciler.github.concern import Since
from tests.worlds import queues, writes

ONE = queues(q="")


@pytest.fixture
def outdated(job, api):
    """A job of the commit before the newest, which changed the declarations."""
    old = api.head
    api.push("declared/world.yaml")
    job.set(GITHUB_SHA=old)
    return old


# apply


def test_apply_from_the_newest_commit_goes_on(reconcile, job, api):
    assert reconcile("apply", ONE, "--yes").code == 0
    assert [call.path.rpartition("/")[2] for call in api.calls] == ["notifications", "main"]


@pytest.mark.parametrize("files", [["declared/world.yaml"], ["README.md"]])
def test_apply_from_an_old_commit_is_refused_before_anything_is_read(
    reconcile, job, api, sandbox, files
):
    old = api.head
    api.push(*files)
    job.set(GITHUB_SHA=old)
    ended = reconcile("apply", ONE, "--yes")
    assert (ended.code, sandbox.calls()) == (3, [])
    assert f"refused: this run is of commit {old[:12]}, and main is at {api.head[:12]}" in ended.err
    assert "--expect" in ended.err
    assert job.outputs()["refused"] == "true"
    assert "this run is of commit" in job.told()


def test_the_fingerprint_of_a_plan_that_is_meant_lets_an_old_commit_apply_exactly_that(
    reconcile, job, outdated, sandbox
):
    reconcile("plan", ONE)
    expected = job.outputs()["fingerprint"]
    assert reconcile("apply", ONE, "--yes", "--expect", "sha256:other").code == 3
    assert writes(sandbox) == []
    assert reconcile("apply", ONE, "--yes", "--expect", expected).code == 0


def test_a_saved_plan_lets_nothing_old_through(reconcile, job, outdated, tmp_path):
    saved = tmp_path / "plan.json"
    assert reconcile("plan", ONE, "--out", saved).code == 0
    assert reconcile("apply", ONE, "--yes", "--plan", saved).code == 3


def test_a_tag_that_is_called_like_the_branch_makes_no_commit_the_newest(reconcile, job, api):
    api.elsewhere.add("f" * 40)
    job.set(GITHUB_SHA="f" * 40, GITHUB_REF="refs/tags/main", GITHUB_REF_NAME="main")
    assert reconcile("apply", ONE, "--yes").code == 3
    assert reconcile("plan", ONE, "--newest").code == 3


def test_without_a_token_it_cannot_be_told_and_is_refused(reconcile, job, sandbox, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = reconcile("apply", ONE, "--yes")
    assert (ended.code, sandbox.calls()) == (3, [])
    assert "GITHUB_TOKEN is not set" in ended.err


def test_an_api_that_does_not_answer_is_an_error_and_nothing_is_applied(
    reconcile, job, api, sandbox
):
    api.fault(502, path=".*/branches/.*", times=3)
    assert reconcile("apply", ONE, "--yes").code == 1
    assert sandbox.calls() == []


def test_in_a_job_it_is_the_same_without_the_option_github(cli, world, job, outdated, sandbox):
    options = ["--sandbox", sandbox.url, "--yes"]
    assert cli("apply", world(ONE), *options).code == 3
    assert writes(sandbox) == []


def test_without_the_option_and_without_a_token_it_is_said_that_nothing_was_checked(
    cli, world, job, outdated, sandbox, monkeypatch
):
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = cli("apply", world(ONE), "--sandbox", sandbox.url, "--yes")
    assert ended.code == 0
    assert "cannot be told whether this run is of the newest" in ended.err


def test_outside_of_a_job_nobody_is_asked(cli, world, job, api, outdated, sandbox, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    ended = cli("apply", world(ONE), "--sandbox", sandbox.url, "--yes")
    assert (ended.code, api.calls) == (0, [])
    assert "newest" not in ended.err


# plan --newest


def test_a_plan_of_what_is_declared_no_more_is_refused_before_anything_is_read(
    reconcile, job, outdated, sandbox
):
    ended = reconcile("plan", ONE, "--newest")
    assert (ended.code, sandbox.calls()) == (3, [])
    assert "declares something else" in ended.err
    assert reconcile("plan", ONE).code == 0, "it is asked for"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["README.md"], 0),
        (["declared-2/world.yaml"], 0),
        (["other/declared/world.yaml"], 0),
        (["declared/sub/new.yaml"], 3),
        (["declared/gone.yaml -> elsewhere/gone.yaml"], 3),
        (["elsewhere/come.yaml -> declared/come.yaml"], 3),
        ([f"docs/{number}.md" for number in range(299)], 0),
        ([f"docs/{number}.md" for number in range(300)], 3),
    ],
    ids=["other", "alike", "below", "new", "moved away", "moved here", "many", "more than told"],
)
def test_what_was_pushed_since_matters_where_it_is_declared(reconcile, job, api, files, code):
    old = api.head
    api.push(*files)
    job.set(GITHUB_SHA=old)
    assert reconcile("plan", ONE, "--newest").code == code


def test_a_commit_that_the_branch_does_not_hold_is_refused_whatever_it_changed(reconcile, job, api):
    job.set(GITHUB_SHA="e" * 40)
    assert reconcile("plan", ONE, "--newest").code == 3


def test_a_branch_that_was_set_back_is_refused_too(reconcile, job, api):
    newer = api.push("README.md")
    job.set(GITHUB_SHA=newer)
    del api.history[newer]
    api.elsewhere.add(newer)
    assert reconcile("plan", ONE, "--newest").code == 3


def test_an_apply_that_knows_its_plan_may_ask_for_the_newest_declarations_too(
    reconcile, job, outdated
):
    reconcile("plan", ONE)
    expected = ["--yes", "--expect", job.outputs()["fingerprint"]]
    assert reconcile("apply", ONE, "--newest", *expected).code == 3
    assert reconcile("apply", ONE, *expected).code == 0


def test_outside_of_a_job_the_newest_cannot_be_asked_for(cli, world, job, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    ended = cli("plan", world(ONE), "--newest")
    assert ended.code == 1
    assert "--newest" in ended.err


@pytest.mark.parametrize(
    ("status", "folder", "expected"),
    [
        ("identical", "a", True),
        ("ahead", "a", True),
        ("ahead", "b", False),
        ("ahead", ".", False),
        ("ahead", "../a", False),
        ("ahead", "b/c.yaml", False),
        ("behind", "a", False),
        ("diverged", "a", False),
        ("unknown", "a", False),
    ],
)
def test_a_folder_is_untouched_only_where_that_is_sure(status, folder, expected):
    assert Since(status, ("b/c.yaml",)).untouched(folder) is expected
