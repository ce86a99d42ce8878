"""The Selling Partner API, as one value."""

from typing import TYPE_CHECKING

from reconciler.core.service import Account, Example, Service
from reconciler.services.spapi.account import SpApiAccount, SpApiCredentials
from reconciler.services.spapi.kinds import (
    SpApiDestinationDeclaration,
    SpApiSubscriptionDeclaration,
    check_deliveries,
    check_event_sources,
)

if TYPE_CHECKING:
    from reconciler.core.model.abilities import Recogniser, SuccessorApplication
    from reconciler.core.provider import Provider
    from reconciler.credentials.tools import Tools

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


def open_account(name: str, account: SpApiAccount, tools: "Tools") -> "Provider":
    """Open an application in a region."""
    from reconciler.services.spapi.provider import SpApiProvider

    return SpApiProvider(name, account, secrets=tools.secrets, http=tools.http, clock=tools.clock)


def sandboxed(name: str, account: SpApiAccount, url: str) -> Account:
    """Lead an application to a sandbox; each one, and each seller, has credentials of its own.

    The sandbox tells callers apart by them, as the service does.
    """
    credentials = SpApiCredentials.model_construct(
        client_id=f"throw-away:sandbox-client-{name}",
        client_secret="throw-away:sandbox-secret",  # noqa: S106 - opens the sandbox only
    )
    sellers = {
        seller: item.model_copy(
            update={"refresh_token": f"throw-away:sandbox-seller-{name}-{seller}"}
        )
        for seller, item in account.sellers.items()
    }
    return account.model_copy(
        update={
            "endpoint": url,
            "token_endpoint": f"{url}/auth/o2/token",
            "credentials": credentials,
            "sellers": sellers,
        }
    )


def successor(name: str, account: SpApiAccount) -> "SuccessorApplication":
    """Return what leads to an application."""
    from reconciler.core.model.abilities import SuccessorApplication

    return SuccessorApplication(name, account.region, tuple(sorted(account.sellers)))


def recognise() -> "Recogniser":
    """Return what notifications are told by."""
    from reconciler.notifications.amazon import SP_API_MESSAGES

    return SP_API_MESSAGES


SERVICE = Service(
    name="sp-api",
    account=SpApiAccount,
    declarations={
        "destinations": SpApiDestinationDeclaration,
        "subscriptions": SpApiSubscriptionDeclaration,
    },
    open=open_account,
    sandboxed=sandboxed,
    example=EXAMPLE,
    successor=successor,
    recognise=recognise,
    invariants=check_deliveries,
    across=check_event_sources,
)
