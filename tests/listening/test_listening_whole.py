"""The whole way: what Amazon and Google send arrives decoded in one queue."""

import json
from urllib.parse import urlencode

import boto3
import pytest
import urllib3
from queues import HERE, Queue
from served import Served

from reconciler.listening import AsgiApplication, Batcher, Door, Doors, Keeping, Listener
from reconciler.notifications import decode
from tests.gate import until

HOOK = "https://hooks.example.com/merchant/{targetAccount}?token=s3cret-of-the-shop"
KIND = "LISTINGS_ITEM_STATUS_CHANGE"
LWA = {"client_id": "amzn1.application-oa2-client.one", "client_secret": "any"}


@pytest.fixture
def sandbox(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


def merchant_subscription(sandbox):
    wish = {
        "registeredEvent": "PRODUCT_STATUS_CHANGE",
        "callBackUri": HOOK.replace("{targetAccount}", "1234"),
        "targetAccount": "accounts/1234",
    }
    path = "/notifications/v1/accounts/1234/notificationsubscriptions"
    assert urllib3.request("POST", sandbox.url + path, json=wish).status == 200


def bus(sandbox, queue):
    """Make destination, bus, rule, target and subscription; let the rule into the queue."""

    def token(**grant):
        form = {**LWA, **grant}
        url = f"{sandbox.url}/auth/o2/token"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = urllib3.request("POST", url, body=urlencode(form), headers=kind)
        return {"x-amz-access-token": answer.json()["access_token"]}

    def post(path, body, headers):
        url = f"{sandbox.url}/notifications/v1/{path}"
        return urllib3.request("POST", url, json=body, headers=headers).json()["payload"]

    grantless = token(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    wish = {"eventBridge": {"region": "eu-west-1", "accountId": "123456789012"}}
    made = post("destinations", {"name": "bus", "resourceSpecification": wish}, grantless)
    name = made["resource"]["eventBridge"]["name"]
    events = boto3.client("events", endpoint_url=sandbox.url, **HERE)
    events.create_event_bus(Name=name, EventSourceName=name)
    pattern = json.dumps({"detail-type": [KIND], "source": [name]})
    named = {"EventBusName": name}
    rule = events.put_rule(Name="listings", EventPattern=pattern, **named)["RuleArn"]
    queue.let_in(rule)
    target = {"Id": "queue", "Arn": queue.arn, "InputPath": "$.detail"}
    events.put_targets(Rule="listings", Targets=[target], **named)
    events.close()
    seller = token(grant_type="refresh_token", refresh_token="Atzr|one")
    body = {"payloadVersion": "1.0", "destinationId": made["destinationId"]}
    post(f"subscriptions/{KIND}", body, seller)


def test_a_listing_event_and_a_product_push_arrive_decoded_in_one_queue(sandbox):
    queue = Queue(sandbox)
    bus(sandbox, queue)
    merchant_subscription(sandbox)
    door = Door.of("shop", HOOK.replace("{targetAccount}", "1234"), (), ("1234",))
    listener = Listener(Doors([door]), {"shop": Keeping(Batcher(queue))})
    with Served(AsgiApplication(listener)) as served:
        sandbox.settings(
            merchantCallBacks={"https://hooks.example.com/": f"http://127.0.0.1:{served.port}/"}
        )
        assert sandbox.publish("1234", registeredEvent="PRODUCT_STATUS_CHANGE")
        [told] = sandbox.notify("sp-api", seller="Atzr|one", type=KIND, payload={"Sku": "A-1"})
        assert told["outcome"] == "delivered"
        until(lambda: all(push["acknowledged"] for push in sandbox.pushes()))
    [push] = sandbox.pushes()
    assert push["attempts"] == [204]
    found = {n.source: n for n in (decode(message["Body"]) for message in queue.bodies())}
    assert found["sp-api"].notification_type == KIND
    assert found["sp-api"].payload == {"Sku": "A-1"}
    assert found["merchant"].notification_type == "PRODUCT_STATUS_CHANGE"
    assert found["merchant"].id == push["messageId"]
