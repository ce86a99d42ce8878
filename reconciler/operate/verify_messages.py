"""Has a service send a test message and waits for exactly that one in the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from reconciler.core.model.abilities import Message, MessageQueue, Recogniser, TestSign
from reconciler.core.model.delivery import Link
from reconciler.core.model.errors import DecodeError
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import Spec
from reconciler.notifications import RECOGNISERS, Notification, decode

NAME = "test message"
SKEW = 60.0
"""Seconds by which the clocks of this machine and of the queue may differ."""
ENOUGH_RECEIVES = 4
"""Receives a queue must grant its messages: looking for the test may cost others two or three."""


SendTest = Callable[[Live, Live, frozenset[str]], TestSign]
OpenQueue = Callable[[Spec], MessageQueue]


@dataclass(frozen=True, slots=True)
class Route:
    """A subscription, its destination and its queue, all live; `known`: ids of subscriptions."""

    subscription: Live
    destination: Live
    queue: Live
    known: frozenset[str]


def try_route(
    route: Route,
    send_test: SendTest,
    open_queue: OpenQueue,
    *,
    within: float,
    now: Callable[[], float],
    recognisers: tuple[Recogniser, ...] = RECOGNISERS,
) -> Link:
    """Send a test message along a route and return whether it arrived in `within` seconds.

    `now` gives seconds since 1970.

    Raises:
        ReconcilerError: the message could not be asked for, or the queue not be looked into.
    """
    mailbox = open_queue(route.queue.spec)
    if mailbox.max_receives is not None and mailbox.max_receives < ENOUGH_RECEIVES:
        return Link(NAME, "doubtful", _too_few(mailbox.max_receives))
    asked = now()
    sign = send_test(route.destination, route.subscription, route.known)
    recognised = partial(read_test, sign=sign, asked=asked, recognisers=recognisers)
    message = mailbox.search(lambda message: recognised(message) is not None, within)
    found = recognised(message) if message is not None else None
    if message is None or found is None:
        return Link(NAME, "broken", _lost(within))
    bare = sign.certain or not found.payload
    return Link(NAME, "holds", _clear_away(mailbox, message, bare=bare))


def read_test(
    message: Message,
    sign: TestSign,
    asked: float,
    recognisers: tuple[Recogniser, ...] = RECOGNISERS,
) -> Notification | None:
    """Return a message decoded if it is the test that was `asked` for, None if it is another."""
    if message.sent < asked - SKEW:
        return None
    try:
        found = decode(message.body, recognisers)
    except DecodeError:
        return None
    right = (
        found.notification_type in sign.types
        and sign.seller in (None, found.seller)
        and found.subscription not in sign.subscriptions
    )
    return found if right else None


def _clear_away(mailbox: MessageQueue, message: Message, *, bare: bool) -> str:
    """Delete the test message where it cannot be anything else, and say what was done."""
    if bare:
        mailbox.discard([message])
        return "a test message arrived in the queue, and was deleted there"
    mailbox.release([message])
    return "a test message arrived in the queue; it was left there, since it looks like a real one"


def _lost(within: float) -> str:
    return (
        f"a test message was asked for and not seen in the queue within {within:g} s: it got "
        "lost on the way, or another consumer took it first; pause the consumers and verify again"
    )


def _too_few(receives: int) -> str:
    return (
        f"not tried: after {receives} receives the queue moves a message to its dead-letter queue, "
        "and looking for the test among others costs each of them some"
    )
