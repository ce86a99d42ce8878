"""What the listener answers, and when. Numbers are those of the receiver's wire notes."""

import asyncio
import base64
import json

import pytest
from pushes import CHANGE, QUERY, SECRET, Stand, TryLater, WillNotTake, pieces_of, push, run

from reconciler.listening.listener import SenderGone
from reconciler.notifications import decode


def test_push_receiver_1_a_push_is_acknowledged_when_it_is_kept():
    stand = Stand(3.0)

    async def follow():
        answer = asyncio.create_task(stand.post())
        await asyncio.sleep(2.9)
        early = answer.done()
        return early, await answer

    early, reply = run(follow())
    assert (early, reply.status, dict(reply.headers)) == (False, 204, {})
    [kept] = stand.shelf.kept
    assert (kept.text, kept.form) == (push().decode(), "text")
    assert decode(kept.text).payload.resource == CHANGE["resource"]
    assert kept.attributes() == {"source": "merchant-push", "push": "shop", "form": "text"}


@pytest.mark.parametrize("fate", [TryLater("RequestThrottled"), OSError("cut"), RuntimeError("?")])
def test_push_receiver_1_what_could_not_be_kept_stays_at_google(fate):
    stand = Stand(fate)
    assert stand.status() == 503
    assert stand.shelf.kept == []
    assert stand.status() == 204


def test_push_receiver_1_and_29_what_is_not_kept_within_eight_seconds_is_not_acknowledged():
    stand = Stand(60.0)

    async def follow():
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await stand.post()
        waited = loop.time() - began
        await asyncio.sleep(60)
        return reply.status, waited

    status, waited = run(follow())
    assert status == 503
    assert waited < 8
    assert len(stand.shelf.kept) == 1  # late, and once more when Google comes again: no loss


@pytest.mark.parametrize(
    ("wish", "status", "headers"),
    [
        ({"query": "token=wrong"}, 404, {}),
        ({"query": ""}, 404, {}),
        ({"path": "/merchant/9"}, 404, {}),
        ({"method": "GET"}, 405, {"Allow": "POST"}),
        ({"method": "PUT", "query": "token=wrong"}, 404, {}),
        ({"body": b"x" * 2000}, 413, {}),
    ],
)
def test_push_receiver_2_and_3_what_is_not_for_us_is_refused_before_anything_is_kept(
    wish, status, headers
):
    stand = Stand(body_bytes=1000)
    reply = run(stand.post(**wish))
    assert (reply.status, dict(reply.headers)) == (status, headers)
    assert stand.shelf.asked == stand.parked.asked == 0
    assert stand.log[0].outcome == "refused"


def test_push_receiver_3_old_and_new_secret_are_valid_at_once():
    stand = Stand(secrets=("old-one", "new-one"))
    statuses = [stand.status(query=f"token={text}") for text in ("old-one", "new-one", "older-one")]
    assert statuses == [204, 204, 404]


def test_push_receiver_4_nothing_that_is_told_holds_secret_path_or_content():
    stand = Stand(TryLater("RequestThrottled"))
    stand.status()
    stand.status(query="token=wrong")
    stand.status(b"not json")
    told = repr(stand.log) + stand.listener.tallies.as_text() + repr(stand.listener._doors.all)
    for text in (SECRET, "token", "/products/", "wrong", "not json"):
        assert text not in told.replace("/merchant/1234", "")
    assert [line.why for line in stand.log] == [
        "RequestThrottled",
        "no such path or secret",
        "not decoded",
    ]


DATA = base64.b64encode(json.dumps(CHANGE).encode()).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b'["message"]',
        b"{}",
        push(data=None),
        push(data=""),
        push(data="!!!"),
        push(data=7),
        push(change={"other": 1}),
        b"\xff\xfe",
        push(change={**CHANGE, "account": "accounts/9", "managingAccount": "accounts/8"}),
    ],
)
def test_push_receiver_5_and_31_what_cannot_be_decoded_or_is_not_ours_is_parked(body):
    stand = Stand()
    assert stand.status(body) == 204
    assert stand.shelf.asked == 0
    [kept] = stand.parked.kept
    assert kept.parked
    given = base64.b64decode(kept.text) if kept.form == "base64" else kept.text.encode()
    assert given == (body or b"\0")
    assert all(kept.attributes().values())


