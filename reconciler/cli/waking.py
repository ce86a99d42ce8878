"""A signal is heard at once, whatever the main thread waits for.

Python heeds one between two steps of the main thread, and when it interrupts a wait. One that comes
after the last step before a wait, and before that has begun, does neither: it would be heard when
the wait is over, which may be in minutes or never.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType

_AGAIN = 0.01
"""Seconds from one knock to the next."""


def hear_while_waiting() -> None:
    """From now on interrupt the main thread after each signal until it has heeded it."""
    if sys.platform == "win32":
        return  # no thread interrupts another one there
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    waker = _Waker(threading.get_ident())
    signal.signal(signal.SIGURG, waker.heed)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    threading.Thread(target=waker.wake, args=(told,), name="signals", daemon=True).start()


class _Waker:
    """Knocks with SIGURG, which nobody else sends: who heeds it has heeded all that came before."""

    def __init__(self, main: int) -> None:
        self._main = main
        self._heeded = False

    def heed(self, _number: int, _frame: FrameType | None) -> None:
        """Take note that the main thread has heeded what there was."""
        self._heeded = True

    def wake(self, told: int) -> None:
        """Read which signals come, and knock after each; it never ends."""
        if sys.platform == "win32":
            return
        while numbers := os.read(told, 64):
            if not numbers.strip(bytes([signal.SIGURG])):
                continue
            self._heeded = False
            while not self._heeded:
                signal.pthread_kill(self._main, signal.SIGURG)
                time.sleep(_AGAIN)
