"""--github in the job itself: outputs, summary, annotations, masks, and a log without surprises."""

import io
import json
import sys

import pytest

from tests.github.conftest import HOSTILE, read_command
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import HEAD, queues, subscriptions

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: '%s'"
HERE = "https://hooks.example.com/1"


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift", "snapshot"])
def test_outside_of_a_job_it_is_refused_in_one_sentence(cli, world, job, monkeypatch, command):
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    option = "--latest" if command == "snapshot" else "--github"
    ended = cli(command, world(queues(q="")), option)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: this works inside a GitHub Actions job only")
    assert ended.err.count("\n") == 1


def test_a_job_that_lacks_a_variable_is_told_its_name(cli, world, job, monkeypatch):
    monkeypatch.delenv("GITHUB_OUTPUT")
    ended = cli("validate", world(queues(q="")), "--github")
    assert (ended.code, ended.out) == (1, "")
    assert "GITHUB_OUTPUT is not set" in ended.err


# outputs


def test_plan_sets_its_outputs(reconcile, job):
    reconcile("plan", queues(q="", r=""))
    outputs = job.outputs()
    assert outputs.pop("fingerprint").startswith("sha256:")
    assert outputs == {"changes": "2", "refused": "false", "complete": "true"}


def test_the_fingerprint_of_the_plan_is_what_apply_expects(reconcile, job):
    reconcile("plan", queues(q=""))
    expected = job.outputs()["fingerprint"]
    assert reconcile("apply", queues(q=""), "--yes", "--expect", expected).code == 0
    assert job.outputs()["changes"] == "1"


def test_drift_sets_its_outputs(reconcile, job):
    assert reconcile("drift", queues(q="")).code == 2
    outputs = job.outputs()
    assert (outputs["drifted"], outputs["changes"], outputs["complete"]) == ("true", "1", "true")


def test_a_plan_that_apply_would_refuse_says_so_and_ends_as_if_not(reconcile, job):
    reconcile("apply", queues(q="protect: true"), "--yes")
    ended = reconcile("plan", "")
    assert ended.code == 0
    assert job.outputs()["refused"] == "true"
    assert "Apply would refuse this" in job.told()


def test_a_refused_apply_says_so_and_ends_with_3(reconcile, job):
    ended = reconcile("apply", queues(q=""), "--yes", "--expect", "sha256:other")
    assert ended.code == 3
    assert job.outputs()["refused"] == "true"
    assert job.outputs()["changes"] == "0"
    assert "Refused, nothing was changed" in job.told()
    assert ended.commands("error")


def test_validate_sets_its_output(cli, world, job):
    cli("validate", world(queues(q="")), "--github")
    assert job.outputs() == {"valid": "true"}


def test_no_value_can_end_an_output(tmp_path):
    from reconciler.github.job import set_outputs

    file = tmp_path / "output"
    set_outputs(file, {"a": "x\nend-\nb<<y", "n": 3, "yes": True})
    set_outputs(file, {"a": "2"})
    lines = file.read_text().splitlines()
    first, last = lines[0].partition("<<")[2], lines[-1]
    assert first != last, "each block ends with a delimiter nobody can guess"
    assert lines[:5] == [f"a<<{first}", "x", "end-", "b<<y", first]


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_that_cannot_be_written_is_an_error_of_the_job(reconcile, job, tmp_path, name):
    job.set(**{name: str(tmp_path / "no" / "such" / "file")})
    ended = reconcile("apply", queues(q=""), "--yes")
    assert ended.code == 1
    assert "1 done" in ended.out, "what was done is told all the same"
    assert "cannot be written" in ended.commands("error")[0][2]


# annotations


def test_what_validate_finds_stands_on_its_line(cli, world, job):
    ended = cli("validate", world(queues(q="visibilityTimeout: 13h", r="colour: red")), "--github")
    assert ended.code == 1
    first, second = ended.commands("error")
    assert first[1]["file"] == "declared/world.yaml"
    assert int(second[1]["line"]) == int(first[1]["line"]) + 1
    assert "Invalid: 2 errors" in ended.out
    assert "world.yaml:" in job.told()


def test_findings_written_as_annotations_are_not_annotated_twice(cli, world, job):
    bad = world(queues(q="colour: red"))
    ended = cli("validate", bad, "--github", "--format", "github")
    assert len(ended.commands("error")) == 1


