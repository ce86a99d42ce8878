"""drift --github: one issue, opened, edited, closed and reopened as drift comes and goes."""

import time
from datetime import UTC, datetime

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import queues, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: '%s'"
WORLD = queues(q="") + subscriptions(s=HOOK % "https://hooks.example.com/1")
DENIED = [{"service": "merchant", "operation": "list", "kind": "denied", "times": None}]


@pytest.fixture
def drifted(reconcile, job):
    """Run drift on the world, as a run of its own."""
    runs = iter(range(1, 100))

    def run(world=WORLD, *options):
        job.run(next(runs))
        return reconcile("drift", world, *options)

    return run


@pytest.fixture
def settled(drifted, reconcile, api):
    """Bring the world about, so that nothing drifts."""
    assert reconcile("apply", WORLD, "--yes").code == 0
    return drifted


@pytest.fixture
def meddle(sandbox):
    """Change the live queue by hand."""

    def change(seconds):
        aws = AwsAccount(sandbox.url)
        url = aws.sqs.get_queue_url(QueueName="q")["QueueUrl"]
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": str(seconds)})
        aws.close()

    return change


@pytest.fixture
def gone(sandbox, cli):
    """Have everything that is live vanish."""

    def vanish():
        assert cli("destroy", "declared", "--sandbox", sandbox.url, "--yes").code == 0

    return vanish


def states(api):
    return [issue["state"] for _, issue in sorted(api.issues.items())]


def test_drift_opens_an_issue_and_ends_with_2(settled, meddle, api):
    meddle(5)
    assert settled().code == 2
    [issue] = api.issues.values()
    assert issue["title"] == "Drift of acme"
    assert issue["user"]["login"] == "github-actions[bot]"
    assert "queue.q" in issue["body"]
    assert "delay: 5s → 0s" in issue["body"]
    assert "actions/runs/1/" in issue["body"]


def test_an_account_without_objects_is_not_said_to_be_as_declared(settled, meddle, api, gone):
    meddle(5)
    settled(WORLD, "--account", "aws-eu")
    gone()
    settled(queues(), "--account", "aws-eu")
    [issue] = api.issues.values()
    [word] = api.comments(issue["number"])
    assert issue["state"] == "closed"
    assert word["body"].startswith("Drift is gone: [this run](")
    assert word["body"].endswith(" is about no object of the stack any more.")


def test_no_drift_opens_no_issue(settled, api):
    assert settled().code == 0
    assert api.writes() == []


# what was not applied yet


def test_a_stack_of_which_nothing_is_live_opens_no_issue_and_is_said_to_be_not_applied_yet(
    drifted, api, job
):
    ended = drifted()
    assert ended.code == 2, "live differs from declared all the same"
    assert api.writes() == []
    assert "**Not applied yet.** Nothing of this stack is live." in job.told()
    assert job.outputs()["drifted"] == "true"


def test_once_any_part_is_live_what_is_missing_is_drift(drifted, reconcile, api, job):
    assert reconcile("apply", queues(q=""), "--yes").code == 0
    drifted()
    assert states(api) == ["open"]
    assert "Not applied yet" not in job.told()


def test_what_could_not_be_read_may_be_live(drifted, api, sandbox):
    sandbox.faults(DENIED)
    assert drifted().code == 1
    assert states(api) == ["open"]


def test_where_all_that_was_live_is_gone_an_issue_that_is_there_goes_on(settled, meddle, api, gone):
    meddle(5)
    settled()
    gone()
    settled()
    [issue] = api.issues.values()
    assert "Not applied yet" not in issue["body"]
    assert "**2** missing" in issue["body"]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_former_snapshot_that_holds_something_makes_it_drift(
    settled, cli, api, gone, sandbox, tmp_path, damaged
):
    former, empty = tmp_path / "former.json", tmp_path / "empty.json"
    cli("snapshot", "declared", "--sandbox", sandbox.url, "--out", former)
    if damaged:
        former.write_text("{}")
    gone()
    cli("snapshot", "declared", "--sandbox", sandbox.url, "--out", empty)
    settled(WORLD, "--since", empty)
    assert states(api) == []
    settled(WORLD, "--since", former)
    assert states(api) == ["open"]


