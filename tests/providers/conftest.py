"""One sandbox for the tests of all services together; each service's own tests have their own."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

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


@pytest.fixture(scope="session")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*form, serialization.NoEncryption()).decode()
