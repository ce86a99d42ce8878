"""What is logged, on stderr: ours, and what SDKs warn of only when everything is asked for."""

import logging
from collections.abc import Callable

Say = Callable[[str], None]


def handlers(say: Say, level: str, *, others: bool) -> list[tuple[logging.Logger, logging.Handler]]:
    """Return who is to handle the records of which logger.

    Ours are told from `level` up. SDKs stay quiet: they log headers and bodies. What they warn of
    is told with `others`, and never past the masks, as Python's own last resort would tell it.
    """
    own = _LogHandler(say)
    own.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("reconciler")
    logger.setLevel(level.upper())
    logger.propagate = False
    return [(logger, own), (logging.getLogger(), own if others else logging.NullHandler())]


class _LogHandler(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._say(self.format(record))
        except Exception:  # noqa: BLE001 - logging must never break what it tells about
            self.handleError(record)