def test_invalid_declarations_are_annotated_by_every_command(reconcile, job):
    ended = reconcile("plan", queues(q="colour: red"))
    assert ended.code == 1
    [(_, where, message)] = ended.commands("error")
    assert where["file"] == "declared/world.yaml"
    assert "colour" in message
    assert job.outputs() == {"refused": "false", "complete": "false"}


def test_paths_are_relative_to_the_workspace_wherever_the_command_runs(
    cli, world, job, tmp_path, monkeypatch
):
    world(queues(q="colour: red"))
    monkeypatch.chdir(tmp_path / "declared")
    for path in (".", tmp_path / "declared"):
        [(_, where, _)] = cli("validate", path, "--github").commands("error")
        assert where["file"] == "declared/world.yaml"


def test_drift_is_annotated_where_the_object_is_declared(reconcile, world, job, tmp_path):
    ended = reconcile("drift", queues(q="", r=""))
    [first, second] = ended.commands("warning")
    assert first[2] == "queue.q is declared, but missing in what is live"
    line = (tmp_path / "declared/world.yaml").read_text().splitlines()[int(second[1]["line"]) - 1]
    assert line.strip().startswith("r:")


def test_what_an_apply_could_not_do_is_annotated(reconcile, job, sandbox):
    sandbox.faults([{"service": "aws", "operation": "CreateQueue", "kind": "denied"}])
    ended = reconcile("apply", queues(q=""), "--yes")
    assert ended.code == 1
    [(_, where, message)] = ended.commands("error")
    assert where["file"] == "declared/world.yaml"
    assert message.startswith("create queue.q failed: aws-eu: CreateQueue: ")
    assert "Not finished" in job.told()


def test_a_refused_guard_is_annotated_on_the_object_it_is_about(reconcile, job):
    reconcile("apply", queues(q="fifo: true, name: q.fifo, protect: true"), "--yes")
    ended = reconcile("plan", queues(q="name: q, protect: true"))
    found = [item for item in ended.commands("warning") if "protect" in item[2]]
    assert found
    assert "apply refuses this" in found[0][2]


def test_errors_come_first_and_what_github_would_drop_is_counted(cli, world, job):
    bad = {f"q{number}": "colour: red" for number in range(25)}
    ended = cli("validate", world(queues(**bad)), "--github")
    assert len(ended.commands("error")) == 10
    [(_, _, message)] = ended.commands("notice")
    assert message == "15 more errors: see the job summary"
    assert job.told().count("colour") == 25


# secrets

ACCOUNT = """
accounts:
  shop:
    {{service: merchant, accountId: "5678", endpoint: "{url}",
    credentials: {{accessToken: "env:SHOP"}}}}
"""


class Listening(io.StringIO):
    """A stderr that notes how many calls had arrived when each mask was announced."""

    def __init__(self, sandbox):
        super().__init__()
        self.sandbox, self.masks = sandbox, {}

    def write(self, text):
        command = read_command(text)
        if command and command[0] == "add-mask":
            self.masks[command[2]] = len(self.sandbox.calls())
        return super().write(text)


def test_a_secret_is_masked_before_any_request_bears_it(cli, world, job, sandbox, monkeypatch):
    monkeypatch.setenv("SHOP", "ya29.planted-token")
    path = world(subscriptions(s=HOOK % HERE), head=HEAD + ACCOUNT.format(url=sandbox.url))
    stderr = Listening(sandbox)
    monkeypatch.setattr(sys, "stderr", stderr)
    assert cli("plan", path, "--github").code == 0
    assert stderr.masks["ya29.planted-token"] == 0
    assert sandbox.calls(), "the sandbox was asked afterwards"
    assert job.api.ACTIONS in stderr.masks


def test_without_github_nothing_is_announced(cli, world, job, sandbox, monkeypatch):
    monkeypatch.setenv("SHOP", "ya29.planted-token")
    path = world(subscriptions(s=HOOK % HERE), head=HEAD + ACCOUNT.format(url=sandbox.url))
    ended = cli("plan", path)
    assert (ended.code, ended.err) == (0, "")


