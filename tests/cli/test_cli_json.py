"""`--format json` prints exactly one JSON document, also where there is no result."""

import json

import pytest

from tests.worlds import AWS, queues

COMMANDS = ["plan", "apply", "destroy", "drift", "status", "doctor", "verify"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", [["--format", "json"], ["--format=json"]])
def test_what_is_wrong_with_the_declarations_is_told_in_the_document(cli, world, command, option):
    ended = cli(command, world(queues(q="nonsense: 1")), *option)
    failure = json.loads(ended.out)
    assert (ended.code, failure["result"], failure["actions"]) == (1, "failed", [])
    [error] = failure["errors"]
    assert error["message"].startswith("queues.q: unknown key 'nonsense'")
    assert error["line"] > 1
    assert failure["error"] in ended.err


def test_a_refusal_without_a_plan_is_told_in_the_document(cli, world, sandbox, tmp_path):
    saved = tmp_path / "snapshot.json"
    saved.write_text("{}", encoding="utf-8")
    ended = cli("plan", world(queues(q="")), "--live", saved, "--format", "json")
    failure = json.loads(ended.out)
    assert (ended.code, failure["result"], failure["errors"]) == (3, "refused", [])
    assert "not a snapshot" in failure["error"]


def test_a_service_that_does_not_answer_is_told_in_the_document(cli, world):
    account = AWS.replace("region:", "endpoint: 'http://127.0.0.1:9', region:")
    ended = cli("apply", "nowhere", "--format", "json")
    assert json.loads(ended.out)["result"] == "failed"
    ended = cli("receive", "q", world(queues(q=""), account), "--format", "json")
    assert (ended.code, json.loads(ended.out)["result"]) == (1, "failed")


def test_text_gets_no_document(cli, world):
    assert cli("plan", world(queues(q="nonsense: 1"))).out == ""


@pytest.mark.parametrize("wrong", [["--nonsense"], ["--shard", "5/3"], ["--account", "nobody"]])
def test_wrong_usage_is_told_in_the_document(cli, world, wrong):
    ended = cli("plan", world(queues(q="")), "--format", "json", *wrong)
    failure = json.loads(ended.out)
    assert (ended.code, failure["result"], failure["errors"]) == (64, "failed", [])
    assert wrong[0] in failure["error"]
    assert failure["error"] in ended.err


def test_a_failure_after_the_result_adds_no_second_document(cli, world, sandbox, tmp_path):
    declared = world(queues(q=""))
    nowhere = tmp_path / "nowhere" / "result.json"
    for command in (("plan", "--out", nowhere), ("apply", "--yes", "--out", nowhere)):
        ended = cli(*command, declared, "--sandbox", sandbox.url, "--format", "json")
        json.loads(ended.out)
        assert ended.code == 1