def test_push_receiver_5_without_a_place_for_it_what_cannot_be_decoded_stays_at_google():
    assert Stand(parking=False).status(b"not json") == 503
    full = Stand()
    full.parked.fates = [TryLater("no")]
    assert full.status(b"not json") == 503


@pytest.mark.parametrize(
    "body",
    [
        push(data=DATA.rstrip("=")),
        push(data=DATA.replace("+", "-").replace("/", "_")),
        push(data="\n".join(DATA[n : n + 40] for n in range(0, len(DATA), 40))),
        push(None, message_id="7", publish_time="2026-11-29T09:00:00Z", attributes={"a": "b"}),
        json.dumps({**json.loads(push()), "subscription": "s", "deliveryAttempt": 3}).encode(),
    ],
)
def test_push_receiver_6_every_spelling_of_an_envelope_is_taken(body):
    stand = Stand()
    assert stand.status(body) == 204
    assert len(stand.shelf.kept) == 1


def test_push_receiver_7_a_body_may_come_byte_by_byte():
    stand = Stand()
    assert stand.status(pieces_of(push(), 1)) == 204
    assert stand.shelf.kept[0].text == push().decode()


def test_push_receiver_8_a_body_that_does_not_come_is_not_waited_for():
    stand = Stand()

    async def both():
        slow = asyncio.create_task(stand.post(pieces_of(push(), 1, pause=1.0)))
        await asyncio.sleep(0.1)
        quick = await stand.post()
        return await slow, quick

    slow, quick = run(both())
    assert (slow.status, slow.close, quick.status) == (503, True, 204)


def test_push_receiver_9_a_body_over_the_limit_is_not_read_to_its_end():
    stand = Stand(body_bytes=1000, discarded_bytes=5000)
    read = []

    async def endless():
        while True:
            read.append(1)
            yield b"x" * 100

    reply = run(stand.post(endless()))
    assert (reply.status, reply.close, len(read)) == (413, True, 51)


def test_push_receiver_10_a_sender_that_leaves_does_not_stop_what_it_sent():
    stand = Stand(1.0)

    async def leave():
        request = asyncio.create_task(stand.post())
        await asyncio.sleep(0.5)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        kept_early = len(stand.shelf.kept)
        await asyncio.sleep(1)
        return kept_early, len(stand.shelf.kept)

    assert run(leave()) == (0, 1)
    assert [line.outcome for line in stand.log] == ["gone"]
    assert stand.listener.tallies.in_flight == 0

    async def broken():
        yield b"{"
        raise SenderGone

    with pytest.raises(SenderGone):
        run(stand.post(broken()))
    assert stand.listener.tallies.count("gone", "shop") == 2


def test_push_receiver_12_stopping_finishes_what_is_in_and_takes_nothing_more():
    stand = Stand(2.0)

    async def stop():
        first = asyncio.create_task(stand.post())
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(stand.listener.drain())
        await asyncio.sleep(0.1)
        second = await stand.post(push("2"))
        why = await stand.listener.unready()
        await stopping
        return (await first).status, second.status, why

    assert run(stop()) == (204, 503, "stopping")
    assert (stand.shelf.closed, stand.parked.closed) == (True, True)


def test_push_receiver_13_stopping_while_the_queue_hangs_ends_in_time_and_claims_nothing():
    stand = Stand(1000.0, answer_within=7.5)

    async def stop():
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(stand.post())
        await asyncio.sleep(0.1)
        began = loop.time()
        await stand.listener.drain(grace=2.0)
        return (await first).status, loop.time() - began

    status, waited = run(stop())
    assert status == 503
    assert waited < 3
    assert stand.shelf.kept == []


def test_push_receiver_14_too_many_at_once_are_told_so_at_once():
    stand = Stand(1.0, 1.0, at_once=2)

    async def crowd():
        two = [asyncio.create_task(stand.post(push(str(n)))) for n in range(2)]
        await asyncio.sleep(0.1)
        third = await stand.post(push("3"))
        return [third.status, *[(await task).status for task in two]]

    assert run(crowd()) == [503, 204, 204]


