import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.core.model.objects import Desired, Position
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Interest
from reconciler.credentials.secrets import Secrets
from reconciler.sandbox import Sandbox
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.provider import MerchantProvider


@dataclass
class FakeClock:
    """Time that passes only by sleeping."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


class Replay:
    """A loopback host that gives prepared answers in turn and keeps what it was sent."""

    def __init__(self):
        self.answers = []
        self.tokens = []
        replay = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                replay.tokens.append(self.headers.get("Authorization"))
                status, headers, body = replay.answers.pop(0)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815 - http.server's names

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def say(self, status, body, **headers):
        self.answers.append((status, headers, body.encode()))

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def replay():
    host = Replay()
    yield host
    host.close()


@pytest.fixture(scope="session")
def _running():
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(_running):
    _running.reset()
    yield _running
    defects = [call["defect"] for call in _running.calls() if "defect" in call]
    assert not defects, defects[0]


@pytest.fixture
def clock():
    return FakeClock()


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
def observe():
    """Read the provider's one scope."""

    def read(provider):
        interest = Interest("acme", (), discover_all=True, warn=lambda _: None)
        (scope,) = provider.scopes()
        return list(provider.observe(scope, interest))

    return read


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
