"""One application with two sellers at some URL; the clock only moves when slept on."""

from reconciler.core.model.objects import Desired, Position
from reconciler.core.provider import Interest, Scope
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.provider import SpApiProvider
from reconciler.services.spapi.specs import SpApiDestination, SpApiSubscription
from tests.clocks import Clock

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
SECRETS = {"CLIENT": "app-1", "SECRET": "hush-client", "DE": "hush-de", "FR": "hush-fr"}


class World:
    """A provider and what it takes to speak of its objects briefly."""

    def __init__(self, url, http, sandbox=None):
        self.sandbox = sandbox
        self.clock = Clock(1000.0)
        self.secrets = Secrets(SECRETS)
        self.account = SpApiAccount.model_validate(
            {
                "service": "sp-api",
                "region": "eu",
                "endpoint": url,
                "tokenEndpoint": f"{url}/auth/o2/token",
                "credentials": {"clientId": "env:CLIENT", "clientSecret": "env:SECRET"},
                "sellers": {
                    "de": {"refreshToken": "env:DE"},
                    "fr": {"refreshToken": "env:FR"},
                },
            }
        )
        self.http = http
        self.warnings = []
        self.asked = []
        self.provider = SpApiProvider(
            "app", self.account, secrets=self.secrets, http=http, clock=self.clock
        )

    def declared(self, spec):
        return Desired("any.one", "app", spec, "acme", Position("a.yaml", 1, 1))

    def create(self, spec):
        return self.provider.create(self.declared(spec))

    def destination(self, queue=ARN, name="acme-offers"):
        return self.create(SpApiDestination(queue=queue, name=name))

    def subscribe(self, destination, **fields):
        return self.create(self.subscription(destination, **fields))

    def subscription(self, destination, **fields):
        return SpApiSubscription.model_validate(
            {
                "seller": "de",
                "notificationType": "ANY_OFFER_CHANGED",
                "payloadVersion": "1.0",
                "destination": destination.outputs["id"],
                **fields,
            }
        )

    def destinations(self):
        return self.observe(Scope("app", (SpApiDestination,)))

    def subscriptions(self, *declared, seller="de", **more):
        scope = Scope("app", (SpApiSubscription,), part=seller)
        return self.observe(scope, *declared, **more)

    def observe(self, scope, *declared, discover_all=False, topics=(), known=(), beside=None):
        interest = Interest(
            "acme",
            tuple(declared),
            discover_all,
            self.warnings.append,
            topics=frozenset(topics),
            known=frozenset(known),
            beside=beside,
            report=self.asked.append,
        )
        return list(self.provider.observe(scope, interest))

    def held(self, what):
        return self.sandbox.state()["sp-api"].get("app-1", {}).get(what, [])

    def types_asked_for(self):
        return {call["query"]["notificationTypes"] for call in self.calls("getSubscriptions")}

    def calls(self, operation):
        return [call for call in self.sandbox.calls() if call["operation"] == operation]

    def fault(self, operation, kind, **more):
        service = "lwa" if operation in ("refresh_token", "client_credentials") else "sp-api"
        order = {"service": service, "operation": operation, "kind": kind, **more}
        self.sandbox.faults([order])
