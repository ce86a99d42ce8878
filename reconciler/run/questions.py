"""Asking many accounts something at once, beyond what plans need."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.core.provider import Each
from reconciler.run.failures import as_sentence
from reconciler.run.progress import Progress, silent
from reconciler.run.threads import side_by_side, watch

A = TypeVar("A")

ACCOUNTS_SIDE_BY_SIDE = 256
PARTS_SIDE_BY_SIDE = 64


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
        ThreadPoolExecutor(PARTS_SIDE_BY_SIDE, thread_name_prefix="part") as parts,
    ):
        each = side_by_side(parts)
        futures = [pool.submit(_answer, question, each) for question in questions]
        watch(futures, doing, progress)
        return [future.result() for future in futures]


def _answer(question: Question[A], each: Each) -> A | Unanswered:
    try:
        return question.ask(each)
    except Exception as error:  # noqa: BLE001 - a defect in one account must not hide the rest
        return Unanswered(question.account, as_sentence(question.account, error))
