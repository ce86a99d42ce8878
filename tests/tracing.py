"""Which tests coverage follows: those of a room, not those that run the whole to and fro."""

from contextlib import contextmanager
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import coverage
import pytest

import reconciler

TESTS = Path(__file__).parent
ROOMS = TESTS.parent / "reconciler"


def followed(path, omitted):
    """Say whether a file of tests is a room's own, and the room none that is left out.

    Where none is left out (`make coverage`) all tests are followed.
    """
    if not any((ROOMS.parent / pattern).parent.is_dir() for pattern in omitted):
        return True
    room = Path(path).relative_to(TESTS).parts[0]
    left_out = any(fnmatch(f"{ROOMS.name}/{room}/", pattern) for pattern in omitted)
    return (ROOMS / room).is_dir() and not left_out


def pytest_collection_finish():
    """Load every module while it is followed: a test of the whole may be the first to need it."""
    if coverage.Coverage.current() is not None:
        for module in walk_packages(reconciler.__path__, "reconciler."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Follow no line while a test of the whole runs, which doubles its time and tells little."""
    following = coverage.Coverage.current()
    if following is None or followed(item.path, following.get_option("run:omit") or ()):
        return (yield)
    with _unfollowed():
        return (yield)


@contextmanager
def _unfollowed():
    """Stop all that follows: in a worker of xdist there are two, and one alone would go on."""
    stopped = []
    while (following := coverage.Coverage.current()) is not None:
        following.stop()
        stopped.append(following)
    try:
        yield
    finally:
        for following in reversed(stopped):
            following.start()
