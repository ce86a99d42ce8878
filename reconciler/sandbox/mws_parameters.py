"""What an MWS request says, and whether it makes sense for what a shop has.

Source: Amazon MWS documentation, Subscriptions API section (parameters, data types).
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from reconciler.sandbox.mws_wire import invalid_input, invalid_parameter

_TYPES = frozenset(
    {
        "AnyOfferChanged",
        "FBAOutboundShipmentStatus",
        "FeePromotion",
        "FeedProcessingFinished",
        "FulfillmentOrderStatus",
        "ReportProcessingFinished",
    }
)
_QUEUE = re.compile(
    r"https://(sqs\.[a-z0-9-]+|([a-z0-9-]+\.)?queue)\.amazonaws\.com(\.cn)?/\d{12}/[A-Za-z0-9_-]{1,80}"
    r"|https?://(127\.0\.0\.1|localhost)(:\d+)?/\d{12}/[A-Za-z0-9_-]{1,80}"
)

Parameters = dict[str, str]


@dataclass
class Shop:
    """What one seller has in one marketplace; subscriptions map (type, queue URL) to IsEnabled."""

    destinations: list[str] = field(default_factory=list)
    subscriptions: dict[tuple[str, str], bool] = field(default_factory=dict)


def parameters(request: Request) -> Parameters:
    """Return the form fields of the body; MWS takes none from the query."""
    body = request.get_data(cache=True).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def seller_of(sent: Parameters) -> str:
    """Return the seller's merchant token, or an empty text."""
    return sent.get("SellerId") or sent.get("Merchant") or ""  # Merchant is the older name


def required(sent: Parameters, name: str) -> str:
    """Return a parameter. Raises MwsError 400 naming what is missing."""
    if not sent.get(name):
        raise invalid_parameter(f"Required parameter {name} not found")
    return sent[name]


def queue_of(sent: Parameters, prefix: str) -> str:
    """Return the queue URL of a destination group. Raises MwsError 400."""
    if required(sent, f"{prefix}DeliveryChannel") != "SQS":
        raise invalid_parameter("DeliveryChannel must be SQS")
    member = f"{prefix}AttributeList.member.1."
    if required(sent, f"{member}Key") != "sqsQueueUrl":
        raise invalid_parameter("The only attribute of an SQS destination is sqsQueueUrl")
    queue = required(sent, f"{member}Value")
    if not _QUEUE.fullmatch(queue):  # a FIFO queue fails too: its dot is not in the pattern
        raise invalid_input(f"{queue} is not the URL of a standard SQS queue.")
    return queue


def registered(shop: Shop, sent: Parameters, prefix: str) -> str:
    """Return the queue URL of a registered destination. Raises MwsError 400."""
    queue = queue_of(sent, prefix)
    if queue not in shop.destinations:
        raise invalid_input(f"Destination {queue} is not registered.")
    return queue


def type_of(sent: Parameters, name: str) -> str:
    """Return a notification type that exists. Raises MwsError 400."""
    kind = required(sent, name)
    if kind not in _TYPES:
        raise invalid_input(f"Notification type {kind} does not exist.")
    return kind


def enabled_of(sent: Parameters) -> bool:
    """Return IsEnabled. Raises MwsError 400."""
    value = required(sent, "Subscription.IsEnabled")
    if value not in ("true", "false"):
        raise invalid_parameter(f"Value {value} for parameter IsEnabled is invalid.")
    return value == "true"


def subscribed(shop: Shop, sent: Parameters, prefix: str) -> tuple[str, str]:
    """Return the (type, queue URL) of a subscription that exists. Raises MwsError 400."""
    key = (type_of(sent, f"{prefix}NotificationType"), queue_of(sent, f"{prefix}Destination."))
    if key not in shop.subscriptions:
        raise invalid_input(f"There is no subscription {key[0]} for {key[1]}.")
    return key
