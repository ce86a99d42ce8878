"""Everybody else with access to the services: they share nothing with the project."""

import json

from tests.sandbox.clients_of_the_sandbox import (
    AwsAccount,
    LwaApplication,
    MwsSeller,
    destination,
    subscription,
)
from tests.worlds import MARKET, SELLER


class MerchantUser:
    """Calls the Merchant API by plain HTTP; needs `_http` and `_sandbox`."""

    def merchant(self, method, path, body=None):
        answer = self._http.request(
            method,
            f"{self._sandbox.url}/notifications/v1/{path}",
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status == 200, answer.data

    def merchant_name(self, target):
        [found] = [
            item["name"]
            for item in self._sandbox.state()["merchant"]["5678"]
            if item.get("targetAccount") == (f"accounts/{target}" if target else None)
        ]
        return found


class Outsiders(MerchantUser):
    """One per service, with the credentials of the accounts in tests.worlds."""

    def __init__(self, sandbox, http):
        self._sandbox, self._http = sandbox, http
        self.aws = AwsAccount(sandbox.url)
        self.mws = MwsSeller(sandbox.url, http, seller=SELLER)
        self.app = LwaApplication(sandbox.url, http, "sandbox-client-app", "sandbox-secret")

    def close(self):
        self.aws.close()

    # SQS
    def queue(self, name="q"):
        return self.aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def set(self, name="q", /, **attributes):
        values = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in attributes.items()
        }
        self.aws.write(self.queue(name), **values)

    def read(self, name="q"):
        return self.aws.read(self.queue(name))

    def tag(self, name="q", /, **tags):
        self.aws.sqs.tag_queue(QueueUrl=self.queue(name), Tags=tags)

    def untag(self, name="q", /, *keys):
        self.aws.sqs.untag_queue(QueueUrl=self.queue(name), TagKeys=list(keys))

    # MWS
    def register(self, url, action="RegisterDestination"):
        self.mws.call(action, market=MARKET, **destination(url))

    def subscribe_mws(self, kind, url, enabled="true", action="CreateSubscription"):
        self.mws.call(action, market=MARKET, **subscription(kind, url, enabled))

    def unsubscribe_mws(self, kind, url):
        wish = {"NotificationType": kind, **destination(url)}
        self.mws.call("DeleteSubscription", market=MARKET, **wish)

    # SP-API
    def sp_api(self, method, path, *, seller=None, body=None):
        token = self.app.seller(f"sandbox-seller-app-{seller}") if seller else self.app.grantless()
        answer = self.app.send(method, path, token, body)
        assert answer.status == 200, answer.data
        return answer.json().get("payload")

    def application(self):
        return self._sandbox.state()["sp-api"]["sandbox-client-app"]

    def destination_id(self, arn):
        found = self.application()["destinations"]
        [key] = [
            item["destinationId"]
            for item in found
            if (item["resource"].get("sqs") or {}).get("arn") == arn
        ]
        return key

    def resubscribe(self, kind, seller="de", **changes):
        """Delete the seller's subscription and create it anew with these changes."""
        [old] = [
            item
            for item in self.application()["subscriptions"]
            if item["notificationType"] == kind and item["seller"] == f"sandbox-seller-app-{seller}"
        ]
        self.sp_api("DELETE", f"subscriptions/{kind}/{old['subscriptionId']}")
        kept = ("payloadVersion", "destinationId", "processingDirective")
        body = {name: old[name] for name in kept if name in old} | changes
        self.sp_api("POST", f"subscriptions/{kind}", seller=seller, body=body)
