"""A listing's way by EventBridge: worlds of it, what holds after it, what others do to it."""

import json
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime

import boto3

from reconciler.operate.status import status
from reconciler.operate.verify import VerifyManner, verify
from tests.standing import brought
from tests.worlds import AWS, HEAD, SP_API, destinations, queues, section, subscriptions

ACCOUNT, REGION = "123456789012", "eu-west-1"
STATUS = "LISTINGS_ITEM_STATUS_CHANGE"
ISSUES = "LISTINGS_ITEM_ISSUES_CHANGE"
RULE = "acme--listings"
ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
TO_OFFERS = f"queue: offers, types: [{STATUS}]"
PLACE = f"app/{REGION}/{ACCOUNT}"


def world(
    inside=TO_OFFERS, *, offers="", bus="eventBridge: {account: aws-eu}", sub=STATUS, dead=""
):
    """A listing's way: subscription, destination, bus, route, queue; each part may be left out."""
    return (
        HEAD
        + AWS
        + SP_API
        + queues(offers=offers, dead=dead)
        + (destinations(events=f"account: app, {bus}") if bus else "")
        + (section("routes", {"listings": f"from: events, {inside}"}) if inside else "")
        + (
            subscriptions(s=f"destination: events, notificationType: {sub}, sellers: [de]")
            if sub
            else ""
        )
    )


def settled(stack, text, **options):
    """Apply a world, and hold that nothing is left to do."""
    stack.declare(text)
    done = stack.apply(**options)
    assert done.unfinished() == []
    again = stack.plan()
    assert (again.lines(), again.problems(), again.plan.complete) == ([], [], True)
    return done.lines()


def failed(stack):
    """Apply what is declared; return {address: why} of what did not end well."""
    return {item.address: item.error for item in stack.apply().unfinished()}


def events(sandbox):
    """Return the one event source's name and state, and the one bus."""
    held = sandbox.state()["aws"][ACCOUNT][REGION]["events"]
    [(name, state)] = held["sources"].items()
    return name, state, held["buses"].get(name)


def rule(sandbox):
    return events(sandbox)[2]["rules"][RULE]


def admitted(sandbox, queue="offers"):
    """Return the rules that a queue's policy lets in, statement by statement."""
    attributes = sandbox.state()["aws"][ACCOUNT][REGION]["queues"][queue]["attributes"]
    policy = json.loads(attributes.get("Policy", '{"Statement": []}'))
    found = [item["Condition"]["ArnEquals"] for item in policy["Statement"] if "Condition" in item]
    return [[arn.rpartition("/")[2] for arn in test["aws:SourceArn"]] for test in found]


def operations(sandbox, *names):
    """Return which of these operations were called, in order."""
    return [call["operation"] for call in sandbox.calls() if call["operation"] in names]


def partner(sandbox, deed):
    name = events(sandbox)[0]
    sandbox.aws("event-sources", deed=deed, account=ACCOUNT, region=REGION, name=name)


@contextmanager
def eventbridge_of(sandbox):
    """Give what somebody else does at EventBridge."""
    client = boto3.client(
        "events",
        region_name=REGION,
        endpoint_url=sandbox.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="any",
    )
    try:
        yield client
    finally:
        client.close()


def delete_destination(sandbox):
    """Delete the one destination, by hand."""
    token = _answered(
        sandbox,
        "POST",
        "/auth/o2/token",
        grant_type="client_credentials",
        scope="sellingpartnerapi::notifications",
        client_id="sandbox-client-app",
        client_secret="sandbox-secret",
    )["access_token"]
    [found] = _answered(sandbox, "GET", "/notifications/v1/destinations", token)["payload"]
    path = f"/notifications/v1/destinations/{found['destinationId']}"
    _answered(sandbox, "DELETE", path, token)


def _answered(sandbox, method, path, token="", **form):
    request = urllib.request.Request(
        sandbox.url + path,
        data=urllib.parse.urlencode(form).encode() if form else None,
        headers={"x-amz-access-token": token} if token else {},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
    return json.loads(body) if body else None


def put_by_hand(eventbridge, name, **facts):
    """Put our rule anew, as somebody does who changes it by hand."""
    before = eventbridge.describe_rule(Name=RULE, EventBusName=name)
    kept = {key: before[key] for key in ("EventPattern", "State", "Description") if key in before}
    wish = {key: value for key, value in {**kept, **facts}.items() if value is not None}
    eventbridge.put_rule(Name=RULE, EventBusName=name, **wish)


def unmake_by_hand(sandbox):
    """Delete the rule and the bus, so that the source waits for one."""
    with eventbridge_of(sandbox) as client:
        name = events(sandbox)[0]
        client.remove_targets(Rule=RULE, EventBusName=name, Ids=["reconciler"])
        client.delete_rule(Name=RULE, EventBusName=name)
        client.delete_event_bus(Name=name)


class Way:
    """A listing's way that is applied, and hands to break it."""

    def __init__(self, stack, sandbox, aws, eventbridge):
        self.stack, self.sandbox, self.aws, self.eventbridge = stack, sandbox, aws, eventbridge
        stack.declare(world())
        brought(sandbox, world(), lambda: settled(stack, world()))
        self.bus = events(sandbox)[0]

    def proof(self, text=None):
        """Return the verdict about the one subscription."""
        if text is not None:
            self.stack.declare(text)
        with self.stack.session() as session:
            [proof] = verify(session, VerifyManner(within=0.3)).subscriptions
        return proof

    def health(self, text=None):
        """Return all that is declared by address, as `status` finds it, and what it notes."""
        if text is not None:
            self.stack.declare(text)
        with self.stack.session() as session:
            found = status(session)
        return {item.address: item for item in found.everything}, found.notes

    def url(self, queue):
        return self.aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def write(self, queue="offers", **attributes):
        self.aws.write(self.url(queue), **attributes)

    def source_waits(self, hours):
        """Let the source wait anew, for so long."""
        self.sandbox.settings(eventSourceSeconds=hours * 3600)
        if events(self.sandbox)[2] is not None:
            self.eventbridge.deactivate_event_source(Name=self.bus)
            return
        self.eventbridge.create_event_bus(Name=self.bus, EventSourceName=self.bus)
        self.eventbridge.delete_event_bus(Name=self.bus)

    def lose_its_source(self):
        """Let the partner delete the source."""
        partner(self.sandbox, "delete")

    def a_while_ago(self):
        return datetime.fromtimestamp(time.time() - 120, UTC).isoformat()

    def target(self, **target):
        wish = {"Id": "reconciler", "Arn": f"{ARN}offers", "InputPath": "$.detail", **target}
        wish = {key: value for key, value in wish.items() if value is not None}
        self.eventbridge.put_targets(Rule=RULE, EventBusName=self.bus, Targets=[wish])

    def clear_target(self):
        self.eventbridge.remove_targets(Rule=RULE, EventBusName=self.bus, Ids=["reconciler"])

    def clear_rule(self):
        self.clear_target()
        self.eventbridge.delete_rule(Name=RULE, EventBusName=self.bus)

    def clear_bus(self):
        self.clear_rule()
        self.eventbridge.delete_event_bus(Name=self.bus)

    def lose_source(self):
        self.clear_bus()
        partner(self.sandbox, "expire")

    def match(self, *types, **more):
        pattern = {"source": [self.bus], "detail-type": list(types), **more}
        put_by_hand(self.eventbridge, self.bus, EventPattern=json.dumps(pattern))
