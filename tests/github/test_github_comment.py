"""plan --github on a pull request: one comment, found by marker and author, edited in place."""

import pytest

from tests.worlds import HEAD, ONLY_MERCHANT, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = "https://hooks.example.com/here"
ONE = subscriptions(s=HOOK % (1, HERE))
TWO = subscriptions(s=HOOK % (1, HERE), t=HOOK % (2, HERE))
BAD = subscriptions(s=HOOK % (1, HERE) + ", colour: red")


@pytest.fixture
def reconcile(reconcile):
    """Need one service only, the quickest to ask."""

    def run(command, text, *options, head=HEAD + ONLY_MERCHANT):
        return reconcile(command, text, *options, head=head)

    return run


def test_the_first_plan_of_a_pull_request_writes_a_comment(reconcile, job, api):
    job.pull_request(7)
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [comment] = api.comments(7)
    assert comment["user"]["login"] == "github-actions[bot]"
    assert "**1** to create" in comment["body"]
    assert "subscription.s" in comment["body"]
    assert f"callBackUri: {HERE}" in comment["body"]
    assert job.outputs()["fingerprint"] in comment["body"]
    assert "actions/runs/1/attempts/1" in comment["body"]
    assert "b" * 12 in comment["body"], "the commit is the head of the pull request"


