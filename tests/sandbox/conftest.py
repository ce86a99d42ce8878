"""Independent clients: nothing here comes from the project but the sandbox itself."""

import pytest
import urllib3
from bridges import Bridge
from clients_of_the_sandbox import AwsAccount, LwaApplication, MwsSeller


@pytest.fixture(scope="session")
def _running(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def sandbox(_running):
    _running.reset()
    yield _running
    defects = [call["defect"] for call in _running.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture(scope="session")
def http():
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        yield pool


@pytest.fixture(scope="session")
def _account(_running):
    account = AwsAccount(_running.url)  # making clients is what costs most in a test
    yield account
    account.close()


@pytest.fixture
def aws(sandbox, _account):
    return _account


@pytest.fixture
def seller(sandbox, http):
    return MwsSeller(sandbox.url, http)


@pytest.fixture
def application(sandbox, http):
    return LwaApplication(sandbox.url, http)


@pytest.fixture
def bridge(sandbox, aws, application):
    return Bridge(sandbox, aws, application)
