"""--github on pull requests that do not concern the declarations, and on what is not ours."""

import pytest

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Guard, Unmanaged
from reconciler.core.verdicts.drift import drift_of
from reconciler.github.concern import MOST_FILES, concerns
from reconciler.reports.discretion import discreet, discreet_application
from reconciler.reports.model import ActionResult, ApplyResult
from tests.github.test_github_pages import plan
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import HEAD, ONLY_MERCHANT, queues, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = "https://hooks.example.com/here"
ONE = subscriptions(s=HOOK % (1, HERE))


@pytest.fixture
def ask(reconcile):
    """Need one service only, the quickest to ask."""

    def run(command, text, *options, head=HEAD + ONLY_MERCHANT):
        return reconcile(command, text, *options, head=head)

    return run


@pytest.mark.parametrize("files", [["README.md", "declared-not/world.yaml"], []])
def test_a_pull_request_that_touches_no_declarations_gets_no_comment(ask, job, api, files):
    job.pull_request(7, files=files)
    ended = ask("plan", ONE)
    assert (ended.code, api.comments(7)) == (0, [])
    assert job.outputs()["concerned"] == "false"
    assert "**1** to create" in job.told(), "the summary has the plan"
    assert not ended.commands("warning")
    [(_, _, message)] = ended.commands("notice")
    assert "no comment is due" in message


@pytest.mark.parametrize(
    "file",
    [
        "declared/world.yaml",
        "declared/deep/er.yml",
        "declared/sellers.csv",
        "declared/world.yaml -> elsewhere/world.yaml",
        ".github/workflows/plan.yml",
        ".github/actions/reconcile/action.yml",
        ".github/reconciler/requirements.txt",
    ],
)
def test_one_that_touches_declarations_or_what_runs_them_gets_one(ask, job, api, file):
    job.pull_request(7, files=["README.md"] * 120 + [file])
    ask("plan", ONE)
    assert len(api.comments(7)) == 1
    assert job.outputs()["concerned"] == "true"


def test_a_comment_that_is_there_is_brought_up_to_date(ask, job, api):
    job.pull_request(7)
    ask("plan", ONE)
    api.pulls[7]["files"] = ["README.md"]
    job.push(7, "d" * 40)
    ask("plan", "")
    [comment] = api.comments(7)
    assert "✅ **In sync.**" in comment["body"]
    assert f"at commit `{'d' * 12}`" in comment["body"]


def test_a_failure_is_told_where_there_is_a_comment_and_nowhere_else(ask, job, api):
    bad = subscriptions(s=HOOK % (1, HERE) + ", colour: red")
    job.pull_request(7, files=["README.md"])
    ended = ask("plan", bad)
    assert (ended.code, api.comments(7)) == (1, [])
    assert job.outputs()["concerned"] == "false"
    assert not ended.commands("error")
    api.pulls[7]["files"] = ["declared/world.yaml"]
    ask("plan", ONE)
    api.pulls[7]["files"] = ["README.md"]
    ask("plan", bad)
    [comment] = api.comments(7)
    assert "colour" in comment["body"]


def test_where_the_files_cannot_be_told_there_is_a_comment(ask, job, api):
    job.pull_request(7, files=["README.md"])
    api.fault(403, "GET", ".*/files", message="Resource not accessible by integration")
    ask("plan", ONE)
    assert len(api.comments(7)) == 1


def test_where_there_are_more_files_than_github_names_others_may_be_among_them():
    assert concerns(["x"] * MOST_FILES, "subscriptions")
    assert not concerns(["x"] * (MOST_FILES - 1), "subscriptions")


@pytest.mark.parametrize(
    ("folder", "file", "concerned"),
    [
        (".", "anything", True),
        ("../elsewhere", "anything", True),
        ("a/b", "a/b/c.yaml", True),
        ("a/b", "a/bc.yaml", False),
        ("a/b.yaml", "a/sellers.csv", True),
        ("world.YML", "anything", True),
    ],
)
def test_what_concerns_is_told_by_whole_folders(folder, file, concerned):
    assert concerns([file], folder) is concerned


# what is not ours


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_queues_of_others_are_counted_and_never_named(
    reconcile, job, api, sandbox, command, tmp_path
):
    job.pull_request(7)
    assert reconcile("apply", queues(q=""), "--yes").code == 0
    job.run(2)
    aws = AwsAccount(sandbox.url)
    aws.sqs.create_queue(QueueName="payroll-of-others")
    aws.close()
    reconcile(command, queues(q="delay: 3s"), "--format", "markdown")
    written = [comment["body"] for comment in api.comments(7)]
    written += [issue["body"] or "" for issue in api.issues.values()]
    assert len(written) == 2
    page = tmp_path / "page.html"
    ended = reconcile(command, queues(q="delay: 3s"), "--format", "markdown", "--report", page)
    assert "not ours" in page.read_text()
    for text in (job.told(), ended.out, ended.err, page.read_text(), *written):
        assert "payroll" not in text
    assert "1 unmanaged" in job.told()
    assert any("1 unmanaged" in text for text in written)


def theirs(*names):
    return tuple(Unmanaged(kind="queue", account="aws", identity={"name": name}) for name in names)


def test_a_sentence_that_names_what_is_not_ours_says_so_instead():
    message = "queue.q (from queue.aws/pay, queue.aws/pay-2, queue.aws/pay.fifo); queue.aws/pay."
    found = (Finding(address="queue.q", message=message),)
    told = plan(
        unmanaged=theirs("pay"),
        guards=(Guard(guard="referenced", refused=True, message=message),),
        problems=found,
        warnings=found,
    )
    wanted = (
        "queue.q (from a queue that is not ours, queue.aws/pay-2, queue.aws/pay.fifo); "
        "a queue that is not ours."
    )
    shown = discreet(told)
    assert [shown.guards[0].message, shown.problems[0].message] == [wanted, wanted]
    assert discreet(drift_of(told)).warnings[0].message == wanted
    result = ActionResult(address="queue.q", action="delete", outcome="failed", error=message)
    application = ApplyResult(
        result="failed", actions=(result,), summary={}, message=message, problems=found
    )
    kept = discreet_application(application, told)
    assert {kept.actions[0].error, kept.message, kept.problems[0].message} == {wanted}
