"""decode: one message from a file or stdin, as JSON or one line."""

import io
import json
import sys

import pytest

from reconciler.notifications import MAX_BYTES, RECOGNISERS, decode, known, summary
from tests.notifications.messages import DISAPPROVED, MESSAGES, in_sns, pushed


@pytest.fixture
def piped(monkeypatch):
    """Let a message arrive on stdin."""

    def give(data):
        stdin = io.TextIOWrapper(io.BytesIO(data.encode() if isinstance(data, str) else data))
        monkeypatch.setattr(sys, "stdin", stdin)

    return give


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_file_becomes_the_json_of_the_contract(cli, tmp_path, kind):
    file = tmp_path / "message"
    file.write_text(in_sns(MESSAGES[kind]), encoding="utf-8")
    ended = cli("decode", file)
    document = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert list(document)[:4] == ["source", "notificationType", "time", "id"]
    assert kind.startswith(document["source"])
    assert document == json.loads(decode(MESSAGES[kind]).model_dump_json())


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_left_out_or_a_dash_is_stdin(cli, piped, arguments):
    piped(pushed(json.dumps(DISAPPROVED), messageId="42"))
    ended = cli("decode", *arguments)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["payload"] == DISAPPROVED


def test_several_messages_are_one_json_list_and_a_line_each(cli, piped):
    bodies = [MESSAGES["sp-api camel"], MESSAGES["mws"]]
    batch = json.dumps({"Messages": [{"MessageId": "1", "Body": body} for body in bodies]})
    piped(batch)
    ended = cli("decode")
    assert (ended.code, ended.err) == (0, "")
    each = [json.loads(decode(body).model_dump_json()) for body in bodies]
    assert json.loads(ended.out) == each
    piped(batch)
    lines = cli("decode", "--format", "text").out.splitlines()
    assert lines == [summary(decode(body)) for body in bodies]


def test_of_several_what_is_no_notification_is_told_and_the_others_are_decoded(cli, piped):
    piped(json.dumps({"Records": [{"body": MESSAGES["mws"]}, {"body": "test"}]}))
    ended = cli("decode")
    assert ended.code == 1
    assert [one["source"] for one in json.loads(ended.out)] == ["mws"]
    assert ended.err == (
        "error: stdin: message 2 of 2: text ('test'), no notification known here\n"
    )


def test_secrets_are_masked_in_each_of_several(cli, piped):
    body = {"newClientSecret": "hush-hush-1"}
    message = json.dumps({"notificationType": "NEW", "payload": body})
    piped(json.dumps([message, message]))
    assert "hush" not in cli("decode").out


def test_text_is_the_summary_line(cli, piped):
    piped(MESSAGES["mws"])
    assert cli("decode", "--format", "text") == (0, summary(decode(MESSAGES["mws"])) + "\n", "")


def test_what_holds_no_notification_ends_with_1_and_one_sentence_naming_its_source(
    cli, piped, tmp_path
):
    piped("<html/>")
    sentence = f"an HTML page, no notification known here; {known(RECOGNISERS)}"
    assert cli("decode", "--format", "text") == (1, "", f"error: stdin: {sentence}\n")
    file = tmp_path / "page.html"
    file.write_text("<html/>")
    assert cli("decode", file) == (1, "", f"error: {file}: {sentence}\n")


def test_what_never_ends_is_read_no_further_than_a_message_may_be(cli, piped):
    piped(b" " * (MAX_BYTES + 10))
    assert cli("decode").err == f"error: stdin: the message is longer than {MAX_BYTES} bytes\n"
    assert len(sys.stdin.buffer.read()) == 9


def test_a_file_that_cannot_be_read_is_told(cli, tmp_path):
    gone = tmp_path / "gone"
    assert cli("decode", gone) == (
        1,
        "",
        f"error: {gone} cannot be read: No such file or directory\n",
    )
    assert cli("decode", tmp_path).err == f"error: {tmp_path} cannot be read: Is a directory\n"


def test_a_secret_that_a_message_brings_is_shown_only_when_asked_for(cli, piped):
    body = {"applicationOAuthClientNewSecret": {"clientId": "c", "newClientSecret": "hush-hush-1"}}
    kind = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"
    message = in_sns(json.dumps({"notificationType": kind, "payload": body}))
    for form in ("json", "text"):
        piped(message)
        assert "hush" not in "".join(map(str, cli("decode", "--format", form)))
    piped(message)
    assert json.loads(cli("decode", "--show-secrets").out)["payload"] == body


def test_an_unknown_format_is_wrong_usage(cli):
    assert cli("decode", "--format", "xml").code == 64


def test_what_a_pipe_brings_is_decoded_by_the_command_as_a_process(start):
    process = start("decode", "--format", "text", stdin=-1)
    out, err = process.communicate(MESSAGES["sp-api camel"], timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == summary(decode(MESSAGES["sp-api camel"])) + "\n"


def test_json_holds_nothing_that_a_terminal_would_act_upon(cli, piped):
    text = "\x9b31m\u202e\u2028\x7f"
    message = {"NotificationType": "ANY", "Payload": {"name": text}}
    piped(json.dumps(message, ensure_ascii=False))
    ended = cli("decode")
    assert ended.code == 0
    assert not set(text) & set(ended.out) - set("31m")
    assert json.loads(ended.out)["payload"] == {"name": text}
