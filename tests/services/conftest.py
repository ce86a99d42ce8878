"""One sandbox for the tests of all services together; each service's own tests have their own."""

import pytest

from reconciler.sandbox import Sandbox


@pytest.fixture(scope="session")
def _everywhere():
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(_everywhere):
    _everywhere.reset()
    yield _everywhere
    defects = [call["defect"] for call in _everywhere.calls() if "defect" in call]
    assert not defects, defects[0]
