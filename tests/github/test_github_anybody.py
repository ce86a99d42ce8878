"""--github with the token of any app or person: what it wrote is found again, and nothing else."""

import pytest

from reconciler.github.marker import Writer
from tests.github.api import Identity
from tests.worlds import HEAD, ONLY_MERCHANT, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = "https://hooks.example.com/here"
ONE = subscriptions(s=HOOK % (1, HERE))
TWO = subscriptions(s=HOOK % (1, HERE), t=HOOK % (2, HERE))
APP = "acme-gitops[bot]"


@pytest.fixture
def reconcile(reconcile):
    """Need one service only, the quickest to ask."""

    def run(command, text, *options):
        return reconcile(command, text, *options, head=HEAD + ONLY_MERCHANT)

    return run


@pytest.fixture(params=["app", "user", "job"])
def login(request, job, api):
    """Go on with the token of an app, a person or the job, and return its name."""
    name = {"app": APP, "user": "octo-reconciler", "job": "github-actions[bot]"}[request.param]
    api.tokens["token-of-somebody"] = Identity(name, app=request.param != "user")
    job.set(GITHUB_TOKEN="token-of-somebody")
    return name


@pytest.fixture
def app(job, api):
    """Go on with the token of an app."""
    api.tokens["ghs_of-an-app"] = Identity(APP)
    job.set(GITHUB_TOKEN="ghs_of-an-app")
    return APP


def authors(written):
    return [item["user"]["login"] for item in written]


def test_whoever_writes_finds_the_comment_again(reconcile, job, api, login):
    job.pull_request(7)
    assert reconcile("plan", ONE).commands("warning") == []
    reconcile("plan", TWO)
    [comment] = api.comments(7)
    assert comment["user"]["login"] == login
    assert "**2** to create" in comment["body"]
    api.calls.clear()
    reconcile("plan", TWO)
    assert api.writes() == [], "and an equal plan writes nothing"


def test_whoever_writes_finds_the_drift_issue_again(reconcile, job, api, login, sandbox):
    assert reconcile("apply", TWO, "--yes").code == 0
    for number in range(130):
        api.issue("octocat", f"other {number}")
    before = len(api.issues)
    reconcile("drift", ONE)
    [number] = list(api.issues)[before:]
    issue = api.issues[number]
    assert (issue["user"]["login"], issue["state"]) == (login, "open")
    reconcile("drift", TWO)
    assert issue["state"] == "closed"
    reconcile("drift", ONE)
    assert issue["state"] == "open"
    assert len(api.issues) == before + 1


@pytest.mark.parametrize("thief", ["mallory", "helper[bot]"])
@pytest.mark.parametrize("first", [True, False])
def test_who_copies_the_line_does_not_get_the_comment_edited(
    reconcile, job, api, login, thief, first
):
    job.pull_request(7)
    reconcile("plan", ONE)
    ours = api.comments(7)[0]
    theirs = api.comment(7, thief, ours["body"])
    if first:
        api.comments(7).reverse()
    copied = theirs["body"]
    ended = reconcile("plan", TWO)
    assert (ended.code, ended.commands("warning"), ended.commands("error")) == (0, [], [])
    assert theirs["body"] == copied
    assert "**2** to create" in ours["body"]
    assert len(api.comments(7)) == 2


def test_a_person_who_can_reckon_passes_for_no_app(reconcile, job, api, app):
    job.pull_request(7)
    reconcile("plan", ONE)
    ours = api.comments(7).pop()["body"]
    line = ours.partition("\n")[0]
    right = Writer(api.repository).seal(line, "mallory")
    theirs = api.comment(7, "mallory", ours.replace(Writer(api.repository).seal(line, app), right))
    assert right in theirs["body"]
    reconcile("plan", ONE)
    assert authors(api.comments(7)) == ["mallory", app]


def test_a_line_from_another_repository_or_stack_is_not_ours(reconcile, job, api, app):
    job.pull_request(7)
    reconcile("plan", ONE)
    [ours] = api.comments(7)
    line = ours["body"].partition("\n")[0]
    elsewhere = Writer("acme/other").seal(line, app)
    ours["body"] = ours["body"].replace(Writer(api.repository).seal(line, app), elsewhere)
    former = ours["body"]
    reconcile("plan", ONE)
    assert ours["body"] == former
    assert len(api.comments(7)) == 2
    of_another = ours["body"].replace("stack=acme", "stack=acme-2")
    api.comment(7, app, of_another)
    reconcile("plan", TWO)
    assert api.comments(7)[2]["body"] == of_another


def test_the_issue_of_somebody_who_copied_the_line_is_left_alone(reconcile, job, api, login):
    assert reconcile("apply", TWO, "--yes").code == 0
    reconcile("drift", ONE)
    [ours] = api.issues.values()
    theirs = api.issue("mallory", ours["title"], ours["body"])
    reconcile("drift", TWO)
    assert (ours["state"], theirs["state"]) == ("closed", "open")


