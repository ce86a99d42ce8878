import pytest

from reconciler.core.model.objects import Desired, Position
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.provider import MerchantProvider


@pytest.fixture
def account():
    """Make an account entry as YAML has it; keywords replace or add keys."""

    def make(**changes):
        entry = {"service": "merchant", "accountId": "5678"}
        return MerchantAccount.model_validate({**entry, **changes})

    return make


@pytest.fixture
def provider_at(account, clock):
    """Make a provider that calls the given base URL."""
    made = []

    def make(endpoint, environ=None, **changes):
        entry = account(endpoint=endpoint, **{"credentials": "anonymous", **changes})
        made.append(MerchantProvider("shop", entry, secrets=Secrets(environ or {}), clock=clock))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(provider_at, sandbox):
    return provider_at(sandbox.url)


@pytest.fixture
def desired():
    """Make a desired object around a spec."""

    def make(spec: Spec):
        return Desired("subscription.x", "shop", spec, "acme", Position("a.yaml", 1, 1))

    return make


@pytest.fixture
def moved():
    """Say that the call back URI of a live object is to change."""

    def make(live, desired):
        before, after = live.spec.call_back_uri, desired.spec.call_back_uri
        return [FieldChange(path="callBackUri", before=before, after=after)]

    return make
