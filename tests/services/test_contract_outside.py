"""Somebody changes things behind our back: the plan shows exactly that, apply mends exactly that.

The hands of that somebody are clients which share nothing with the project.
"""

import json

import pytest
import urllib3

from tests.outsiders import MerchantUser
from tests.sandbox.clients_of_the_sandbox import (
    AwsAccount,
    LwaApplication,
    MwsSeller,
    destination,
    subscription,
)
from tests.standing import brought
from tests.worlds import (
    EVERYWHERE,
    HEAD,
    MARKET,
    SELLER,
    Stack,
    destinations,
    queues,
    subscriptions,
    writes,
)

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
SUB = "notificationsubscriptions"
WORLD = (
    HEAD
    + EVERYWHERE
    + queues(
        offers=(
            "visibilityTimeout: 2m, deadLetter: {queue: dlq, maxReceives: 5}, "
            "grants: [{to: amazon-notifications}], tags: {team: pricing}"
        ),
        dlq="",
    )
    + destinations(old="account: uk, queue: offers", new="account: app, queue: offers")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all",
        shop=(
            "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: ['1', '2'], "
            "callBackUri: 'https://hooks.example.com/{targetAccount}'"
        ),
    )
)


class Somebody(MerchantUser):
    """Whoever else has access."""

    def __init__(self, sandbox, http):
        self._sandbox, self._http = sandbox, http
        self.aws = AwsAccount(sandbox.url)
        self.mws = MwsSeller(sandbox.url, http, seller=SELLER)
        self.app = LwaApplication(sandbox.url, http, "sandbox-client-app", "sandbox-secret")

    def queue(self, name="offers"):
        return self.aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def set(self, **attributes):
        self.aws.write(self.queue(), **attributes)

    def mws_queue(self):
        return self._sandbox.state()["mws"], self.queue()

    def application(self):
        return self._sandbox.state()["sp-api"]["sandbox-client-app"]

    def unsubscribe_seller(self, seller):
        [found] = [
            item
            for item in self.application()["subscriptions"]
            if item["seller"] == f"sandbox-seller-app-{seller}"
        ]
        path = f"subscriptions/ANY_OFFER_CHANGED/{found['subscriptionId']}"
        answer = self.app.send("DELETE", path, self.app.grantless())
        assert answer.status == 200, answer.data


@pytest.fixture(scope="module")
def http():
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        yield pool


@pytest.fixture
def somebody(sandbox, http):
    person = Somebody(sandbox, http)
    yield person
    person.aws.close()


@pytest.fixture
def mended(sandbox, tmp_path, somebody):
    """Apply a world, let `deed` happen, and check what is planned and what is sent."""
    stack = Stack(tmp_path / "declared", sandbox.url)
    stack.declare(WORLD)
    assert brought(sandbox, WORLD, lambda: stack.apply().unfinished()) == []

    def check(deed, plan, calls):
        deed()
        sandbox.clear_calls()
        run = stack.apply()
        assert (run.lines(), run.unfinished()) == (sorted(plan), [])
        assert writes(sandbox) == sorted(calls)
        assert stack.plan().lines() == []

    check.stack = stack
    return check


def test_a_changed_attribute_is_put_back_alone(mended, somebody):
    mended(
        lambda: somebody.set(VisibilityTimeout="45", DelaySeconds="7"),
        ["update queue.offers delay visibilityTimeout"],
        ["SetQueueAttributes offers DelaySeconds VisibilityTimeout"],
    )


def test_an_attribute_nobody_declared_returns_to_the_services_default(mended, somebody):
    mended(
        lambda: somebody.set(ReceiveMessageWaitTimeSeconds="7"),
        ["update queue.offers receiveMessageWaitTime"],
        ["SetQueueAttributes offers ReceiveMessageWaitTimeSeconds"],
    )


def test_a_policy_that_was_widened_is_put_back(mended, somebody):
    everyone = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": ARN}],
    }
    mended(
        lambda: somebody.set(Policy=json.dumps(everyone)),
        ["update queue.offers policy"],
        ["SetQueueAttributes offers Policy"],
    )


def test_a_redrive_policy_that_was_taken_away_is_put_back(mended, somebody):
    mended(
        lambda: somebody.set(RedrivePolicy=""),
        ["update queue.offers deadLetter"],
        ["SetQueueAttributes offers RedrivePolicy"],
    )


def test_a_strange_tag_is_removed_and_a_changed_one_put_back(mended, somebody):
    def deed():
        tags = {"team": "sales", "stray": "1", "cost-centre": "42"}
        somebody.aws.sqs.tag_queue(QueueUrl=somebody.queue(), Tags=tags)

    mended(
        deed,
        ["update queue.offers tags.stray tags.team"],
        ["TagQueue offers team", "UntagQueue offers stray"],
    )
    tags = somebody.aws.sqs.list_queue_tags(QueueUrl=somebody.queue())["Tags"]
    assert tags["cost-centre"] == "42", "ignored tags are left alone"


