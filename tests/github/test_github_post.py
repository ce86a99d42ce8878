"""post: from a job without credentials, the merged pull request and the drift issue are told."""

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.github.api import Identity
from tests.github.conftest import HOSTILE
from tests.github.test_github_pages import Visible
from tests.worlds import HEAD, ONLY_MERCHANT, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = "https://hooks.example.com/here"
ONE = subscriptions(s=HOOK % (1, HERE))
TWO = subscriptions(s=HOOK % (1, HERE), t=HOOK % (2, HERE))

APPLICATION = """
accounts:
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:CID", clientSecret: "env:CSEC"}
    sellers: {acme: {refreshToken: "env:RT"}}
"""


@pytest.fixture
def reconcile(reconcile):
    """Need one service only, the quickest to ask."""

    def run(command, text, *options):
        return reconcile(command, text, *options, head=HEAD + ONLY_MERCHANT)

    return run


@pytest.fixture
def merged(job, api):
    """Go on as the run of a merge: of pull request 7."""
    api.pull_request(7)
    job.set(GITHUB_SHA=api.merge(7))


@pytest.fixture
def post(reconcile, cli, world, tmp_path):
    """Apply a text, or just declare it; then post as another job would."""

    def run(text=ONE, *options, applied=True):
        result = tmp_path / "result.json"
        result.unlink(missing_ok=True)
        if applied:
            reconcile("apply", text, "--yes", "--out", result)
        else:
            world(text, head=HEAD + ONLY_MERCHANT)
        return cli("post", "declared", "--result", result, *options)

    return run


def test_the_merged_pull_request_gets_one_comment_with_outcome_and_run(post, job, api, merged):
    job.run(5)
    ended = post()
    assert (ended.code, ended.commands("error"), ended.commands("warning")) == (0, [], [])
    [comment] = api.comments(7)
    assert "## Apply of stack `acme`" in comment["body"]
    assert "✅ **Applied.** **1** done." in comment["body"]
    assert "create `subscription.s`" in comment["body"]
    assert "actions/runs/5/attempts/1" in comment["body"]
    job.run(6)
    post(TWO)
    job.run(7)
    post(TWO, "--ended", "unchanged", applied=False)
    job.run(8)
    post(TWO, "--ended", "unchanged", applied=False)
    assert len(api.comments(7)) == 1
    assert "Nothing to apply" in comment["body"]
    assert "actions/runs/8/" in comment["body"], "the newest run, though it found the same"


def test_a_plan_s_comment_stands_beside_it(reconcile, post, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    job.event({})
    job.set(GITHUB_SHA=api.merge(7))
    post()
    planned, applied = api.comments(7)
    assert "**1** to create" in planned["body"]
    assert "Applied" in applied["body"]


def test_what_failed_is_told_with_its_reason(post, job, api, merged, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    assert post().code == 0, "the post did what it has to"
    [comment] = api.comments(7)
    assert "**Not finished.**" in comment["body"]
    assert "create `subscription.s`: shop: " in comment["body"]


def test_an_apply_that_ends_in_sync_closes_the_drift_issue(reconcile, post, api, merged):
    post()
    reconcile("drift", TWO)
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    assert issue["state"] == "open"
    post(TWO)
    assert issue["state"] == "closed"
    [word] = api.comments(issue["number"])
    assert word["body"].startswith("Drift is gone: [this run](")
    assert word["body"].endswith("applied what is declared.")
    api.calls.clear()
    post(TWO)
    assert [call for call in api.writes() if "/issues/" in call and "comments/" not in call] == []


def test_an_apply_closes_no_issue_that_tells_of_silence_too(reconcile, post, api, merged):
    post()
    reconcile("drift", TWO)
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    issue["body"] = issue["body"].replace(" -->", " quiet=yes -->", 1)
    post(TWO)
    assert issue["state"] == "open"


def test_an_apply_that_does_not_look_for_all_closes_no_issue(reconcile, post, api, merged, cli):
    post()
    reconcile("drift", TWO)
    reconcile("apply", TWO, "--yes", "--out", "result.json")
    Path("declared/application.yaml").write_text(APPLICATION)
    assert cli("post", "declared", "--result", "result.json").code == 0
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    assert issue["state"] == "open", "the next drift run looks for all"


@pytest.mark.parametrize("options", [["--target", "subscription.t"], ["--account", "shop"]])
def test_an_apply_of_a_part_closes_no_issue_of_the_whole(
    reconcile, cli, post, api, merged, options
):
    post()
    reconcile("drift", TWO)
    reconcile("apply", TWO, "--yes", "--out", "result.json", *options)
    assert cli("post", "declared", "--result", "result.json").code == 0
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    assert issue["state"] == "open"
    assert f"`{' '.join(options)}` only" in api.comments(7)[1]["body"]


def test_an_apply_that_did_not_finish_or_was_refused_closes_nothing(
    reconcile, cli, post, api, merged, sandbox
):
    post()
    reconcile("drift", TWO)
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    post(TWO)
    reconcile("apply", TWO, "--yes", "--expect", "sha256:other", "--out", "result.json")
    cli("post", "declared", "--result", "result.json")
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    assert issue["state"] == "open"
    assert "Refused, nothing was changed" in api.comments(7)[0]["body"]


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("unchanged", "**Nothing to apply.** The plan holds no changes."),
        ("refused", "**Refused, nothing was changed.**"),
        ("failure", "The run ended (`failure`) and left none"),
        ("cancelled", "The run ended (`cancelled`) and left none"),
    ],
)
def test_where_there_is_no_result_the_way_it_ended_is_told(
    reconcile, post, api, merged, ended, said
):
    post()
    reconcile("drift", TWO)
    assert post(TWO, "--ended", ended, applied=False).code == 0
    assert said in api.comments(7)[0]["body"]
    [issue] = [it for it in api.issues.values() if "pull_request" not in it]
    assert issue["state"] == ("closed" if ended == "unchanged" else "open")


