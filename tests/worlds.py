"""Declared worlds, and runs of them against a sandbox; only the clock is not real."""

from pathlib import Path

from reconciler import run
from reconciler.api import open_session
from reconciler.core.planning.terms import DestroyTerms, Terms
from reconciler.credentials.secrets import Secrets
from reconciler.reports import as_json
from tests.clocks import Clock

AWS_ID = "123456789012"
SELLER = "A2EXAMPLE1SELLER"
MARKET = "A1F83G8C2ARO7P"

HEAD = """
stack: acme
owns: {callBackUris: ["https://hooks.example.com/"]}
policy: {prune: true, maxDeletes: 100%, ignoreTags: ["cost-*"], discover: declared}
"""
AWS = """
accounts:
  aws-eu: {service: aws, region: eu-west-1, accountId: "123456789012"}
"""
MWS = """
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    credentials: {accessKeyId: "env:MWS_ID", secretKey: "env:MWS_KEY"}
"""
SP_API = """
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}
    sellers:
      de: {refreshToken: "env:DE"}
      fr: {refreshToken: "env:FR"}
"""
MERCHANT = """
  shop: {service: merchant, accountId: "5678"}
"""
ONLY_MERCHANT = f"accounts:{MERCHANT}"
EVERYWHERE = AWS + MWS + SP_API + MERCHANT


def section(name, entries):
    """Write a section of flow mappings; `_` in a key stands for -."""
    lines = [f"  {key.replace('_', '-')}: {{{body}}}" for key, body in entries.items()]
    return "\n".join([f"{name}:", *lines, ""]) if lines else ""


def queues(**entries):
    return section("queues", entries)


def destinations(**entries):
    return section("destinations", entries)


def subscriptions(**entries):
    return section("subscriptions", entries)


class Run:
    """What one plan said, and what became of it where it was applied."""

    def __init__(self, plan, outcomes=()):
        self.plan = plan
        self.outcomes = outcomes

    def lines(self):
        return sorted(_line(action) for action in self.plan.actions)

    def unfinished(self):
        return [item for item in self.outcomes if item.outcome != "done"]

    def problems(self):
        return [item.message for item in self.plan.problems]


def _line(action):
    paths = [change.path for change in action.changes] if action.action == "update" else []
    return " ".join([action.action, action.address, *sorted(paths)])


class Stack:
    """A directory of declarations, and the runs of it."""

    def __init__(self, folder: Path, url: str | None):
        self._folder = folder
        self._url = url
        self.environ = {}
        self.clock = Clock

    def declare(self, text, file="world.yaml"):
        self._folder.mkdir(exist_ok=True)
        (self._folder / file).write_text(text, encoding="utf-8")

    def files(self):
        return sorted(self._folder.glob("*"))

    def session(self, *, destroying=False, since=None, **terms):
        """Return one run; `since` is the content of a snapshot."""
        more = {}
        if since is not None:
            more["since"] = self._folder.parent / "since.json"
            more["since"].write_bytes(since)
        return open_session(
            self._folder,
            terms=(DestroyTerms if destroying else Terms)(**terms),
            sandbox=self._url,
            secrets=Secrets(self.environ),
            clock=self.clock(),
            **more,
        )

    def plan(self, **options):
        with self.session(**options) as session:
            return Run(run.plan(session).plan)

    def apply(self, **options):
        with self.session(**options) as session:
            planned = run.plan(session)
            return Run(planned.plan, run.apply(session, planned).outcomes)

    def begin(self):
        """Bring about what is declared and return a snapshot of it."""
        assert self.apply().unfinished() == []
        return self.snapshot()

    def snapshot(self):
        """Return a snapshot as the workflows take it, asking for all types."""
        with self.session() as session:
            return as_json.render(run.snapshot(session).snapshot).encode()

    def plan_from(self, snapshot):
        """Return a plan against a snapshot."""
        file = self._folder.parent / "live.json"
        file.write_bytes(snapshot)
        with open_session(self._folder, sandbox=self._url, live=file) as session:
            return Run(run.plan(session).plan)


READS = frozenset(
    {
        # AWS
        "GetCallerIdentity",
        "GetQueueAttributes",
        "GetQueueUrl",
        "GetResources",
        "ListQueues",
        "ListDeadLetterSourceQueues",
        "ListQueueTags",
        "DescribeEventBus",
        "DescribeEventSource",
        "DescribeRule",
        "ListEventBuses",
        "ListEventSources",
        "ListRules",
        "ListTagsForResource",
        "ListTargetsByRule",
        # Login with Amazon
        "client_credentials",
        "refresh_token",
        # MWS
        "GetSubscription",
        "ListRegisteredDestinations",
        "ListSubscriptions",
        # SP-API
        "getDestination",
        "getDestinations",
        "getSubscription",
        "getSubscriptionById",
        "getSubscriptions",
        # Merchant
        "get",
        "list",
        "listAccounts",
    }
)
"""Operations that change nothing, by the services' documentation."""


def writes(sandbox):
    """Return the calls that change something, each with what it names, in no order."""
    return sorted(_told(call) for call in sandbox.calls() if call["operation"] not in READS)


def _told(call):
    body = call["body"] or {}
    match call["service"]:
        case "aws":
            facts = [_queue(body), *_named(body)]
        case "mws":
            facts = _mws(body)
        case "sp-api":
            facts = [*call["path"].split("/")[4:5], body.get("name")]
        case _:
            target = body.get("targetAccount", "all" if "allManagedAccounts" in body else None)
            facts = [body.get("registeredEvent"), target, *sorted(call["query"].keys() - {"alt"})]
    names = _no_ids([call["operation"], *filter(None, facts)])
    return " ".join(names)


def _no_ids(names):
    return [name for name in names if name.count("-") != 4]


def _queue(body):
    """Return what a call is about: a queue, or a rule or bus without what tells the application."""
    name = body.get("QueueName") or body.get("QueueUrl") or body.get("Rule") or body.get("Name")
    name = name or body["ResourceARN"]
    return "bus" if name.startswith("aws.partner/") else name.rpartition("/")[2]


def _named(body):
    sent = [body.get("Attributes"), body.get("tags") or body.get("Tags"), body.get("TagKeys")]
    return [name for names in sent for name in sorted(names or ())]


def _mws(body):
    facts = {name.rpartition(".")[2]: value for name, value in body.items()}
    enabled = {"true": "on", "false": "off"}.get(facts.get("IsEnabled"))
    return [facts.get("NotificationType"), facts["Value"].rpartition("/")[2], enabled]
