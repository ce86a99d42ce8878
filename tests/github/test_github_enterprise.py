"""--github at GitHub Enterprise Server: its API lies below a path, its pages on its own host."""

import re

import pytest

from tests.worlds import HEAD, ONLY_MERCHANT, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = "https://hooks.example.com/here"
ONE = subscriptions(s=HOOK % (1, HERE))
TWO = subscriptions(s=HOOK % (1, HERE), t=HOOK % (2, HERE))


@pytest.fixture
def api_prefix():
    return "/api/v3"


@pytest.fixture
def reconcile(reconcile):
    """Need one service only, the quickest to ask."""

    def run(command, text, *options):
        return reconcile(command, text, *options, head=HEAD + ONLY_MERCHANT)

    return run


@pytest.fixture(autouse=True)
def _nothing_leaves_the_server(api):
    yield
    assert api.calls
    assert all(call.path.startswith("/api/v3/") for call in api.calls)


def links(api, text):
    """Return the hosts that a text leads to, but for what is declared."""
    return set(re.findall(r"\]\((https?://[^/]+)", text))


def test_a_plan_has_its_comment_and_a_later_page_is_read(reconcile, job, api):
    job.pull_request(7)
    for number in range(150):
        api.comment(7, "octocat", f"remark {number}")
    assert reconcile("plan", ONE).commands("warning") == []
    reconcile("plan", TWO)
    [comment] = api.comments(7)[150:]
    assert "**2** to create" in comment["body"]
    assert links(api, comment["body"] + job.told()) == {api.site}


def test_drift_has_its_issue(reconcile, job, api):
    reconcile("apply", TWO, "--yes")
    for number in range(150):
        api.issue("github-actions[bot]", f"other {number}")
    assert reconcile("drift", ONE).code == 2
    issue = api.issues[151]
    reconcile("drift", TWO)
    assert issue["state"] == "closed"
    assert links(api, issue["body"] + api.comments(151)[0]["body"]) == {api.site}


def test_the_newest_snapshot_is_fetched(cli, reconcile, job, api, sandbox, tmp_path):
    path = "declared"
    reconcile("apply", ONE, "--yes")
    out = tmp_path / "live.json"
    cli("snapshot", path, "--sandbox", sandbox.url, "--out", out)
    api.artifact(out.read_text(), run={"head_sha": next(iter(api.history))})
    found = tmp_path / "found.json"
    ended = cli("snapshot", path, "--latest", "--out", found)
    assert (ended.code, found.read_text()) == (0, out.read_text()), ended.err


@pytest.mark.parametrize("newest", [True, False])
def test_an_old_run_is_told_from_the_newest(reconcile, job, api, newest):
    job.set(GITHUB_SHA=api.head)
    if not newest:
        api.push("declared/world.yaml")
    assert reconcile("apply", ONE, "--yes", "--newest", "--expect", "x").code == 3
    assert ("declares something else" in job.told()) != newest
