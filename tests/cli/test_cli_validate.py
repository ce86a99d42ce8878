"""validate: offline, all errors at once, in three formats."""

import json
import socket

import pytest

from tests.worlds import AWS, HEAD, MERCHANT, MWS, queues, subscriptions

BAD = queues(q="visibilityTimeout: 13h", r="colour: red")


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_valid_declarations_end_with_0_and_are_counted(cli, world, no_network):
    ended = cli("validate", world(queues(a="", b="")))
    assert ended == (0, "Valid: 2 objects declared.\n", "")


def test_every_error_is_told_with_its_place_and_ends_with_1(cli, world, no_network):
    ended = cli("validate", world(BAD))
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (1, "")
    assert len(lines) == 3
    assert all("world.yaml:" in line for line in lines[:2])
    assert lines[2] == "Invalid: 2 errors."


def test_json_gives_the_fields_of_the_contract_for_good_and_bad(cli, world, no_network):
    bad = cli("validate", world(BAD), "--format", "json")
    document = json.loads(bad.out)
    assert (bad.code, bad.err, document["valid"]) == (1, "", False)
    assert len(document["errors"]) == 2
    for error in document["errors"]:
        assert error["file"].endswith("world.yaml")
        assert error["line"] > 1
        assert error["column"] >= 1
        assert error["message"]
    good = cli("validate", world(queues(q="")), "--format", "json")
    assert (good.code, json.loads(good.out)["valid"], json.loads(good.out)["errors"]) == (
        0,
        True,
        [],
    )


def test_github_gives_one_annotation_a_finding(cli, world, no_network):
    ended = cli("validate", world(BAD), "--format", "github")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::error file=") and ",line=" in line for line in lines)


def test_a_value_cannot_smuggle_a_second_workflow_command_into_an_annotation(cli, world):
    ended = cli("validate", world('"x\\n::stop-commands::y": 1\n'), "--format", "github")
    assert ended.code == 1
    assert all(line.startswith("::error file=") for line in ended.out.splitlines())


def test_the_retirement_of_mws_is_a_warning_and_no_error(cli, world):
    ended = cli("validate", world(queues(q=""), head=HEAD + AWS + MWS), "--format", "json")
    assert ended.code == 0
    [warning] = json.loads(ended.out)["warnings"]
    assert "retired MWS" in warning["message"]


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_invalid_declarations_end_every_command_with_1_before_the_network(
    cli, world, no_network, command
):
    ended = cli(command, world(BAD), "--sandbox", "http://127.0.0.1:1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("world.yaml:") == 2


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_a_path_that_does_not_exist_is_said_in_one_line(cli, tmp_path, command):
    ended = cli(command, tmp_path / "nowhere")
    assert ended.code == 1
    said = (ended.out + ended.err).splitlines()[0]
    assert said.startswith(f"{tmp_path / 'nowhere'}: no such file or directory")


def test_one_file_may_be_given_instead_of_a_directory(cli, world):
    assert cli("validate", f"{world(queues(q=''))}/world.yaml").code == 0


def test_files_are_found_recursively_and_hidden_ones_are_skipped(cli, world, tmp_path):
    folder = tmp_path / "declared"
    world(queues(a=""))
    for place in ("deep/er", ".hidden"):
        (folder / place).mkdir(parents=True)
        name = "b" if place == "deep/er" else "c"
        (folder / place / "more.yml").write_text(queues(**{name: ""}))
    (folder / ".also.yaml").write_text("not: [valid")
    (folder / "notes.txt").write_text("not: [valid")
    assert cli("validate", folder).out == "Valid: 2 objects declared.\n"


def test_a_file_that_may_not_be_read_is_told(cli, world, tmp_path):
    folder = world(queues(a=""))
    (tmp_path / "declared" / "dangling.yaml").symlink_to(tmp_path / "gone.yaml")
    ended = cli("validate", folder)
    assert ended.code == 1
    assert "dangling.yaml: cannot be read: No such file or directory" in ended.out


def test_a_literal_secret_is_refused_without_repeating_it(cli, world):
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
    head = HEAD + AWS + MERCHANT + MWS.replace("env:MWS_KEY", secret)
    for form in ("text", "json", "github"):
        ended = cli("--log-level", "debug", "validate", world(queues(q=""), head), "--format", form)
        assert ended.code == 1
        assert secret not in ended.out + ended.err


def test_an_empty_merchant_world_is_valid(cli, world):
    hook = (
        "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: 'https://a.test/'"
    )
    assert cli("validate", world(subscriptions(s=hook))).code == 0
