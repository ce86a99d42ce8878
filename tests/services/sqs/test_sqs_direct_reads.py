"""What is read of many queues without boto3 in between: the same requests, answers and errors."""

import json
import re

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from reconciler.core.model.errors import Denied, Missing, ReconcilerError, Rejected, Unclear
from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.direct_reads import DirectReads, _Signer
from reconciler.services.sqs.session import AwsKeys
from reconciler.transport.http import Http
from tests.clocks import Clock
from tests.loopback import replaying

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "a-secret-key-to-sign-with", "a-session-token//+="
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"
WHOLE = {
    "VisibilityTimeout": "30",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "ApproximateNumberOfMessages": "1",
    "ApproximateNumberOfMessagesNotVisible": "2",
    "ApproximateNumberOfMessagesDelayed": "3",
}
READS = {
    "GetQueueAttributes": lambda client: client.attributes(URL),
    "ListQueueTags": lambda client: client.tags(URL),
    "GetResources": lambda client: client.tag_index(),
}
ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
INDEX = {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": [{"Key": "a", "Value": "b"}]}]}


class Pair:
    """A client that tries each call once, of a service that answers as told."""

    def __init__(self, replay):
        self.replay = replay
        account = AwsAccount(
            service="aws", region="eu-west-1", account_id="123456789012", endpoint=replay.url
        )
        keys = AwsKeys(KEY, SECRET)
        self.client = SqsClient("aws-eu", account, Clock(), Secrets(), keys, None, quick=True)
        replay.say(200, json.dumps({"QueueUrls": [URL]}))
        self.client.queue_urls()
        replay.say(200, json.dumps(INDEX))
        self.client.tag_index()
        self.clients = self.client._connected()
        reads = self.clients.queues, self.clients.tags
        self.patterns = {each: each._pattern for each in reads}

    def outcome(self, operation, answer, *, direct):
        """Return what a read comes to, and what was sent for it."""
        for reads, pattern in self.patterns.items():
            reads._pattern = pattern if direct else None
        self.replay.say(*answer[:2], **dict(*answer[2:]))
        try:
            found = READS[operation](self.client)
        except ReconcilerError as error:
            found = type(error), error.code, error.request_id, str(error), error.message
        return found, self.replay.asked[-1]


@pytest.fixture(scope="module")
def pair():
    with replaying() as replay:
        made = Pair(replay)
        yield made
        made.client.close()


def refusal(code, **more):
    return json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "no such thing", **more})


