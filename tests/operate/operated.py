"""A declared world, brought about in a sandbox, for what is asked of it afterwards."""

from functools import partial

from reconciler.core.verdicts.health import HealthLimits
from reconciler.operate.doctor import doctor
from reconciler.operate.status import status
from tests.standing import brought
from tests.worlds import AWS_ID, EVERYWHERE, HEAD, Stack

DLQ = "arn:aws:sqs:eu-west-1:123456789012:of-others"
QUEUES = """
queues:
  offers:
    deadLetter: {queue: dead, maxReceives: 5}
    grants: [{to: amazon-notifications}]
  dead: {}
"""
REST = """
destinations:
  to-mws: {account: uk, queue: offers}
  to-sp: {account: app, queue: offers}
subscriptions:
  old: {destination: to-mws, notificationType: AnyOfferChanged}
  new: {destination: to-sp, notificationType: ANY_OFFER_CHANGED, sellers: all}
  shop: {account: shop, registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: "5678",
         callBackUri: "https://hooks.example.com/a"}
"""
WORLD = QUEUES + REST


class Operated:
    """Declarations, a sandbox, and hands to do something behind our back with."""

    def __init__(self, sandbox, sqs, folder):
        self.sandbox = sandbox
        self.sqs = sqs
        self._folder = folder
        self._stack = Stack(folder, sandbox.url)

    def declare(self, text=WORLD, accounts=EVERYWHERE):
        self._stack.declare(HEAD + accounts + text)

    def apply(self, text=WORLD, accounts=EVERYWHERE):
        self.declare(text, accounts)
        key = accounts + text
        about = partial(self._stack.apply, allow_referenced=True)
        assert not brought(self.sandbox, key, about).unfinished()

    def url(self, queue):
        return f"{self.sandbox.url}/{AWS_ID}/{queue}"

    def send(self, queue, number=1, **more):
        for _ in range(number):
            self.sqs.send_message(QueueUrl=self.url(queue), MessageBody="x", **more)

    def status(self, *accounts, **limits):
        with self._stack.session(accounts=accounts) as session:
            return status(session, limits=HealthLimits(**limits))

    def doctor(self, *, environ=None, sandbox=True):
        stack = Stack(self._folder, self.sandbox.url if sandbox else None)
        stack.environ = environ or {}
        with stack.session() as session:
            return doctor(session)


def by_address(status):
    return {it.address: it for it in (*status.queues, *status.destinations, *status.subscriptions)}


def ill(status):
    """Return the problems of everything that has any, by address."""
    return {name: item.problems for name, item in by_address(status).items() if item.problems}
