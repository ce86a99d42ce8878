"""destroy: all that the stack owns goes, in the right order, through the guards; nothing else."""

import json
import os
import pty

import pytest

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.standing import brought
from tests.worlds import (
    AWS,
    EVERYWHERE,
    HEAD,
    destinations,
    queues,
    subscriptions,
    writes,
)

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"
HERE = HOOK % ("1", "https://hooks.example.com/1")
ELSEWHERE = HOOK % ("2", "https://elsewhere.example.com/2")
WHOLE = (
    queues(
        q="grants: [{to: amazon-notifications}], deadLetter: {queue: dlq, maxReceives: 3}",
        dlq="",
    )
    + destinations(old="account: uk, queue: q", new="account: app, queue: q")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all",
        shop=HERE,
    )
)
PATIENCE = 60


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on a world of all services against the sandbox."""

    def run(command, text, *options, head=HEAD + EVERYWHERE):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def applied(on, sandbox):
    """Bring a world about."""

    def run(text, *options, **more):
        key = (text, options, *sorted(more.items()))
        ended = brought(sandbox, key, lambda: on("apply", text, "--yes", *options, **more))
        assert ended.code == 0, ended

    return run


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


def url_of(aws, name):
    return aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]


def names(aws):
    urls = aws.sqs.list_queues().get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in urls)


def outcomes(ended):
    return {item["address"]: item["outcome"] for item in json.loads(ended.out)["actions"]}


def test_it_deletes_everything_declared_and_a_second_time_finds_nothing(on, applied, sandbox, aws):
    applied(WHOLE)
    ended = on("destroy", WHOLE, "--yes", "--format", "json")
    assert ended.code == 0
    assert outcomes(ended) == dict.fromkeys(
        [
            "destination.new",
            "destination.old",
            "queue.dlq",
            "queue.q",
            "subscription.eu[de]",
            "subscription.eu[fr]",
            "subscription.shop",
            "subscription.uk",
        ],
        "done",
    )
    assert names(aws) == []
    sandbox.clear_calls()
    again = on("destroy", WHOLE)
    assert again.code == 0
    assert (again.out, again.err) == ("In sync: nothing to do.\n", "")
    assert writes(sandbox) == []


def test_what_points_at_something_goes_before_it(on, applied, sandbox):
    applied(WHOLE)
    on("destroy", WHOLE, "--yes")
    operations = [call["operation"] for call in sandbox.calls()]

    def place(name):
        return operations.index(name)

    assert place("deleteSubscriptionById") < place("deleteDestination")
    assert place("DeleteSubscription") < place("DeregisterDestination")
    assert max(place("deleteDestination"), place("DeregisterDestination")) < place("DeleteQueue")
    deleted = [call["body"] for call in sandbox.calls() if call["operation"] == "DeleteQueue"]
    assert [body["QueueUrl"].rpartition("/")[2] for body in deleted] == ["q", "dlq"]


def test_it_takes_along_what_is_ours_and_no_longer_declared(on, applied, aws):
    applied(WHOLE)
    seeing = HEAD.replace("discover: declared", "discover: all") + EVERYWHERE
    assert on("destroy", queues(other=""), "--yes", head=seeing).code == 0
    assert names(aws) == []


def test_a_merchant_subscription_that_pushes_outside_our_uris_stays_declared_or_not(
    on, applied, sandbox
):
    applied(subscriptions(s=ELSEWHERE))
    for text in ("", subscriptions(s=ELSEWHERE)):
        assert on("destroy", text, "--yes").code == 0
        assert writes(sandbox) == []


def test_what_is_foreign_or_nobodys_stays_although_declared(on, applied, sandbox, aws):
    url = aws.queue("theirs")
    aws.sqs.tag_queue(QueueUrl=url, Tags={"reconciler:stack": "other"})
    aws.queue("nobodys")
    applied(queues(q=""))
    ended = on("destroy", queues(q="", theirs="", nobodys=""), "--yes", "--format", "json")
    assert ended.code == 0
    assert outcomes(ended) == {"queue.q": "done"}
    assert names(aws) == ["nobodys", "theirs"]


# guards


def test_without_a_terminal_and_without_yes_it_counts_as_declined(on, applied, sandbox):
    applied(queues(q=""))
    ended = on("destroy", queues(q=""), "--format", "json")
    assert ended.code == 3
    assert json.loads(ended.out)["result"] == "refused"
    assert "--yes" in ended.err
    assert writes(sandbox) == []


@pytest.mark.parametrize("declared", ["protect: true", None])
def test_what_is_protected_in_yaml_or_by_its_tag_alone_stays(on, applied, sandbox, declared):
    applied(queues(a="protect: true", b=""))
    text = queues(a=declared, b="") if declared else queues(b="")
    ended = on("destroy", text, "--yes", "--format", "json")
    assert ended.code == 3
    assert [guard["guard"] for guard in json.loads(ended.out)["guards"]] == ["protect"]
    assert writes(sandbox) == []
    address = "queue.a" if declared else "queue.aws-eu/a"
    assert on("destroy", text, "--yes", "--unprotect", address).code == 0


def test_a_queue_that_holds_messages_stays_unless_that_is_allowed(on, applied, sandbox, aws):
    applied(queues(q="", r=""))
    aws.sqs.send_message(QueueUrl=url_of(aws, "q"), MessageBody="precious")
    sandbox.clear_calls()
    ended = on("destroy", queues(q="", r=""), "--yes", "--format", "json")
    assert ended.code == 3
    assert [guard["guard"] for guard in json.loads(ended.out)["guards"]] == ["nonEmpty"]
    assert writes(sandbox) == []
    assert on("destroy", queues(q="", r=""), "--yes", "--allow-non-empty").code == 0
    assert names(aws) == []


def test_a_queue_that_somebody_elses_points_at_stays_unless_that_is_allowed(
    on, applied, sandbox, aws
):
    applied(queues(q=""))
    arn = aws.read(url_of(aws, "q"))["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    theirs = aws.queue("theirs", RedrivePolicy=redrive)
    aws.sqs.tag_queue(QueueUrl=theirs, Tags={"reconciler:stack": "other"})
    sandbox.clear_calls()
    # Of queues of others only those that are declared are read in detail.
    world = queues(q="", theirs="")
    ended = on("destroy", world, "--yes", "--format", "json")
    assert ended.code == 3
    assert [guard["guard"] for guard in json.loads(ended.out)["guards"]] == ["referenced"]
    assert writes(sandbox) == []
    assert on("destroy", world, "--yes", "--allow-referenced").code == 0
    assert names(aws) == ["theirs"]


def test_where_not_everything_could_be_read_nothing_goes_and_it_ends_with_1(
    on, applied, sandbox, aws
):
    applied(WHOLE)
    sandbox.faults([{"service": "merchant", "operation": "list", "kind": "denied", "times": None}])
    ended = on("destroy", WHOLE, "--yes", "--format", "json")
    assert ended.code == 1
    assert "subscription.shop" not in outcomes(ended)
    assert names(aws) == [], "what has nothing to do with it goes"
    sandbox.clear_faults()
    assert outcomes(on("destroy", WHOLE, "--yes", "--format", "json")) == {
        "subscription.shop": "done"
    }


def test_nothing_goes_that_something_unread_may_point_at(on, applied, sandbox, aws):
    applied(WHOLE)
    sandbox.faults(
        [{"service": "sp-api", "operation": "getDestinations", "kind": "denied", "times": None}]
    )
    assert on("destroy", WHOLE, "--yes").code == 1
    assert names(aws) == ["dlq", "q"]
    assert not [it for it in writes(sandbox) if it.startswith(("deleteDest", "deleteSub"))]


MANY = queues(**{f"q{number:02}": "" for number in range(12)})
STRICT = HEAD.replace("maxDeletes: 100%", "maxDeletes: 0").replace("prune: true", "prune: false")


def test_neither_max_deletes_nor_prune_of_the_policy_stands_in_its_way(on, applied, aws):
    applied(MANY)
    assert on("destroy", MANY, "--yes", head=STRICT + EVERYWHERE).code == 0
    assert names(aws) == []


def test_max_deletes_given_with_it_counts(on, applied, sandbox, aws):
    applied(MANY)
    ended = on("destroy", MANY, "--yes", "--max-deletes", "1")
    assert ended.code == 3
    assert "--max-deletes 12" in ended.out
    assert writes(sandbox) == []
    assert on("destroy", MANY, "--yes", "--max-deletes", "12").code == 0


def test_account_limits_it(on, applied, sandbox, aws):
    applied(queues(q="") + subscriptions(s=HERE))
    world = queues(q="") + subscriptions(s=HERE)
    ended = on("destroy", world, "--yes", "--account", "shop", "--format", "json")
    assert (ended.code, outcomes(ended)) == (0, {"subscription.s": "done"})
    assert names(aws) == ["q"]


def test_a_delete_that_fails_is_told_and_what_rests_on_it_is_skipped(on, applied, sandbox):
    applied(WHOLE)
    sandbox.faults(
        [{"service": "sp-api", "operation": "deleteDestination", "kind": "denied", "times": None}]
    )
    ended = on("destroy", WHOLE, "--yes", "--format", "json")
    found = outcomes(ended)
    assert (ended.code, json.loads(ended.out)["result"]) == (1, "failed")
    assert found["destination.new"] == "failed"
    assert found["queue.q"] == "skipped"
    assert found["subscription.shop"] == "done"
    sandbox.clear_faults()
    assert on("destroy", WHOLE, "--yes").code == 0


# a terminal


@pytest.fixture
def on_a_terminal(start, sandbox, world):
    """Destroy with a terminal on stdin and stderr, and type an answer."""

    def run(text, answer):
        controller, terminal = pty.openpty()
        arguments = ["destroy", world(text, HEAD + AWS), "--sandbox", sandbox.url]
        try:
            running = start(*arguments, stdin=terminal, stderr=terminal)
            seen = b""
            while b"Type the stack's name" not in seen:
                seen += os.read(controller, 4096)
            os.write(controller, answer)
            out, _ = running.communicate(timeout=PATIENCE)
        finally:
            os.close(terminal)
            os.close(controller)
        return running.returncode, out, seen.decode()

    return run


def test_the_stacks_name_typed_on_a_terminal_lets_it_go_on(on_a_terminal, applied, sandbox):
    applied(queues(q=""))
    code, out, seen = on_a_terminal(queues(q=""), b"acme\n")
    assert (code, writes(sandbox)) == (0, ["DeleteQueue q"])
    assert "delete queue.q: done" in out
    assert "1 to delete" in seen, "what is asked about stands above the question"


@pytest.mark.parametrize("answer", [b"y\n", b"yes\n", b"\n", b"acm\n", b"ACME\n", b"\x04"])
def test_anything_but_the_stacks_name_is_no(answered, applied, sandbox, world, answer):
    applied(queues(q=""))
    declared = world(queues(q=""), HEAD + EVERYWHERE)
    ended = answered(answer, "destroy", declared, "--sandbox", sandbox.url)
    assert "Type the stack's name" in ended.err
    assert (ended.code, writes(sandbox)) == (3, [])
    assert "declined, nothing was changed" in ended.out
