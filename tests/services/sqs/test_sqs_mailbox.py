"""Looking into a queue: what is not wanted is given back, and received as seldom as can be."""

import json

import pytest

from reconciler.core.model.errors import Missing, Rejected


@pytest.fixture
def filled(world):
    """Make a queue with messages of the given bodies and return its mailbox."""

    def make(*bodies, **attributes):
        url = world.boto.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
        for body in bodies:
            world.boto.send_message(QueueUrl=url, MessageBody=body)
        return world.provider.mailbox(world.want("q").spec)

    return make


def visible(world):
    url = world.boto.get_queue_url(QueueName="q")["QueueUrl"]
    answer = world.boto.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        AttributeNames=["ApproximateReceiveCount"],
    )
    return {
        message["Body"]: int(message["Attributes"]["ApproximateReceiveCount"]) - 1
        for message in answer.get("Messages", [])
    }


def test_a_search_ends_with_what_is_wanted_and_gives_the_rest_back(world, filled):
    mailbox = filled("a", "b", "test", "c")
    found = mailbox.search(lambda message: message.body == "test", within=0.5)
    assert found.body == "test"
    assert visible(world) == {"a": 1, "b": 1, "c": 1}
    mailbox.discard([found])
    assert world.stored("q")["messages"] == 3


def test_a_search_for_what_is_not_there_receives_each_message_twice_at_most(world, filled):
    mailbox = filled(*"abcdefghijkl")
    assert mailbox.search(lambda _: False, within=0.5) is None
    counts = visible(world)
    assert counts
    assert max(counts.values()) <= 2
    assert len(visible(world)) == 10, "all are given back"


def test_a_search_finds_what_comes_later(world, filled):
    mailbox = filled("a")
    url = world.boto.get_queue_url(QueueName="q")["QueueUrl"]

    def send_late(message):
        world.boto.send_message(QueueUrl=url, MessageBody="test")
        return message.body == "test"

    assert mailbox.search(send_late, within=0.5).body == "test"


def test_a_search_that_fails_gives_back_what_it_held(world, filled):
    mailbox = filled("a")
    sight = iter([False, False])

    def give_up(_message):
        if next(sight, None) is None:
            raise RuntimeError
        return False

    world.sandbox.faults(
        [{"service": "aws", "operation": "ReceiveMessage", "kind": "denied", "skip": 2}]
    )
    with pytest.raises(Exception, match="permission is missing"):
        mailbox.search(give_up, within=0.5)
    assert visible(world) == {"a": 2}


def test_messages_tell_when_they_were_sent_and_how_often_received(filled):
    mailbox = filled("a")
    [first] = mailbox.receive(10, 0)
    assert (first.receives, first.sent > 1_000_000_000) == (1, True)
    assert first.receipt not in repr(first)
    mailbox.release([first])
    assert mailbox.receive(10, 0)[0].receives == 2


def test_more_than_a_batch_is_released_and_deleted_in_batches(world, filled):
    mailbox = filled(*map(str, range(23)))
    held = [message for _ in range(3) for message in mailbox.receive(10, 0)]
    assert len(held) == 23
    mailbox.release(held)
    assert len(visible(world)) == 10
    held = [message for _ in range(3) for message in mailbox.receive(10, 0)]
    mailbox.discard(held)
    assert world.stored("q")["messages"] == 0


def test_what_cannot_be_given_back_is_logged_and_comes_back_by_itself(world, filled, caplog):
    mailbox = filled("a")
    held = mailbox.receive(10, 0)
    world.sandbox.faults(
        [{"service": "aws", "operation": "ChangeMessageVisibilityBatch", "kind": "denied"}]
    )
    mailbox.release(held)
    assert "can be received again in a minute" in caplog.text


def test_a_message_that_could_not_be_deleted_is_an_error(filled):
    mailbox = filled("a")
    [message] = mailbox.receive(10, 0)
    stale = type(message)(message.id, message.body, message.sent, 1, receipt="no-such-receipt")
    with pytest.raises(Rejected, match="1 of 1 messages could not be deleted"):
        mailbox.discard([stale])


@pytest.mark.parametrize("receives", [None, 7])
def test_the_mailbox_knows_after_how_many_receives_messages_go_away(world, filled, receives):
    world.boto.create_queue(QueueName="d")
    redrive = {"deadLetterTargetArn": world.arn("d"), "maxReceiveCount": receives}
    attributes = {"RedrivePolicy": json.dumps(redrive)} if receives else {}
    assert filled(**attributes).max_receives == receives


def test_a_queue_that_is_not_there_has_no_mailbox(world):
    with pytest.raises(Missing, match="the queue q does not exist: run apply"):
        world.provider.mailbox(world.want("q").spec)
