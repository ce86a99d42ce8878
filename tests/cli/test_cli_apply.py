"""apply: consent, agreements, guards, outcomes."""

import json

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD, MERCHANT, queues, subscriptions, writes

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: '%s'"
HERE = HOOK % "https://hooks.example.com/1"
THERE = HERE.replace("targetAccount: '1'", "targetAccount: '2'")


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on a world against the sandbox."""

    def run(command, text, *options, head=HEAD + AWS + MERCHANT):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


def test_apply_tells_the_plan_on_stderr_and_the_result_on_stdout(on):
    ended = on("apply", queues(q=""), "--yes")
    assert ended.code == 0
    assert "1 to create" in ended.err
    assert ended.out.splitlines()[0] == "  + create queue.q: done"
    assert "Applied: 1 done" in ended.out


def test_an_apply_in_sync_says_so_and_asks_nothing(on):
    on("apply", queues(q=""), "--yes")
    ended = on("apply", queues(q=""))
    assert ended == (0, "In sync: nothing to do.\n", "")


def test_the_json_of_apply_is_one_document_with_the_fields_of_the_contract(on):
    ended = on("apply", queues(q="") + subscriptions(s=HERE), "--yes", "--format", "json")
    result = json.loads(ended.out)
    assert (ended.code, result["result"]) == (0, "done")
    assert result["summary"] == {"done": 2, "failed": 0, "skipped": 0}
    assert {"address": "queue.q", "action": "create", "outcome": "done", "error": None} in result[
        "actions"
    ]


def test_without_yes_and_without_a_terminal_apply_counts_as_declined(on, sandbox):
    ended = on("apply", queues(q=""), "--format", "json")
    assert ended.code == 3
    assert json.loads(ended.out)["result"] == "refused"
    assert "--yes" in ended.err
    assert writes(sandbox) == []


def test_an_apply_that_does_not_finish_ends_with_1_and_names_what_failed(on, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    ended = on("apply", queues(q="") + subscriptions(s=HERE), "--yes", "--format", "json")
    result = json.loads(ended.out)
    assert (ended.code, result["result"]) == (1, "failed")
    outcomes = {item["address"]: item["outcome"] for item in result["actions"]}
    assert outcomes == {"queue.q": "done", "subscription.s": "failed"}
    [error] = [item["error"] for item in result["actions"] if item["error"]]
    assert error.startswith("shop: notificationsubscriptions.create: ")
    assert on("apply", queues(q="") + subscriptions(s=HERE), "--yes").code == 0


def test_a_partial_read_ends_apply_with_1_although_the_rest_is_done(on, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = on("apply", queues(q="") + subscriptions(s=HERE), "--yes", "--format", "json")
    result = json.loads(ended.out)
    assert (ended.code, result["result"]) == (1, "failed")
    assert [item["outcome"] for item in result["actions"]] == ["done"]
    assert result["problems"]
    assert writes(sandbox) == ["CreateQueue q reconciler:stack"]


def test_a_saved_plan_is_carried_out(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", queues(a="", b=""), "--out", file)
    ended = on("apply", queues(a="", b=""), "--yes", "--plan", file)
    assert ended.code == 0
    assert "Applied: 2 done" in ended.out


def test_what_a_saved_plan_holds_and_is_no_longer_needed_is_skipped(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", queues(a="", b=""), "--out", file)
    on("apply", queues(a="", b=""), "--yes", "--target", "queue.a")
    ended = on("apply", queues(a="", b=""), "--yes", "--plan", file, "--format", "json")
    assert ended.code == 0
    outcomes = {item["address"]: item["outcome"] for item in json.loads(ended.out)["actions"]}
    assert outcomes == {"queue.a": "skipped", "queue.b": "done"}


def test_what_a_saved_plan_holds_and_could_not_be_read_is_not_called_unneeded(
    on, tmp_path, sandbox
):
    file = tmp_path / "plan.json"
    world = queues(q="") + subscriptions(s=HERE)
    on("plan", world, "--out", file)
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = on("apply", world, "--yes", "--plan", file, "--format", "json")
    errors = {item["address"]: item["error"] for item in json.loads(ended.out)["actions"]}
    assert ended.code == 1
    assert errors["queue.q"] is None
    assert errors["subscription.s"].startswith("not decided")


def test_more_than_a_saved_plan_says_is_refused_and_nothing_is_changed(on, tmp_path, sandbox):
    file = tmp_path / "plan.json"
    on("plan", queues(a=""), "--out", file)
    ended = on("apply", queues(a="", b=""), "--yes", "--plan", file)
    assert ended.code == 3
    assert "queue.b" in ended.out
    assert writes(sandbox) == []


def test_another_value_than_the_saved_plans_is_refused(on, tmp_path, sandbox):
    file = tmp_path / "plan.json"
    on("apply", queues(a=""), "--yes")
    on("plan", queues(a="delay: 5s"), "--out", file)
    sandbox.clear_calls()
    assert on("apply", queues(a="delay: 6s"), "--yes", "--plan", file).code == 3
    assert writes(sandbox) == []


def test_a_change_of_live_state_that_asks_for_more_than_the_saved_plan_is_refused(
    on, tmp_path, sandbox
):
    file = tmp_path / "plan.json"
    on("apply", queues(a="", b=""), "--yes")
    on("plan", queues(a="delay: 5s", b=""), "--out", file)
    account = AwsAccount(sandbox.url)
    account.write(account.sqs.get_queue_url(QueueName="b")["QueueUrl"], DelaySeconds="9")
    account.close()
    sandbox.clear_calls()
    assert on("apply", queues(a="delay: 5s", b=""), "--yes", "--plan", file).code == 3
    assert writes(sandbox) == []


@pytest.mark.parametrize("content", ["", "no json", "{}", "[]", '{"formatVersion": 1}'])
def test_a_file_that_is_no_plan_is_an_error(on, tmp_path, sandbox, content):
    file = tmp_path / "plan.json"
    file.write_text(content)
    ended = on("apply", queues(a=""), "--yes", "--plan", file)
    assert ended.code == 1
    assert "is not a plan" in ended.err
    assert sandbox.calls() == []


def test_a_saved_plan_that_is_not_there_is_an_error(on, tmp_path):
    ended = on("apply", queues(a=""), "--yes", "--plan", tmp_path / "gone.json")
    assert ended.code == 1
    assert "gone.json cannot be read: No such file or directory" in ended.err


def test_a_saved_plan_of_another_format_is_refused(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", queues(a=""), "--out", file)
    file.write_text(file.read_text().replace('"formatVersion": 1', '"formatVersion": 2'))
    assert on("apply", queues(a=""), "--yes", "--plan", file).code == 3


def test_a_saved_plan_of_another_stack_is_refused(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", queues(a=""), "--out", file, head=HEAD.replace("acme", "other") + AWS + MERCHANT)
    ended = on("apply", queues(a=""), "--yes", "--plan", file)
    assert ended.code == 3
    assert "stack" in ended.out


ELSEWHERE = [
    ("region: eu-west-1", "region: us-east-1", "aws-eu", "region"),
    ('accountId: "123456789012"', 'accountId: "210987654321"', "aws-eu", "accountId"),
    ('accountId: "5678"', 'accountId: "999"', "shop", "accountId"),
]


@pytest.mark.parametrize(("was", "becomes", "account", "field"), ELSEWHERE)
def test_a_saved_plan_is_not_carried_out_in_another_real_account(
    on, tmp_path, sandbox, was, becomes, account, field
):
    file, here = tmp_path / "plan.json", HEAD + AWS + MERCHANT
    before = queues(a="", b="") + subscriptions(s=HERE, t=THERE)
    after = queues(a="") + subscriptions(s=HERE)
    elsewhere = here.replace(was, becomes)
    for head in (here, elsewhere):
        on("apply", before, "--yes", head=head)
    planned = on("plan", after, "--out", file, head=here)
    assert "2 to delete" in planned.out
    sandbox.clear_calls()
    ended = on("apply", after, "--yes", "--plan", file, head=elsewhere)
    assert ended.code == 3
    assert f"account {account!r} is not the declared one (they differ in {field})" in ended.told
    assert writes(sandbox) == []
    assert on("apply", after, "--yes", "--plan", file, head=here).code == 0


@pytest.mark.parametrize("rehearsed", [True, False])
def test_a_plan_saved_with_the_sandbox_is_refused_without_it_and_the_other_way_round(
    cli, world, tmp_path, sandbox, monkeypatch, rehearsed
):
    """What stands for production is the same server, by another name."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    endpoint = sandbox.url.replace("127.0.0.1", "localhost")
    declared = world(queues(a=""), HEAD + AWS.replace("}", f', endpoint: "{endpoint}"}}'))
    file, rehearsal = tmp_path / "plan.json", ("--sandbox", sandbox.url)
    planned = cli("plan", declared, "--out", file, *(rehearsal if rehearsed else ()))
    assert "1 to create" in planned.out
    ended = cli("apply", declared, "--yes", "--plan", file, *(() if rehearsed else rehearsal))
    assert ended.code == 3
    assert "account 'aws-eu' is not the declared one (they differ in endpoint)" in ended.told
    assert writes(sandbox) == []


