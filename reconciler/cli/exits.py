"""How a run ends: the exit codes of the contract, and what Ctrl-C and SIGTERM do.

They end it at once while nothing was begun, and in good order while something is applied.
"""

import contextlib
import os
import queue
import select
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

DONE = 0
ERROR = 1
DIFFERENT = 2
REFUSED = 3
USAGE = 64
INTERRUPTED = 130
TERMINATED = 143

_Handler = Callable[[int, FrameType | None], None]

_WORDS: Mapping[int, tuple[str, int]] = {
    signal.SIGINT: ("interrupted", INTERRUPTED),
    signal.SIGTERM: ("terminated", TERMINATED),
}
"""What a signal is called, and the exit code that tells of it."""


_Document = Callable[[str], str]
"""Makes of a sentence the document for stdout that says that there is no result."""

_expected: _Document | None = None


def expect_result(document: _Document | None) -> None:
    """Have a signal that ends the process write this to stdout; None: the result is under way."""
    global _expected
    _expected = document


def result_expected() -> bool:
    """Return whether stdout is still to get a document."""
    return _expected is not None


class Interrupted(BaseException):
    """A Ctrl-C. No KeyboardInterrupt: the command line's own library makes a mute code of those."""


class Terminated(BaseException):
    """A SIGTERM, likewise."""


class Stop(threading.Event):
    """Set by the first signal; `code` is the exit code that tells of it. One thread waits for it.

    The signal may come amid that wait: setting it takes no lock that the wait may hold.
    """

    code = INTERRUPTED

    def __init__(self) -> None:
        super().__init__()
        self._came = False
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()

    def is_set(self) -> bool:
        """Say whether the signal came."""
        return self._came

    def set(self) -> None:
        """Have it come."""
        self._came = True
        self._news.put(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it; say whether it came."""
        if not self._came:
            with contextlib.suppress(queue.Empty):
                self._news.get(timeout=timeout)
        return self._came


def as_interrupts() -> None:
    """Raise the first Ctrl-C or SIGTERM on the main thread; the second one ends the process.

    It may come between any two lines, but not where a lock would be left behind.

    Everywhere else a run says more precisely what is to happen (see below).
    """
    _handle(_raise)


def end_at_once() -> None:
    """End the process at the next signal: nothing is left to be done but what Python does."""
    _handle(_end)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """End the process at the first signal.

    A KeyboardInterrupt would wait for the threads that read, which a service that does not answer
    keeps for minutes. Only the main thread is told of signals, elsewhere nothing is changed.
    """
    with _handled(_end):
        yield


@contextlib.contextmanager
def in_good_order() -> Iterator[Stop]:
    """Yield what the first signal sets; a second one ends the process.

    A KeyboardInterrupt could come between beginning a call and noting that it was begun, and after
    a second one the calls under way would still be waited for.
    """
    stop = Stop()

    def tell(number: int, _frame: FrameType | None) -> None:
        # On the main thread, between two of its instructions: it may hold any lock of its own.
        _handle(_end)
        word, stop.code = _WORDS[number]
        stop.set()
        _tell(2, f"\n{word}: finishing the calls under way; interrupt again to stop now\n")

    with _handled(tell):
        yield stop


@contextlib.contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in _WORDS}
    _handle(handler)
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)


def _handle(handler: _Handler) -> None:
    for number in _WORDS:
        # What was started to be left alone (in a shell's background) stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def takes(descriptor: int, within: float = 0) -> bool:
    """Say whether PIPE_BUF bytes can be written at once, as to a pipe that somebody reads."""
    try:
        return bool(select.select((), (descriptor,), (), within)[1])
    except (OSError, ValueError):  # not one that can be asked
        return True


_LOCKING = frozenset(module.__file__ for module in (contextlib, queue, threading))
"""Python code that takes and leaves locks: left in the middle, it keeps them for ever."""
_WAITING = ("wait", "join", "_wait_for_tstate_lock")
"""What of it only waits, for as long as nothing ends it."""
_MOMENT = 0.01
_MOMENTS = 100
_TELLING = 0.5
"""How long whoever is told that the process ends may take to read, in seconds."""


def _raise(number: int, frame: FrameType | None) -> None:
    """Raise; where a lock is just being taken or left, a moment later."""
    if not _amid_locks(frame) or not _later(number):
        if hasattr(signal, "setitimer"):
            # One that was put off would come as the process ends, and be what ended it.
            signal.setitimer(signal.ITIMER_REAL, 0)
        _handle(_end)
        raise Terminated if number == signal.SIGTERM else Interrupted


def _amid_locks(frame: FrameType | None) -> bool:
    code = frame.f_code if frame is not None else None
    return code is not None and code.co_filename in _LOCKING and code.co_name not in _WAITING


def _later(number: int) -> bool:
    """Have it raised in a moment; say whether that can be, which on Windows it cannot."""
    if not hasattr(signal, "setitimer"):
        return False
    left = _MOMENTS

    def again(_number: int, frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if left and _amid_locks(frame):
            signal.setitimer(signal.ITIMER_REAL, _MOMENT)
            return
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        # Meanwhile another stage of the run may have begun, or a second signal have come.
        handler = signal.getsignal(number)
        if handler is _raise:
            _raise(number, None)
        elif callable(handler):
            handler(number, frame)

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, _MOMENT)
    return True


def _end(number: int, _frame: FrameType | None) -> None:
    _handle(_ending)
    word, code = _WORDS[number]
    try:
        _tell(2, f"\n{word}\n", _TELLING)
        if _expected is not None:
            _tell(1, _expected(word), _TELLING)
    finally:
        os._exit(code)


def _ending(_number: int, _frame: FrameType | None) -> None:
    """Heed no more: the process ends, and a document may be half made."""


def _tell(descriptor: int, text: str, within: float = 0) -> None:
    """Write past sys.stderr and sys.stdout, whose locks the interrupted code may hold.

    Nobody may be there to be told: a Ctrl-C ends what stands behind a `|`, too.
    """
    with contextlib.suppress(OSError):
        if takes(descriptor, within):
            os.write(descriptor, text.encode())
