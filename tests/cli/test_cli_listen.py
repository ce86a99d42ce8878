"""listen: the declared call backs are served, and what is acknowledged is kept."""

import base64
import fcntl
import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import AWS, HEAD

SHOP = """
  shop: {service: merchant, accountId: "5678"}
"""
WORLD = """
queues:
  offers: {account: aws-eu}
  parked: {account: aws-eu}
%s
subscriptions:
  status:
    account: shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccounts: ["1234"]
    callBackUri: "https://hooks.example.com/m/{targetAccount}?t={secret}"
    secret: env:PUSH_TOKEN
"""
PUSHES = "pushes:\n  shop: {account: shop, queue: offers, deadLetter: parked}\n"


def push(number=1, account="1234", owner="5678"):
    told = {
        "account": f"accounts/{account}",
        "managingAccount": f"accounts/{owner}",
        "resourceType": "PRODUCT",
        "attribute": "STATUS",
        "changes": [],
        "resourceId": "x",
        "resource": f"accounts/{account}/products/x",
    }
    data = base64.b64encode(json.dumps(told).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": f"m{number}"}, "subscription": "s"})


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("PUSH_TOKEN", "the-token")
    monkeypatch.setenv("NEXT_TOKEN", "next-token")


@pytest.fixture
def declared(world, cli, sandbox):
    """Declare a shop whose pushes go to a queue, and apply."""

    def declare(pushes=PUSHES):
        folder = world(WORLD % pushes, HEAD + AWS + SHOP)
        assert cli("apply", folder, "--yes", "--sandbox", sandbox.url).code == 0
        return folder

    return declare


@pytest.fixture
def listening(start, sandbox):
    """Start listening; give where, and how to end it."""

    def begin(folder, *options):
        process = start("listen", folder, "--port", "0", "--sandbox", sandbox.url, *options)
        line = process.stderr.readline()
        return re.search(r"http://[^;\s]+", line)[0], process

    return begin


def post(url, body, token="the-token"):
    headers = {"Content-Type": "application/json"}
    address = f"{url}/m/1234?t={token}"
    return urllib3.request("POST", address, body=body.encode(), headers=headers).status


def ended(process, number=signal.SIGTERM):
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def bodies(aws, name):
    url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in found]


def test_what_is_acknowledged_is_in_the_declared_queue_and_the_rest_is_parked_or_refused(
    declared, listening, sandbox, cli
):
    folder = declared()
    url, process = listening(folder, "--secret", "env:NEXT_TOKEN")
    assert post(url, push(1)) == 204
    assert post(url, push(2), "next-token") == 204
    assert post(url, push(3), "wrong") == 404
    assert post(url, "nonsense") == 204
    assert post(url, push(4, "9", "8")) == 204  # of an account that nobody declared
    assert urllib3.request("GET", f"{url}/readyz").status == 200
    code, _, err = ended(process)
    assert code == 143
    assert "the-token" not in err
    aws = AwsAccount(sandbox.url)
    assert bodies(aws, "offers") == [push(1), push(2)]
    assert len(bodies(aws, "parked")) == 2
    aws.close()


def test_what_a_push_calls_its_type_does_not_matter(declared, listening, sandbox):
    url, process = listening(declared())
    kind = {"Content-Type": "application/x-www-form-urlencoded"}  # as `curl -d @push.json` says
    address = f"{url}/m/1234?t=the-token"
    assert urllib3.request("POST", address, body=push(1).encode(), headers=kind).status == 204
    assert post(url, "nonsense") == 204
    assert "not decoded" in ended(process)[2]
    aws = AwsAccount(sandbox.url)
    assert (bodies(aws, "offers"), bodies(aws, "parked")) == ([push(1)], ["nonsense"])
    aws.close()


def test_a_push_that_no_queue_takes_is_left_at_google(declared, listening, sandbox):
    url, process = listening(declared())
    sandbox.faults([{"service": "aws", "operation": "SendMessageBatch", "kind": "denied"}])
    assert post(url, push(1)) == 503
    assert post(url, push(1)) == 204
    ended(process)