def test_a_commit_that_somebody_pushed_is_of_no_pull_request(post, job, api):
    job.set(GITHUB_SHA=api.push("declared/world.yaml"))
    ended = post()
    assert (ended.code, api.writes()) == (0, [])
    [(_, _, message)] = ended.commands("notice")
    assert "is of no pull request" in message


def test_a_merge_that_changed_no_declarations_is_not_told(post, job, api):
    api.pull_request(7, files=["README.md"])
    job.set(GITHUB_SHA=api.merge(7))
    assert post().code == 0
    assert api.comments(7) == []


def test_an_open_pull_request_at_the_same_commit_is_not_the_merged_one(post, job, api, merged):
    api.pull_request(8, head=api.head)
    post()
    assert (len(api.comments(7)), len(api.comments(8))) == (1, 0)


@pytest.mark.parametrize(("lacks", "right"), [("pull_requests", "pull-requests"), ("issues",) * 2])
def test_a_right_that_the_job_lacks_is_an_error_that_names_it(
    reconcile, post, job, api, merged, lacks, right
):
    post()
    reconcile("drift", TWO)
    lacking = ("pull_requests", "issues") if lacks == "pull_requests" else ("issues",)
    api.tokens["ghs_few"] = Identity("github-actions[bot]", lacks=lacking)
    job.set(GITHUB_TOKEN="ghs_few")
    ended = post(TWO, "--ended", "unchanged", applied=False)
    assert ended.code == 1
    assert any(f"`{right}: write`" in message for _, _, message in ended.commands("error"))


def test_without_a_token_or_a_job_there_is_nobody_to_tell(post, merged, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = post(ONE, "--ended", "unchanged", applied=False)
    assert ended.code == 1
    assert "GITHUB_TOKEN is not set" in ended.err
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    ended = post(ONE, applied=False)
    assert (ended.code, ended.err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "\x00", '{"stack": "acme", "inSync": true}', "zip"]
)
def test_a_file_that_is_no_result_is_refused(cli, world, merged, api, tmp_path, content):
    world(ONE, head=HEAD + ONLY_MERCHANT)
    file = tmp_path / "result.json"
    file.write_text(content)
    ended = cli("post", "declared", "--result", file)
    assert ended.code == 1
    assert "is no result of `apply --out`" in ended.err
    assert api.writes() == []


def test_a_result_of_another_stack_is_refused(cli, post, world, merged, api, tmp_path):
    post()
    before = [dict(comment) for comment in api.comments(7)]
    world(ONE, head=HEAD.replace("acme", "acme-2") + ONLY_MERCHANT)
    ended = cli("post", "declared", "--result", tmp_path / "result.json")
    assert ended.code == 1
    assert "is of another stack than acme-2" in ended.err
    assert api.comments(7) == before


def test_nothing_that_another_job_left_breaks_out_of_the_comment(cli, world, merged, api, tmp_path):
    world(ONE, head=HEAD + ONLY_MERCHANT)
    action = {"address": HOSTILE, "action": "create", "outcome": "failed", "error": HOSTILE}
    guard = {"guard": HOSTILE, "refused": True, "message": HOSTILE, "allow": [HOSTILE]}
    application = {
        "result": "failed",
        "actions": [action],
        "summary": {HOSTILE: 7},
        "message": HOSTILE,
        "guards": [guard],
        "problems": [{"address": HOSTILE, "message": HOSTILE}],
    }
    left = {"formatVersion": 1, "stack": "acme", "limits": [HOSTILE], "inSync": False}
    file = tmp_path / "result.json"
    file.write_text(json.dumps({**left, "application": application}))
    ended = cli("post", "declared", "--result", file)
    assert ended.code == 0, ended.err
    [comment] = api.comments(7)
    first, _, text = comment["body"].partition("\n")
    assert first.count("-->") == 1
    seen = Visible(MarkdownIt("commonmark", {"html": True}).render(text))
    assert not {tag for tag, _ in seen.elements} & {"script", "img"}
    assert [dict(facts)["href"] for tag, facts in seen.elements if tag == "a"] == [
        f"{api.site}/acme/notifications/actions/runs/1/attempts/1"
    ]
    assert seen.remarks == [" reconciler:byline "]
    assert "@everyone" not in "".join(seen.text)
    assert "\u202e" not in comment["body"]
