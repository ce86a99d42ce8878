"""Threads, and how what they do is waited for."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from reconciler.core.provider import Each
from reconciler.run.progress import Progress

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(pool: ThreadPoolExecutor) -> Each:
    """Return what runs a function over items in the threads of `pool`."""

    def each(function: Callable[[A], B], items: Iterable[A], /) -> list[B]:
        futures = [pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    return each


def watch(futures: Sequence[Future[A]], doing: str, progress: Progress) -> None:
    """Wait for all of `futures`, telling how many have ended; the first failure is raised."""
    progress(doing, 0, len(futures))
    for done, future in enumerate(as_completed(futures), start=1):
        future.result()
        progress(doing, done, len(futures))
