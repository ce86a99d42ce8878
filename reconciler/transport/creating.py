"""Creating without doing it twice: after a lost answer, look before trying again."""

from collections.abc import Callable
from typing import TypeVar

from reconciler.core.model.errors import Rejected, ServiceError, Unclear

T = TypeVar("T")

ATTEMPTS = 3


def create_once(
    make: Callable[[], T],
    find: Callable[[ServiceError, bool], T | None],
    *,
    is_there: Callable[[Rejected], bool],
    retry_refused: bool = False,
) -> T:
    """Return what `make` made, or what `find` found after its answer was lost or refused.

    Args:
        make: creates; raises Unclear where the answer was lost.
        find: looks for what is to be made, None if it is not there; it raises where something else
            stands in its place. It is told what happened, and whether that was the last attempt.
        is_there: says of a refusal whether it may mean that the object is there already.
        retry_refused: try again after such a refusal where nothing is found.

    Raises:
        ServiceError: what `make` raised and is not overcome, or what `find` did.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return make()
        except Unclear as error:
            trouble: ServiceError = error
        except Rejected as error:
            if not is_there(error):
                raise
            trouble = error
        last = attempt == ATTEMPTS
        found = find(trouble, last)
        if found is not None:
            return found
        if last or (isinstance(trouble, Rejected) and not retry_refused):
            raise trouble
    raise AssertionError("unreachable: the last attempt returns or raises")
