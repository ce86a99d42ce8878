"""What of an apply is under way in threads, and what of it has ended."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue

from reconciler.run.steps import End


class Underway:
    """Steps that threads carry out. One thread begins them and takes their ends, one by one.

    Each end costs the same however many steps are under way: it is told by its own thread.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._futures: set[Future[End]] = set()
        self._ended: SimpleQueue[Future[End]] = SimpleQueue()

    def __bool__(self) -> bool:
        """Say whether something is under way, or has ended without being settled."""
        return bool(self._futures)

    def begin(self, job: Callable[[], End]) -> None:
        """Have a step carried out."""
        future = self._pool.submit(job)
        self._futures.add(future)
        future.add_done_callback(self._ended.put)

    def next_end(self, within: float | None) -> Future[End] | None:
        """Return what has ended, None where nothing does `within` seconds (None: for ever)."""
        while True:
            try:
                future = self._ended.get(timeout=within)
            except Empty:
                return None
            if future in self._futures:
                return future

    def settle(self, future: Future[End]) -> None:
        """Forget what has ended, once all about it is written down."""
        self._futures.discard(future)

    def have_all_told_again(self) -> None:
        """Have every end told again that is not settled: an interrupt may have lost one.

        It comes between any two lines, so that an end was taken and not settled, or a step begun
        and nobody to be told of its end.
        """
        for future in self._futures:
            future.add_done_callback(self._ended.put)
