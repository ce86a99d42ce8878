"""Every script of the workflows, run in bash against the sandbox and a loopback GitHub."""

import copy
import re
from types import SimpleNamespace

import pytest
import yaml

from tests.github.api import GithubApi, zipped
from tests.github.repository import FIRST, REPORT, SECOND, SNAPSHOT, Repository
from tests.github.workflows import REUSABLE, WORKFLOWS, load
from tests.standing import brought
from tests.worlds import AWS, HEAD, MERCHANT, queues, writes


@pytest.fixture(scope="module")
def services(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def command(preloaded):
    return preloaded.folder


@pytest.fixture
def repository(tmp_path, services, command):
    services.reset()
    with GithubApi() as api:
        yield Repository(tmp_path, services, api, command)


@pytest.fixture
def merged(repository):
    """Merge a first world, or lay down what its first merge here left in services and artifacts."""
    repository.declare(FIRST)
    api = repository.api

    def merge():
        assert repository.merge().apply.ok
        assert not api.issues
        return copy.deepcopy((api.artifacts, api.archives, api.runs))

    left = copy.deepcopy(brought(repository.sandbox, "merged", merge))
    api.artifacts, api.archives, api.runs = left
    api.number_from(2001)
    return repository


@pytest.fixture(scope="module")
def story(tmp_path_factory, services, command):
    """From the first pull request to the recovery from somebody's meddling, once."""
    services.reset()
    told = SimpleNamespace()
    with GithubApi() as api:
        here = Repository(tmp_path_factory.mktemp("story"), services, api, command)
        here.declare(FIRST)
        told.validated = here.pull_request("validate")
        told.without_snapshot = here.pull_request()
        told.first_drift = here.drift("workflow_dispatch")
        told.first_issues = here.drift_issues()
        told.planned = here.pull_request()
        told.first_comments = here.comments()
        here.declare(SECOND)
        told.pushed = here.pull_request()
        told.second_comments = here.comments()
        merge = api.merge(7)
        told.merged = here.merge(commit=merge)
        told.reported = here.comments()[1]
        told.live = here.visibility()
        here.meddle("77")
        told.drifted = here.drift()
        told.issue = dict(here.drift_issues()[0])
        here.inputs = {"fingerprint": told.merged.plan.outputs["fingerprint"]}
        told.stale = here.merge("workflow_dispatch")
        here.inputs = {"fingerprint": told.stale.plan.outputs["fingerprint"]}
        told.approved = here.merge("workflow_dispatch")
        told.repaired = here.visibility()
        told.issues = [dict(issue) for issue in here.drift_issues()]
        told.last_comments = here.comments()
        here.inputs = {}
        told.recovered = here.drift()
        told.artifacts = [item["name"] for item in api.artifacts]
        told.leaks = api.leaks
        told.token = api.ACTIONS
    return told


# the story


def test_a_pull_request_is_validated_without_credentials(story):
    assert story.validated.ok, story.validated.log


def test_before_the_first_snapshot_a_pull_request_is_told_so_and_does_not_fail(story):
    assert story.without_snapshot.ok, story.without_snapshot.log
    assert "Plan" not in story.without_snapshot.steps
    assert "::notice title=no plan::" in story.without_snapshot.log
    assert "run the workflow drift once by hand" in story.without_snapshot.summary()


def test_before_the_first_apply_drift_opens_no_issue_and_leaves_a_snapshot(story):
    assert story.first_drift.ok, story.first_drift.log
    assert "Not applied yet" in story.first_drift.summary()
    assert story.first_issues == []
    assert list(story.first_drift.uploads) == [REPORT, SNAPSHOT]


def test_a_pull_request_is_planned_from_the_snapshot_into_one_comment(story):
    assert story.planned.ok, story.planned.log
    assert len(story.first_comments) == 1
    assert "queue.offers" in story.first_comments[0]


def test_the_comment_draws_what_changes_and_leads_to_the_page_that_the_run_keeps(story):
    [comment] = story.first_comments
    assert "<details><summary>Picture: " in comment
    assert "```mermaid\nflowchart LR\n" in comment
    assert "(+) create" in comment
    assert "#artifacts) among its artifacts" in comment
    assert "Ready to apply." in story.planned.uploads[REPORT]


def test_the_next_push_edits_the_same_comment(story):
    assert story.pushed.ok, story.pushed.log
    assert len(story.second_comments) == 1
    assert story.second_comments != story.first_comments


def test_the_merge_applies_the_plan_that_was_made_of_it(story):
    assert story.merged.plan.ok, story.merged.plan.log
    assert story.merged.apply.ok, story.merged.apply.log
    assert story.live == "300"
    assert story.merged.plan.outputs["changes"] == "2"


def test_the_pull_request_and_the_merge_have_one_fingerprint(story):
    fingerprint = story.merged.plan.outputs["fingerprint"]
    assert fingerprint.startswith("sha256:")
    assert fingerprint in story.second_comments[0]


def test_an_apply_keeps_its_journal_and_a_fresh_snapshot(story):
    kept = ["reconciler-journal.1", "reconciler-journal.1.result", SNAPSHOT]
    assert list(story.merged.apply.uploads) == kept
    assert "Ready to apply." in story.merged.plan.uploads[REPORT]
    assert '"queue.offers"' in story.merged.apply.uploads["reconciler-journal.1"]


def test_the_merged_pull_request_is_told_what_became_of_it(story):
    assert story.merged.report.ok, story.merged.report.log
    assert "✅ **Applied.** **2** done" in story.reported
    assert "actions/runs/77/attempts/1" in story.reported


def test_what_somebody_changes_by_hand_is_drift_and_not_breakage(story):
    assert story.drifted.ok, story.drifted.log
    assert story.issue["state"] == "open"
    assert story.drifted.steps["Look for drift"].outputs["drifted"] == "true"


def test_a_plan_that_is_no_longer_the_approved_one_is_refused_before_anybody_is_asked(story):
    assert story.stale.apply is None
    assert story.stale.plan.steps["Refuse what may not be applied"].code == 3
    assert story.stale.plan.outputs["fingerprint"] in story.stale.plan.log
    assert story.stale.report.ok, story.stale.report.log


def test_an_approved_fingerprint_is_applied_by_hand(story):
    assert story.approved.apply.ok, story.approved.apply.log
    assert story.repaired == "300"


def test_the_one_issue_is_closed_by_the_apply_that_brings_back_what_is_declared(story):
    assert [issue["state"] for issue in story.issues] == ["closed"]
    assert len(story.last_comments) == 2, "and the pull request's comment is edited in place"
    assert story.recovered.ok, story.recovered.log
    assert story.recovered.steps["Look for drift"].outputs["drifted"] == "false"


def test_no_log_output_or_artifact_holds_the_token(story):
    for job in (story.planned, story.first_drift, story.merged.apply, story.recovered):
        shown = re.sub(r"^::add-mask::.*$", "", job.log, flags=re.MULTILINE)
        assert story.token not in "".join([shown, job.summary(), *job.uploads.values()])
    assert not story.leaks


def test_the_story_runs_every_script_of_the_workflows(story):
    told = {
        ("plan", "validate"): story.validated,
        ("plan", "plan"): story.planned,
        ("apply", "plan"): story.merged.plan,
        ("apply", "apply"): story.merged.apply,
        ("apply", "report"): story.merged.report,
        ("drift", "drift"): story.first_drift,
    }
    for workflow in REUSABLE:
        for job, described in load(WORKFLOWS[workflow])["jobs"].items():
            scripts = {step["name"] for step in described["steps"] if "run" in step}
            # What fails a pull request has a test of its own below.
            scripts -= {"Fail where a guard refuses", "Fail where there is no whole plan"}
            assert scripts <= set(told[workflow, job].steps) | set(story.without_snapshot.steps)


# forks, guards, exit codes


def test_a_fork_is_validated_and_neither_planned_nor_commented(repository):
    repository.declare(FIRST + "nonsense: 1\n")
    validated = repository.pull_request("validate", fork=True)
    assert validated.steps["Validate"].code == 1
    assert re.search(r"::error [^\n]*file=subscriptions/world\.yaml,line=\d+", validated.log)
    assert not repository.pull_request("plan", fork=True).ran
    assert not repository.comments()
    assert not repository.sandbox.calls()


def test_secrets_go_to_another_host_only_where_the_repository_s_variable_allows_it(repository):
    elsewhere = "{service: merchant, accountId: '1', endpoint: https://proxy.example, credentials: "
    text = f"accounts: {{there: {elsewhere}{{accessToken: env:THERE}}}}}}\n"
    (repository.declared / "more.yaml").write_text(text)
    repository.declare("")
    refused = "proxy.example"
    assert refused in repository.pull_request("validate").log
    repository.variables = {"RECONCILER_ALLOWED_HOSTS": "other.example, proxy.example"}
    assert refused not in repository.pull_request("validate").log


def test_a_plan_that_a_guard_refuses_is_put_before_nobody(merged):
    merged.declare(queues(offers="visibilityTimeout: 2m"), HEAD.replace("true", "false"))
    refused = merged.merge()
    assert refused.plan.outputs["refused"] == "true"
    assert refused.plan.steps["Refuse what may not be applied"].code == 3
    assert refused.apply is None
    assert refused.report.ok, refused.report.log


def test_a_pull_request_that_a_guard_refuses_fails_after_its_comment_says_what_lets_it_through(
    merged,
):
    tight = HEAD.replace("maxDeletes: 100%", "maxDeletes: 0")
    merged.declare(queues(offers="visibilityTimeout: 2m"), tight)
    refused = merged.pull_request()
    assert refused.steps["Plan"].outputs["code"] == "0", "it ends as if nothing were refused"
    assert refused.steps["Fail where a guard refuses"].code == 3
    assert not refused.ok
    [comment] = merged.comments()
    [line] = re.findall(r"^- (\{guard: .*\})$", comment, re.MULTILINE)
    assert yaml.safe_load(line)["upTo"] == 1
    merged.declare(
        queues(offers="visibilityTimeout: 2m"),
        tight.replace("prune: true", f"prune: true, allow: [{line}]"),
    )
    passed = merged.pull_request(commit="d" * 40)
    assert passed.ok, passed.log
    assert "Fail where a guard refuses" not in passed.steps
    assert merged.merge().apply.ok


@pytest.mark.parametrize(("file", "ok"), [("README.md", True), ("subscriptions/x.yaml", False)])
def test_a_pull_request_that_touches_no_declarations_fails_for_nothing_of_theirs(merged, file, ok):
    tight = HEAD.replace("maxDeletes: 100%", "maxDeletes: 0")
    merged.declare(queues(offers="visibilityTimeout: 2m"), tight)
    refused = merged.pull_request(files=[file])
    assert refused.ok is ok, refused.log
    assert len(merged.comments()) == (0 if ok else 1)
    [snapshot] = [it for it in merged.api.artifacts if it["name"] == SNAPSHOT]
    content = zipped({"snapshot.json": "{}"})
    merged.api.archives[snapshot["id"]] = content
    partial = merged.pull_request(number=8, files=[file])
    assert partial.steps["Plan"].outputs["code"] != "0"
    assert partial.ok is ok, partial.log


@pytest.mark.parametrize(
    ("text", "snapshots"),
    [
        (FIRST + "  broken: {colour: red}\n", True),
        (FIRST + "  broken: {colour: red}\n", False),
        ("stack: [\n", False),
        ("stak: x\n", True),
    ],
)
def test_a_push_that_no_longer_validates_leaves_no_comment_that_looks_current(
    repository, text, snapshots
):
    repository.declare(FIRST)
    assert repository.drift().ok
    planned = repository.pull_request(commit="b" * 40)
    fingerprint = planned.steps["Plan"].outputs["fingerprint"]
    [comment] = repository.comments()
    assert f"at commit `{'b' * 12}`" in comment
    (repository.declared / "world.yaml").write_text(
        HEAD + AWS + MERCHANT + text if text.startswith(FIRST) else text
    )
    artifacts = list(repository.api.artifacts)
    if not snapshots:
        repository.api.artifacts.clear()
    assert not repository.pull_request("validate", commit="d" * 40).ok
    assert not repository.pull_request(commit="d" * 40).ok
    [comment] = repository.comments()
    assert f"**Outdated.** The plan that stood here was of commit `{'b' * 12}`" in comment
    assert f"of the newest, `{'d' * 12}`, there is none" in comment
    assert fingerprint not in comment
    repository.api.artifacts[:] = artifacts
    repository.declare(FIRST)
    assert repository.pull_request(commit="e" * 40).ok
    [comment] = repository.comments()
    assert f"at commit `{'e' * 12}`" in comment
    assert "Outdated" not in comment


# old runs


def test_an_old_run_that_is_run_again_is_refused_before_anything_is_read(merged):
    old = merged.api.head
    merged.api.push("subscriptions/world.yaml", "README.md")
    merged.sandbox.clear_calls()
    again = merged.merge(commit=old, attempt="2")
    assert again.apply is None
    assert again.plan.steps["Plan"].code == 3
    assert f"this run is of commit {old[:12]}" in again.plan.log
    assert merged.sandbox.calls() == []


def test_a_run_that_only_other_files_came_after_goes_on_since_none_would_come_after_it(repository):
    old = repository.api.head
    repository.declare(FIRST)
    repository.api.push("README.md", "subscriptions-of-others/world.yaml")
    merged = repository.merge(commit=old)
    assert merged.apply.ok, merged.plan.log + merged.apply.log


def test_an_old_plan_is_not_applied_by_running_its_job_again(repository):
    old = repository.api.head
    repository.declare(FIRST)
    planned = repository.run("apply", "plan")
    repository.api.push("subscriptions/world.yaml")
    repository.sandbox.clear_calls()
    again = repository.run("apply", "apply", needs={"plan": planned}, commit=old, attempt="2")
    assert again.steps["Apply"].code == 3
    assert "declares something else" in again.log
    assert not writes(repository.sandbox)


def test_what_was_approved_before_others_merged_is_applied(repository):
    old = repository.api.head
    repository.declare(FIRST)
    planned = repository.run("apply", "plan")
    repository.api.push("subscriptions/world.yaml")
    applied = repository.run("apply", "apply", needs={"plan": planned}, commit=old)
    assert applied.ok, applied.log


def test_a_person_who_names_the_fingerprint_may_apply_an_old_commit(repository):
    old = repository.api.head
    repository.declare(FIRST)
    planned = repository.run("apply", "plan")
    repository.api.push("subscriptions/world.yaml")
    repository.inputs = {"fingerprint": planned.outputs["fingerprint"]}
    merged = repository.merge("workflow_dispatch", commit=old, attempt="2")
    assert merged.apply.ok, merged.plan.log + merged.apply.log


# approval, half-done


def test_what_changed_while_the_plan_waited_for_approval_is_refused(repository):
    repository.declare(FIRST)
    former = SimpleNamespace(outputs={"changes": "1", "fingerprint": f"sha256:{'0' * 64}"})
    refused = repository.run("apply", "apply", needs={"plan": former})
    assert refused.steps["Apply"].code == 3
    assert "reconciler-journal.1" not in refused.uploads
    assert not repository.sandbox.state()["merchant"].get("5678")


def test_a_read_that_was_partial_fails_and_leaves_neither_snapshot_nor_apply(repository):
    repository.declare(FIRST)
    denied = {"service": "merchant", "operation": "list", "kind": "denied", "times": None}
    repository.sandbox.faults([denied])
    drift = repository.drift()
    assert drift.steps["Look for drift"].code == 1
    assert list(drift.uploads) == [REPORT]
    assert "? unknown" in drift.uploads[REPORT]
    assert repository.merge().apply is None


def test_a_schedule_that_stopped_is_warned_of_by_the_next_run(repository):
    repository.declare(FIRST)
    repository.api.artifact("{}", created_at="2026-01-01T00:00:00Z")
    drift = repository.drift()
    assert drift.ok, drift.log
    assert "::warning" in drift.steps["Warn if drift has not been looked for"].err


def test_what_could_not_be_told_of_arrivals_is_warned_of_and_the_drift_is_told(merged):
    merged.sandbox.settings(awsDenied=["cloudwatch:GetMetricData"])
    drift = merged.drift()
    assert drift.ok, drift.log
    assert "::warning title=silence::" in drift.steps["Ask what went quiet"].out
    assert "what arrived could not be told" in drift.summary()
    merged.variables["RECONCILER_MAX_QUIET"] = "off"
    assert "Ask what went quiet" not in merged.drift().steps


def test_an_apply_that_fails_half_way_leaves_its_journal_and_what_is_live_now(repository):
    repository.declare(FIRST)
    repository.sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    failed = repository.merge().apply
    assert failed.steps["Apply"].code == 1
    kept = {"reconciler-journal.1", "reconciler-journal.1.result", SNAPSHOT}
    assert set(failed.uploads) == kept
    assert '"offers"' in failed.uploads[SNAPSHOT]
    again = repository.merge()
    assert again.plan.outputs["changes"] == "1"
    assert again.apply.ok, again.apply.log


def test_nothing_to_change_is_put_before_nobody(merged):
    unchanged = merged.merge()
    assert unchanged.plan.outputs["changes"] == "0"
    assert not unchanged.apply.ran


# the report


def test_a_merge_is_told_of_whatever_becomes_of_it_in_one_comment(repository):
    repository.declare(FIRST)
    repository.api.pull_request(7)
    commit = repository.api.merge(7)

    def told(**facts):
        merged = repository.merge(commit=commit, **facts)
        assert merged.report.ok, merged.report.log
        [comment] = repository.comments()
        return comment

    repository.sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    assert "**Not finished.**" in told()
    assert "✅ **Applied.**" in told(attempt="2")
    assert "**Nothing to apply.**" in told()
    tight = HEAD.replace("maxDeletes: 100%", "maxDeletes: 0")
    repository.declare(queues(offers="visibilityTimeout: 2m"), tight)
    assert "**Refused, nothing was changed.**" in told()
    denied = {"service": "merchant", "operation": "list", "kind": "denied", "times": None}
    repository.sandbox.faults([denied])
    assert "The run ended (`failure`) and left none" in told()


def test_a_run_that_was_cut_off_or_not_approved_is_told_of_without_a_result(repository):
    repository.declare(FIRST)
    repository.api.pull_request(7)
    commit = repository.api.merge(7)
    planned = repository.run("apply", "plan", commit=commit)
    rejected = SimpleNamespace(ran=True, ok=False, outputs={})
    needs = {"plan": planned, "apply": rejected}
    report = repository.run("apply", "report", commit=commit, needs=needs)
    assert report.ok, report.log
    assert "left none" in repository.comments()[0]
    rejected.outputs = {"result": "reconciler-journal.1.result"}
    again = repository.run("apply", "report", commit=commit, needs=needs)
    assert again.ok, again.log
    assert again.steps["Fetch the result"].code == 1


def test_a_plan_that_waits_for_its_fingerprint_is_not_reported(repository):
    planned = SimpleNamespace(ran=True, ok=True, outputs={"changes": "1"})
    skipped = SimpleNamespace(ran=False, ok=True, outputs={})
    needs = {"plan": planned, "apply": skipped}
    assert not repository.run("apply", "report", needs=needs).ran


# switches: conditions only, so that nothing is started


def test_the_variable_stops_everything_or_asks_for_a_fingerprint(repository):
    changed = SimpleNamespace(outputs={"changes": "1", "fingerprint": "sha256:1"})
    repository.variables = {"RECONCILER_MODE": "off"}
    assert not repository.run("apply", "plan").ran
    assert not repository.drift().ran
    repository.variables = {"RECONCILER_MODE": "dispatch"}
    assert not repository.run("apply", "apply", needs={"plan": changed}).ran


def test_nothing_is_applied_or_looked_at_from_another_branch(repository):
    assert not repository.run("apply", "plan", "workflow_dispatch", ref="refs/heads/topic").ran
    assert not repository.run("drift", "drift", "workflow_dispatch", ref="refs/heads/topic").ran


# fleets


def test_the_shards_of_a_fleet_are_the_whole_plan_and_do_not_collide(repository):
    repository.declare(FIRST)
    changes, artifacts = [], set()
    for shard in ("1/2", "2/2"):
        repository.inputs = {"path": "subscriptions", "shard": shard}
        drift = repository.drift()
        assert drift.ok, drift.log
        artifacts |= set(drift.uploads)
        planned = repository.pull_request()
        assert planned.ok, planned.log
        changes.append(planned.steps["Plan"].outputs["changes"])
    names = (REPORT, SNAPSHOT)
    assert artifacts == {f"{name}.{number}-of-2" for name in names for number in (1, 2)}
    assert changes == ["1", "1"]
    texts = repository.comments()
    assert len(texts) == 2
    assert ["subscription.own" in text for text in texts] == [True, False]
    assert ["queue.offers" in text for text in texts] == [False, True]
    assert repository.drift_issues() == [], "nothing was applied yet"


def test_drift_of_a_shard_is_told_and_closed_by_itself(repository):
    repository.declare(FIRST)
    shards = [{"path": "subscriptions", "shard": f"{number}/2"} for number in (1, 2)]
    for repository.inputs in shards:
        assert repository.merge().apply.ok
    repository.meddle("77")
    for repository.inputs in shards:
        assert repository.drift().ok
    [issue] = repository.drift_issues()
    assert issue["title"] == "Drift of acme (--shard 2/2 only)"
    states = []
    for repository.inputs in shards:
        assert repository.merge().report.ok
        states.append(issue["state"])
    assert states == ["open", "closed"]