def test_the_same_drift_found_again_writes_nothing(settled, meddle, api):
    meddle(5)
    settled()
    api.calls.clear()
    assert settled().code == 2
    assert api.writes() == []


def test_other_drift_edits_the_same_issue(settled, meddle, api):
    meddle(5)
    settled()
    meddle(7)
    settled()
    [issue] = api.issues.values()
    assert "delay: 7s → 0s" in issue["body"]
    assert api.comments(issue["number"]) == []


def test_drift_that_is_gone_closes_the_issue_and_names_the_clean_run(settled, meddle, api):
    meddle(5)
    settled()
    meddle(0)
    assert settled().code == 0
    [issue] = api.issues.values()
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    [comment] = api.comments(issue["number"])
    assert "Drift is gone" in comment["body"]
    assert "https://github.com/acme/notifications/actions/runs/2/attempts/1" in comment["body"]
    api.calls.clear()
    settled()
    assert api.writes() == []


def test_drift_that_is_back_reopens_the_same_issue_with_a_word(settled, meddle, api):
    for seconds in (5, 0, 5):
        meddle(seconds)
        settled()
    [issue] = api.issues.values()
    assert issue["state"] == "open"
    assert "actions/runs/3/" in issue["body"]
    assert "Drift is back" in api.comments(issue["number"])[1]["body"]


def test_a_read_that_was_not_complete_closes_nothing(settled, meddle, api, sandbox):
    meddle(5)
    settled()
    meddle(0)
    sandbox.faults(DENIED)
    assert settled().code == 1
    assert states(api) == ["open"]
    sandbox.clear_faults()
    settled()
    assert states(api) == ["closed"]


def test_drift_found_by_a_read_that_was_not_complete_is_told_and_ends_with_1(
    settled, meddle, api, sandbox
):
    meddle(5)
    sandbox.faults(DENIED)
    assert settled().code == 1
    [issue] = api.issues.values()
    assert "delay: 5s → 0s" in issue["body"]
    assert "Problems" in issue["body"]


def test_declarations_that_are_not_valid_leave_the_issue_alone(settled, meddle, api):
    meddle(5)
    settled()
    api.calls.clear()
    assert settled(queues(q="colour: red")).code == 1
    assert api.writes() == []


def test_an_issue_by_somebody_else_with_our_marker_is_left_alone(settled, meddle, api):
    meddle(5)
    settled()
    theirs = api.issues[1]
    theirs["user"]["login"] = "mallory"
    meddle(0)
    settled()
    assert theirs["state"] == "open"


def test_a_limited_run_closes_its_own_issue_only(settled, meddle, api):
    meddle(5)
    settled()
    settled(WORLD, "--account", "shop")
    assert states(api) == ["open"]
    settled(WORLD, "--account", "aws-eu")
    assert [issue["title"] for issue in api.issues.values()] == [
        "Drift of acme",
        "Drift of acme (--account aws-eu only)",
    ]


def test_an_issue_beyond_the_first_page_is_found_and_pull_requests_are_passed_over(
    settled, meddle, api
):
    meddle(5)
    settled()
    [body] = [issue["body"] for issue in api.issues.values()]
    api.pull_request(2).update(body=body, user={"login": "github-actions[bot]"})
    for number in range(150):
        api.issue("github-actions[bot]", f"other {number}")
    meddle(7)
    settled()
    assert "delay: 7s" in api.issues[1]["body"]
    assert api.issues[2]["body"] == body


def test_a_token_without_the_permission_turns_drift_into_an_error(settled, meddle, api, job):
    meddle(5)
    job.set(GITHUB_TOKEN=api.READ_ONLY)
    ended = settled()
    assert ended.code == 1
    [(_, _, message)] = ended.commands("error")
    assert "`issues: write`" in message
    assert job.outputs()["drifted"] == "true"


def test_a_repository_without_issues_is_an_error_for_its_owner(settled, meddle, api):
    meddle(5)
    api.fault(410, "POST", message="Issues are disabled for this repo")
    ended = settled()
    assert ended.code == 1
    assert "Issues are disabled" in ended.commands("error")[0][2]


