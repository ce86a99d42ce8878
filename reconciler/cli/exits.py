"""Exit codes of the contract, and the error that has one of its own."""

from reconciler.core.model.errors import ReconcilerError

DONE = 0
ERROR = 1
DIFFERENT = 2
REFUSED = 3
USAGE = 64
INTERRUPTED = 130


class WrongUsage(ReconcilerError):
    """The command line means nothing for these declarations: it ends with `USAGE`."""


TERMINATED = 143
