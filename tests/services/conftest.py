"""The sandbox, the clock and what reads a provider, for the tests of all services."""

import pytest

from reconciler.core.provider import Interest
from tests.clocks import Clock
from tests.listings import Way, eventbridge_of
from tests.loopback import replaying
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.worlds import Stack


@pytest.fixture(scope="session")
def _everywhere(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def sandbox(_everywhere):
    _everywhere.reset()
    yield _everywhere
    defects = [call["defect"] for call in _everywhere.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture
def replay():
    """A host that answers what it was given to answer."""
    with replaying() as host:
        yield host


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def observe():
    """Read the provider's one scope."""

    def read(provider):
        interest = Interest("acme", (), discover_all=True, warn=lambda _: None)
        (scope,) = provider.scopes()
        return list(provider.observe(scope, interest))

    return read


@pytest.fixture
def way(sandbox, tmp_path):
    aws = AwsAccount(sandbox.url)
    with eventbridge_of(sandbox) as eventbridge:
        yield Way(Stack(tmp_path / "declared", sandbox.url), sandbox, aws, eventbridge)
    aws.close()
