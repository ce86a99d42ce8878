"""What a first Ctrl-C leaves behind, wherever it comes."""

import functools
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