def test_push_receiver_15_a_copy_within_the_window_is_told_by_its_message_id():
    stand = Stand(duplicate_seconds=60)

    async def copies():
        statuses = [(await stand.post()).status, (await stand.post()).status]
        await asyncio.sleep(61)
        return [*statuses, (await stand.post()).status]

    assert run(copies()) == [204, 204, 204]
    assert len(stand.shelf.kept) == 2
    assert [line.outcome for line in stand.log] == ["queued", "duplicate", "queued"]
    assert len({kept.deduplication_id for kept in stand.shelf.kept}) == 1


@pytest.mark.parametrize(("fate", "statuses"), [(1.0, [204, 204]), (TryLater("no"), [503, 503])])
def test_push_receiver_15_a_copy_of_what_is_on_its_way_shares_its_fate(fate, statuses):
    stand = Stand(fate)

    async def both():
        return [reply.status for reply in await asyncio.gather(stand.post(), stand.post())]

    assert run(both()) == statuses
    assert stand.shelf.asked == 1


def test_push_receiver_16_other_ids_are_other_messages_and_without_one_the_data_tells():
    stand = Stand()
    for key in ("1", "2", None, None):
        assert stand.status(push(key)) == 204
    ids = [kept.deduplication_id for kept in stand.shelf.kept]
    assert ids[:2] == ["1", "2"]
    assert ids[2] == ids[3]
    assert len(ids[2]) == 64
    assert stand.status(push("ä" * 200)) == 204
    assert len(stand.shelf.kept[-1].deduplication_id) == 64
    assert len({kept.group for kept in stand.shelf.kept}) == 1


def test_push_receiver_18_and_19_what_the_queue_will_not_take_is_parked_in_base64():
    stand = Stand(WillNotTake("InvalidMessageContents"))
    assert stand.status() == 204
    [kept] = stand.parked.kept
    assert (base64.b64decode(kept.text), kept.form) == (push(), "base64")
    assert kept.parked == "not taken: InvalidMessageContents"
    stand.shelf.fates, stand.parked.fates = [WillNotTake("no")], [WillNotTake("no")]
    assert stand.status(push("2")) == 503


def test_push_receiver_19_what_no_queue_takes_as_text_goes_as_base64():
    stand = Stand()
    odd = push(attributes={"a": "￾"}).replace(b"\\ufffe", "￾".encode())
    assert stand.status(odd) == 204
    [kept] = stand.shelf.kept
    assert (kept.form, base64.b64decode(kept.text)) == ("base64", odd)
    big = b"\xff" * 1_040_000
    assert stand.status(big) == 204
    [cut] = stand.parked.kept
    assert cut.size() <= 1_048_576
    assert cut.attributes()["cut"] == "true"
    assert big.startswith(base64.b64decode(cut.text))


def test_push_receiver_27_not_ready_after_a_failure_until_one_was_kept_or_a_probe_says_so():
    stand = Stand(TryLater("no"), TryLater("no"), probe_every=30)
    stand.shelf.reachable = False

    async def watch():
        seen = [await stand.listener.unready()]
        await stand.post()
        seen.append(await stand.listener.unready())
        await stand.post()
        await stand.post()
        seen.append(await stand.listener.unready())
        stand.shelf.fates = [TryLater("no")]
        await stand.post(push("2"))
        seen.append(await stand.listener.unready())
        stand.shelf.reachable = True
        seen.append(await stand.listener.unready())
        await asyncio.sleep(31)
        seen.append(await stand.listener.unready())
        stand.shelf.fates, stand.shelf.reachable = [TryLater("no")], OSError("gone")
        await stand.post(push("3"))
        return [*seen, await stand.listener.unready()]

    down = "the last message could not be kept"
    assert run(watch()) == [None, down, None, down, down, None, down]


def test_a_defect_of_ours_leaves_the_push_at_google(monkeypatch):
    stand = Stand()

    async def defective():
        raise LookupError("ours")
        yield b""

    assert stand.status(defective()) == 500
    assert stand.log[0].outcome == "failed"
    assert stand.log[0].why == "LookupError"
    assert QUERY not in repr(stand.log)
