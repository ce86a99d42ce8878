"""receive: what a declared queue holds, decoded, and left there unless it is to be deleted."""

import json
import os
import resource
import signal
import subprocess

import pytest

from reconciler.cli.commands.receiving import _nothing_shown
from tests.gate import PATIENCE, until
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD, queues

MWS = """<Notification><NotificationMetaData><NotificationType>AnyOfferChanged</NotificationType>
<UniqueId>u-%d</UniqueId><PublishTime>2017-05-11T12:00:00.000Z</PublishTime>
<SellerId>A1EXAMPLE</SellerId></NotificationMetaData><NotificationPayload>
<AnyOfferChangedNotification><ASIN>B00EXAMPLE</ASIN></AnyOfferChangedNotification>
</NotificationPayload></Notification>"""
SP_API = json.dumps(
    {
        "NotificationVersion": "1.0",
        "NotificationType": "FEE_PROMOTION",
        "PayloadVersion": "1.0",
        "EventTime": "2024-03-21T02:43:47Z",
        "NotificationMetadata": {"NotificationId": "n-1", "SubscriptionId": "s-1"},
        "Payload": {"FeePromotionNotification": {"MerchantId": "M\u202e1\u009b2J"}},
    }
)
NONSENSE = "\x7f\u202eno notification"
WORLD = queues(q="name: real-name, deadLetter: {queue: d, maxReceives: 5}", d="")


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


@pytest.fixture
def queue(aws):
    """Fill the declared queue and return its URL."""
    target = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:d", "maxReceiveCount": 5}
    aws.queue("d")
    made = aws.queue("real-name", RedrivePolicy=json.dumps(target))
    for body in (MWS % 1, SP_API, NONSENSE):
        aws.sqs.send_message(QueueUrl=made, MessageBody=body)
    return made


@pytest.fixture
def receive(cli, sandbox, world):
    def run(*options, name="q", text=WORLD):
        path = world(text, HEAD + AWS)
        return cli("receive", name, path, "--sandbox", sandbox.url, "--wait", "0", *options)

    return run


def looking(sandbox):
    """Say whether a look has arrived and waits: an earlier one would take what is given back."""
    last = sandbox.calls()[-1]
    return (last["operation"], last["status"]) == ("ReceiveMessage", None)


def bodies(aws, queue):
    """Return what another consumer can get now; it stays there."""
    answer = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted(message["Body"] for message in answer.get("Messages", []))


@pytest.mark.parametrize("name", ["q", "queue.q"])
def test_each_message_is_a_line_and_stays_visible_to_others(receive, aws, queue, name):
    ended = receive(name=name)
    assert ended.code == 0
    first, second, third = ended.out.splitlines()
    assert first.startswith("2017-05-11T12:00:00.000Z mws AnyOfferChanged A1EXAMPLE")
    assert second.startswith("2024-03-21T02:43:47Z sp-api FEE_PROMOTION")
    assert " undecodable: " in third
    assert len(bodies(aws, queue)) == 3


def test_json_is_exactly_one_list_of_the_contracts_documents(receive, queue):
    found = json.loads(receive("--format", "json").out)
    by_source = {document["source"]: document for document in found}
    assert len(found) == 3
    mws = by_source["mws"]
    assert (mws["notificationType"], mws["id"]) == ("AnyOfferChanged", "u-1")
    assert mws["payload"]["AnyOfferChangedNotification"] == {"ASIN": "B00EXAMPLE"}
    assert by_source["sp-api"]["time"] == "2024-03-21T02:43:47Z"
    assert by_source[None]["body"] == NONSENSE
    assert by_source[None]["error"]


