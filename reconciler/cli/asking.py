"""A question on the terminal, and the line that is typed in answer."""

import os
import select
import signal
import sys
import threading


def asked(question: str) -> str:
    """Write the question to stderr; return the line typed on stdin, "" at its end."""
    sys.stderr.write(question)
    sys.stderr.flush()
    _wait_for_a_line()
    return sys.stdin.readline()


def _wait_for_a_line() -> None:
    """Return once there is something to read, letting a signal be handled whenever it comes.

    One that comes just before a read begins would be handled only as the read ends: a Ctrl-C right
    at the question would be lost until the next one. What wakes a wait stays to be seen by it.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return  # only sockets can be waited for there, and only the main thread is told of signals
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    former = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        while sys.stdin not in select.select([sys.stdin, awake], [], [])[0]:
            os.read(awake, 1)
    finally:
        signal.set_wakeup_fd(former)
        os.close(awake)
        os.close(wake)
