"""A clock that nobody waits for."""

import threading


class Clock:
    """Time that passes by sleeping only; `at` runs things when their time has come.

    `slept` are the waits in order.
    """

    def __init__(self, start=0.0):
        self._lock = threading.Lock()
        self.time = start
        self.slept = []
        self.at = {}

    def now(self):
        return self.time

    def sleep(self, seconds):
        with self._lock:
            self.slept.append(seconds)
            self.time += seconds
            due = [self.at.pop(moment) for moment in sorted(self.at) if moment <= self.time]
        for action in due:
            action()
