"""Ctrl-C while nothing has been begun that would need finishing."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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


def _end(*_: object) -> None:
    # Past sys.stderr, whose lock the interrupted code may hold.
    os.write(2, b"\ninterrupted\n")
    os._exit(exits.INTERRUPTED)
