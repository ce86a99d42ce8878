"""The declared listener in other hands: any ASGI server, and AWS Lambda, by environment alone."""

import asyncio
import logging

import pytest
from pushes import SECRET, push
from queues import Queue
from served import Served
from test_listening_function_url import event

from reconciler import hosting

DECLARED = """
stack: acme
policy: {prune: true}
accounts:
  aws-eu: {service: aws, region: eu-west-1, accountId: "123456789012", endpoint: "%s"}
  shop: {service: merchant, accountId: "5678"}
queues:
  offers: {account: aws-eu}
  undecodable: {account: aws-eu}
subscriptions:
  status:
    account: shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccounts: ["1234"]
    callBackUri: "https://hooks.example.com/merchant/{targetAccount}?token={secret}"
    secret: env:HOOK_TOKEN
pushes:
  shop: {account: shop, queue: offers, deadLetter: undecodable}
"""


@pytest.fixture
def queues(tmp_path, monkeypatch, shared_sandbox):
    """Declare a shop whose pushes go to queues that are there; return the two."""
    shared_sandbox.reset()
    (tmp_path / "all.yaml").write_text(DECLARED % shared_sandbox.url, encoding="utf-8")
    for name, value in {
        "RECONCILER_PATH": str(tmp_path),
        "RECONCILER_LISTEN_SECRETS": "env:HOOK_TOKEN_NEXT, ",
        "HOOK_TOKEN": SECRET,
        "HOOK_TOKEN_NEXT": "next-token",
        "AWS_ACCESS_KEY_ID": "123456789012",
        "AWS_SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(name, value)
    yield Queue(shared_sandbox, "offers"), Queue(shared_sandbox, "undecodable")
    hosting._HOSTED.close()


def bodies(queue):
    return [message["Body"] for message in queue.bodies()]


@pytest.mark.parametrize("lifespan", ["on", "off"])
def test_any_server_serves_what_is_declared(queues, lifespan):
    with Served(hosting.application, lifespan=lifespan) as served:
        assert served.ask()[0] == 204
        assert served.ask(target="/merchant/1234?token=next-token", body=push("2"))[0] == 204
        assert served.ask(body=b"nonsense")[0] == 204
        assert served.ask(target="/merchant/1234?token=wrong")[0] == 404
        assert served.ask("GET", "/readyz")[0] == 200
    offers, undecodable = queues
    assert sorted(bodies(offers)) == sorted([push().decode(), push("2").decode()])
    assert bodies(undecodable) == ["nonsense"]


def test_lambda_keeps_what_is_declared_and_answers_after(queues):
    assert hosting.handler(event())["statusCode"] == 204
    assert hosting.handler(event(query="token=next-token", body="nonsense"), None) == {
        "statusCode": 204,
        "headers": {},
        "body": "",
    }
    assert hosting.handler(event(query="token=wrong"))["statusCode"] == 404
    offers, undecodable = queues
    assert (bodies(offers), bodies(undecodable)) == ([push().decode()], ["nonsense"])


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HOOK_TOKEN", "", "HOOK_TOKEN"),
        ("RECONCILER_PATH", "/nowhere/at/all", "/nowhere/at/all"),
        ("RECONCILER_LISTEN_SECRETS", "env:NOT_THERE", "NOT_THERE"),
    ],
)
def test_what_is_wrong_is_in_the_log_and_google_keeps_the_push(
    queues, monkeypatch, caplog, variable, value, words
):
    monkeypatch.setenv(variable, value)
    assert hosting.handler(event()) == {"statusCode": 503, "headers": {}, "body": ""}
    [told] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert words in told.getMessage()
    assert told.exc_info is None


def test_a_server_is_told_at_its_start_what_is_wrong(queues, monkeypatch):
    monkeypatch.setenv("RECONCILER_PATH", "/nowhere/at/all")
    told = []

    async def start():
        async def receive():
            return {"type": "lifespan.startup"}

        async def send(message):
            told.append(message)

        await hosting.application({"type": "lifespan"}, receive, send)

    asyncio.run(start())
    assert [each["type"] for each in told] == ["lifespan.startup.failed"]
    assert "/nowhere/at/all" in told[0]["message"]


def test_without_a_declared_queue_nothing_is_acknowledged(queues, tmp_path, caplog):
    file = tmp_path / "all.yaml"
    file.write_text(file.read_text(encoding="utf-8").partition("pushes:")[0], encoding="utf-8")
    assert hosting.handler(event())["statusCode"] == 503
    assert "`pushes`" in caplog.text
