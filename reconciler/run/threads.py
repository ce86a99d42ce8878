"""Many accounts at once: in threads, telling how far it has come, with failures as sentences."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

from reconciler.core.model.errors import OutOfTime, ReconcilerError, ServiceError
from reconciler.core.model.pacing import READS_AT_ONCE
from reconciler.core.provider import Each

ACCOUNTS_SIDE_BY_SIDE = 256
A = TypeVar("A")
B = TypeVar("B")
log = logging.getLogger(__name__)


class Progress(Protocol):
    """Hears how far a run has come, on the thread that runs it."""

    def __call__(self, doing: str, done: int, total: int, /) -> None:
        """Take up that `done` of `total` parts of `doing` have ended."""
        ...


def silent(_doing: str, _done: int, _total: int, /) -> None:
    """Be a Progress that tells nobody."""


def side_by_side(pool: ThreadPoolExecutor) -> Each:
    """Return what runs a function over items in the threads of `pool`."""

    def each(function: Callable[[A], B], items: Iterable[A], /) -> list[B]:
        futures: list[Future[B]] = []
        try:
            # Each thread is on the errand of who asks. Items may still be being found out, and what
            # was begun is kept of those that come to no end.
            futures.extend(pool.submit(copy_context().run, function, item) for item in items)
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    return each


def watch(futures: Sequence[Future[A]], doing: str, progress: Progress) -> None:
    """Wait for all of `futures`, telling how many have ended; the first failure is raised."""
    ended: SimpleQueue[Future[A]] = SimpleQueue()
    progress(doing, 0, len(futures))
    for future in futures:
        future.add_done_callback(ended.put)
    for done in range(1, len(futures) + 1):
        ended.get().result()
        progress(doing, done, len(futures))


@dataclass(frozen=True, slots=True)
class Question(Generic[A]):
    """Something to ask of an account; `ask` may use threads through what it is given."""

    account: str
    ask: Callable[[Each], A]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that failed, and why, in one sentence that names the account."""

    account: str
    reason: str


def ask(
    questions: Sequence[Question[A]], *, doing: str, progress: Progress = silent
) -> list[A | Unanswered]:
    """Return the answers in the order of the questions, which are asked side by side."""
    if not questions:
        return []
    with (
        ThreadPoolExecutor(ACCOUNTS_SIDE_BY_SIDE, thread_name_prefix="ask") as pool,
        ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="part") as parts,
    ):
        each = side_by_side(parts)
        futures = [
            pool.submit(copy_context().run, _answer, question, each) for question in questions
        ]
        watch(futures, doing, progress)
        return [future.result() for future in futures]


def _answer(question: Question[A], each: Each) -> A | Unanswered:
    try:
        return question.ask(each)
    except OutOfTime:
        raise
    except Exception as error:  # noqa: BLE001 - a defect in one account must not hide the rest
        return Unanswered(question.account, as_sentence(question.account, error))


def as_sentence(account: str, error: Exception) -> str:
    """Return what to tell of an error that came up while working on `account`."""
    if isinstance(error, ServiceError):
        return str(error)  # it names the account itself
    if isinstance(error, ReconcilerError):
        return f"{account}: {str(error).removeprefix(f'accounts.{account}: ')}"
    log.debug("unexpected error in account %s", account, exc_info=error)
    return (
        f"{account}: unexpected {type(error).__name__}: this is a defect of the reconciler; run "
        "again with --debug and report it"
    )