def _without_accounts(saved):
    assert saved.pop("accounts").keys() == {"aws-eu", "shop"}


def _with_another_value(saved):
    saved["actions"][0]["changes"][0]["after"] = "another"


def _with_one_more(saved):
    saved["actions"].append({**saved["actions"][0], "address": "queue.b"})


def _with_one_less(saved):
    saved["actions"].pop()


def _with_an_adoption(saved):
    saved["actions"][0]["adopts"] = True


def _of_other_declarations(saved):
    saved["declarationsDigest"] = "sha256:0"


def _of_another_stack(saved):
    saved["stack"] = "another"


def _without_a_fingerprint(saved):
    saved["fingerprint"] = ""


CHANGED = [
    _without_accounts,
    _with_another_value,
    _with_one_more,
    _with_one_less,
    _with_an_adoption,
    _of_other_declarations,
    _of_another_stack,
    _without_a_fingerprint,
]


@pytest.mark.parametrize("change", CHANGED)
def test_a_saved_plan_that_was_changed_is_refused_by_its_own_fingerprint(
    on, tmp_path, sandbox, change
):
    file = tmp_path / "plan.json"
    on("plan", queues(a=""), "--out", file)
    saved = json.loads(file.read_text())
    change(saved)
    file.write_text(json.dumps(saved))
    ended = on("apply", queues(a=""), "--yes", "--plan", file)
    assert ended.code == 3
    assert "is not what was planned: its fingerprint is of other actions" in ended.err
    assert writes(sandbox) == []


