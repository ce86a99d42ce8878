"""plan and drift: what they print, and how they end."""

import json

import pytest
import urllib3

from tests.outsiders import Outsiders
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD, MWS, queues, subscriptions, writes

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = HOOK % ("1", "https://hooks.example.com/1")


@pytest.fixture
def planned(cli, sandbox, world):
    """Run a command on a world against the sandbox."""

    def run(text, *options, command="plan"):
        return cli(command, world(text), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def applied(planned):
    """Bring a world about."""

    def run(text):
        assert planned(text, "--yes", "--max-deletes", "100%", command="apply").code == 0

    return run


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


def test_a_plan_with_changes_ends_with_0_and_writes_nothing(planned, sandbox):
    ended = planned(queues(q="") + subscriptions(s=HERE))
    assert (ended.code, ended.err) == (0, "")
    assert "2 to create" in ended.out
    assert writes(sandbox) == []


@pytest.mark.parametrize("command", ["plan", "drift", "validate"])
def test_looking_changes_nothing(planned, applied, cli, sandbox, world, command):
    applied(queues(q="", old="") + subscriptions(s=HERE))
    sandbox.clear_calls()
    before = sandbox.state()
    text = queues(q="delay: 5s")
    _ = cli("validate", world(text)) if command == "validate" else planned(text, command=command)
    assert writes(sandbox) == []
    assert sandbox.state() == before


def test_detailed_exitcode_tells_changes_by_2(planned, applied):
    assert planned(queues(q=""), "--detailed-exitcode").code == 2
    applied(queues(q=""))
    assert planned(queues(q=""), "--detailed-exitcode").code == 0


def test_the_json_of_a_plan_has_the_fields_of_the_contract(planned, applied):
    applied(queues(old="", q=""))
    ended = planned(queues(q="visibilityTimeout: 2m", new=""), "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    plan = json.loads(ended.out)
    assert plan["formatVersion"] == 1
    assert plan["stack"] == "acme"
    assert plan["declarationsDigest"].startswith("sha256:")
    assert plan["fingerprint"].startswith("sha256:")
    assert plan["complete"] is True
    assert plan["summary"] == {
        "create": 1,
        "update": 1,
        "replace": 0,
        "delete": 1,
        "unchanged": 0,
        "unmanaged": 0,
    }
    assert {"guard", "refused", "message"} <= set(plan["guards"][0])
    assert set(plan["estimate"]) == {"calls", "seconds", "readingCalls", "readingSeconds"}
    by_name = {action["action"]: action for action in plan["actions"]}
    assert by_name["update"]["address"] == "queue.q"
    assert by_name["update"]["changes"] == [
        {"path": "visibilityTimeout", "before": 30, "after": 120}
    ]
    assert by_name["delete"]["address"] == "queue.aws-eu/old"
    assert all(change["after"] is None for change in by_name["delete"]["changes"])
    assert all(change["before"] is None for change in by_name["create"]["changes"])
    for action in plan["actions"]:
        assert action["account"] == "aws-eu"
        assert {"identity", "adopts", "dependsOn", "causedBy"} <= set(action)


def test_the_fingerprint_stays_while_nothing_changes_and_moves_with_the_declarations(planned):
    def print_of(text):
        return json.loads(planned(text, "--format", "json").out)["fingerprint"]

    assert print_of(queues(q="")) == print_of(queues(q=""))
    assert print_of(queues(q="")) != print_of(queues(q="delay: 5s"))


def test_out_saves_the_same_json_that_is_printed(planned, tmp_path):
    file = tmp_path / "plan.json"
    ended = planned(queues(q=""), "--format", "json", "--out", file)
    assert file.read_text(encoding="utf-8") == ended.out


def test_out_saves_json_beside_a_plan_in_text(planned, tmp_path):
    file = tmp_path / "plan.json"
    ended = planned(queues(q=""), "--out", file)
    assert "1 to create" in ended.out
    assert json.loads(file.read_text())["summary"]["create"] == 1


def test_a_plan_that_cannot_be_saved_is_an_error(planned, tmp_path):
    ended = planned(queues(q=""), "--out", tmp_path / "no" / "such" / "place.json")
    assert ended.code == 1
    assert "place.json cannot be written: No such file or directory" in ended.err


def test_a_service_that_refuses_is_told_and_ends_with_1_while_others_are_planned(planned, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = planned(queues(q="") + subscriptions(s=HERE), "--format", "json")
    assert ended.code == 1
    plan = json.loads(ended.out)
    assert plan["complete"] is False
    [problem] = plan["problems"]
    assert problem["message"].startswith("shop: notificationsubscriptions.list: ")
    assert [action["address"] for action in plan["actions"]] == ["queue.q"]


def test_an_account_that_cannot_be_read_is_told_once_in_text(planned, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = planned(queues(q="") + subscriptions(s=HERE))
    assert ended.code == 1
    assert ended.out.count("notificationsubscriptions.list") == 1
    assert "In sync" not in ended.out


def test_a_target_takes_brackets_literally_and_stars_as_any_characters(planned):
    members = (
        "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: ['1', '2'], "
        "callBackUri: 'https://hooks.example.com/{targetAccount}'"
    )
    world = queues(q="") + subscriptions(m=members)

    def addresses(*patterns):
        options = [item for pattern in patterns for item in ("--target", pattern)]
        plan = json.loads(planned(world, "--format", "json", *options).out)
        return [action["address"] for action in plan["actions"]]

    assert addresses("subscription.m[1]") == ["subscription.m[1]"]
    assert addresses("subscription.m[*]") == ["subscription.m[1]", "subscription.m[2]"]
    assert addresses("*.m[2]", "queue.?") == ["queue.q", "subscription.m[2]"]


def test_a_target_that_means_nothing_is_wrong_usage(planned, sandbox):
    ended = planned(queues(q=""), "--target", "queue.q", "--target", "queue.p")
    assert (ended.code, sandbox.calls()) == (64, [])
    assert (
        "error: --target queue.p: nothing declared has this address, did you mean 'queue.q'?"
        in ended.err
    )


def test_nothing_is_deleted_with_a_target(planned, applied):
    applied(queues(old="", q=""))
    plan = json.loads(planned(queues(q=""), "--format", "json", "--target", "*").out)
    assert plan["actions"] == []


def test_account_covers_whole_accounts_deletes_included(planned, applied):
    applied(queues(old="", q="") + subscriptions(s=HERE))
    world = queues(q="")
    plan = json.loads(planned(world, "--format", "json", "--account", "aws-eu").out)
    assert [action["address"] for action in plan["actions"]] == ["queue.aws-eu/old"]
    assert planned(world, "--account", "nobody").code == 64


def test_what_was_read_and_could_not_be_planned_is_told_for_what_it_is(
    applied, cli, sandbox, world
):
    applied(queues(q=""))
    theirs = world(queues(q=""), HEAD.replace("stack: acme", "stack: other") + AWS)
    told = {"plan": "Nothing to do in what could be planned.", "drift": "No drift in what could be"}
    for command, words in told.items():
        ended = cli(command, theirs, "--sandbox", sandbox.url)
        assert (ended.code, words in ended.out, "be read" in ended.out) == (1, True, False)


LIMITED = [
    ("plan", "--target", "queue.q", "In sync (--target queue.q only): nothing to do."),
    ("apply", "--target", "queue.q", "In sync (--target queue.q only): nothing to do."),
    ("drift", "--account", "aws-eu", "No drift (--account aws-eu only): live is as declared."),
    ("status", "--account", "aws-eu", "All healthy (--account aws-eu only)."),
    ("export", "--account", "aws-eu", "nothing to export (--account aws-eu only): no live object"),
]


@pytest.mark.parametrize(("command", "option", "value", "told"), LIMITED)
def test_what_a_run_was_limited_to_stands_in_its_verdict(
    planned, applied, command, option, value, told
):
    text = queues(q="") + subscriptions(s=HERE)
    applied(text)
    more = ["--yes"] if command == "apply" else []
    ended = planned(text, option, value, *more, command=command)
    assert told in (ended.err if command == "export" else ended.told)
    if command in ("plan", "drift", "status"):
        found = json.loads(planned(text, option, value, "--format", "json", command=command).out)
        assert found["limits"] == [f"{option} {value}"]
    if command in ("plan", "drift"):
        page = planned(text, option, value, "--format", "markdown", command=command).out
        assert page.splitlines()[0].endswith(f" stack `acme` (`{option} {value}` only)")


@pytest.mark.parametrize("snapshot", [False, True])
def test_what_an_account_that_was_not_selected_points_at_is_not_taken_away(
    cli, world, sandbox, tmp_path, snapshot
):
    head = HEAD + AWS + MWS
    path = world(queues(old="grants: [{to: amazon-notifications}]", q=""), head)
    assert cli("apply", path, "--yes", "--sandbox", sandbox.url).code == 0
    with urllib3.PoolManager() as http:
        others = Outsiders(sandbox, http)
        others.register(others.aws.sqs.get_queue_url(QueueName="old")["QueueUrl"])
        others.close()
    path = world(queues(q=""), head)
    sandbox.clear_calls()
    file = str(tmp_path / "live.json")
    assert cli("snapshot", path, "--out", file, "--sandbox", sandbox.url).code == 0
    live = ["--live", file] if snapshot else []
    ended = cli(
        *("plan", path, "--sandbox", sandbox.url, "--format", "json", "--account", "aws-eu", *live)
    )
    plan = json.loads(ended.out)
    refused = [guard["guard"] for guard in plan["guards"] if guard["refused"]]
    assert ([it["address"] for it in plan["actions"]], refused) == (
        ["queue.aws-eu/old"],
        ["referenced"],
    )


def test_an_account_that_is_not_selected_is_not_asked(planned, sandbox):
    planned(queues(q="") + subscriptions(s=HERE), "--account", "shop")
    assert {call["service"] for call in sandbox.calls()} == {"merchant"}


def test_the_sandbox_variable_does_what_the_option_does(cli, world, sandbox, monkeypatch):
    monkeypatch.setenv("RECONCILER_SANDBOX", sandbox.url)
    assert cli("plan", world(queues(q=""))).code == 0
    assert sandbox.calls()


def test_drift_ends_with_2_where_live_differs_and_with_0_where_not(planned, applied):
    missing = planned(queues(q=""), command="drift")
    assert missing.code == 2
    applied(queues(q=""))
    assert planned(queues(q=""), command="drift").code == 0


def test_the_json_of_drift_tells_missing_changed_and_undeclared(planned, applied):
    applied(queues(old="", q=""))
    ended = planned(queues(q="delay: 5s", new=""), "--format", "json", command="drift")
    assert (ended.code, ended.err) == (2, "")
    drift = json.loads(ended.out)
    assert drift["drifted"] is True
    assert drift["unmanaged"] == []
    assert {item["address"]: item["status"] for item in drift["resources"]} == {
        "queue.new": "missing",
        "queue.q": "changed",
        "queue.aws-eu/old": "undeclared",
    }
    [changed] = [item for item in drift["resources"] if item["status"] == "changed"]
    assert changed["changes"] == [{"path": "delay", "before": 0, "after": 5}]


def test_drift_that_could_not_read_everything_ends_with_1_even_where_it_found_some(
    planned, applied, sandbox
):
    denied = {"service": "merchant", "operation": "list", "kind": "denied", "times": None}
    sandbox.faults([denied])
    text = queues(q="") + subscriptions(s=HERE)
    assert planned(text, command="drift").code == 1
    sandbox.clear_faults()
    applied(queues(q=""))
    sandbox.faults([denied])
    ended = planned(text, command="drift")
    assert ended.out.startswith("Drift of stack acme: none found, 1 unknown\n")
    assert "no changes; 1 unchanged, 1 unknown" in planned(text).out


INVISIBLE = "\x1b\u202e\u200f\u200b"
HOSTILE = (
    "`` </details><script>alert(1)</script> @acme/all\n# heading \x1b[31mred\u202e\u200f\u200b"
)


@pytest.fixture
def hostile(applied, aws):
    """A live queue with a tag that means harm, about to be removed."""
    applied(queues(q=""))
    url = aws.sqs.get_queue_url(QueueName="q")["QueueUrl"]
    aws.sqs.tag_queue(QueueUrl=url, Tags={"harm": HOSTILE, HOSTILE[:20]: "x"})


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_markdown_lets_no_live_value_out_of_its_code_block(planned, hostile, command):
    ended = planned(queues(q=""), "--format", "markdown", command=command)
    assert "script" in ended.out, "the value is shown"
    assert not set(INVISIBLE) & set(ended.out)
    fence = None
    for line in ended.out.splitlines():
        if fence is None and line.startswith("```"):
            fence = line.rstrip("abcdefghijklmnopqrstuvwxyz")
        elif line == fence:
            fence = None
        elif fence is None:
            assert "<script>" not in line
            assert "@acme" not in line
            assert not line.startswith("# heading")
    assert fence is None, "every block is closed"


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_text_lets_no_live_value_move_the_cursor_or_begin_a_line(planned, hostile, command):
    ended = planned(queues(q=""), command=command)
    assert not set(INVISIBLE) & set(ended.out)
    assert not any(line.startswith("# heading") for line in ended.out.splitlines())


def test_json_gives_a_live_value_as_it_is(planned, hostile):
    [action] = json.loads(planned(queues(q=""), "--format", "json").out)["actions"]
    assert {"path": "tags.harm", "before": HOSTILE, "after": None} in action["changes"]


def test_a_message_of_a_service_is_escaped_in_markdown(planned, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "html", "times": 1}])
    text = planned(queues(q="") + subscriptions(s=HERE), "--format", "markdown").out
    assert "<html>" not in text
