"""Messages as the services document them, and every way they are wrapped."""

import base64
import json

MWS_OFFERS = """\
<Notification>
  <NotificationMetaData>
    <NotificationType> AnyOfferChanged </NotificationType>
    <PayloadVersion>1.0</PayloadVersion>
    <UniqueId>f1a3b5c7-0000-4000-8000-000000000001</UniqueId>
    <PublishTime>2017-05-11T12:00:00.000Z</PublishTime>
    <SellerId>A1EXAMPLE</SellerId>
    <MarketplaceId>ATVPDKIKX0DER</MarketplaceId>
  </NotificationMetaData>
  <NotificationPayload>
    <AnyOfferChangedNotification>
      <OfferChangeTrigger>
        <MarketplaceId>ATVPDKIKX0DER</MarketplaceId>
        <ASIN>B00EXAMPLE</ASIN>
        <ItemCondition>new</ItemCondition>
        <TimeOfOfferChange>2017-05-11T11:59:58.000Z</TimeOfOfferChange>
      </OfferChangeTrigger>
      <Summary>
        <NumberOfOffers>
          <OfferCount condition="new" fulfillmentChannel="Amazon">1</OfferCount>
        </NumberOfOffers>
        <LowestPrices>
          <LowestPrice condition="new" fulfillmentChannel="Amazon">
            <LandedPrice><Amount>12.50</Amount><CurrencyCode>USD</CurrencyCode></LandedPrice>
          </LowestPrice>
        </LowestPrices>
        <SalesRankings>
          <SalesRank><ProductCategoryId>toys</ProductCategoryId><Rank>7</Rank></SalesRank>
          <SalesRank><ProductCategoryId>165793011</ProductCategoryId><Rank>2</Rank></SalesRank>
        </SalesRankings>
      </Summary>
      <Offers>
        <Offer>
          <SellerId>A2OTHER</SellerId>
          <ShippingTime minimumHours="0" maximumHours="24" availabilityType="NOW"/>
          <ShipsFrom/>
          <IsBuyBoxWinner>true</IsBuyBoxWinner>
        </Offer>
      </Offers>
    </AnyOfferChangedNotification>
  </NotificationPayload>
</Notification>
"""

SP_OFFERS = {
    "NotificationVersion": "1.0",
    "NotificationType": "ANY_OFFER_CHANGED",
    "PayloadVersion": "1.0",
    "EventTime": "2026-03-01T10:00:00.123Z",
    "NotificationMetadata": {
        "ApplicationId": "amzn1.sellerapps.app.example",
        "SubscriptionId": "5a1b-subscription",
        "PublishTime": "2026-03-01T10:00:02.000Z",
        "NotificationId": "d0e9694b-notification",
    },
    "Payload": {
        "AnyOfferChangedNotification": {
            "SellerId": "A1EXAMPLE",
            "OfferChangeTrigger": {
                "MarketplaceId": "A1PA6795UKMFR9",
                "ASIN": "B00EXAMPLE",
                "ItemCondition": "New",
                "TimeOfOfferChange": "2026-03-01T09:59:59.000Z",
                "OfferChangeType": "External",
            },
            "Summary": {"ListPrice": {"Amount": 12.5, "CurrencyCode": "EUR"}},
        }
    },
}

SP_FEED = {
    "notificationVersion": "2020-09-04",
    "notificationType": "FEED_PROCESSING_FINISHED",
    "payloadVersion": "2020-09-04",
    "eventTime": "2026-03-01T11:00:00.000Z",
    "notificationMetadata": {
        "applicationId": "amzn1.sellerapps.app.example",
        "subscriptionId": "5a1b-subscription",
        "publishTime": "2026-03-01T11:00:01.000Z",
        "notificationId": "feed-notification",
    },
    "payload": {
        "feedProcessingFinishedNotification": {
            "sellerId": "A1EXAMPLE",
            "feedId": "53347",
            "feedType": "POST_PRODUCT_DATA",
            "processingStatus": "DONE",
        }
    },
}

