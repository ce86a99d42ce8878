"""What goes wrong on the way to AWS: what is repeated, what it is called, and what stays unsaid."""

import socket
import traceback

import pytest

from reconciler.core.model.errors import (
    Denied,
    Missing,
    ReconcilerError,
    Rejected,
    SettingsError,
    Transient,
    Unclear,
)
from reconciler.core.model.plan import FieldChange
from reconciler.credentials.secrets import Secrets

PASSING = [
    "throttle",
    "error500",
    "error503",
    "html",
    "garbage",
    "cutBefore",
    "cutAfter",
    "truncate",
]
KINDS = [*PASSING, "stall"]
READS = ["GetCallerIdentity", "ListQueues", "GetResources", "GetQueueAttributes"]
"""One for each way that calls go: by each client of boto3's, and past it."""
DELAY = [FieldChange(path="delay", before=0, after=5)]
TAG = [FieldChange(path="tags.a", before=None, after="b")]
UNTAG = [FieldChange(path="tags.a", before="b", after=None)]


def fault(operation, kind, **more):
    return {"service": "aws", "operation": operation, "kind": kind, "seconds": 0.01, **more}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        *((operation, kind) for operation in READS for kind in KINDS),
        *(("ListQueueTags", kind) for kind in ("throttle", "truncate")),
    ],
)
def test_a_read_that_fails_once_is_repeated(world, operation, kind):
    world.sandbox.settings(taggingLagSeconds=600)
    desired = world.want("offers", {"delay": 5})
    another = world.another(world.account)
    another.create(desired)
    another.close()
    world.sandbox.faults([fault(operation, kind, times=2)])

    assert world.differences(desired) == []
    assert world.sandbox.faults() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_queue_is_created_once_whatever_happens_to_the_call(world, kind):
    world.sandbox.faults([fault("CreateQueue", kind)])
    desired = world.want("offers", {"delay": 5, "tags": {"a": "b"}})

    world.provider.create(desired)

    assert world.differences(desired) == []
    assert list(world.queues()) == ["offers"]


UPDATES = {
    "SetQueueAttributes": ({"delay": 5, "tags": {"a": "b"}}, DELAY),
    "TagQueue": (
        {"tags": {"a": "b", "c": "d"}},
        [FieldChange(path="tags.c", before=None, after="d")],
    ),
    "UntagQueue": ({}, UNTAG),
}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        *(("SetQueueAttributes", kind) for kind in KINDS),
        *((name, kind) for name in ("TagQueue", "UntagQueue") for kind in ("throttle", "cutAfter")),
    ],
)
def test_an_update_that_fails_once_is_repeated(world, operation, kind):
    yaml, changes = UPDATES[operation]
    live = world.provider.create(world.want("offers", {"tags": {"a": "b"}}))
    world.sandbox.faults([fault(operation, kind, times=2)])
    desired = world.want("offers", yaml)

    world.provider.update(desired, live, changes)

    assert world.differences(desired) == []
    assert world.sandbox.faults() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_delete_that_fails_once_is_repeated(world, kind):
    live = world.provider.create(world.want("offers"))
    world.sandbox.faults([fault("DeleteQueue", kind, times=2)])

    world.provider.delete(live)

    assert world.queues() == {}


LASTING = [
    ("throttle", Transient, "request limit"),
    ("error503", Transient, "unavailable"),
    ("html", Transient, "unavailable"),
    ("error500", Unclear, "failed"),
    ("garbage", Unclear, "cannot be read"),
    ("cutBefore", Unclear, "did not answer completely"),
    ("truncate", Unclear, "did not answer completely"),
    ("denied", Denied, "permission is missing"),
]


@pytest.mark.parametrize(
    ("operation", "kind", "error", "sentence"),
    [
        *((name, *case) for name in READS if name != "GetResources" for case in LASTING),
        *(("ListQueueTags", *case) for case in LASTING[-3:]),
    ],
)
def test_quirk_109_a_read_that_keeps_failing_is_never_an_empty_answer(
    world, operation, kind, error, sentence
):
    world.sandbox.settings(taggingLagSeconds=600)
    desired = world.want("offers")
    another = world.another(world.account)
    another.create(desired)
    another.close()
    world.sandbox.faults([fault(operation, kind, times=None)])

    with pytest.raises(error, match=sentence) as failure:
        world.see(desired)

    assert failure.value.account == "aws-eu"
    assert failure.value.operation == operation


@pytest.mark.parametrize(("kind", "error"), [item[:2] for item in LASTING if item[0] != "denied"])
def test_a_tag_index_that_keeps_failing_is_an_error(world, kind, error):
    world.sandbox.faults([fault("GetResources", kind, times=None)])

    with pytest.raises(error, match="GetResources"):
        world.see()


@pytest.mark.parametrize("kind", ["throttle", "denied"])
def test_a_queue_that_was_made_and_then_cannot_be_read_is_told_as_made(world, kind):
    world.sandbox.faults([fault("ListQueueTags", kind, times=None)])

    with pytest.raises(Unclear, match="offers is said to be created, but cannot be read: "):
        world.provider.create(world.want("offers"))

    assert list(world.queues()) == ["offers"]


