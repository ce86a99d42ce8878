"""What a first Ctrl-C leaves behind, wherever it comes."""

import functools
import signal
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
    began = time.monotonic()
    with pytest.raises(exits.Interrupted), threading.Condition(lock):
        time.sleep(WHILE)
    assert not lock.taken
    assert time.monotonic() - began < WHILE


def test_who_waits_is_interrupted_at_once(listening):
    press = threading.Timer(0.01, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    press.start()
    began = time.monotonic()
    with pytest.raises(exits.Interrupted):
        threading.Event().wait(WHILE)
    assert time.monotonic() - began < WHILE
    press.join()
