"""Places for calls at once go to whoever has waited longest, and to nobody who has gone away."""

import signal
import threading
import time

import pytest

from reconciler.transport.slots import Slots


def waiting(slots, number):
    while len(slots._waiting) < number:
        time.sleep(0.001)


def test_who_has_waited_longest_goes_first_and_who_comes_again_goes_last():
    slots, ended = Slots(1), []
    others = [
        threading.Thread(target=slots.run, args=(lambda name=name: ended.append(name),))
        for name in ("second", "third")
    ]

    def first():
        for number, other in enumerate(others, start=1):
            other.start()
            waiting(slots, number)
        ended.append("first")

    slots.run(first)
    slots.run(lambda: ended.append("again"))
    for other in others:
        other.join()
    assert ended == ["first", "second", "third", "again"]


def test_no_more_are_under_way_than_there_are_slots():
    slots, together = Slots(2), threading.Barrier(3)
    pair = [threading.Thread(target=slots.run, args=(together.wait,)) for _ in range(2)]
    for each in pair:
        each.start()
    third = threading.Thread(target=slots.run, args=(lambda: None,))
    third.start()
    waiting(slots, 1)
    together.wait()
    for each in (*pair, third):
        each.join()
    assert slots.run(lambda: "free") == "free"


class Interrupted(BaseException):
    pass


def test_who_is_interrupted_while_waiting_takes_no_slot_along():
    def interrupt(*_):
        raise Interrupted

    slots, began, over = Slots(1), threading.Event(), threading.Event()
    holder = threading.Thread(target=slots.run, args=(lambda: began.set() or over.wait(),))
    holder.start()
    began.wait()
    before = signal.signal(signal.SIGALRM, interrupt)

    def wait():
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        slots.run(lambda: None)

    try:
        with pytest.raises(Interrupted):
            wait()
    finally:
        signal.signal(signal.SIGALRM, before)
        over.set()
        holder.join()
    assert slots.run(lambda: "free") == "free"


def test_a_call_that_fails_gives_its_slot_back():
    slots = Slots(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            slots.run(lambda: 1 // 0)
