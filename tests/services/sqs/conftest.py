"""A running sandbox, a clock nobody waits for, and an AWS that can be told what to answer."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from aws_middleman import Middleman
from botocore.config import Config

from reconciler.core.model.objects import Desired, Position
from reconciler.core.planning.diff import compare
from reconciler.core.provider import Interest
from reconciler.core.service import Context
from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.kinds import QueueDeclaration
from reconciler.services.sqs.provider import SqsProvider
from reconciler.services.sqs.session import AwsKeys
from tests.clocks import Clock

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"


class World:
    """One AWS account as the provider sees it, and as boto3 sees it behind the provider's back."""

    def __init__(self, sandbox, middleman, boto):
        self.sandbox = sandbox
        self.middleman = middleman
        self.clock = Clock()
        self.account = AwsAccount(
            service="aws", region=REGION, account_id=ACCOUNT_ID, endpoint=middleman.url
        )
        self.provider = self.another(self.account)
        self.boto = boto
        self.warnings = []

    def another(self, account, keys=None):
        keys = keys or AwsKeys(ACCOUNT_ID, "secret")
        return SqsProvider("aws-eu", account, clock=self.clock, secrets=Secrets(), keys=keys)

    def want(self, key, yaml=None, *, protect=False, stack="acme"):
        declaration = QueueDeclaration.model_validate(yaml or {})
        (member,) = declaration.members(Context(stack, key, "aws-eu", self.account))
        return Desired(
            address=f"queue.{key}",
            account="aws-eu",
            spec=member.spec,
            stack=stack,
            position=Position("queues.yaml", 1, 1),
            outputs=member.outputs,
            protect=protect,
        )

    def see(self, *desired, each=None, stack="acme"):
        """Observe everything and return it by name."""
        extra = {"each": each} if each else {}
        specs = tuple(item.spec for item in desired)
        interest = Interest(stack, specs, False, self.warnings.append, **extra)
        scope, _ = self.provider.scopes()
        return {live.spec.name: live for live in self.provider.observe(scope, interest)}

    def differences(self, desired):
        """Observe and compare, as a plan does."""
        return compare(desired, self.see(desired)[desired.spec.name], ())

    def converge(self, desired):
        """Update the queue to what is declared and return the changes that it took."""
        live = self.see(desired)[desired.spec.name]
        changes = compare(desired, live, ())
        after = self.provider.update(desired, live, changes)
        assert after == self.see(desired)[desired.spec.name]
        return changes

    def stored(self, name):
        """Return what the service holds: attributes, tags, messages."""
        return self.queues()[name]

    def queues(self):
        state = self.sandbox.state()["aws"]
        return state.get(ACCOUNT_ID, {}).get(REGION, {}).get("queues", {})

    def sent(self, operation):
        """Return the bodies of the provider's calls of this operation, in order."""
        return [call["body"] for call in self.sandbox.calls() if call["operation"] == operation]

    def count(self, operation):
        return self.sandbox.counts().get(f"aws.{operation}", 0)

    def arn(self, name):
        return self.account.queue_arn(name)


@pytest.fixture(scope="session")
def _sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture(scope="session")
def _middleman(_sandbox):
    with Middleman(_sandbox.url) as running:
        yield running


@pytest.fixture(scope="session")
def _boto(_sandbox):
    client = boto3.session.Session(ACCOUNT_ID, "secret", region_name=REGION).client(
        "sqs", endpoint_url=_sandbox.url, config=Config(retries={"total_max_attempts": 1})
    )
    yield client
    client.close()


@pytest.fixture
def world(_sandbox, _middleman, _boto):
    _sandbox.reset()
    _middleman.clear()
    world = World(_sandbox, _middleman, _boto)
    yield world
    world.provider.close()
    defects = [call["defect"] for call in _sandbox.calls() if "defect" in call]
    assert not defects, defects[0]
    assert not _middleman.unused(), "the service was not asked what it was told to answer"


@pytest.fixture
def threads():
    """Run things side by side, as the engine does."""
    with ThreadPoolExecutor(16) as pool:

        def each(function, items):
            return list(pool.map(function, items))

        yield each
