"""How many files and connections a run may have open."""

from contextlib import suppress

_ENOUGH = (65_536, 10_240)
"""The second is the most that macOS lets a program have."""


def allow_many() -> None:
    """Raise the limit of open files as far as the machine allows; where it does not, it stays.

    Every account keeps connections, and 256, macOS's limit for programs that do not ask, are too
    few for a fleet.
    """
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    for enough in _ENOUGH:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = enough if hard == resource.RLIM_INFINITY else min(hard, enough)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