def test_quirk_34_throttled_calls_share_one_limit_and_all_succeed(world, threads):
    # Fewer than one call is tried, however the threads take turns.
    world.sandbox.faults([fault("CreateQueue", "throttle", times=4)])

    threads(world.provider.create, [world.want(f"q{n}") for n in range(30)])

    assert len(world.queues()) == 30
    assert world.clock.now() > 0


def test_quirk_34_throttled_tag_calls_go_on_at_the_documented_rate(world, threads):
    world.sandbox.settings(taggingLagSeconds=600)
    queues = [world.want(f"q{n}") for n in range(30)]
    threads(world.provider.create, queues)
    world.sandbox.faults([fault("ListQueueTags", "throttle")])

    seen = world.see(*queues, each=threads)

    assert {live.owner for live in seen.values()} == {"acme"}
    assert world.clock.now() > 1


def test_the_service_s_wish_to_wait_is_granted(world):
    world.sandbox.faults([fault("ListQueues", "throttle", retryAfter=17)])

    world.see()

    assert 17 <= world.clock.now() < 18


def test_nobody_listening_is_not_done_rather_than_unclear(world):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        provider = world.another(world.account.model_copy(update={"endpoint": nobody}))

        with pytest.raises(Transient, match="not reachable"):
            provider.create(world.want("offers"))
        provider.close()


CODES = [
    ("AccessDenied", 403, Denied, "allow ListQueues"),
    ("ExpiredToken", 403, Denied, "renew them"),
    ("SignatureDoesNotMatch", 403, Denied, "check the clock"),
    ("InvalidClientTokenId", 403, Denied, "does not accept the credentials"),
    ("AWS.SimpleQueueService.UnsupportedOperation", 400, Rejected, "UnsupportedOperation"),
    ("InvalidAddress", 400, Rejected, "InvalidAddress"),
    ("OverLimit", 403, Rejected, "OverLimit"),
]


@pytest.mark.parametrize(("code", "status", "error", "sentence"), CODES)
def test_failures_are_known_by_code_not_by_status(world, code, status, error, sentence):
    world.middleman.refuses("ListQueues", code, "", status=status)

    with pytest.raises(error, match=sentence) as failure:
        world.see()

    assert failure.value.request_id == "request-1"
    assert failure.value.code == code.removeprefix("AWS.SimpleQueueService.")
    assert len(world.middleman.bodies("ListQueues")) == 1


def test_a_throttle_with_status_403_is_no_refusal(world):
    world.middleman.refuses("ListQueues", "RequestThrottled", status=403)

    assert world.see() == {}


@pytest.mark.parametrize(
    ("status", "error"), [(403, Denied), (404, Rejected), (502, Unclear), (503, Transient)]
)
def test_quirk_112_a_page_of_html_is_reported_not_decoded(world, status, error):
    page = b"<html><body>proxy</body></html>"
    for _ in range(5):
        world.middleman.answers_raw("ListQueues", status, page, "text/html")

    with pytest.raises(error):
        world.see()
    world.middleman.clear()


def test_quirk_111_no_secret_is_in_any_text_even_with_the_cause(world):
    token = "the-session-token"
    message = f"The signature does not match; x-amz-security-token:{token}"
    world.middleman.refuses("ListQueues", "SignatureDoesNotMatch", message, status=403)

    with pytest.raises(Denied) as failure:
        world.see()

    told = "".join(traceback.format_exception(failure.value))
    assert token not in told
    assert "secret" not in repr(world.provider._client._keys).replace("secret_key", "")


def test_missing_credentials_are_the_settings_fault(world, monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    for account in (world.account, world.account.model_copy(update={"profile": "nobody"})):
        provider = type(world.provider)("aws-eu", account, clock=world.clock, secrets=Secrets())
        with pytest.raises(SettingsError, match=r"accounts\.aws-eu"):
            provider.create(world.want("offers"))
        provider.close()
    assert world.sandbox.calls() == []


VERBS = {
    "create": lambda world, live: world.provider.create(world.want("offers")),
    "update": lambda world, live: world.provider.update(world.want("old"), live, DELAY),
    "delete": lambda world, live: world.provider.delete(live),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
@pytest.mark.parametrize("kind", ["throttle", "denied", "error500", "cutBefore", "garbage"])
def test_every_failure_leaves_as_one_of_ours(world, verb, kind):
    live = world.provider.create(world.want("old"))
    world.sandbox.faults([fault("*", kind, times=None)])

    with pytest.raises(ReconcilerError):
        verb(world, live)


def test_a_queue_that_is_missing_is_missing_in_both_protocols(world):
    live = world.provider.create(world.want("offers"))
    for code in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
        world.middleman.refuses("TagQueue", code)
        with pytest.raises(Missing):
            world.provider.update(world.want("offers"), live, TAG)


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("ListQueues", {"QueueUrls": [], "NextToken": "again"}),
        ("ListDeadLetterSourceQueues", {"queueUrls": [], "NextToken": "again"}),
        ("GetResources", {"ResourceTagMappingList": [], "PaginationToken": "again"}),
    ],
)
def test_a_page_that_comes_again_is_an_error(world, operation, answer):
    world.middleman.answers(operation, answer, answer)
    client = world.provider._client
    ask = {
        "ListQueues": client.queue_urls,
        "ListDeadLetterSourceQueues": lambda: client.sources("https://sqs/1/q"),
        "GetResources": client.tag_index,
    }[operation]
    with pytest.raises(Rejected, match=f"{operation}: the list does not end"):
        ask()
