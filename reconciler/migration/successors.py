"""Which SP-API notification type takes over from which MWS one, and what changes for consumers.

Source: Amazon's migration guide from MWS to SP-API, "Notification Type Values" on
developer-docs.amazon.com/sp-api, and the archived documentation of the MWS Subscriptions API.
"""

from dataclasses import dataclass

_ENVELOPE = "the payload has the same elements as JSON fields; check them against Amazon's schema"


@dataclass(frozen=True, slots=True)
class Successor:
    """The type and payload version that take over, and what consumers of it must change.

    `by_marketplace`: the type can be narrowed to marketplaces, as MWS subscriptions were.
    """

    name: str
    version: str
    changes: str = _ENVELOPE
    by_marketplace: bool = False


SUCCESSORS = {
    "AnyOfferChanged": Successor(
        "ANY_OFFER_CHANGED",
        "1.0",
        "AnyOfferChangedNotification lies in Payload; the attributes condition and "
        "fulfillmentChannel are fields, repeated elements are lists, amounts are numbers",
        by_marketplace=True,
    ),
    "FBAOutboundShipmentStatus": Successor("FBA_OUTBOUND_SHIPMENT_STATUS", "1.0"),
    "FeePromotion": Successor("FEE_PROMOTION", "1.0"),
    "FeedProcessingFinished": Successor(
        "FEED_PROCESSING_FINISHED",
        "2020-09-04",
        "FeedSubmissionId is feedId, a feed of the SP-API; FeedProcessingStatus _DONE_ is "
        "processingStatus DONE, and it may be FATAL; names begin with a small letter",
    ),
    "FulfillmentOrderStatus": Successor("FULFILLMENT_ORDER_STATUS", "1.0"),
    "ReportProcessingFinished": Successor(
        "REPORT_PROCESSING_FINISHED",
        "2020-09-04",
        "ReportRequestId and ReportId are reportId, a report of the SP-API; ReportProcessingStatus "
        "_DONE_ is processingStatus DONE; names begin with a small letter",
    ),
}
"""By MWS notification type."""
