"""Pushes sent together, to a real queue of the sandbox. Numbers: the receiver's wire notes."""

import asyncio
import json

import pytest
from pushes import Jumping, Stand, TryLater, WillNotTake, push, run
from queues import Queue

from reconciler.listening import Batcher, Door, Doors, Keeping, Listener, PushMessage


def message(number, text="x", **more):
    return PushMessage("shop", text, str(number), "g", **more)


class Wire:
    """Notes what is sent and when; `fates` by key, or an error for the whole call."""

    def __init__(self, fates=None, seconds=0.0):
        self.fates, self.seconds, self.calls = fates, seconds, []
        self.most, self._now = 0, 0

    async def send(self, messages):
        self.calls.append((asyncio.get_running_loop().time(), list(messages.values())))
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(self.seconds)
        self._now -= 1
        if isinstance(self.fates, Exception):
            raise self.fates
        return dict.fromkeys(messages) if self.fates is None else self.fates

    async def probe(self):
        return True


def fates(wire, count, **options):
    """Keep messages at once; return what became of each."""

    async def all_of_them():
        batcher = Batcher(wire, **options)
        keeping = [batcher.keep(message(number)) for number in range(count)]
        return await asyncio.gather(*keeping, return_exceptions=True)

    return run(all_of_them())


def test_push_receiver_18_batches_have_ten_messages_at_most():
    wire = Wire()
    assert fates(wire, 23) == [None] * 23
    assert [len(batch) for _, batch in wire.calls] == [10, 10, 3]


def test_push_receiver_18_batches_have_one_mebibyte_at_most_with_attributes():
    wire = Wire()

    async def large():
        batcher = Batcher(wire)
        texts = [600_000, 448_500, 100, 1_048_550]
        tasks = [batcher.keep(message(n, "ä" * (size // 2))) for n, size in enumerate(texts)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    *kept, refused = run(large())
    assert kept == [None] * 3
    assert isinstance(refused, WillNotTake)
    assert [len(batch) for _, batch in wire.calls] == [1, 2]
    assert all(sum(m.size() for m in batch) <= 1_048_576 for _, batch in wire.calls)


def test_a_batch_waits_a_tenth_of_a_second_at_most():
    wire = Wire()

    async def one_by_one():
        batcher, loop = Batcher(wire), asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(batcher.keep(message(1)), later(batcher, 0.04), later(batcher, 0.2))
        return began

    async def later(batcher, seconds):
        await asyncio.sleep(seconds)
        await batcher.keep(message(2))

    began = run(one_by_one())
    assert [len(batch) for _, batch in wire.calls] == [2, 1]
    assert wire.calls[0][0] - began <= 0.1


def test_push_receiver_17_each_message_has_its_own_fate_and_a_missing_one_failed():
    wire = Wire({"m0": None, "m1": TryLater("RequestThrottled"), "m2": WillNotTake("TooLong")})
    kept, throttled, refused, missing = fates(wire, 4)
    assert kept is None
    assert str(throttled) == "RequestThrottled"
    assert isinstance(refused, WillNotTake)
    assert isinstance(missing, TryLater)


@pytest.mark.parametrize("error", [TryLater("down"), RuntimeError("a defect")])
def test_when_the_call_fails_no_message_is_kept(error):
    found = fates(Wire(error), 3)
    assert all(isinstance(fate, TryLater) for fate in found)


def test_push_receiver_32_a_burst_ends_in_the_queue_by_a_few_calls_at_once():
    wire = Wire(seconds=1.0)
    assert fates(wire, 1000, at_once=4) == [None] * 1000
    assert (len(wire.calls), wire.most) == (100, 4)


def test_push_receiver_13_stopping_does_not_wait_for_a_call_that_hangs():
    wire, stand = Wire(seconds=1000.0), Stand()

    async def stop():
        loop = asyncio.get_running_loop()
        batcher = Batcher(wire)
        stand.listener = Listener(stand.listener._doors, {"shop": Keeping(batcher)})
        asking = asyncio.ensure_future(stand.post())
        await asyncio.sleep(0.2)
        began = loop.time()
        await stand.listener.drain(grace=2.0)
        return (await asking).status, loop.time() - began, len(batcher._calls)

    status, waited, left = run(stop())
    assert (status, left) == (503, 0)
    assert waited < 3


def test_closing_sends_what_waits_and_takes_no_more():
    wire = Wire(seconds=1.0)

    async def close():
        batcher = Batcher(wire)
        waiting = asyncio.ensure_future(batcher.keep(message(1)))
        await asyncio.sleep(0)
        await batcher.close()
        with pytest.raises(TryLater):
            await batcher.keep(message(2))
        return waiting.done(), await batcher.probe()

    assert run(close()) == (True, True)


@pytest.fixture(scope="module")
def sandbox(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


def through(queue, *bodies):
    """Push to a listener in front of a queue; return the statuses."""
    stand = Stand()

    async def post():
        stand.listener = Listener(
            Doors(
                [Door.of("shop", "https://h.example.com/merchant/1234?token=s3cret-of-the-shop")]
            ),
            {"shop": Keeping(Batcher(queue))},
        )
        replies = await asyncio.gather(*(stand.post(body) for body in bodies))
        return [reply.status for reply in replies]

    return asyncio.run(post())


def test_push_receiver_15_and_16_a_push_arrives_in_a_standard_and_in_an_ordered_queue(sandbox):
    sandbox.reset()
    queue = Queue(sandbox)
    ordered = Queue(sandbox, "offers.fifo", FifoQueue="true")
    for one in (queue, ordered):
        assert through(one, push("1"), push("2")) == [204, 204]
        assert through(one, push("1")) == [204]  # another process: the window is not shared
    assert len(queue.bodies()) == 3
    found = ordered.bodies()
    assert [json.loads(m["Body"])["message"]["messageId"] for m in found] == ["1", "2"]
    assert found[0]["MessageAttributes"]["source"]["StringValue"] == "merchant-push"


@pytest.mark.parametrize("code", ["RequestThrottled", "KmsAccessDenied", "InternalError"])
def test_push_receiver_17_what_the_queue_has_refused_is_not_acknowledged(sandbox, code):
    sandbox.reset()
    queue = Queue(sandbox)
    fault = {"service": "aws", "operation": "SendMessageBatch", "kind": "refused", "code": code}
    sandbox.faults([fault])
    assert through(queue, push("1"), push("2")) == [503, 503]
    sandbox.faults([{**fault, "kind": "failedEntries"}])
    assert through(queue, push("1")) == [503]
    assert through(queue, push("1"), push("2")) == [204, 204]
    assert len(queue.bodies()) == 2


def test_the_loop_of_these_tests_jumps_and_waits_for_nobody():
    loop = Jumping()
    assert loop.run_until_complete(asyncio.sleep(3600)) is None
    loop.close()
