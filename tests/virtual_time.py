"""Time of a whole session with all its threads, that passes only when nothing else is to do.

Every request takes `LATENCY` of it; the sandbox answers in none. What a run takes by this clock is
what it would take on a machine without load, to the tenth of a second.
"""

import threading
import time
from contextlib import contextmanager
from pathlib import Path

from reconciler.transport.http import Http

LATENCY = 0.1
_TASKS = Path("/proc/self/task")


class VirtualClock:
    """Sleepers wake in order, each once every other thread waits, and no request is under way."""

    def __init__(self):
        self._ready = threading.Condition()
        self._time = 0.0
        self._sleepers = {}
        self._moves = 0
        self._under_way = 0
        self._ended = False

    def now(self):
        return self._time

    def sleep(self, seconds):
        me = threading.get_ident()
        with self._ready:
            self._sleepers[me] = wake = self._time + max(seconds, 0.0)
            while self._time < wake and not self._ended:
                self._ready.wait()
            del self._sleepers[me]
            self._moves += 1

    @contextmanager
    def request(self, latency):
        """Take the time of a request, and let none pass while it is really under way."""
        self.sleep(latency)
        with self._ready:
            self._under_way += 1
        try:
            yield
        finally:
            with self._ready:
                self._under_way -= 1
                self._moves += 1

    def end(self):
        with self._ready:
            self._ended = True
            self._ready.notify_all()

    def run(self):
        """Let time pass until the end."""
        mine = threading.get_native_id()
        while not self._ended:
            moves, rest = self._moves, _rest(mine)
            time.sleep(0.0002)
            if rest is not None:
                self._pass(moves, rest, mine)

    def _pass(self, moves, rest, mine):
        with self._ready:
            idle = self._sleepers and not self._under_way and moves == self._moves
            if idle and min(self._sleepers.values()) > self._time and rest == _rest(mine):
                self._time = min(self._sleepers.values())
                self._ready.notify_all()


def _rest(mine):
    """Return how often each other thread of this process has run; None where one runs, or could.

    Who waits for Python's own lock looks as if it slept, but runs once whoever asks here sleeps.
    """
    found = {}
    for task in _TASKS.iterdir():
        try:
            told = (task / "status").read_bytes()
        except OSError:
            return None  # it has just ended
        if int(task.name) != mine:
            if told.partition(b"State:")[2].lstrip()[:1] in b"RD":
                return None
            found[task.name] = told.partition(b"voluntary_ctxt_switches:")[2]
    return found


@contextmanager
def passing(latency=LATENCY):
    """Give a clock whose time passes meanwhile; every request takes `latency`."""
    clock = VirtualClock()
    send = Http._sent

    def slowly(http, *args, **more):
        with clock.request(latency):
            return send(http, *args, **more)

    Http._sent = slowly
    hand = threading.Thread(target=clock.run, name="time", daemon=True)
    hand.start()
    try:
        yield clock
    finally:
        Http._sent = send
        clock.end()
        hand.join()
