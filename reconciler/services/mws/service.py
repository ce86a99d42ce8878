"""Amazon MWS, as one value."""

from typing import TYPE_CHECKING

from reconciler.core.service import Account, Example, Service
from reconciler.services.mws.kinds import (
    MwsAccount,
    MwsCredentials,
    MwsDestinationDeclaration,
    MwsSubscriptionDeclaration,
    check_destinations,
)
from reconciler.services.mws.marketplaces import sp_api_region

if TYPE_CHECKING:
    from reconciler.core.model.abilities import Origin, Recogniser
    from reconciler.core.provider import Provider
    from reconciler.credentials.tools import Tools

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


def open_account(name: str, account: MwsAccount, tools: "Tools") -> "Provider":
    """Open a seller's account in a marketplace."""
    from reconciler.services.mws.provider import MwsProvider

    return MwsProvider(name, account, secrets=tools.secrets, http=tools.http, clock=tools.clock)


def sandboxed(_name: str, account: MwsAccount, url: str) -> Account:
    """Lead an account to a sandbox."""
    keys = MwsCredentials.model_construct(
        access_key_id="throw-away:AKIASANDBOX",
        secret_key="throw-away:sandbox-secret",  # noqa: S106 - opens the sandbox only
    )
    return account.model_copy(update={"endpoint": url, "credentials": keys})


def origin(account: MwsAccount) -> "Origin":
    """Return what leads away from an account, to the region of the SP-API that serves it."""
    from reconciler.core.model.abilities import Origin

    region = sp_api_region(account.marketplace_id)
    return Origin(account.seller_id, account.marketplace_id, region)


def recognise() -> "Recogniser":
    """Return what notifications are told by."""
    from reconciler.notifications.amazon import MWS_MESSAGES

    return MWS_MESSAGES


SERVICE = Service(
    name="mws",
    account=MwsAccount,
    declarations={
        "destinations": MwsDestinationDeclaration,
        "subscriptions": MwsSubscriptionDeclaration,
    },
    open=open_account,
    sandboxed=sandboxed,
    example=EXAMPLE,
    origin=origin,
    recognise=recognise,
    invariants=check_destinations,
)
