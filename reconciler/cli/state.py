"""What one run of the command line shares: secrets to keep out of texts, and stderr."""

import logging
import sys

from reconciler.providers.secrets import Secrets


class State:
    """Carries the run's secrets; everything for stderr passes through `say`, which masks them."""

    def __init__(self) -> None:
        self.debug = False
        self.secrets = Secrets()
        self._handler: logging.Handler | None = None

    def say(self, text: str) -> None:
        """Write a line to stderr."""
        sys.stderr.write(self.secrets.scrub(text).rstrip("\n") + "\n")
        sys.stderr.flush()

    def log_to_stderr(self, level: int) -> None:
        """Show our own records from `level` up; SDKs stay quiet: they log headers and bodies."""
        self._handler = _Handler(self)
        self._handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("reconciler")
        logger.addHandler(self._handler)
        logger.setLevel(level)
        logger.propagate = False

    def close(self) -> None:
        """Give the log back."""
        if self._handler is not None:
            logging.getLogger("reconciler").removeHandler(self._handler)


class _Handler(logging.Handler):
    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._state.say(self.format(record))
        except Exception:  # noqa: BLE001 - logging must never break what it tells about
            self.handleError(record)