SECRET = "amzn1.oa2-cs.v1." + "0123456789abcdef" * 4
NEW_SECRET = json.dumps(
    {
        "notificationType": "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
        "payload": {"applicationOAuthClientNewSecret": {"newClientSecret": SECRET}},
    }
)


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_secrets_that_messages_bring_are_shown_only_when_asked_for(receive, aws, form):
    made = aws.queue("real-name")
    for body in (NEW_SECRET, NEW_SECRET[:-1], f"nonsense about newClientSecret {SECRET}"):
        aws.sqs.send_message(QueueUrl=made, MessageBody=body)
    hidden = receive("--format", form)
    assert SECRET[:12] not in hidden.out + hidden.err
    told = receive("--format", form, "--show-secrets")
    assert SECRET in told.out


def test_json_of_an_empty_queue_is_an_empty_list(receive, aws):
    aws.queue("real-name")
    assert receive("--format", "json").out == "[]\n"
    ended = receive()
    assert (ended.code, ended.out) == (0, "")
    # Short polling asks some of SQS's servers only.
    told = "gave no message at once: with --wait 0 only a part of it was looked into\n"
    assert ended.err.endswith(told)
    assert _nothing_shown(0, 1) == "no message: it is empty, or what it holds is in flight"


def test_a_queue_that_holds_messages_of_other_types_is_not_called_empty(receive, queue):
    ended = receive("--type", "NO_SUCH_TYPE")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith(" gave 3 messages, none of the types asked for\n")


def test_jsonl_is_a_document_a_line(receive, queue):
    lines = receive("--format", "jsonl").out.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["mws", "sp-api", None]


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_hostile_content_does_not_reach_the_terminal(receive, queue, form):
    out = receive("--format", form).out
    assert not {"\x7f", "\x9b", "\u202e", "\x1b"} & set(out)
    if form == "json":
        hostile = json.loads(out)[1]["payload"]["FeePromotionNotification"]["MerchantId"]
        assert hostile == "M\u202e1\u009b2J", "as escapes, nothing is lost"


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_delete_takes_away_what_was_shown_but_never_what_cannot_be_decoded(
    receive, aws, queue, form
):
    assert receive("--delete", "--format", form).code == 0
    assert bodies(aws, queue) == [NONSENSE]


def test_a_type_shows_and_deletes_that_type_alone(receive, aws, queue):
    ended = receive("--type", "FEE_PROMOTION", "--delete")
    assert len(ended.out.splitlines()) == 1
    assert bodies(aws, queue) == sorted([MWS % 1, NONSENSE])
    both = receive("--type", "FEE_PROMOTION", "--type", "AnyOfferChanged")
    assert len(both.out.splitlines()) == 1


def test_at_most_so_many_and_ten_unless_told(receive, aws, queue):
    assert len(receive("--max", "2").out.splitlines()) == 2
    for number in range(20):
        aws.sqs.send_message(QueueUrl=queue, MessageBody=MWS % number)
    assert len(receive().out.splitlines()) == 10
    assert len(receive("--max", "100").out.splitlines()) == 23
    assert len(bodies(aws, queue)) == 10


def test_a_dead_letter_queue_is_warned_of_since_looking_counts(receive, aws, queue):
    told = receive().err
    assert "queue.q moves a message to its dead-letter queue after 5 receives" in told
    assert receive("--delete").err == ""
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:d", "maxReceiveCount": 6}
    aws.write(queue, RedrivePolicy=json.dumps(redrive))
    assert receive().err == ""


def test_a_queue_that_is_not_declared_is_an_error_with_those_that_are(receive):
    ended = receive(name="nobody")
    assert (ended.code, ended.out) == (1, "")
    assert "error: no queue nobody is declared; there are: d, q" in ended.err


def test_a_queue_that_is_not_there_is_an_error(receive):
    ended = receive()
    assert ended.code == 1
    assert "aws-eu: GetQueueUrl: the queue real-name does not exist: run apply" in ended.err


def test_a_missing_permission_is_named(receive, sandbox, queue):
    sandbox.faults([{"service": "aws", "operation": "ReceiveMessage", "kind": "denied"}])
    ended = receive()
    assert ended.code == 1
    assert "allow ReceiveMessage to these credentials" in ended.err


