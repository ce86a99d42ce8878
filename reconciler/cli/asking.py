"""A question on the terminal, and the line that is typed in answer."""

import sys


def asked(question: str) -> str:
    """Write the question to stderr; return the line typed on stdin, "" at its end."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()