def test_the_issue_mentions_nobody(settled, sandbox, api):
    aws = AwsAccount(sandbox.url)
    url = aws.sqs.get_queue_url(QueueName="q")["QueueUrl"]
    aws.sqs.tag_queue(QueueUrl=url, Tags={"owner": "@everyone"})
    aws.close()
    settled()
    [issue] = api.issues.values()
    before, _, after = issue["body"].partition("```text")
    assert "@everyone" in after.partition("```")[0]
    assert "@" not in before


# what went quiet


OTHERS = (
    '{"stack": "other", "healthy": true, "complete": true, "queues": [], "destinations": [], '
    '"subscriptions": []}'
)


@pytest.fixture
def told_quiet(cli, sandbox, tmp_path):
    """Write what `status` says of silence to a file, after `hours` without an arrival."""
    file = tmp_path / "status.json"

    def status(hours):
        begun = time.time() // 3600 * 3600
        moments = [begun - hour * 3600 for hour in range(hours, 30 * 24)]
        sandbox.aws(
            "metrics",
            account="123456789012",
            region="eu-west-1",
            namespace="AWS/SQS",
            metric="NumberOfMessagesSent",
            dimensions={"QueueName": "q"},
            points=[[datetime.fromtimestamp(moment, UTC).isoformat(), 2] for moment in moments],
        )
        options = ("--sandbox", sandbox.url, "--max-quiet", "2x", "--format", "json")
        file.write_text(cli("status", "declared", *options).out)
        return str(file)

    return status


@pytest.fixture
def long_settled(sandbox, drifted, reconcile, api):
    """Bring the world about, so long ago that its queue has a past."""
    sandbox.settings(clockAheadSeconds=-60 * 86_400)
    assert reconcile("apply", WORLD, "--yes").code == 0
    sandbox.settings(clockAheadSeconds=0)
    return drifted


def test_silence_opens_the_issue_and_its_end_closes_it(long_settled, told_quiet, api):
    ended = long_settled(WORLD, "--status", told_quiet(30))
    assert ended.code == 0, "silence is no drift"
    assert "queue.q: nothing has arrived for 1d" in " ".join(ended.out.split())
    [issue] = api.issues.values()
    assert issue["title"] == "Drift of acme"
    assert "**No drift, but less arrives than usual.**" in issue["body"]
    assert "times its longest silence before" in issue["body"]
    long_settled(WORLD, "--status", told_quiet(1))
    assert states(api) == ["closed"]


def test_silence_that_could_not_be_told_closes_nothing(long_settled, told_quiet, api, sandbox):
    long_settled(WORLD, "--status", told_quiet(30))
    sandbox.settings(awsDenied=["cloudwatch:GetMetricData"])
    ended = long_settled(WORLD, "--status", told_quiet(30))
    assert "queue.q: what arrived could not be told" in " ".join(ended.out.split())
    assert states(api) == ["open"]


def test_who_does_not_listen_leaves_what_another_run_told_of_silence(
    long_settled, told_quiet, api, meddle
):
    long_settled(WORLD, "--status", told_quiet(30))
    long_settled(WORLD)
    assert states(api) == ["open"]
    meddle(5)
    long_settled(WORLD)
    meddle(0)
    long_settled(WORLD)
    assert states(api) == ["open"], "that it told of drift meanwhile changes nothing"
    long_settled(WORLD, "--status", told_quiet(1))
    assert states(api) == ["closed"]


def test_a_status_that_came_to_nothing_closes_nothing_and_alarms_nobody(
    long_settled, tmp_path, api
):
    failed = tmp_path / "failed.json"
    failed.write_text('{"result": "failed", "error": "error: no network"}')
    ended = long_settled(WORLD, "--status", str(failed))
    assert (ended.code, states(api)) == (0, [])
    assert "status: error: no network" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "is no result of `reconciler status --format json`"),
        (
            OTHERS,
            "tells of the stack other, not of acme",
        ),
    ],
)
def test_a_file_that_is_no_status_of_this_stack_is_an_error(
    long_settled, tmp_path, api, text, words
):
    file = tmp_path / "other.json"
    file.write_text(text)
    ended = long_settled(WORLD, "--status", str(file))
    assert ended.code == 1
    assert words in " ".join(ended.err.split())