def test_what_cannot_be_deleted_is_an_error(receive, sandbox, queue):
    sandbox.faults(
        [{"service": "aws", "operation": "DeleteMessageBatch", "kind": "denied", "times": None}]
    )
    ended = receive("--delete")
    assert (ended.code, len(ended.out.splitlines())) == (1, 3)
    assert "DeleteMessageBatch" in ended.err


@pytest.mark.parametrize(
    "options", [["--follow", "--format", "json"], ["--max", "0"], ["--wait", "21"]]
)
def test_wrong_usage_is_64(receive, options):
    assert receive(*options).code == 64


def test_follow_goes_on_until_interrupted_and_gives_everything_back(
    start, sandbox, world, aws, queue
):
    path = world(WORLD, HEAD + AWS)
    options = ("--sandbox", sandbox.url, "--follow", "--wait", "1", "--format", "jsonl")
    running = start("receive", "q", path, *options)
    first = [json.loads(running.stdout.readline())["source"] for _ in range(3)]
    aws.sqs.send_message(QueueUrl=queue, MessageBody=MWS % 9)
    assert json.loads(running.stdout.readline())["id"] == "u-9"
    until(lambda: looking(sandbox))
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, first) == (130, ["mws", "sp-api", None])
    assert "Traceback" not in err
    assert len(bodies(aws, queue)) == 4


def _room_for_two_lines():
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))


@pytest.mark.parametrize("form", ["text", "jsonl", "json"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_each_message_is_deleted_after_it_was_written_and_none_after_writing_failed(
    start, sandbox, world, aws, form, unbuffered, tmp_path
):
    url = aws.queue("real-name")
    for number in range(8):
        aws.sqs.send_message(QueueUrl=url, MessageBody=MWS % number)
    path, out = world(queues(q="name: real-name"), HEAD + AWS), tmp_path / "out"
    options = ("--sandbox", sandbox.url, "--delete", "--wait", "0", "--format", form)
    with out.open("wb") as stdout:
        running = start(
            "receive",
            "q",
            path,
            *options,
            stdout=stdout,
            preexec_fn=_room_for_two_lines,
            env={"PYTHONUNBUFFERED": unbuffered},
        )
        _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "stdout cannot be written: File too large" in err
    written = out.read_bytes().count(b"\n") if form != "json" else 0
    assert written < 8
    assert len(bodies(aws, url)) == 8 - written


def test_what_one_message_lacks_another_is_deleted_all_the_same(receive, sandbox, aws):
    url = aws.queue("real-name")
    for number in range(3):
        aws.sqs.send_message(QueueUrl=url, MessageBody=MWS % number)
    sandbox.faults([{"service": "aws", "operation": "DeleteMessageBatch", "kind": "denied"}])
    ended = receive("--delete", text=queues(q="name: real-name"))
    assert (ended.code, len(ended.out.splitlines())) == (1, 3)
    assert len(bodies(aws, url)) == 1


def test_a_sigterm_while_following_gives_everything_back_and_ends_with_143(
    start, sandbox, world, aws, queue
):
    options = ("--sandbox", sandbox.url, "--follow", "--wait", "1", "--format", "jsonl")
    running = start("receive", "q", world(WORLD, HEAD + AWS), *options)
    for _ in range(3):
        running.stdout.readline()
    until(lambda: looking(sandbox))
    running.terminate()
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 143
    assert "terminated" in err
    assert "Traceback" not in err
    assert len(bodies(aws, queue)) == 3


def test_nothing_is_deleted_that_nobody_read(start, sandbox, world, aws, queue):
    reader, writer = os.pipe()
    os.close(reader)
    path = world(WORLD, HEAD + AWS)
    running = start(
        "receive",
        "q",
        path,
        "--sandbox",
        sandbox.url,
        "--delete",
        "--wait",
        "0",
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert len(bodies(aws, queue)) == 3