def test_a_comment_that_an_app_may_not_edit_stands_and_one_of_its_own_is_kept(
    reconcile, job, api, app
):
    job.pull_request(7)
    api.tokens["ghs_former"] = Identity("former-app[bot]")
    job.set(GITHUB_TOKEN="ghs_former")
    reconcile("plan", ONE)
    job.set(GITHUB_TOKEN="ghs_of-an-app")
    former = api.comments(7)[0]["id"]
    api.fault(403, "PATCH", rf".*/comments/{former}", times=2, message="not yours")
    for _ in range(2):
        ended = reconcile("plan", TWO)
        assert (ended.code, ended.commands("error")) == (0, [])
    assert authors(api.comments(7)) == ["former-app[bot]", app]
    assert "**2** to create" in api.comments(7)[1]["body"]


def test_a_token_that_may_only_edit_nothing_is_told_which_right_it_lacks(reconcile, job, api, app):
    job.pull_request(7)
    reconcile("plan", ONE)
    api.tokens["ghs_of-an-app"] = Identity(APP, lacks=("issues", "pull_requests"))
    ended = reconcile("plan", TWO)
    assert ended.code == 1
    assert "`pull-requests: write`" in ended.commands("error")[0][2]


# which pull request

RUN = {
    "id": 5,
    "event": "pull_request",
    "head_sha": "b" * 40,
    "head_branch": "topic",
    "head_repository": {"full_name": "stranger/fork", "owner": {"login": "stranger"}},
    "pull_requests": [],
}


def test_a_comment_on_a_pull_request_has_it_planned(reconcile, job, api):
    api.pull_request(7, head="d" * 40)
    job.event({"issue": api.issues[7], "comment": {"body": "/plan"}, "action": "created"})
    ended = reconcile("plan", ONE)
    assert (ended.code, ended.commands("warning")) == (0, [])
    [comment] = api.comments(7)
    assert f"at commit `{'d' * 12}`" in comment["body"], "not the default branch's"


def test_a_comment_on_an_issue_is_told_to_be_none_on_a_pull_request(reconcile, job, api):
    job.event({"issue": api.issue("octocat", "help", number=9), "comment": {"body": "/plan"}})
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert message == "no comment was written: #9 is an issue and no pull request"
    assert api.writes() == []


def test_the_run_of_another_workflow_names_its_pull_request(reconcile, job, api):
    api.pull_request(7)
    named = {"number": 7, "head": {"sha": "b" * 40}}
    named["base"] = {"repo": {"url": f"{api.url}/repos/{api.repository}"}}
    of_a_fork = {"number": 3, "base": {"repo": {"url": f"{api.url}/repos/stranger/fork"}}}
    job.event({"workflow_run": RUN | {"pull_requests": [of_a_fork, named]}})
    assert reconcile("plan", ONE).commands("warning") == []
    [comment] = api.comments(7)
    assert f"at commit `{'b' * 12}`" in comment["body"]


def test_the_run_of_a_fork_is_looked_up_by_its_branch_and_commit(reconcile, job, api):
    api.pull_request(6, owner="stranger", head="e" * 40)
    api.pull_request(7, owner="stranger")
    api.pull_request(8)
    job.event({"workflow_run": RUN})
    reconcile("plan", ONE)
    assert [len(api.comments(number)) for number in (6, 7, 8)] == [0, 1, 0]


def test_without_a_token_nothing_is_looked_up_and_a_plan_says_what_is_missing(
    reconcile, cli, job, api, monkeypatch
):
    job.event({"workflow_run": RUN})
    monkeypatch.delenv("GITHUB_TOKEN")
    ended = reconcile("plan", ONE)
    assert "GITHUB_TOKEN is not set" in ended.commands("warning")[0][2]
    assert cli("validate", "declared", "--github").commands("warning") == []
    assert api.calls == []


@pytest.mark.parametrize("open_ones", [0, 2])
def test_a_run_without_one_pull_request_says_so(reconcile, job, api, open_ones):
    for number in range(open_ones):
        api.pull_request(number + 1, owner="stranger")
    job.event({"workflow_run": RUN})
    ended = reconcile("plan", ONE)
    assert ended.code == 0
    [(_, _, message)] = ended.commands("warning")
    assert message.startswith("no comment was written: ")
    assert "#1, #2 are all at bbbbbbbbbbbb" in message or "no open pull request" in message
    assert api.writes() == []


def test_an_api_that_does_not_tell_leaves_the_plan_as_it_is(reconcile, job, api):
    api.pull_request(7, owner="stranger")
    api.fault(500, "GET", ".*/pulls.*", times=9)
    job.event({"workflow_run": RUN})
    ended = reconcile("plan", ONE, "--detailed-exitcode")
    assert ended.code == 2
    assert "Server Error" in ended.commands("warning")[0][2]