DISAPPROVED = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "PRODUCT",
    "attribute": "STATUS",
    "changes": [
        {
            "oldValue": "approved",
            "newValue": "disapproved",
            "regionCode": "US",
            "reportingContext": "SHOPPING_ADS",
        }
    ],
    "resourceId": "online~en~US~1234",
    "resource": "accounts/1234/products/online~en~US~1234",
    "expirationTime": "2026-04-01T00:00:00Z",
    "eventTime": "2026-03-01T12:00:00.123456789Z",
}

ACCOUNT_SERVICE = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "ACCOUNT_SERVICE",
    "resource": "accounts/1234/services/42",
    "handshake": {"approvalState": "ESTABLISHED"},
}

CHANGES_SPELT = ('"changes": {', '"changes" {', "changes {")
"""The three ways in which the guide and its translations open the block."""


def guide_text(changes=CHANGES_SPELT[0], quote='"'):
    """Return the guide's other sample, in its text form: an eligible product was deleted."""
    lines = f"""\
        <account>: "accounts/1234"
        <managing_account>: "accounts/5678"
        <resource_type>: PRODUCT
        <attribute>: STATUS
        {changes}
          <old_value>: "eligible"
          <region_code>: "US"
          <reporting_context>: SHOPPING_ADS
        }},
        <resource_id>: "ONLINE~en~US~000000000000"
        <resource>: "accounts/1234/products/ONLINE~en~US~000000000000"
        """
    return lines.replace("<", quote).replace(">", quote)


DELETED = {
    "account": "accounts/1234",
    "managingAccount": "accounts/5678",
    "resourceType": "PRODUCT",
    "attribute": "STATUS",
    "changes": [
        {
            "oldValue": "eligible",
            "newValue": None,
            "regionCode": "US",
            "reportingContext": "SHOPPING_ADS",
        }
    ],
    "resourceId": "ONLINE~en~US~000000000000",
    "resource": "accounts/1234/products/ONLINE~en~US~000000000000",
    "expirationTime": None,
    "eventTime": None,
}
"""What the text form's sample decodes to."""


def b64(text):
    return base64.b64encode(text.encode()).decode()


def pushed(text, **message):
    return json.dumps({"message": {"data": b64(text), **message}})


def in_sns(body):
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "sns-1",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:offers",
            "Message": body,
            "Timestamp": "2026-03-01T12:30:00.000Z",
            "SignatureVersion": "1",
        }
    )


def in_event_bridge(body, **changes):
    try:
        detail = json.loads(body)
    except ValueError:
        detail = body
    event = {
        "version": "0",
        "id": "event-1",
        "detail-type": "ANY_OFFER_CHANGED",
        "source": "com.example.forwarder",
        "account": "123456789012",
        "time": "2026-03-01T12:40:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }
    return json.dumps({**event, **changes})


def in_selling_partner_event(body):
    source = "aws.partner/sellingpartnerapi.amazon.com/123456789012/amzn1.sellerapps.app.x"
    return in_event_bridge(body, source=source)


def in_sqs(body):
    return json.dumps({"MessageId": "sqs-1", "ReceiptHandle": "h", "MD5OfBody": "0", "Body": body})


def in_received(body):
    return json.dumps({"Messages": [json.loads(in_sqs(body))]})


def in_lambda_of_sqs(body):
    return json.dumps({"Records": [{"messageId": "sqs-1", "body": body}]})


def in_lambda_of_sns(body):
    record = {"EventSource": "aws:sns", "Sns": json.loads(in_sns(body))}
    return json.dumps({"Records": [record]})


WRAPPERS = (
    in_sns,
    in_event_bridge,
    in_sqs,
    in_received,
    in_lambda_of_sqs,
    in_lambda_of_sns,
    json.dumps,
)

MESSAGES = {
    "mws": MWS_OFFERS,
    "sp-api Pascal": json.dumps(SP_OFFERS),
    "sp-api camel": json.dumps(SP_FEED),
    "merchant push": pushed(json.dumps(DISAPPROVED), messageId="42"),
    "merchant push of text": pushed(guide_text()),
    "merchant base64": b64(json.dumps(DISAPPROVED)),
    "merchant JSON": json.dumps(DISAPPROVED),
    "merchant text": guide_text(),
}
