"""One sandbox for the tests of all services together; each service's own tests have their own."""

import pytest

from tests.listings import Way, eventbridge_of
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
def way(sandbox, tmp_path):
    aws = AwsAccount(sandbox.url)
    with eventbridge_of(sandbox) as eventbridge:
        yield Way(Stack(tmp_path / "declared", sandbox.url), sandbox, aws, eventbridge)
    aws.close()