def test_a_lost_mark_is_put_back_without_asking_for_consent(mended, somebody):
    mended(
        lambda: somebody.aws.sqs.untag_queue(
            QueueUrl=somebody.queue("dlq"), TagKeys=["reconciler:stack"]
        ),
        ["update queue.dlq tags.reconciler:stack"],
        ["TagQueue dlq reconciler:stack"],
    )


def test_a_deleted_queue_is_made_again_and_what_points_at_it_stays(mended, somebody):
    mended(
        lambda: somebody.aws.sqs.delete_queue(QueueUrl=somebody.queue()),
        ["create queue.offers"],
        [
            "CreateQueue offers Policy RedrivePolicy VisibilityTimeout reconciler:stack team",
        ],
    )


def test_a_marked_queue_nobody_declares_is_deleted_and_an_unmarked_one_is_left(mended, somebody):
    def deed():
        somebody.aws.sqs.create_queue(QueueName="theirs")
        somebody.aws.sqs.create_queue(QueueName="ours", tags={"reconciler:stack": "acme"})
        somebody.aws.sqs.create_queue(QueueName="others", tags={"reconciler:stack": "other"})

    mended(deed, ["delete queue.aws-eu/ours"], ["DeleteQueue ours"])
    unmanaged = {item.identity["name"] for item in mended.stack.plan().plan.unmanaged}
    assert unmanaged == {"theirs", "others"}


def test_a_disabled_mws_subscription_is_enabled_again(mended, somebody):
    def deed():
        wish = subscription(queue=somebody.queue(), enabled="false")
        somebody.mws.call("UpdateSubscription", market=MARKET, **wish)

    mended(
        deed,
        ["update subscription.uk enabled"],
        ["UpdateSubscription AnyOfferChanged offers on"],
    )


def test_a_deleted_mws_subscription_and_destination_are_made_again_in_order(mended, somebody):
    def deed():
        wish = {"NotificationType": "AnyOfferChanged", **destination(somebody.queue())}
        somebody.mws.call("DeleteSubscription", market=MARKET, **wish)
        wish = destination(somebody.queue())
        somebody.mws.call("DeregisterDestination", market=MARKET, **wish)

    mended(
        deed,
        ["create destination.old", "create subscription.uk"],
        ["RegisterDestination offers", "CreateSubscription AnyOfferChanged offers on"],
    )


def test_a_deleted_sp_api_subscription_is_made_again_for_its_seller_alone(mended, somebody):
    mended(
        lambda: somebody.unsubscribe_seller("fr"),
        ["create subscription.eu[fr]"],
        ["createSubscription ANY_OFFER_CHANGED"],
    )


def test_a_destination_made_anew_by_somebody_takes_its_subscriptions_along(mended, somebody):
    def deed():
        for seller in ("de", "fr"):
            somebody.unsubscribe_seller(seller)
        [found] = somebody.application()["destinations"]
        path = f"destinations/{found['destinationId']}"
        assert somebody.app.send("DELETE", path, somebody.app.grantless()).status == 200

    mended(
        deed,
        ["create destination.new", "create subscription.eu[de]", "create subscription.eu[fr]"],
        ["createDestination acme--new", *["createSubscription ANY_OFFER_CHANGED"] * 2],
    )


def test_a_moved_call_back_is_patched_back(mended, somebody, sandbox):
    mended(
        lambda: somebody.merchant(
            "PATCH",
            f"{somebody.merchant_name('1')}?updateMask=callBackUri",
            {"callBackUri": "https://hooks.example.com/elsewhere"},
        ),
        ["update subscription.shop[1] callBackUri"],
        ["patch updateMask"],
    )


def test_a_call_back_that_was_moved_outside_our_uris_is_patched_back_by_adoption_only(
    mended, somebody
):
    elsewhere = {"callBackUri": "https://elsewhere.example.com/"}
    name = somebody.merchant_name("1")
    somebody.merchant("PATCH", f"{name}?updateMask=callBackUri", elsewhere)
    plan = mended.stack.plan()
    assert plan.lines() == ["update subscription.shop[1] callBackUri"]
    assert [guard.guard for guard in plan.plan.refused()] == ["adopt"]
    assert mended.stack.apply(adopt=("subscription.shop[1]",)).unfinished() == []
    assert mended.stack.plan().lines() == []


def test_a_deleted_merchant_subscription_is_made_again(mended, somebody):
    mended(
        lambda: somebody.merchant("DELETE", somebody.merchant_name("2")),
        ["create subscription.shop[2]"],
        ["create PRODUCT_STATUS_CHANGE accounts/2"],
    )


def test_a_merchant_subscription_below_our_uris_is_deleted_and_another_is_left(mended, somebody):
    def deed():
        for target, host in (("3", "hooks.example.com"), ("4", "hooks.example.com.evil.test")):
            wish = {
                "registeredEvent": "PRODUCT_STATUS_CHANGE",
                "targetAccount": f"accounts/{target}",
                "callBackUri": f"https://{host}/x",
            }
            somebody.merchant("POST", f"accounts/5678/{SUB}", wish)

    mended(deed, ["delete subscription.shop/PRODUCT_STATUS_CHANGE/3"], ["delete"])
    [left] = mended.stack.plan().plan.unmanaged
    assert left.identity["targetAccount"] == "4"
