"""One sandbox for all, emptied for each test."""

import boto3
import pytest
from operated import Operated

from tests.worlds import AWS_ID


@pytest.fixture(scope="session")
def _in_operation(shared_sandbox):
    return shared_sandbox


@pytest.fixture(scope="session")
def _sqs(_in_operation):
    session = boto3.session.Session(AWS_ID, "any", region_name="eu-west-1")
    client = session.client("sqs", endpoint_url=_in_operation.url)
    yield client
    client.close()


@pytest.fixture
def world(_in_operation, _sqs, tmp_path):
    _in_operation.reset()
    yield Operated(_in_operation, _sqs, tmp_path / "declared")
    defects = [call["defect"] for call in _in_operation.calls() if "defect" in call]
    assert not defects, defects[0]
