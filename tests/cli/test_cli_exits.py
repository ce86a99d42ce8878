"""What a first Ctrl-C leaves behind, wherever it comes."""

import functools
import os
import signal
import sys
import threading
import time

import pytest

from reconciler.cli import exits

WHILE = 5.0


@pytest.fixture
def listening():
    """Raise for signals as a command line does."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    exits.as_interrupts()
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


class Lock:
    """A lock at whose taking somebody presses Ctrl-C."""

    taken = False
    # No Python code of its own: the next line that a signal can come before is its caller's.
    __enter__ = staticmethod(functools.partial(signal.raise_signal, signal.SIGINT))

    def acquire(self):
        self.taken = True

    def release(self):
        self.taken = False

    def __exit__(self, *_):
        self.release()


def test_an_interrupt_that_comes_as_a_lock_is_taken_leaves_it_in_order(listening):
    lock = Lock()
    lock.acquire()

    def hold():
        with threading.Condition(lock):
            time.sleep(WHILE)
            pytest.fail("nobody was interrupted")

    with pytest.raises(exits.Interrupted):
        hold()
    assert not lock.taken


def test_an_interrupt_that_is_put_off_is_told_to_whom_signals_are_told_then(listening):
    with threading.Condition(Lock()), exits.in_good_order() as stop:
        assert stop.wait(WHILE)


def test_what_is_raised_at_once_is_not_put_off_any_more(listening):
    with pytest.raises(exits.Interrupted), threading.Condition(Lock()):
        signal.raise_signal(signal.SIGINT)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


# With SIGINT taken by another thread, nothing disturbs the wait: as if it came just before.
UNDISTURBED = """
import queue, signal, sys, threading
from reconciler.cli import exits, waking
exits.as_interrupts()
waking.hear_while_waiting()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("waiting", flush=True)
"""


@pytest.mark.parametrize("wait", ["threading.Event().wait()", "queue.SimpleQueue().get()"])
def test_an_interrupt_that_does_not_disturb_a_wait_is_heard(start, wait):
    waiting = start(command=[sys.executable, "-c", UNDISTURBED + wait])
    assert waiting.stdout.readline() == "waiting\n"
    waiting.send_signal(signal.SIGINT)
    assert "Interrupted" in waiting.communicate(timeout=60)[1]


def test_a_run_can_be_told_to_stop_at_any_moment_of_its_waiting_for_that():
    stop = exits.Stop()

    def wait():
        sys.settrace(lambda *_: lambda *_: stop.set())  # a handler's call, as each line begins
        stop.wait(60)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()


MAKING = """
import time
from reconciler.cli import exits
def document(word):
    print("making", flush=True)
    time.sleep(0.1)
    return word
exits.expect_result(document)
with exits.at_once():
    print("waiting", flush=True)
    time.sleep(60)
"""


def test_a_second_signal_does_not_cut_the_document_that_tells_of_the_first(start):
    running = start(command=[sys.executable, "-c", MAKING])
    for line in ("waiting\n", "making\n"):
        assert running.stdout.readline() == line
        running.send_signal(signal.SIGTERM)
    assert running.communicate(timeout=WHILE) == ("terminated", "\nterminated\n")


UNREAD = """
import os, time
from reconciler.cli import exits
os.set_blocking(2, False)
while True:
    try:
        os.write(2, b"x" * 4096)
    except BlockingIOError:
        break
os.set_blocking(2, True)
with exits.{how}():
    print("waiting", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("how", "signals"), [("at_once", 1), ("in_good_order", 2)])
def test_a_stderr_that_nobody_reads_does_not_keep_a_run_that_is_to_end(start, how, signals):
    running = start(command=[sys.executable, "-c", UNREAD.format(how=how)])
    assert running.stdout.readline() == "waiting\n"
    for _ in range(signals):
        running.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert running.wait(timeout=WHILE) == exits.INTERRUPTED


@pytest.fixture
def unheard():
    """Let nobody be there any more to read stderr: Ctrl-C ended `tee`, too."""
    former = os.dup(2)
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 2)
    yield
    os.dup2(former, 2)
    for each in (former, writing):
        os.close(each)


def test_a_run_stops_in_good_order_when_nobody_is_there_to_be_told(unheard):
    with exits.in_good_order() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()


def test_a_run_that_is_to_end_ends_when_nobody_is_there_to_be_told(start):
    code = "import time; from reconciler.cli import exits\nwith exits.at_once():\n"
    running = start(command=[sys.executable, "-c", f"{code} print(0, flush=True); time.sleep(60)"])
    running.stdout.readline()
    running.stderr.close()
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=WHILE) == exits.TERMINATED


@pytest.mark.parametrize("how", [exits.at_once, exits.in_good_order])
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(how):
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with how() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop is None or not stop.is_set()
    finally:
        signal.signal(signal.SIGINT, former)
