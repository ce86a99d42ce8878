import pytest

from reconciler.core.model.objects import Desired, Position
from reconciler.core.model.spec import Spec
from reconciler.credentials.secrets import Secrets
from reconciler.services.mws.kinds import MwsAccount
from reconciler.services.mws.provider import MwsProvider
from reconciler.transport.http import Http

KEYS = {"KEY_ID": "AKIASANDBOX", "KEY": "sandbox-secret", "TOKEN": "amzn.mws.4ea38b7b"}


@pytest.fixture
def http():
    pool = Http()
    yield pool
    pool.close()


@pytest.fixture
def secrets():
    return Secrets(KEYS)


@pytest.fixture
def account():
    """Make an account entry as YAML has it; keywords replace or add keys."""

    def make(**changes):
        entry = {
            "service": "mws",
            "sellerId": "A2EXAMPLE1SELLER",
            "marketplaceId": "A1F83G8C2ARO7P",
            "credentials": {"accessKeyId": "env:KEY_ID", "secretKey": "env:KEY"},
        }
        return MwsAccount.model_validate({**entry, **changes})

    return make


@pytest.fixture
def provider_at(account, secrets, http, clock):
    """Make a provider that calls the given base URL, or Amazon's own host."""

    def make(endpoint=None, **changes):
        entry = account(**({"endpoint": endpoint} if endpoint else {}), **changes)
        return MwsProvider("uk", entry, secrets=secrets, http=http, clock=clock)

    return make


@pytest.fixture
def provider(provider_at, sandbox):
    return provider_at(sandbox.url)


@pytest.fixture
def desired():
    """Make a desired object around a spec that holds remote values."""

    def make(spec: Spec):
        return Desired(f"{spec.kind}.x", "uk", spec, "acme", Position("a.yaml", 1, 1))

    return make
