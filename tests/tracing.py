"""Which tests coverage follows: those of a room, not those that run the whole to and fro."""

from pathlib import Path

import coverage
import pytest

TESTS = Path(__file__).parent
ROOMS = TESTS.parent / "reconciler"


def followed(path):
    """Say whether a file of tests is a room's own."""
    folder = Path(path).relative_to(TESTS).parts[0]
    return (ROOMS / folder).is_dir()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Follow no line while a test of the whole runs, which doubles its time and tells little."""
    following = coverage.Coverage.current()
    if following is None or followed(item.path):
        return (yield)
    following.stop()
    try:
        return (yield)
    finally:
        following.start()
