"""Ctrl-C: at once while nothing was begun, in good order while something is being applied."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli import exits


@contextmanager
def at_once() -> Iterator[None]:
    """End the process at the first interrupt.

    A KeyboardInterrupt would wait for the threads that read, which a service that does not answer
    keeps for minutes. Only the main thread is told of interrupts, elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def in_good_order() -> Iterator[threading.Event]:
    """Yield what the first interrupt sets; a second one ends the process.

    A KeyboardInterrupt could come between beginning a call and noting that it was begun, and after
    a second one the calls under way would still be waited for.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def tell(_number: int, _frame: FrameType | None) -> None:
        # On the main thread, between two of its instructions: it may hold any lock of its own.
        signal.signal(signal.SIGINT, _end)
        os.write(2, b"\ninterrupted: finishing the calls under way; interrupt again to stop now\n")
        stop.set()

    former = signal.signal(signal.SIGINT, tell)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, former)


def _end(*_: object) -> None:
    # Past sys.stderr, whose lock the interrupted code may hold.
    os.write(2, b"\ninterrupted\n")
    os._exit(exits.INTERRUPTED)
