"""What `init` writes for MWS."""

from reconciler.core.service import Example

_ACCOUNT = """\
  # Amazon retired MWS on 31 March 2024: only a gateway or a sandbox (`endpoint`) still answers.
  amazon-mws:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1PA6795UKMFR9   # Germany
    credentials:
      accessKeyId: env:MWS_ACCESS_KEY_ID
      secretKey: env:MWS_SECRET_KEY
"""

_OBJECTS = """\
# MWS (retired): a destination is a queue registered for one seller and marketplace.

destinations:
  notifications-mws:
    account: amazon-mws
    queue: QUEUE

subscriptions:
  offers-mws:
    destination: notifications-mws
    notificationType: AnyOfferChanged
"""

# MWS is retired: it is written when asked for only.
EXAMPLE = Example(account=_ACCOUNT, file="amazon-mws.yaml", objects=_OBJECTS, usual=False)
