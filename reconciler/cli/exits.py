"""Exit codes of the contract."""

DONE = 0
ERROR = 1
DIFFERENT = 2
REFUSED = 3
USAGE = 64
INTERRUPTED = 130
