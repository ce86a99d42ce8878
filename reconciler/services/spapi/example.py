"""What `init` writes for the SP-API."""

from reconciler.core.service import Example

_ACCOUNT = """\
  # One SP-API application, and every seller who authorised it.
  amazon-app:
    service: sp-api
    region: eu                  # na, eu or fe
    credentials:
      clientId: env:LWA_CLIENT_ID
      clientSecret: env:LWA_CLIENT_SECRET
    sellers:
      seller-de: {refreshToken: "env:SELLER_DE_REFRESH_TOKEN"}
"""

_OBJECTS = """\
# SP-API: a destination belongs to the application, subscriptions to each seller.

destinations:
  notifications-sp:
    account: amazon-app
    queue: QUEUE

subscriptions:
  offers:
    destination: notifications-sp
    notificationType: ANY_OFFER_CHANGED
    payloadVersion: "1.0"
    sellers: all                # one subscription each
    filter:
      marketplaceIds: [A1PA6795UKMFR9]   # Germany
      aggregationTimePeriod: FiveMinutes
"""

_POLICY = """\
  discover: all     # also finds SP-API subscriptions of types that nobody declared; `declared` asks
                    # for the declared types only, which is quicker where there are many sellers
"""

EXAMPLE = Example(account=_ACCOUNT, file="amazon-sp-api.yaml", objects=_OBJECTS, policy=_POLICY)
