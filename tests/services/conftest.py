"""One sandbox for the tests of all services together; each service's own tests have their own."""

import pytest


@pytest.fixture(scope="session")
def _everywhere(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def sandbox(_everywhere):
    _everywhere.reset()
    yield _everywhere
    defects = [call["defect"] for call in _everywhere.calls() if "defect" in call]
    assert not defects, defects[0]