def test_a_secret_of_several_lines_is_masked_line_by_line(capsys):
    from reconciler.cli.state import State

    state = State()
    state.enter_job("")
    state.secrets.remember('{\n  "private": "100%-secret"\n}')
    state.secrets.remember("x1")
    masks = [read_command(line) for line in capsys.readouterr().err.splitlines()]
    assert [mask[2] for mask in masks] == ['  "private": "100%25-secret"', "x1"]


def test_no_file_and_no_comment_holds_a_secret(cli, world, job, api, sandbox, monkeypatch):
    secret = "queue-token-planted"
    monkeypatch.setenv("SHOP", secret)
    job.pull_request(7)
    hook = HOOK % f"https://hooks.example.com/{secret}"
    path = world(subscriptions(s=hook), head=HEAD + ACCOUNT.format(url=sandbox.url))
    ended = cli("plan", path, "--github")
    assert ended.code == 0
    told = [job.told(), job.output.read_text(), api.comments(7)[0]["body"]]
    assert all(secret not in text and api.ACTIONS not in text for text in told)
    for _, _, data in ended.commands("add-mask"):
        ended = ended._replace(err=ended.err.replace(f"::add-mask::{data}\n", ""))
    assert secret not in ended.err
    assert api.ACTIONS not in ended.err


# what live values might do to the log


@pytest.fixture
def hostile(reconcile, sandbox, job):
    """A live queue whose tags mean harm, about to be removed."""
    assert reconcile("apply", queues(q=""), "--yes").code == 0
    aws = AwsAccount(sandbox.url)
    url = aws.sqs.get_queue_url(QueueName="q")["QueueUrl"]
    aws.sqs.tag_queue(QueueUrl=url, Tags={"::error::x": HOSTILE, "harm": "::set-output name=x::1"})
    aws.close()


@pytest.mark.parametrize(
    ("command", "text"), [("plan", ""), ("plan", queues(q="")), ("drift", queues(q=""))]
)
def test_no_live_value_in_the_log_is_taken_for_a_command(reconcile, hostile, command, text):
    for form in ("text", "json", "markdown"):
        ended = reconcile(command, text, "--verbose", "--format", form)
        assert "harm" in ended.out
        for line in f"{ended.out}\n{ended.err}".splitlines():
            found = read_command(line)
            assert found is None or found[0] in ("add-mask", "warning"), line


def test_json_stays_one_document_with_the_same_content(reconcile, hostile):
    ended = reconcile("plan", queues(q=""), "--format", "json")
    [action] = json.loads(ended.out)["actions"]
    assert {"path": "tags.::error::x", "before": HOSTILE, "after": None} in action["changes"]


def test_a_message_of_a_service_on_stderr_is_not_taken_for_a_command(capsys):
    from reconciler.cli.state import State

    state = State()
    state.enter_job("")
    state.say("refused: it said\r ::error::x\n\u2003::add-mask::y ##[group]z")
    err = capsys.readouterr().err
    assert not any(read_command(line) for line in err.splitlines())


def test_outside_of_a_job_texts_are_left_as_they_are(capsys):
    from reconciler.cli.state import State

    State().say("::x ##[y]")
    assert capsys.readouterr().err == "::x ##[y]\n"


# summary


def test_each_command_of_a_step_adds_to_the_summary(reconcile, cli, world, job):
    reconcile("plan", queues(q=""))
    reconcile("drift", queues(q=""))
    assert "## Plan for stack `acme`" in job.told()
    assert "## Drift of stack `acme`" in job.told()


def test_a_summary_that_is_full_gets_nothing_more_and_a_warning(reconcile, job):
    job.summary.write_text("x" * 900 * 1024)
    ended = reconcile("plan", queues(q=""))
    assert ended.code == 0
    assert job.summary.stat().st_size == 900 * 1024
    assert "summary is full" in ended.commands("warning")[0][2]


def test_a_plan_from_a_snapshot_tells_its_age(reconcile, cli, world, job, api, sandbox, tmp_path):
    job.pull_request(7)
    path = world(queues(q=""))
    cli("snapshot", path, "--sandbox", sandbox.url, "--out", tmp_path / "live.json")
    options = ["--sandbox", sandbox.url, "--live", tmp_path / "live.json", "--github"]
    assert cli("plan", path, *options).code == 0
    for text in (job.told(), api.comments(7)[0]["body"]):
        assert "against a snapshot taken 20" in text
        assert "less than a minute before" in text
