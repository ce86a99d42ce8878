"""How a run tells how far it has come."""

from typing import Protocol


class Progress(Protocol):
    """Hears how far a run has come, on the thread that runs it."""

    def __call__(self, doing: str, done: int, total: int, /) -> None:
        """Take up that `done` of `total` parts of `doing` have ended."""
        ...


def silent(_doing: str, _done: int, _total: int, /) -> None:
    """Be a Progress that tells nobody."""