QUERY_ERROR = {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"}
ANSWERS = {
    "whole": (200, json.dumps({"Attributes": WHOLE, "Tags": {"a": "b"}, **INDEX})),
    "unknown names": (200, json.dumps({"Attributes": {**WHOLE, "New": "1"}, "Tags": {}, "X": 1})),
    "nothing in it": (200, "{}"),
    "null": (200, '{"Attributes": null, "Tags": null}'),
    "empty": (200, ""),
    "a list": (200, "[]"),
    "html": (200, "<html>sign in</html>"),
    "half": (200, '{"Attributes": {'),
    "no UTF-8": (200, b'{"Tags": {"a": "\xff"}}'),
    "missing": (400, refusal("QueueDoesNotExist"), {"x-amzn-RequestId": "r-1", **QUERY_ERROR}),
    "throttled": (403, refusal("RequestThrottled"), {"Retry-After": "7"}),
    "unavailable": (503, refusal("ServiceUnavailable"), {"Retry-After": "3"}),
    "denied": (403, refusal("AccessDeniedException"), {"x-amzn-RequestId": "r-2"}),
    "expired": (403, refusal("ExpiredTokenException")),
    "no type": (400, json.dumps({"Message": "what"})),
    "its type in the head": (400, "{}", {"x-amzn-errortype": "Throttling:http://x"}),
    "failed": (500, refusal("InternalFailure")),
    "failed without a word": (500, ""),
    "a page of a proxy": (502, "<html>bad gateway</html>"),
    "refused without a word": (403, ""),
    "an error that is no UTF-8": (400, b"\xff"),
    "redirected": (307, "", {"Location": "https://elsewhere.example/"}),
    "redirected nowhere": (300, ""),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("operation", READS)
def test_an_answer_comes_to_what_it_comes_to_by_boto3(pair, operation, answer):
    by_boto, asked_by_boto = pair.outcome(operation, answer, direct=False)
    direct, asked = pair.outcome(operation, answer, direct=True)
    assert direct == by_boto
    assert "amz-sdk-invocation-id" in asked_by_boto.headers
    assert "amz-sdk-invocation-id" not in asked.headers


def test_what_answers_come_to(pair):
    """So that the test above compares what it says."""
    found = {
        name: pair.outcome("GetQueueAttributes", answer, direct=True)[0]
        for name, answer in ANSWERS.items()
    }
    assert found["whole"] == WHOLE
    kinds = {name: it[0] for name, it in found.items() if isinstance(it, tuple)}
    assert kinds["missing"] is Missing
    assert kinds["denied"] is Denied
    assert kinds["no type"] is Rejected
    assert {kinds[name] for name in ("nothing in it", "empty", "html", "failed")} == {Unclear}


@pytest.mark.parametrize("operation", READS)
def test_what_is_sent_is_what_boto3_sends(pair, operation):
    sent = {}
    for direct in (False, True):
        _, asked = pair.outcome(operation, ANSWERS["whole"], direct=direct)
        headers = {
            name.lower(): value
            for name, value in asked.headers.items()
            if not name.startswith("amz-sdk-")
            and name.lower() not in ("authorization", "x-amz-date")
        }
        sent[direct] = asked.verb, asked.path, headers, json.loads(asked.body)
    assert sent[True] == sent[False]


def signature(url, asked, credentials):
    """Return what botocore's own signer makes of a request as it arrived."""
    words = re.search(r"SignedHeaders=([^,]+)", asked.headers["Authorization"])[1].split(";")
    signed = {name: asked.headers[name] for name in words}
    request = AWSRequest(asked.verb, url + asked.path, headers=signed, data=asked.body)
    signer = SigV4Auth(credentials, "sqs", "eu-west-1")
    request.context["timestamp"] = asked.headers["X-Amz-Date"]
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


def test_it_is_signed_as_botocore_signs_with_whatever_credentials_there_are_then(pair):
    """The signer is botocore's, over headers of ours: its own ones have to come to the same."""
    with_token = Credentials("AKID2", "another-secret", TOKEN).get_frozen_credentials()
    turns = [Credentials(KEY, SECRET).get_frozen_credentials(), with_token]
    waiting = list(turns)
    direct = DirectReads(pair.clients.sqs, Http(), lambda: waiting.pop(0))
    direct._pattern = pair.patterns[pair.clients.queues]
    for credentials in turns:
        pair.replay.say(200, "{}")
        direct.read("ListQueueTags", {"QueueUrl": f"{URL}-ä"})
        asked = pair.replay.asked[-1]
        assert f"Credential={credentials.access_key}/" in asked.headers["Authorization"]
        assert asked.headers.get("X-Amz-Security-Token") == credentials.token
        assert asked.headers["Authorization"].endswith(
            signature(pair.replay.url, asked, credentials)
        )
        words = re.search(r"SignedHeaders=([^,]+)", asked.headers["Authorization"])[1].split(";")
        assert {"host", "x-amz-date", "x-amz-target", "content-type"} <= set(words)


def test_what_boto3_sends_to_sqs_is_signed_as_botocore_signs(pair):
    credentials = Credentials(KEY, SECRET).get_frozen_credentials()
    pair.replay.say(200, json.dumps({"QueueUrl": URL}))
    pair.client.create("offers", {"Policy": "{}"}, {"team": "pricing ä"})
    asked = pair.replay.asked[-1]
    assert "amz-sdk-invocation-id" in asked.headers
    assert asked.headers["Authorization"].endswith(signature(pair.replay.url, asked, credentials))
    words = re.search(r"SignedHeaders=([^,]+)", asked.headers["Authorization"])[1].split(";")
    assert {"host", "x-amz-date", "x-amz-target", "content-type"} <= set(words)


@pytest.mark.parametrize("url", ["https://sqs.example", "https://sqs.example:443", "http://S:81/"])
def test_the_host_that_is_signed_is_the_one_that_is_sent(url):
    request = AWSRequest("POST", url, headers={"X-Amz-Target": "x"})
    signer = SigV4Auth(None, "sqs", "eu-west-1")
    wanted = dict(signer.headers_to_sign(request).items())
    ours = _Signer(None, "sqs", "eu-west-1")
    request.context["timestamp"] = "20261129T000000Z"
    ours.canonical_request(request)
    assert ours.headers_to_sign(request) == wanted


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Amz-Target": "AmazonSQS.ListQueues"},
        {"X-Amz-Target": "AmazonSQS.ListQueues", "Authorization": "Bearer x"},
        {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20261129/eu/sqs/aws4_request, x"},
    ],
    ids=["unsigned", "signed otherwise", "another protocol"],
)
def test_nothing_is_learnt_from_what_is_unlike_it(pair, headers):
    direct = DirectReads(pair.clients.sqs, Http(), lambda: None)
    direct._look_at(AWSRequest("POST", "https://sqs.eu-west-1.amazonaws.com/", headers=headers))
    assert direct._pattern is None