def test_the_next_push_edits_the_same_comment(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    former = api.comments(7)[0]["id"]
    job.run(2)
    reconcile("plan", TWO)
    [comment] = api.comments(7)
    assert comment["id"] == former
    assert "**2** to create" in comment["body"]
    assert "actions/runs/2/" in comment["body"]


def test_an_equal_plan_writes_nothing(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    api.calls.clear()
    job.run(2)
    reconcile("plan", ONE)
    assert api.writes() == []


def test_what_somebody_changed_in_the_comment_is_put_right(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    [comment] = api.comments(7)
    told = comment["body"]
    comment["body"] = told.replace("**1** to create", "**7** to create").replace("\n", "\r\n")
    reconcile("plan", ONE)
    assert comment["body"] == told


def test_a_comment_on_a_later_page_is_found(reconcile, job, api):
    job.pull_request(7)
    for number in range(250):
        api.comment(7, "octocat", f"remark {number}")
    reconcile("plan", ONE)
    reconcile("plan", TWO)
    assert len(api.comments(7)) == 251


def test_a_comment_by_somebody_else_with_our_marker_is_neither_edited_nor_trusted(
    reconcile, job, api
):
    job.pull_request(7)
    reconcile("plan", ONE)
    ours = api.comments(7).pop()
    theirs = api.comment(7, "mallory", ours["body"])
    reconcile("plan", ONE)
    reconcile("plan", TWO)
    assert theirs["body"] == ours["body"]
    assert [item["user"]["login"] for item in api.comments(7)] == ["mallory", "github-actions[bot]"]


def test_a_comment_that_only_quotes_the_marker_is_not_taken_for_the_comment(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    quoting = api.comments(7)[0]
    quoting["body"] = "Look:\n" + quoting["body"]
    former = quoting["body"]
    reconcile("plan", ONE)
    assert quoting["body"] == former
    assert len(api.comments(7)) == 2


def test_a_persons_token_finds_that_persons_comment(reconcile, job, api):
    job.pull_request(7)
    job.set(GITHUB_TOKEN=api.PERSON)
    reconcile("plan", ONE)
    reconcile("plan", TWO)
    [comment] = api.comments(7)
    assert comment["user"]["login"] == "octo-reconciler"


def test_each_stack_and_each_shard_has_a_comment_of_its_own(reconcile, job, api):
    job.pull_request(7)
    other = HEAD.replace("acme", "acme-2") + ONLY_MERCHANT
    reconcile("plan", ONE)
    reconcile("plan", ONE, head=other)
    reconcile("plan", ONE, "--shard", "1/2")
    reconcile("plan", ONE, "--shard", "2/2")
    reconcile("plan", ONE, "--account", "shop")
    assert len(api.comments(7)) == 5
    assert "`--shard 1/2` only" in api.comments(7)[2]["body"]
    api.calls.clear()
    reconcile("plan", ONE, "--shard", "2/2")
    assert api.writes() == []


@pytest.mark.parametrize("event", [{}, {"ref": "refs/heads/main"}])
def test_without_a_pull_request_there_is_no_comment_and_no_call(reconcile, job, api, event):
    job.event(event)
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    assert api.calls == []
    assert "**1** to create" in job.told()


def test_a_pull_request_from_a_fork_gets_a_warning_and_the_plans_own_exit_code(reconcile, job, api):
    job.pull_request(7, fork=True)
    job.set(GITHUB_TOKEN=api.READ_ONLY)
    ended = reconcile("plan", ONE, "--detailed-exitcode")
    assert ended.code == 2
    assert api.comments(7) == []
    [(_, _, message)] = ended.commands("warning")
    assert "fork" in message
    assert "**1** to create" in job.told()
    assert not ended.commands("error")


def test_a_pull_request_of_dependabot_is_like_one_from_a_fork(reconcile, job, api):
    job.pull_request(7)
    job.set(GITHUB_TOKEN=api.READ_ONLY, GITHUB_ACTOR="dependabot[bot]")
    assert reconcile("plan", ONE).code == 0


@pytest.mark.parametrize("options", [[], ["--detailed-exitcode"]])
def test_a_token_without_the_permission_is_an_error_that_names_it(reconcile, job, api, options):
    job.pull_request(7)
    job.set(GITHUB_TOKEN=api.READ_ONLY)
    ended = reconcile("plan", ONE, *options)
    assert ended.code == 1
    [(_, _, message)] = ended.commands("error")
    assert message.startswith("acme/notifications: comment on #7: Resource not accessible")
    assert "`pull-requests: write`" in message
    assert job.outputs()["changes"] == "1", "everything else is told"
    assert "**1** to create" in job.told()


@pytest.mark.parametrize(("status", "said"), [(502, "Server Error"), (422, "Server Error")])
def test_an_api_that_fails_is_told_and_leaves_the_exit_code(reconcile, job, api, status, said):
    job.pull_request(7)
    api.fault(status, "POST")
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert said in message


def test_a_write_that_failed_is_not_repeated_but_a_read_is(reconcile, job, api):
    job.pull_request(7)
    api.fault(502, "GET", ".*/comments")
    api.fault(502, "POST")
    reconcile("plan", ONE)
    assert len(api.writes()) == 1
    assert sum(call.path.endswith("/comments") for call in api.calls) == 3


def test_an_api_that_is_not_there_is_told_and_leaves_the_exit_code(reconcile, job, api):
    job.pull_request(7)
    job.set(GITHUB_API_URL="http://127.0.0.1:9")
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert "127.0.0.1:9 is not reachable: connection refused" in message


def test_without_a_token_there_is_a_warning_instead_of_a_comment(reconcile, job, monkeypatch):
    job.pull_request(7)
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert "GITHUB_TOKEN is not set" in message


def test_a_plan_that_fails_replaces_the_former_plan_in_the_comment(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    ended = reconcile("plan", BAD)
    assert ended.code == 1
    [comment] = api.comments(7)
    assert "to create" not in comment["body"]
    assert "failed" in comment["body"]
    assert "colour" in comment["body"]


def test_a_plan_too_long_for_a_comment_is_told_shorter_and_says_so(reconcile, job, api):
    job.pull_request(7)
    targets = ", ".join(f"'{number}'" for number in range(1, 1_001))
    hook = HOOK.replace("targetAccount: '%s'", f"targetAccounts: [{targets}]") % HERE
    ended = reconcile("plan", subscriptions(s=hook))
    assert (ended.code, ended.commands("warning")) == (0, [])
    [comment] = api.comments(7)
    assert len(comment["body"].encode()) <= 60_000
    assert "**1,000** to create" in comment["body"]
    assert "not fit for approval" in comment["body"]
    assert comment["body"].count("subscription.s[") == 1_000
    assert job.outputs()["fingerprint"] in comment["body"]
    assert job.told().count("#### + create") == 1_000, "the summary has room for all"


def test_apply_writes_no_comment(reconcile, job, api):
    job.pull_request(7)
    assert reconcile("apply", ONE, "--yes").code == 0
    assert api.writes() == []


# commits


def test_a_comment_says_which_commit_it_is_of_and_an_equal_plan_of_another_is_told(
    reconcile, job, api
):
    job.pull_request(7)
    reconcile("plan", ONE)
    [comment] = api.comments(7)
    title = comment["body"].splitlines()[1]
    assert title == f"## Plan for stack `acme` at commit `{'b' * 12}`"
    job.push(7, "d" * 40)
    reconcile("plan", ONE)
    assert f"at commit `{'d' * 12}`" in comment["body"]
    assert "b" * 12 not in comment["body"]


def test_where_not_even_the_stack_can_be_read_every_plan_of_that_folder_is_outdated(
    reconcile, cli, job, api, tmp_path
):
    job.pull_request(7)
    reconcile("plan", ONE)
    reconcile("plan", ONE, "--shard", "1/2")
    theirs = api.comment(7, "mallory", api.comments(7)[0]["body"])
    elsewhere = api.comment(
        7,
        "github-actions[bot]",
        api.comments(7)[0]["body"].replace("path=declared", "path=stacks/emea"),
    )
    before = [theirs["body"], elsewhere["body"]]
    (tmp_path / "declared/world.yaml").write_text("stack: [")
    job.push(7, "d" * 40)
    assert cli("plan", "declared", "--github").code == 1
    for comment in api.comments(7)[:2]:
        assert "**Outdated.**" in comment["body"]
        assert "to create" not in comment["body"]
    assert [theirs["body"], elsewhere["body"]] == before
    assert len(api.comments(7)) == 4, "nothing new is written"
    api.calls.clear()
    cli("plan", "declared", "--github")
    assert api.writes() == [], "and nothing twice"


def test_validate_takes_back_what_a_former_commit_planned_and_writes_nothing_new(
    reconcile, cli, job, api, world
):
    job.pull_request(7)
    assert cli("validate", world(BAD), "--github").code == 1
    assert api.writes() == []
    reconcile("plan", ONE)
    job.push(7, "d" * 40)
    assert cli("validate", world(ONE, head=HEAD + ONLY_MERCHANT), "--github").code == 0
    [comment] = api.comments(7)
    assert "**1** to create" in comment["body"], "a plan is on its way"
    ended = cli("validate", world(BAD), "--github")
    assert ended.code == 1
    assert "**Outdated.**" in comment["body"]
    assert "colour" in comment["body"]


def test_validate_needs_no_token_and_misses_none(cli, job, api, world, monkeypatch):
    job.pull_request(7)
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = cli("validate", world(BAD), "--github")
    assert (ended.code, ended.commands("warning"), api.calls) == (1, [], [])


def test_the_next_invalid_push_still_says_of_which_commit_the_last_plan_was(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", ONE)
    for commit in ("d" * 40, "e" * 40):
        job.push(7, commit)
        reconcile("plan", BAD)
        [comment] = api.comments(7)
        assert f"was of commit `{'b' * 12}`; of the newest, `{commit[:12]}`" in comment["body"]


def test_a_plan_that_never_was_is_not_called_outdated(reconcile, job, api):
    job.pull_request(7)
    reconcile("plan", BAD)
    [comment] = api.comments(7)
    assert "Outdated" not in comment["body"]
