"""The Merchant API, as one value."""

from functools import partial
from typing import TYPE_CHECKING

from reconciler.core.model.hosts import is_loopback
from reconciler.core.service import Access, AccessQuestion, Account, Example, Service
from reconciler.services.merchant.account import AccessToken, MerchantAccount
from reconciler.services.merchant.kinds import MerchantSubscriptionDeclaration, check_exclusions
from reconciler.services.merchant.pushes import MerchantPushDeclaration, doors

if TYPE_CHECKING:
    from reconciler.core.model.abilities import Recogniser
    from reconciler.core.provider import Provider
    from reconciler.credentials.tools import Tools

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


def open_account(name: str, account: MerchantAccount, tools: "Tools") -> "Provider":
    """Open a Merchant account."""
    from reconciler.services.merchant.provider import MerchantProvider

    # What real call backs are secured with does not leave this machine for a sandbox.
    here = account.endpoint is not None and is_loopback(account.endpoint)
    rehearse = partial(tools.secrets.rehearse, here=here)
    return MerchantProvider(
        name,
        account,
        secrets=tools.secrets,
        clock=tools.clock,
        resolve=rehearse if tools.sandbox else tools.secrets.resolve,
    )


def sandboxed(_name: str, account: MerchantAccount, url: str) -> Account:
    """Lead an account to a sandbox."""
    token = AccessToken.model_construct(access_token="throw-away:sandbox-token")  # noqa: S106 - opens the sandbox only
    return account.model_copy(update={"endpoint": url, "credentials": token})


def recognise() -> "Recogniser":
    """Return what notifications are told by."""
    from reconciler.notifications.merchant import MERCHANT_PUSHES

    return MERCHANT_PUSHES


def access(question: AccessQuestion) -> Access:
    """Return what Google must allow."""
    from reconciler.services.merchant.access import access

    return access(question)


SERVICE = Service(
    name="merchant",
    account=MerchantAccount,
    declarations={
        "subscriptions": MerchantSubscriptionDeclaration,
        "pushes": MerchantPushDeclaration,
    },
    open=open_account,
    sandboxed=sandboxed,
    access=access,
    example=EXAMPLE,
    recognise=recognise,
    doors=doors,
    invariants=check_exclusions,
)