def test_what_no_apply_acts_on_may_be_written_otherwise_in_a_saved_plan(on, tmp_path):
    file = tmp_path / "plan.json"
    on("plan", queues(a=""), "--out", file)
    saved = json.loads(file.read_text())
    saved["estimate"] = {"calls": 99, "seconds": 99.0}
    file.write_text(json.dumps(saved, sort_keys=True))
    assert on("apply", queues(a=""), "--yes", "--plan", file).code == 0


def test_expect_demands_exactly_the_plan_with_that_fingerprint(on, sandbox):
    fingerprint = json.loads(on("plan", queues(a=""), "--format", "json").out)["fingerprint"]
    refused = on("apply", queues(a="", b=""), "--yes", "--expect", fingerprint)
    assert refused.code == 3
    assert writes(sandbox) == []
    assert on("apply", queues(a=""), "--yes", "--expect", fingerprint).code == 0


def test_a_guard_refuses_with_3_names_its_override_and_the_override_lets_it_pass(on, sandbox):
    on("apply", queues(**{f"q{n}": "" for n in range(10)}), "--yes")
    few = queues(**{f"q{n}": "" for n in range(5)})
    head = HEAD.replace("maxDeletes: 100%", "maxDeletes: 30%") + AWS + MERCHANT
    sandbox.clear_calls()
    planned = on("plan", few, head=head)
    assert planned.code == 0, "plan exits as if nothing were refused"
    assert "maxDeletes" in planned.out
    refused = on("apply", few, "--yes", head=head)
    assert refused.code == 3
    assert "--max-deletes 5" in refused.out
    assert writes(sandbox) == []
    assert on("apply", few, "--yes", "--max-deletes", "5", head=head).code == 0


def test_a_protected_queue_is_refused_even_when_its_yaml_is_gone(on, sandbox):
    on("apply", queues(a="protect: true", b=""), "--yes")
    sandbox.clear_calls()
    assert on("apply", queues(b=""), "--yes").code == 3
    assert writes(sandbox) == []
    ended = on("apply", queues(b=""), "--yes", "--unprotect", "queue.aws-eu/a")
    assert ended.code == 0
    assert writes(sandbox) == ["DeleteQueue a"]


def test_nothing_declared_at_all_is_refused(on, sandbox):
    on("apply", queues(a=""), "--yes")
    sandbox.clear_calls()
    ended = on("apply", "", "--yes", "--format", "json")
    assert ended.code == 3
    assert [guard["guard"] for guard in json.loads(ended.out)["guards"]] == ["empty"]
    assert writes(sandbox) == []


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_wrong_aws_account_is_refused_with_3_and_nothing_is_read_or_written(
    cli, world, sandbox, monkeypatch, command
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    elsewhere = AWS.replace("}", f', endpoint: "{sandbox.url}"}}')
    options = ["--yes"] if command == "apply" else []
    ended = cli(command, world(queues(q=""), HEAD + elsewhere), *options)
    assert (ended.code, ended.out) == (3, "")
    assert "123456789012" in ended.err
    assert "999999999999" in ended.err
    assert {call["operation"] for call in sandbox.calls()} == {"GetCallerIdentity"}


def test_a_second_apply_writes_nothing(on, sandbox):
    on("apply", queues(q="") + subscriptions(s=HERE), "--yes")
    sandbox.clear_calls()
    assert on("apply", queues(q="") + subscriptions(s=HERE), "--yes").code == 0
    assert writes(sandbox) == []
