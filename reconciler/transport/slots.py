"""Who may have a call under way: no more than so many at once, each in its turn."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Slots:
    """Places for calls at once, handed on to whoever has waited longest.

    A semaphore lets those who come just then go first. Of a thousand sellers some would end early,
    and others begin so late that the last ones wait for their rate limits alone.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    def run(self, call: Callable[[], T]) -> T:
        """Return what a call returns that is made in a slot."""
        self._take()
        try:
            return call()
        finally:
            self._hand_on()

    def _take(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # somebody interrupts
            self._leave(turn)
            raise

    def _leave(self, turn: threading.Lock) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._hand_on()

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
