"""The sandbox, and a world in it for each test."""

import pytest
from spapi_world import World

from reconciler.transport.http import Http


@pytest.fixture(scope="session")
def running(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def world(running):
    running.reset()
    http = Http()
    yield World(running.url, http, running)
    http.close()
    assert [call["defect"] for call in running.calls() if "defect" in call] == []