def test_without_a_queue_pushes_are_printed(declared, listening):
    url, process = listening(declared(""), "--format", "jsonl")
    assert post(url, push(1)) == 204
    told = json.loads(process.stdout.readline())
    assert (told["source"], told["payload"]["account"]) == ("merchant", "accounts/1234")
    ended(process)


def test_a_program_takes_pushes_by_ending_with_0(declared, listening, tmp_path):
    program = tmp_path / "take"
    program.write_text(f"#!/bin/sh\ncat >> {tmp_path}/taken\ntest ! -e {tmp_path}/full\n")
    program.chmod(0o755)
    url, process = listening(declared(), "--exec", str(program))
    assert post(url, push(1)) == 204
    assert (tmp_path / "taken").read_text() == push(1)
    (tmp_path / "full").touch()
    assert post(url, push(2)) == 503
    ended(process)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queues:\n  q: {account: aws-eu}\n", "nothing declared is pushed"),
        (
            "queues:\n  q: {account: aws-eu}\npushes:\n  shop: {account: shop, queue: q}\n",
            "push.shop: account shop has no subscription that pushes",
        ),
    ],
)
def test_where_nothing_can_come_it_does_not_listen(cli, world, sandbox, text, words):
    told = cli("listen", world(text, HEAD + AWS + SHOP), "--port", "0", "--sandbox", sandbox.url)
    assert (told.code, words in told.err) == (1, True), told.err


@pytest.mark.parametrize(
    ("pushes", "words"),
    [
        ("pushes:\n  shop: {account: shop, queue: offer}\n", "did you mean 'offers'?"),
        ("pushes:\n  shop: {account: aws-eu, queue: offers}\n", "pushes.shop"),
        (
            PUSHES + "  also: {account: shop, queue: parked}\n",
            "merchant has one push for each owner; declare it once",
        ),
        ("pushes:\n  shop: {account: shop}\n", "'queue' is missing"),
    ],
)
def test_what_is_wrong_with_pushes_is_told(cli, world, pushes, words):
    told = cli("validate", world(WORLD % pushes, HEAD + AWS + SHOP))
    assert (told.code, words in told.out) == (1, True), told.out


def test_a_log_that_nobody_reads_stops_nothing(declared, start, sandbox):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    options = ("--port", "0", "--sandbox", sandbox.url)
    process = start("--log-level", "info", "listen", declared(), *options, stderr=writer)
    with open(reader, encoding="utf-8", closefd=False) as log:
        url = re.search(r"http://[^;\s]+", log.readline())[0]
    for _ in range(120):  # each of them a line of 50 characters
        assert urllib3.request("POST", f"{url}/nowhere").status == 404
    assert post(url, push()) == 204
    os.read(reader, 65536)
    assert post(url, push(2)) == 204
    assert "lines were left out: nobody read stderr" in os.read(reader, 65536).decode()
    for _ in range(120):
        assert urllib3.request("POST", f"{url}/nowhere").status == 404
    assert ended(process)[0] == 143
    os.close(reader)
    os.close(writer)


def test_pushes_that_nobody_reads_yet_keep_nobody_else_waiting(declared, start, sandbox):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    options = ("--port", "0", "--sandbox", sandbox.url, "--format", "jsonl")
    process = start("listen", declared(""), *options, stdout=writer)
    url = re.search(r"http://[^;\s]+", process.stderr.readline())[0]
    assert post(url, push()) == 204
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(post, url, push(2))
        assert urllib3.request("GET", f"{url}/livez").status == 200
        assert not late.done()
        assert json.loads(os.read(reader, 65536))["id"] == "m1"
        assert late.result() == 204
    assert json.loads(os.read(reader, 65536))["id"] == "m2"
    assert ended(process)[0] == 143
    os.close(reader)
    os.close(writer)
