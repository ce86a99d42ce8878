"""What `init` writes for the Merchant API."""

from reconciler.core.service import Example

_ACCOUNT = """\
  # The Merchant Center account that owns the subscriptions; `adc` is what the workflow's login or
  # `gcloud auth application-default login` provides.
  google-shop:
    service: merchant
    accountId: "5678"
    credentials: adc
"""

_OBJECTS = """\
# Google Merchant Center calls back when a product's status changes.

subscriptions:
  product-status:
    account: google-shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccount: "5678"       # or targetAccounts: [...], or allManagedAccounts: true
    callBackUri: https://hooks.example.com/STACK/product-status
"""

_OWNS = """
# Merchant subscriptions bear no tags: those that push to this URL, or below it, are ours.
owns:
  callBackUris: ["https://hooks.example.com/STACK/"]
"""

EXAMPLE = Example(account=_ACCOUNT, file="merchant.yaml", objects=_OBJECTS, owns=_OWNS)
